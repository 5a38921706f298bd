using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Aviso.Base;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.MailAuth;

/// <summary>
/// Rspamd and we judge the same real messages. Each gets a client, signatures and seals chosen by its checksum, good and broken ones; the
/// records of its domains are chosen by the domain's.
/// </summary>
public sealed class RspamdAgreementTests : IAsyncLifetime
{
    private const string Good = "192.0.2.1";
    private const int EachSource = 60;
    private const string Relay = "relay.test";

    private readonly DnsServer _dns = new();
    private readonly BodySpool _spool = new(Path.Combine(Path.GetTempPath(), "aviso-agreement"), 1 << 24);
    private readonly string _work = Directory.CreateTempSubdirectory("aviso-agreement-").FullName;
    private readonly Dictionary<string, DkimKey> _keys = [];
    private Resolver _resolver = null!;
    private MailVerifier _verifier = null!;

    public ValueTask InitializeAsync()
    {
        _resolver = new(new ResolverOptions { Upstreams = [new IPEndPoint(IPAddress.Loopback, _dns.Port)] });
        _verifier = new(_resolver, new() { HostName = "mx.example.test" }, TimeProvider.System);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _resolver.Dispose();
        foreach (var key in _keys.Values) key.Dispose();
        await _dns.DisposeAsync();
        Directory.Delete(_work, recursive: true);
    }

    [Fact]
    public async Task Rspamd_says_the_same_of_spf_dkim_dmarc_and_arc()
    {
        await using var rspamd = await RspamdServer.StartAsync(_dns.Port);
        using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{rspamd.Port}"), Timeout = TimeSpan.FromSeconds(30) };
        var (asked, seen, apart) = (0, new SortedDictionary<string, int>(StringComparer.Ordinal), new List<string>());
        foreach (var source in new[] { "ham/easy-ham-1", "ham/csdmc-ham", "ham/list-usrp", "phish/phishing-pot", "spam/spam-2" })
        {
            foreach (var file in await FilesAsync(source))
            {
                if (await PrepareAsync(file) is not { } letter) continue;
                asked++;
                using var body = _spool.Begin();
                body.Write(letter.Octets);
                var ours = Ours(await _verifier.VerifyAsync(new(IPAddress.Parse(letter.Client), "mail.sender.test", MailAddress.TryParse(letter.Sender, out var from) ? from : default, body), default));
                var theirs = await TheirsAsync(http, letter);
                seen[ours] = seen.GetValueOrDefault(ours) + 1;
                if (ours != theirs && !await DkimpyAgreesAsync(ours, theirs, letter)) apart.Add($"{Path.GetFileName(file)} ({letter.Plan}): ours {ours}, theirs {theirs}");
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{asked} messages, {apart.Count} apart\n{string.Join('\n', seen.Select(s => $"{s.Value,4} {s.Key}"))}\n{string.Join('\n', apart)}");
        Assert.True(asked > 200, $"only {asked} messages could be asked about");
        // Good and bad of every kind was among them.
        foreach (var word in "spf=pass spf=fail spf=softfail spf=none dkim=pass dkim=fail dkim=none dmarc=pass dmarc=reject dmarc=quarantine dmarc=none arc=pass arc=fail arc=none".Split(' '))
            Assert.Contains(seen.Keys, k => k.Split(' ').Contains(word));
        Assert.True(apart.Count == 0, $"{apart.Count} of {asked} apart:\n{string.Join('\n', apart.Take(20))}\n{rspamd.Log}");
    }

    // Where the two differ about a seal only, a third decides.
    private async Task<bool> DkimpyAgreesAsync(string ours, string theirs, Letter letter)
    {
        if (ours[..ours.IndexOf(" arc=", StringComparison.Ordinal)] != theirs[..theirs.IndexOf(" arc=", StringComparison.Ordinal)]) return false;
        var third = await Dkimpy.RunAsync(Encoding.UTF8.GetString(letter.Octets), "arc-verify", $"{_dns.Port}");
        return ours.EndsWith("arc=" + third.Split(' ')[0], StringComparison.Ordinal);
    }

    /// <param name="Plan">What was done to it, for the message of a failing test.</param>
    private sealed record Letter(byte[] Octets, string Client, string Sender, string Plan);

    private async Task<IEnumerable<string>> FilesAsync(string source)
    {
        (await Tool.RunAsync("tar", ["-xJf", Path.Combine(Suites.Find("spam"), source + ".tar.xz"), "-C", _work])).MustSucceed();
        return Directory.EnumerateFiles(Path.Combine(_work, Path.GetFileName(source)), "*.eml").Order(StringComparer.Ordinal).Take(EachSource);
    }

    /// <summary>Null for messages whose author has no plain domain: there is nothing to publish for them.</summary>
    private async Task<Letter?> PrepareAsync(string file)
    {
        var text = Stripped(Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file)));
        if (Author(text) is not { } author) return null;
        var dice = SHA256.HashData(Encoding.ASCII.GetBytes(Path.GetFileNameWithoutExtension(file)));
        Publish(author);
        Publish("mailer.test");
        var sender = dice[0] % 3 == 0 ? "mailer.test" : author;
        var client = dice[1] % 2 == 0 ? Good : "198.51.100.9";
        var signs = (dice[2] % 4) switch { 0 => "", 1 => "mailer.test", _ => author };
        var plan = $"from {author}, sender {sender}, client {client}";
        if (signs.Length > 0) text = Sign(text, signs);
        if (signs.Length > 0 && dice[3] % 3 == 0)
        {
            text += "one more line\r\n";
            plan += ", changed";
        }
        if (dice[4] % 3 != 0) text = await SealAsync(text);
        if (dice[4] % 3 == 1)
        {
            text += "a line after the seal\r\n";
            plan += ", changed after the seal";
        }
        return new(Encoding.Latin1.GetBytes(text), client, $"someone@{sender}", plan + $", signed by {signs}");
    }

