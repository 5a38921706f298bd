using System.Net;
using System.Text.Json.Nodes;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Tests.Unit.Base;
using Aviso.Tests.Unit.MailAuth;
using Xunit;

namespace Aviso.Tests.Conformance;

/// <summary>suites/mail-auth-rspamd: SPF, DKIM, DMARC and ARC of one message together.</summary>
public sealed class MailAuthSuite
{

    [Fact]
    public async Task Every_case_has_its_result()
    {
        var folder = Suites.Find("mail-auth-rspamd");
        var zone = new Zone(JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "dns.json")))!.AsArray());
        var cases = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "cases.json")))!.AsArray();
        var wrong = new List<string>();
        foreach (var one in cases)
        {
            var file = (string?)one!["message"];
            using var body = file is null ? Bodies.Of("From: a@b.example\r\n\r\n") : Bodies.Of(await File.ReadAllBytesAsync(Path.Combine(folder, "messages", file)));
            var verifier = new MailVerifier(zone, new() { HostName = "receiver.example", Dkim = new() { EnforceTimes = false, MaxSignatures = 5 } }, TimeProvider.System);
            var verdict = await verifier.VerifyAsync(
                new(IPAddress.Parse((string?)one["ip"] ?? "192.0.2.250"), (string?)one["helo"] ?? "", Addresses.Of((string?)one["mail_from"] ?? ""), body), default);
            foreach (var (check, expected) in one["expect"]!.AsObject())
            {
                var got = check switch
                {
                    "spf" => [verdict.Spf.Result.ToString()],
                    "dkim" => verdict.Dkim.Select(d => d.Result.ToString()).DefaultIfEmpty("None").ToList(),
                    "dmarc" => [verdict.Dmarc.Result.ToString()],
                    "policy" => [verdict.Dmarc.Policy.ToString()],
                    _ => (List<string>)[verdict.Arc.Result.ToString()],
                };
                if (!Fits(expected!, got)) wrong.Add($"{one.ToJsonString()}\n   {check}={string.Join(',', got)} {verdict.Spf.Problem} {string.Join(' ', verdict.Dkim.Select(d => d.Problem))}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Equal(67, cases.Count);
    }

    // "!pass": none of them passes; otherwise one of them is as expected, a pass before all.
    private static bool Fits(JsonNode expected, List<string> got)
    {
        var words = expected is JsonArray list ? list.Select(e => (string)e!).ToList() : [(string)expected!];
        var lower = got.ConvertAll(g => g.ToLowerInvariant());
        return words.Exists(w => w == "!pass" ? !lower.Contains("pass") : lower.Contains(w) && (w == "pass" || !lower.Contains("pass")));
    }

    private sealed class Zone : IResolver
    {
        private readonly Dictionary<(string, DnsType), DnsAnswer> _answers = [];

        public Zone(JsonArray records)
        {
            foreach (var record in records)
            {
                var name = ((string)record!["name"]!).TrimEnd('.').ToLowerInvariant();
                var type = Enum.Parse<DnsType>((string)record["type"]!, ignoreCase: true);
                _answers[(name, type)] = (string?)record["rcode"] switch
                {
                    "nxdomain" => DnsAnswer.None(DnsStatus.NxDomain),
                    "nodata" => DnsAnswer.None(DnsStatus.NoData),
                    "timeout" => DnsAnswer.None(DnsStatus.Timeout),
                    _ => new(DnsStatus.Ok, false, [.. record["replies"]!.AsArray().Select(r => Record(name, type, (string)r!))], TimeSpan.FromMinutes(5)),
                };
            }
        }

        public ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancel) => new(
            _answers.TryGetValue((name.TrimEnd('.').ToLowerInvariant(), type), out var answer) ? answer : DnsAnswer.None(DnsStatus.NxDomain));

        private static DnsRecord Record(string name, DnsType type, string text) => type switch
        {
            DnsType.A => new ARecord(name, 300, IPAddress.Parse(text)),
            DnsType.Aaaa => new AaaaRecord(name, 300, IPAddress.Parse(text)),
            DnsType.Mx => new MxRecord(name, 300, ushort.Parse(text.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture), text.Split(' ')[1]),
            DnsType.Ptr => new PtrRecord(name, 300, text),
            _ => new TxtRecord(name, 300, [System.Text.Encoding.Latin1.GetBytes(text)]),
        };
    }
}
