using System.Text.Json.Nodes;
using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Peers;
using Aviso.Tests.Unit.Doctor;
using Xunit;

namespace Aviso.Tests.System.Incidents;

/// <summary>
/// What went wrong elsewhere for days, by its number in the diary, with the running server: refused before it can happen, or told within
/// seconds. The fault matrix of the unit tests has the rest; docs/incidents.md is the table.
/// </summary>
public sealed class DoctorTests : IAsyncLifetime
{
    // Its records are on loopback; a name that can be in the DNS, for others are not looked at.
    private const string Domain = "aviso-incidents.org";
    private const string Spf = "v=spf1 mx include:spf.one.example -all";

    private readonly DnsServer _dns = new() { Ttl = 1 };
    private readonly TestAuthority _authority = new();
    private readonly HttpSink _sink = new();
    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _dns.Ns("", "a.root-servers.net").Mx(Domain, $"mail.{Domain}").A($"mail.{Domain}", "198.51.100.7").Txt(Domain, [Spf])
            .Txt("spf.one.example", ["v=spf1 ip4:192.0.2.0/24 -all"]).Txt("spf.two.example", ["v=spf1 ip4:203.0.113.0/24 -all"]);
        _authority.Lasts = TimeSpan.FromDays(1);
        var (certificate, key) = _authority.Issue("mail", $"mail.{Domain}");
        _server = await AvisoServer.StartAsync($$"""
            dns: { resolvers: ["127.0.0.1:{{_dns.Port}}"], addresses: [198.51.100.7] }
            events: { webhooks: [ { url: "{{_sink.Url}}/hook", secret: "literal:s3cret" } ] }
            relays:
              - { name: one, host: 127.0.0.1, port: 1, tls: none, spf: "include:spf.one.example" }
              - { name: two, host: 127.0.0.1, port: 1, tls: none, spf: "include:spf.two.example" }
            routes:
              - { to: "*", relay: one }

            """, "smtp submission imaps metrics", tls: $"{{ certificate: \"file:{certificate}\", key: \"file:{key}\" }}", domain: Domain);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _dns.DisposeAsync();
        _authority.Dispose();
        _sink.Dispose();
    }

    private async Task<(int Status, List<JsonNode> Findings)> DoctorAsync(string code)
    {
        var result = await _server.VerbAsync("doctor", "--only", code, "--json");
        Assert.True(result.ExitCode is 0 or 1, result.Error);
        return (result.ExitCode, [.. JsonNode.Parse(result.Output)!["findings"]!.AsArray().Select(f => f!)]);
    }

    [Fact]
    public async Task Incident_1_a_relay_that_spf_does_not_name_is_refused_before_mail_goes_by_it()
    {
        Assert.Equal(0, (await DoctorAsync("relay-not-in-spf")).Status);
        var text = await File.ReadAllTextAsync(_server.SettingsFile);
        await File.WriteAllTextAsync(_server.SettingsFile, text.Replace("relay: one }", "relay: two }", StringComparison.Ordinal));
        var refused = await _server.VerbAsync("reload");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"{Domain}. TXT \"v=spf1 mx include:spf.one.example include:spf.two.example -all\"", refused.Error, StringComparison.Ordinal);
        // The file differs from what runs, and that is a finding too.
        Assert.Equal(1, (await DoctorAsync("settings-refused")).Status);
        (await _server.VerbAsync("reload", "--force")).MustSucceed();
        var (status, findings) = await DoctorAsync("relay-not-in-spf");
        Assert.Equal(1, status);
        Assert.Equal($"{Domain} by two", $"{Assert.Single(findings)["subject"]}");
        Assert.Equal(1, await _server.MetricAsync("aviso_doctor_finding", "relay-not-in-spf"));
        _dns.Txt(Domain, ["v=spf1 mx include:spf.one.example include:spf.two.example -all"]);
        await Patience.UntilAsync(async () => (await DoctorAsync("relay-not-in-spf")).Status == 0, "the finding clears when the record is there");
    }

    [Fact]
    public async Task Incident_35_the_first_refusal_of_one_of_ours_is_an_event_within_seconds()
    {
        using (var kindle = new SmtpLineClient(_server.Port("smtp"), "reader.lan", "127.0.0.35"))
        {
            kindle.Command($"MAIL FROM:<app@{Domain}>", "250");
            kindle.Command("RCPT TO:<me@device.example>", "554");
        }
        await Patience.UntilAsync(() => _sink.Requests.Any(r => r.Text.Contains("own-relay-refused", StringComparison.Ordinal)),
            "the webhook hears of it", 30, () => _server.Log);
        var told = _sink.Requests.First(r => r.Text.Contains("own-relay-refused", StringComparison.Ordinal));
        Assert.StartsWith("sha256=", told.Headers["X-Aviso-Signature"], StringComparison.Ordinal);
        var one = JsonNode.Parse(told.Text)!["events"]!.AsArray().First(e => $"{e!["code"]}" == "own-relay-refused")!;
        Assert.Equal("127.0.0.35", $"{one["subject"]}");
        foreach (var named in (string[])["reader.lan", $"app@{Domain}", "me@device.example", "554"])
            Assert.Contains(named, $"{one["evidence"]}", StringComparison.Ordinal);
        Assert.Equal(1, (await DoctorAsync("own-relay-refused")).Status);
        (await _server.VerbAsync("doctor", "acknowledge", "own-relay-refused")).MustSucceed();
        Assert.Equal(0, (await DoctorAsync("own-relay-refused")).Status);
    }

    [Fact]
    public async Task Incidents_5_and_13_a_resolver_that_lies_and_a_renewal_that_did_not_come_are_found_on_the_first_look()
    {
        // A wildcard that answers for everything, a certificate that nobody renews, and an MX record that leads elsewhere.
        _dns.A("aviso-doctor.invalid", "192.0.2.80").Mx(Domain, "mx.other.example").A("mx.other.example", "192.0.2.81");
        var result = await _server.VerbAsync("doctor", "--json");
        Assert.Equal(1, result.ExitCode);
        var findings = JsonNode.Parse(result.Output)!["findings"]!.AsArray();
        var codes = findings.Select(f => $"{f!["code"]}").ToHashSet();
        Assert.Superset(new HashSet<string> { "resolver-lies", "certificate-ends-soon", "mx-elsewhere", "dmarc-missing", "dkim-unsigned" }, codes);
        // Nothing of the server itself is wrong.
        Assert.DoesNotContain(codes, c => c is "door-silent" or "door-tls-fails" or "ban-without-effect" or "doctor-check-failed" or "store-ill");
        Assert.All(findings, f => Assert.True($"{f!["fix"]}".Length > 8, f!.ToJsonString()));
        var page = await _server.VerbAsync("doctor", "--only", "mx-elsewhere");
        Assert.Contains($"      {Domain}. MX 10 mail.{Domain}.", page.Output, StringComparison.Ordinal);
    }
}
