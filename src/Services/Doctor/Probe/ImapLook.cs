using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using Aviso.Net;

namespace Aviso.Doctor;

/// <summary>Looks for a probe as a mail program does: TLS with a valid certificate, LOGIN, EXAMINE, SEARCH (RFC 9051).</summary>
internal sealed class ImapLook(ProbeOptions options, ProbeDial dial)
{
    private const int MostLine = 64 * 1024, MostLines = 1_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <exception cref="ProbeException">It is not found there, or nobody gets in.</exception>
    public async Task FindAsync(ProbeArrival arrival, string password, CancellationToken cancel)
    {
        var at = options.Imap!.Value;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Patience);
        try
        {
            await using var stream = await dial.ConnectAsync(at, deadline.Token);
            await using var tls = new SslStream(stream);
            await tls.AuthenticateAsClientAsync(
                new() { TargetHost = at.Host, CertificateChainPolicy = Authorities.Policy(options.Roots) }, deadline.Token);
            await SearchAsync(tls, arrival, password, deadline.Token);
        }
        catch (AuthenticationException e)
        {
            throw Fault($"the certificate at {at} is not good for {at.Host}: {e.Message}");
        }
        catch (IOException e)
        {
            throw Fault($"{at}: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw Fault($"no answer from {at} in {Patience.TotalSeconds:0} s");
        }
    }

    private async Task SearchAsync(Stream stream, ProbeArrival arrival, string password, CancellationToken cancel)
    {
        var lines = new Lines(stream);
        var greeting = await lines.ReadAsync(cancel);
        if (!greeting.StartsWith("* OK", StringComparison.Ordinal)) throw Fault($"the greeting is no IMAP greeting: {greeting}");
        await AskAsync(lines, "a", $"LOGIN {Quoted(options.Account.Wire)} {Quoted(password)}", "the login is refused", cancel);
        await AskAsync(lines, "b", $"EXAMINE {Quoted(arrival.Mailbox.Name)}", $"{arrival.Mailbox.Name} cannot be opened", cancel);
        var found = await AskAsync(lines, "c", $"UID SEARCH SUBJECT {Quoted(arrival.Marker)}", "it cannot be searched for", cancel);
        var uid = arrival.Uid.ToString(CultureInfo.InvariantCulture);
        if (!found.Any(l => l.StartsWith("* SEARCH", StringComparison.Ordinal) && l.Split(' ').Contains(uid)))
            throw Fault($"{arrival.Mailbox.Name} does not show it although it is stored there");
        await lines.WriteAsync("d LOGOUT", cancel);
    }

    private static async Task<IReadOnlyList<string>> AskAsync(Lines lines, string tag, string command, string ifRefused,
        CancellationToken cancel)
    {
        await lines.WriteAsync($"{tag} {command}", cancel);
        var said = new List<string>();
        while (said.Count < MostLines)
        {
            var line = await lines.ReadAsync(cancel);
            if (line.StartsWith($"{tag} OK", StringComparison.Ordinal)) return said;
            if (line.StartsWith($"{tag} ", StringComparison.Ordinal)) throw Fault($"{ifRefused}: {line[2..]}");
            said.Add(line);
        }
        throw Fault($"more than {MostLines} lines were answered to one command");
    }

    // RFC 9051 §9 quoted; our accounts and markers have no controls.
    private static string Quoted(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static ProbeException Fault(string text) => new(ProbeStage.Imap, text);

    private sealed class Lines(Stream stream)
    {
        private readonly byte[] _buffer = new byte[4096];
        private int _from, _to;

        public async Task<string> ReadAsync(CancellationToken cancel)
        {
            var line = new List<byte>();
            while (line.Count < MostLine)
            {
                if (_from == _to)
                {
                    (_from, _to) = (0, await stream.ReadAsync(_buffer, cancel));
                    if (_to == 0) throw new IOException("the connection was closed");
                }
                var next = _buffer[_from++];
                if (next == '\n') return Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
                line.Add(next);
            }
            throw new IOException($"a line is longer than {MostLine} octets");
        }

        public async Task WriteAsync(string line, CancellationToken cancel)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"), cancel);
            await stream.FlushAsync(cancel);
        }
    }
}