    private void Publish(string domain)
    {
        var dice = SHA256.HashData(Encoding.ASCII.GetBytes(domain));
        _dns.A(domain, Good);
        if ((dice[0] % 4) switch { 0 => "-all", 1 => "~all", 2 => "?all", _ => "" } is { Length: > 0 } all) _dns.Txt(domain, [$"v=spf1 ip4:{Good} {all}"]);
        if ((dice[1] % 4) switch { 0 => "reject", 1 => "quarantine", 2 => "none", _ => "" } is { Length: > 0 } policy) _dns.Txt("_dmarc." + domain, [$"v=DMARC1; p={policy}"]);
    }

    private DkimKey KeyOf(string domain)
    {
        if (_keys.TryGetValue(domain, out var key)) return key;
        key = DkimKey.Generate(domain, "s1", DkimAlgorithm.RsaSha256);
        _dns.Txt(key.DnsName.ToLowerInvariant(), key.DnsStrings());
        return _keys[domain] = key;
    }

    private string Sign(string text, string domain)
    {
        using var body = Body(text);
        return Encoding.Latin1.GetString(DkimSigner.Sign(body, [KeyOf(domain)], SignOptions.Default, DateTimeOffset.UtcNow)) + text;
    }

    private async Task<string> SealAsync(string text)
    {
        using var body = Body(text);
        var chain = await new ArcVerifier(_resolver, new(), TimeProvider.System).VerifyAsync(body, default);
        return Encoding.Latin1.GetString(ArcSealer.Seal(body, chain, $"Authentication-Results: {Relay};\r\n\tspf=none\r\n", KeyOf(Relay), DateTimeOffset.UtcNow)) + text;
    }

    private SpooledBody Body(string text)
    {
        var body = _spool.Begin();
        body.Write(Encoding.Latin1.GetBytes(text));
        return body;
    }

