using System.Globalization;
using System.Text;
using Aviso.Mime;
using MimeKit;
using MimeKit.Utils;

namespace Aviso.Tests.Oracles;

/// <summary>
/// What an IMAP client knows of a message without its text: the envelope, and of each part type, parameters, encoding, size and
/// disposition. Ours as <see cref="ImapStructure"/> writes it and <see cref="ImapList"/> reads it back; theirs as MimeKit sees the message.
/// </summary>
internal static class StructureView
{
    private static readonly ParserOptions AsUtf8 = new() { CharsetEncoding = Encoding.UTF8 };

    private static readonly string[] Envelope =
        ["Date", "Subject", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "In-Reply-To", "Message-ID"];

    public static SortedDictionary<string, string> Ours(byte[] message)
    {
        var scanner = new MimeScanner();
        scanner.Append(message);
        var root = scanner.Finish();
        var view = new SortedDictionary<string, string>(StringComparer.Ordinal);
        OurEnvelope(view, "", ImapList.Read(ImapStructure.Envelope(message.AsSpan(0, (int)root.HeaderLength), utf8: true)));
        OurPart(view, "", ImapList.Read(ImapStructure.BodyStructure(root, utf8: true, (at, length) => message.AsMemory((int)at, length))));
        return view;
    }

    private static void OurEnvelope(SortedDictionary<string, string> view, string at, List<object?> envelope)
    {
        for (var i = 0; i < Envelope.Length; i++)
            view[$"{Envelope[i]} {at}"] = envelope[i] is List<object?> addresses ? OurAddresses(addresses) : Text((string?)envelope[i]);
    }

    // (name route mailbox host); a group begins and ends without a host.
    private static string OurAddresses(List<object?> list) => string.Join("; ", list.Cast<List<object?>>()
        .Where(a => a[3] is string host && host.Length + ((string)a[2]!).Length > 0)
        .Select(a => Address((string?)a[0], (string)a[2]!, (string)a[3]!)));

    private static string Address(string? name, string local, string domain) => $"{Text(name)} <{local}@{Domain(domain)}>";

    private static string Domain(string domain) =>
        Ascii.IsValid(domain) ? domain.ToLowerInvariant() : MailboxAddress.EncodeAddrspec("x@" + domain)[2..].ToLowerInvariant();

    private static void OurPart(SortedDictionary<string, string> view, string at, List<object?> part)
    {
        if (part[0] is List<object?>)
        {
            var children = part.TakeWhile(p => p is List<object?>).Count();
            for (var i = 0; i < children; i++) OurPart(view, $"{at}.{i + 1}", (List<object?>)part[i]!);
            view["type " + at] = $"multipart/{part[children]}".ToLowerInvariant();
            view["parameters " + at] = Parameters(part[children + 1]);
            Tail(view, at, part, children + 2);
            return;
        }
        view["type " + at] = $"{part[0]}/{part[1]}".ToLowerInvariant();
        view["parameters " + at] = Parameters(part[2]);
        view["id " + at] = ((string?)part[3] ?? "").Trim('<', '>');
        view["description " + at] = Text((string?)part[4]);
        view["encoding " + at] = ((string)part[5]!).ToLowerInvariant();
        view["octets " + at] = (string)part[6]!;
        var tail = 7;
        if (part[7] is List<object?> envelope)
        {
            view.Remove("octets " + at);
            OurEnvelope(view, at + "m", envelope);
            OurPart(view, at + "m", (List<object?>)part[8]!);
            tail = 10;
        }
        else if (view["type " + at].StartsWith("text/", StringComparison.Ordinal))
        {
            view["lines " + at] = (string)part[7]!;
            tail = 8;
        }
        view["md5 " + at] = (string?)part[tail] ?? "";
        Tail(view, at, part, tail + 1);
        if (view["type " + at] == "text/rfc822-headers") Leave(view, at);
    }

    // To them it is a message without a body, whose octets they do not keep.
    private static void Leave(SortedDictionary<string, string> view, string at)
    {
        foreach (var field in (string[])["octets ", "lines ", "encoding "]) view.Remove(field + at);
    }

    private static void Tail(SortedDictionary<string, string> view, string at, List<object?> part, int from)
    {
        view["disposition " + at] = part[from] is List<object?> disposition
            ? $"{((string)disposition[0]!).ToLowerInvariant()} {Parameters(disposition[1])}" : "";
        view["language " + at] = part[from + 1] is List<object?> languages ? string.Join(", ", languages) : (string?)part[from + 1] ?? "";
        view["location " + at] = (string?)part[from + 2] ?? "";
    }

    private static string Parameters(object? list)
    {
        var shown = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var given = list as List<object?> ?? [];
        for (var i = 0; i + 1 < given.Count; i += 2) shown.TryAdd((string)given[i]!, Text((string?)given[i + 1]));
        return Shown(shown);
    }

    // The default charset of text is shown by some servers and left out by others (RFC 2045 §5.2).
    private static string Shown(SortedDictionary<string, string> parameters) => string.Join("; ", parameters
        .Select(p => $"{p.Key.ToLowerInvariant()}={p.Value}")
        .Where(p => !p.Equals("charset=us-ascii", StringComparison.OrdinalIgnoreCase)));

