namespace Aviso.Verbs;

/// <summary>A message of a file; of an mbox the n-th.</summary>
internal sealed record MailFile(string Name, byte[] Octets);

/// <summary>Messages in files, mboxes (RFC 4155), Maildirs and folders of messages.</summary>
internal static class MailFiles
{
    private const int MostOctets = 64 << 20;

    /// <summary>All messages below <paramref name="path"/>, sorted by name; an mbox in pieces.</summary>
    public static IEnumerable<MailFile> Read(string path) => Below(path).SelectMany(file => Split(file, Octets(file)));

    /// <summary>The files of messages below a folder, sorted by name; a file is itself.</summary>
    public static IEnumerable<string> Below(string path) => !Directory.Exists(path) ? [path]
        : Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(IsMessage).Order(StringComparer.Ordinal);

    /// <summary>The whole file; "-" is standard input.</summary>
    public static byte[] Octets(string path)
    {
        if (path != "-" && new FileInfo(path) is { Exists: true, Length: > MostOctets and var length } && !IsMbox(path))
            throw new IOException($"{path} has {length >> 20} MB; a message may have {MostOctets >> 20}");
        if (path != "-") return File.ReadAllBytes(path);
        using var input = Console.OpenStandardInput();
        var all = new MemoryStream();
        input.CopyTo(all);
        return all.ToArray();
    }

    private static bool IsMbox(string path)
    {
        using var file = File.OpenRead(path);
        var head = new byte[5];
        return file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == 5 && head.AsSpan().SequenceEqual("From "u8);
    }

    // A Maildir keeps more than messages: what is half written (tmp), and lists of its server.
    private static bool IsMessage(string path)
    {
        var name = Path.GetFileName(path);
        var folder = Path.GetFileName(Path.GetDirectoryName(path) ?? "");
        return folder != "tmp" && !name.StartsWith('.') && !name.StartsWith("dovecot", StringComparison.Ordinal)
            && name is not ("maildirfolder" or "subscriptions" or "cmds");
    }

    private static IEnumerable<MailFile> Split(string name, byte[] octets)
    {
        if (!octets.AsSpan().StartsWith("From "u8)) return octets.Length == 0 ? [] : [new(name, octets)];
        var messages = new List<MailFile>();
        for (var at = 0; at < octets.Length;)
        {
            var end = octets.AsSpan(at).IndexOf("\n\nFrom "u8) is var unix and >= 0 ? at + unix + 2 : octets.Length;
            if (octets.AsSpan(at, end - at).IndexOf("\r\n\r\nFrom "u8) is var dos and >= 0) end = at + dos + 4;
            var message = octets.AsSpan(at, end - at);
            message = message[(message.IndexOf((byte)'\n') + 1)..];
            if (message.Length > 0) messages.Add(new($"{name}#{messages.Count + 1}", Unquote(message)));
            at = end;
        }
        return messages;
    }

    // RFC 4155's default format says nothing of ">From "; all writers quote so.
    private static byte[] Unquote(ReadOnlySpan<byte> message)
    {
        if (message.IndexOf("\n>From "u8) < 0) return message.ToArray();
        var plain = new MemoryStream(message.Length);
        while (message.IndexOf("\n>From "u8) is var at and >= 0)
        {
            plain.Write(message[..(at + 1)]);
            message = message[(at + 2)..];
        }
        plain.Write(message);
        return plain.ToArray();
    }
}