    // What earlier servers said or signed has keys that no DNS here holds.
    private static string Stripped(string text)
    {
        var message = text.StartsWith("From ", StringComparison.Ordinal) ? text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..] : text;
        message = message.Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal).Replace("\0", "", StringComparison.Ordinal);
        var end = message.IndexOf("\n\n", StringComparison.Ordinal);
        if (end < 0) return message.Replace("\n", "\r\n", StringComparison.Ordinal);
        var kept = new StringBuilder();
        var keep = true;
        foreach (var line in message[..end].Split('\n'))
        {
            if (line is not [' ' or '\t', ..])
            {
                var name = line.Split(':')[0].Trim().ToLowerInvariant();
                keep = name is not ("received" or "return-path" or "authentication-results" or "dkim-signature" or "domainkey-signature" or "received-spf") && !name.StartsWith("arc-", StringComparison.Ordinal);
            }
            if (keep) kept.Append(line).Append("\r\n");
        }
        return kept + message[(end + 1)..].Replace("\n", "\r\n", StringComparison.Ordinal);
    }

    private static string? Author(string text)
    {
        var header = text[..Math.Max(0, text.IndexOf("\r\n\r\n", StringComparison.Ordinal))];
        var fields = header.Split("\r\n").Where(l => l.StartsWith("From:", StringComparison.OrdinalIgnoreCase)).ToList();
        if (fields is not [var only]) return null;
        var at = only.LastIndexOf('@');
        if (at < 0 || only.IndexOf('@', StringComparison.Ordinal) != at || only.Contains(',', StringComparison.Ordinal)) return null;
        var domain = new string([.. only[(at + 1)..].TakeWhile(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-')]).ToLowerInvariant();
        return domain.Contains('.', StringComparison.Ordinal) && !domain.Contains("..", StringComparison.Ordinal) && !domain.EndsWith('.') && domain.Length < 100 ? domain : null;
    }

    private static string Ours(AuthVerdict verdict)
    {
        var dkim = verdict.Dkim.Any(d => d.Result == DkimResult.Pass) ? "pass" : verdict.Dkim.Count == 0 ? "none" : "fail";
        var dmarc = verdict.Dmarc switch
        {
            { Record: null } => "none",
            { Result: DmarcResult.Pass } => "pass",
            { Record.Policy: DmarcPolicy.Reject } => "reject",
            { Record.Policy: DmarcPolicy.Quarantine } => "quarantine",
            _ => "unenforced",
        };
        return $"spf={verdict.Spf.Result.ToString().ToLowerInvariant()} dkim={dkim} dmarc={dmarc} arc={verdict.Arc.Result.ToString().ToLowerInvariant()}";
    }

    private static async Task<string> TheirsAsync(HttpClient http, Letter letter)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/checkv2") { Content = new ByteArrayContent(letter.Octets) };
        request.Headers.Add("IP", letter.Client);
        request.Headers.Add("Helo", "mail.sender.test");
        request.Headers.Add("From", letter.Sender);
        request.Headers.Add("Rcpt", "alice@example.test");
        request.Headers.Add("Flags", "pass_all");
        using var reply = await http.SendAsync(request);
        var symbols = JsonDocument.Parse(await reply.Content.ReadAsStringAsync()).RootElement.GetProperty("symbols").EnumerateObject().Select(s => s.Name).ToHashSet();
        return $"spf={First("R_SPF_ALLOW pass R_SPF_FAIL fail R_SPF_SOFTFAIL softfail R_SPF_NEUTRAL neutral R_SPF_PERMFAIL permerror R_SPF_DNSFAIL temperror R_SPF_NA none")} "
            + $"dkim={First("R_DKIM_ALLOW pass R_DKIM_REJECT fail R_DKIM_PERMFAIL fail R_DKIM_TEMPFAIL temperror R_DKIM_NA none")} "
            + $"dmarc={First("DMARC_POLICY_ALLOW pass DMARC_POLICY_REJECT reject DMARC_POLICY_QUARANTINE quarantine DMARC_POLICY_SOFTFAIL unenforced DMARC_DNSFAIL temperror DMARC_BAD_POLICY permerror DMARC_NA none", "none")} "
            + $"arc={First("ARC_ALLOW pass ARC_REJECT fail ARC_INVALID fail ARC_DNSFAIL temperror ARC_NA none")}";

        // No DMARC symbol at all: there is no author's domain, which is "none" to us.
        string First(string words, string otherwise = "nothing")
        {
            var pairs = words.Split(' ');
            for (var i = 0; i < pairs.Length; i += 2) if (symbols.Contains(pairs[i])) return pairs[i + 1];
            return otherwise;
        }
    }
}