    // Encoded words are the client's to decode: by one decoder for both.
    private static string Text(string? text) =>
        text is null ? "" : Rfc2047.DecodeText(AsUtf8, Encoding.UTF8.GetBytes(text)).Replace("\t", " ", StringComparison.Ordinal).Trim();

    /// <summary>As MimeKit reads it; null when it takes it for no message.</summary>
    public static SortedDictionary<string, string>? Theirs(byte[] octets)
    {
        MimeMessage message;
        try
        {
            message = MimeMessage.Load(new MemoryStream(octets), persistent: true);
        }
        catch (FormatException)
        {
            return null;
        }
        var view = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Message(view, "", message);
        return view;
    }

    private static void Message(SortedDictionary<string, string> view, string at, MimeMessage message)
    {
        var from = Addresses(message.From);
        view["Date " + at] = Raw(message.Headers, "Date");
        view["Subject " + at] = (message.Subject ?? "").Replace("\t", " ", StringComparison.Ordinal).Trim();
        view["From " + at] = from;
        view["Sender " + at] = message.Sender is { } sender ? Address(sender) : from;
        view["Reply-To " + at] = message.ReplyTo.Count > 0 ? Addresses(message.ReplyTo) : from;
        view["To " + at] = Addresses(message.To);
        view["Cc " + at] = Addresses(message.Cc);
        view["Bcc " + at] = Addresses(message.Bcc);
        view["In-Reply-To " + at] = Raw(message.Headers, "In-Reply-To");
        view["Message-ID " + at] = Raw(message.Headers, "Message-ID");
        Part(view, at, message.Body);
    }

    // The first field of the name, unfolded.
    private static string Raw(HeaderList headers, string name)
    {
        var header = headers.FirstOrDefault(h => h.Field.Equals(name, StringComparison.OrdinalIgnoreCase));
        return header is null ? "" : Encoding.UTF8.GetString(header.RawValue).Replace("\r\n", "", StringComparison.Ordinal)
            .Replace("\t", " ", StringComparison.Ordinal).Trim();
    }

    private static string Addresses(InternetAddressList list) => string.Join("; ", list.Mailboxes.Select(Address));

    private static string Address(MailboxAddress address)
    {
        var spec = address.Address;
        var at = spec.LastIndexOf('@');
        var local = at < 0 ? spec : spec[..at];
        if (local is ['"', ..]) local = MimeUtils.Unquote(local);
        return Address(address.Name ?? "", local, at < 0 ? "" : spec[(at + 1)..]);
    }

    private static void Part(SortedDictionary<string, string> view, string at, MimeKit.MimeEntity? entity)
    {
        if (entity is null) return;
        view["type " + at] = entity.ContentType.MimeType.ToLowerInvariant();
        view["parameters " + at] = Parameters(entity.ContentType.Parameters);
        view["disposition " + at] = entity.ContentDisposition is { } disposition
            ? $"{disposition.Disposition.ToLowerInvariant()} {Parameters(disposition.Parameters)}" : "";
        view["language " + at] = Raw(entity.Headers, "Content-Language");
        view["location " + at] = Raw(entity.Headers, "Content-Location");
        if (entity is Multipart many)
        {
            for (var i = 0; i < many.Count; i++) Part(view, $"{at}.{i + 1}", many[i]);
            // RFC 9051 §9: body-type-mpart = 1*body; one without parts shows an empty one.
            if (many.Count == 0) Part(view, $"{at}.1", Empty());
            return;
        }
        view["id " + at] = entity.ContentId ?? "";
        view["description " + at] = Text(Raw(entity.Headers, "Content-Description"));
        view["md5 " + at] = Raw(entity.Headers, "Content-MD5");
        var encoding = Raw(entity.Headers, "Content-Transfer-Encoding").ToLowerInvariant();
        view["encoding " + at] = encoding.Length > 0 ? encoding : "7bit";
        if (entity is TextRfc822Headers) Leave(view, at);
        else if (entity is MessagePart { Message: { } inner }) Message(view, at + "m", inner);
        else if (entity is MimeKit.MimePart leaf) Leaf(view, at, leaf);
    }

    private static TextPart Empty()
    {
        var empty = new TextPart("plain") { Text = "" };
        empty.ContentType.Parameters.Clear();
        return empty;
    }

    private static void Leaf(SortedDictionary<string, string> view, string at, MimeKit.MimePart leaf)
    {
        var content = new MemoryStream();
        leaf.Content?.WriteTo(content);
        view["octets " + at] = content.Length.ToString(CultureInfo.InvariantCulture);
        if (leaf is not TextPart) return;
        var octets = content.ToArray();
        view["lines " + at] = octets.Count(o => o == '\n').ToString(CultureInfo.InvariantCulture);
    }

    private static string Parameters(MimeKit.ParameterList list)
    {
        var shown = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var parameter in list) shown.TryAdd(parameter.Name, parameter.Value);
        return Shown(shown);
    }
}
