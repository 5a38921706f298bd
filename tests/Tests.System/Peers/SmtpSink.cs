using System.Text;

namespace Aviso.Tests.System.Peers;

/// <summary>A message that reached the sink. <paramref name="Text"/> is Latin-1, from the sink's own Received field on.</summary>
internal sealed record SunkMessage(string MailFrom, IReadOnlyList<string> Recipients, string Text)
{
    public string Subject =>
        Text.Split('\n').FirstOrDefault(line => line.StartsWith("Subject: ", StringComparison.OrdinalIgnoreCase))?[9..].Trim() ?? "";
}

/// <summary>smtp-sink of Postfix: takes everything and writes each message to a file.</summary>
internal sealed class SmtpSink : IAsyncDisposable
{
    private readonly PeerFolder _folder = new("sink");
    private readonly string _dump;
    private PeerProcess? _process;

    private SmtpSink(string address, int port) => (Address, Port, _dump) = (address, port, _folder.Shared("mail"));

    public string Address { get; }

    public int Port { get; }

    /// <summary>What has arrived whole so far.</summary>
    public IReadOnlyList<SunkMessage> Messages => [.. Whole().Select(Parse)];

    public int Count => Whole().Count();

    public static async Task<SmtpSink> StartAsync(string address = "127.0.0.1", int port = 0)
    {
        var sink = new SmtpSink(address, port == 0 ? FreePort.Next() : port);
        string[] user = Environment.UserName == "root" ? ["-u", "nobody"] : [];
        sink._process = PeerProcess.Start(Tool.Find("smtp-sink", "postfix"),
            [.. user, "-d", Path.Combine(sink._dump, "m."), "-h", "sink.elsewhere.test", $"{address}:{sink.Port}", "200"],
                sink._folder.Root);
        await sink._process.ReadyAsync(() => FreePort.Answers(sink.Port, address), "smtp-sink");
        return sink;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }

    // A file that the sink still holds open is being written. What it opens after this look is not among the files listed before.
    private IEnumerable<string> Whole()
    {
        var files = Directory.GetFiles(_dump);
        var open = Directory.GetFiles($"/proc/{_process!.Pid}/fd").Select(link => new FileInfo(link).LinkTarget)
            .ToHashSet(StringComparer.Ordinal);
        return files.Where(file => !open.Contains(file));
    }

    // X-Client-Addr, X-Client-Proto, X-Helo-Args, X-Mail-Args and X-Rcpt-Args come first, then the message.
    private static SunkMessage Parse(string file)
    {
        var text = File.ReadAllText(file, Encoding.Latin1);
        var lines = text.Split('\n');
        return new(
            Path(lines.FirstOrDefault(line => line.StartsWith("X-Mail-Args: ", StringComparison.Ordinal)) ?? ""),
            [.. lines.Where(line => line.StartsWith("X-Rcpt-Args: ", StringComparison.Ordinal)).Select(Path)],
            text);

        static string Path(string line) =>
            line.IndexOf('<', StringComparison.Ordinal) is var open and >= 0 && line.IndexOf('>', StringComparison.Ordinal) is var close
                && close > open
                ? line[(open + 1)..close] : "";
    }
}
