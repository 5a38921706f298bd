using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Aviso.Tests.Unit.Moving;

/// <summary>A message of the fake.</summary>
internal sealed record FakeMessage(uint Uid, string Text, string Flags = "", string Labels = "", ulong ModSeq = 1);

/// <summary>A mailbox of the fake; quoted as it goes over the wire.</summary>
internal sealed class FakeMailbox
{
    public required string Name { get; init; }

    public string Attributes { get; init; } = "";

    public uint UidValidity { get; set; } = 7;

    public List<FakeMessage> Messages { get; init; } = [];

    public ulong ModSeq => Messages.Count == 0 ? 1 : Messages.Max(message => message.ModSeq);
}

/// <summary>As much of an IMAP server as a source is asked by, on loopback, that can be told to go wrong. It notes what it was
/// asked.</summary>
internal sealed partial class FakeImap : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly List<string> _asked = [];
    private readonly Task _serving;

    public FakeImap(params FakeMailbox[] mailboxes)
    {
        Mailboxes.AddRange(mailboxes);
        _listener.Start();
        _serving = ServeAsync();
    }

    public List<FakeMailbox> Mailboxes { get; } = [];

    public string Capabilities { get; init; } = "IMAP4rev1 SASL-IR AUTH=PLAIN NAMESPACE UNSELECT CONDSTORE";

    public string Namespace { get; init; } = "((\"\" \"/\")) NIL NIL";

    public char Separator { get; init; } = '/';

    /// <summary>What to do instead of answering a command: null: answer; "drop": end the connection; "cut": end it within the next literal;
    /// else a line instead of OK.</summary>
    public Func<string, string?> Trouble { get; set; } = _ => null;

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Commands without their tags.</summary>
    public IReadOnlyList<string> Asked
    {
        get
        {
            lock (_asked) return [.. _asked];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _serving;
        _end.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true) _ = TalkAsync(await _listener.AcceptTcpClientAsync(_end.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task TalkAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await using var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.Latin1);
                await SayAsync(stream, $"* OK [CAPABILITY {Capabilities}] ready\r\n");
                FakeMailbox? at = null;
                while (await reader.ReadLineAsync(_end.Token) is { } line)
                {
                    var words = line.Split(' ', 2);
                    lock (_asked) _asked.Add(words[1]);
                    var trouble = Trouble(words[1]);
                    if (trouble == "drop") return;
                    if (trouble is { } instead and not "cut")
                    {
                        await SayAsync(stream, instead.StartsWith('*') ? instead + "\r\n" : $"{words[0]} {instead}\r\n");
                        if (instead.StartsWith('*')) return;
                        continue;
                    }
                    var answer = Answer(words[1], ref at);
                    if (trouble == "cut")
                    {
                        await SayAsync(stream, answer[..(answer.IndexOf("}\r\n", StringComparison.Ordinal) + 20)]);
                        return;
                    }
                    var code = words[1].StartsWith("EXAMINE", StringComparison.Ordinal) ? "[READ-ONLY] " : "";
                    await SayAsync(stream, answer + $"{words[0]} OK {code}done\r\n");
                    if (words[1] == "LOGOUT") return;
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
            {
                // The client went.
            }
        }
    }

    private static async Task SayAsync(NetworkStream stream, string text) => await stream.WriteAsync(Encoding.Latin1.GetBytes(text));

    private string Answer(string command, ref FakeMailbox? at)
    {
        if (command.StartsWith("CAPABILITY", StringComparison.Ordinal)) return $"* CAPABILITY {Capabilities}\r\n";
        if (command.StartsWith("NAMESPACE", StringComparison.Ordinal)) return $"* NAMESPACE {Namespace}\r\n";
        if (ListCommand().Match(command) is { Success: true } list)
            return List(list.Groups["kind"].Value, list.Groups["name"].Value.Trim('"'));
        if (NamedCommand().Match(command) is { Success: true } named)
        {
            var box = Mailboxes.Single(one => one.Name == named.Groups["name"].Value.Trim('"'));
            var next = box.Messages.Count == 0 ? 1 : box.Messages[^1].Uid + 1;
            if (named.Groups["verb"].Value == "STATUS")
                return $"* STATUS \"{box.Name}\" (UIDVALIDITY {box.UidValidity} UIDNEXT {next})\r\n";
            at = box;
            return $"* {box.Messages.Count} EXISTS\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY {box.UidValidity}] x\r\n"
                + $"* OK [UIDNEXT {next}] x\r\n* OK [HIGHESTMODSEQ {box.ModSeq}] x\r\n";
        }
        if (command.StartsWith("UID SEARCH", StringComparison.Ordinal))
            return $"* SEARCH{string.Concat(at!.Messages.Select(message => $" {message.Uid}"))}\r\n";
        return FetchCommand().Match(command) is { Success: true } fetch ? Fetch(at!, fetch) : "";
    }

    private string List(string kind, string name)
    {
        if (name.Length == 0) return $"* LIST (\\Noselect) \"{Separator}\" \"\"\r\n";
        return string.Concat(Mailboxes
            .Where(box => name.EndsWith('*') ? box.Name.StartsWith(name[..^1], StringComparison.Ordinal) : box.Name == name)
            .Where(box => kind != "LSUB" || box.Attributes.Contains("\\Subscribed", StringComparison.Ordinal))
            .Select(box => $"* {kind} ({box.Attributes}) \"{Separator}\" \"{box.Name}\"\r\n"));
    }

    private static string Fetch(FakeMailbox at, Match fetch)
    {
        var (items, since, text) = (fetch.Groups["items"].Value, fetch.Groups["since"].Value, new StringBuilder());
        foreach (var message in at.Messages.Where(message => Contains(fetch.Groups["set"].Value, message.Uid)))
        {
            if (since.Length > 0 && message.ModSeq <= ulong.Parse(since, CultureInfo.InvariantCulture)) continue;
            text.Append(CultureInfo.InvariantCulture, $"* {at.Messages.IndexOf(message) + 1} FETCH (UID {message.Uid}");
            if (items.Contains("FLAGS", StringComparison.Ordinal)) text.Append(CultureInfo.InvariantCulture,
                $" FLAGS ({message.Flags}) INTERNALDATE \"14-Nov-2023 22:13:20 +0000\" RFC822.SIZE {message.Text.Length}");
            if (since.Length > 0) text.Append(CultureInfo.InvariantCulture, $" MODSEQ ({message.ModSeq})");
            if (items.Contains("X-GM-LABELS", StringComparison.Ordinal))
                text.Append(CultureInfo.InvariantCulture, $" X-GM-LABELS ({message.Labels})");
            if (items.Contains("BODY.PEEK[]", StringComparison.Ordinal)) text.Append(CultureInfo.InvariantCulture,
                $" BODY[] {{{message.Text.Length}}}\r\n{message.Text}");
            text.Append(")\r\n");
        }
        return text.ToString();
    }

    private static bool Contains(string set, uint uid) => set.Split(',').Select(range => range.Split(':')).Any(range =>
        uid >= Number(range[0]) && uid <= Number(range[^1]));

    private static uint Number(string text) => text == "*" ? uint.MaxValue : uint.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex("^(?<kind>LIST|LSUB) \"\" (?<name>.*)$")]
    private static partial Regex ListCommand();

    [GeneratedRegex("^(?<verb>STATUS|EXAMINE) (?<name>\"[^\"]*\"|\\S+)")]
    private static partial Regex NamedCommand();

    [GeneratedRegex("^UID FETCH (?<set>\\S+) \\(?(?<items>.*?)\\)?( \\(CHANGEDSINCE (?<since>\\d+)\\))?$")]
    private static partial Regex FetchCommand();
}
