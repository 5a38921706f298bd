using System.Net;
using System.Text.Json.Nodes;
using Aviso.Dns;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Dns;

/// <summary>The running server plans, changes and checks its records at BIND.</summary>
public sealed class DnsPlanTests
{
    private const string Foreign = """
        @ TXT "google-site-verification=abc"
        @ TXT "v=spf1 include:_spf ~all"
        _spf TXT "v=spf1 ip4:198.51.100.0/24 -all"
        _dmarc TXT "v=DMARC1; p=quarantine; " "pct=100; rua=mailto:old@vendor.example"
        _acme-challenge.mail TXT "token of another"
        a-mail TXT "heritage=external-dns,external-dns/owner=me"
        www CNAME mail
        """;

    [Fact]
    public async Task What_could_not_be_changed_is_a_failure_of_the_verb()
    {
        await using var server = await AvisoServer.StartAsync("outbound: { capture: alice@example.test }", "smtp metrics");
        var applied = await server.VerbAsync("dns", "apply", "--only", "example.test/MX", "--yes");
        Assert.True(applied.ExitCode == 1, applied.Output + applied.Error);
        Assert.Contains("no entry of `dns.zones` holds example.test", applied.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_apply_nothing_left_drift_and_roll_back_at_a_primary_with_a_secondary()
    {
        // Names in a zone file are below the zone; in a text they are not.
        await using var bind = await BindServer.StartAsync(records: Foreign.Replace("include:_spf ", "include:_spf.example.test ",
            StringComparison.Ordinal), whole: true);
        await using var elsewhere = new DnsServer().Mx("example.test", "mx.elsewhere.example");
        await using var server = await AvisoServer.StartAsync($$"""
            mta_sts: { publish: testing }
            relays:
              - { name: vendor, host: relay.example.test, tls: none, spf: "include:_spf.example.test",
                  dkim_cnames: [ { selector: v1, target: "v1.{domain-dashed}.dkim.vendor.example" } ] }
            dns:
              resolvers: ["127.0.0.1:{{bind.Primary}}"]
              check_with: ["127.0.0.1:{{elsewhere.Port}}"]
              addresses: [127.0.0.1]
              zones:
                - { provider: rfc2136, zone: example.test, server: "127.0.0.1:{{bind.Primary}}",
                    key_name: {{BindServer.KeyName}}, key: "literal:{{bind.Secret}}",
                    check: ["127.0.0.1:{{bind.Primary}}", "127.0.0.1:{{bind.Secondary}}"], patience: 20s }
            """, "smtp imaps submissions https metrics", tls: "{ self_signed: true, internal_names: [mta-sts.example.test] }");
        var before = await ZoneAsync(bind.Primary);
        var plan = await PlanAsync(server);
        Assert.Equal("create", plan["example.test/MX"]["action"]!.ToString());
        Assert.Equal("update", plan["_dmarc.example.test/TXT"]["action"]!.ToString());
        Assert.Contains("RFC 9989", plan["_dmarc.example.test/TXT"]["reason"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("fine", plan["mail.example.test/A"]["action"]!.ToString());
        Assert.Contains("urgent", (await server.VerbAsync("dns", "plan")).MustSucceed().Output, StringComparison.Ordinal);

        var applied = await server.VerbAsync("dns", "apply", "--yes");
        Assert.True(applied.ExitCode == 0, applied.Output + applied.Error + bind.Output);
        Assert.All((await PlanAsync(server)).Values, row => Assert.True(row["action"]!.ToString() == "fine", row.ToJsonString()));
        var after = await ZoneAsync(bind.Primary);
        Assert.Equal(after, await ZoneAsync(bind.Secondary));
        foreach (var kept in before.Where(b => !b.Contains("v=spf1", StringComparison.Ordinal) && !b.Contains("v=DMARC1",
            StringComparison.Ordinal))) Assert.Contains(kept, after);
        Assert.Contains("example.test Txt v=spf1 include:_spf.example.test ip4:127.0.0.1 ~all", after);
        Assert.Contains("_dmarc.example.test Txt v=DMARC1; p=quarantine; rua=mailto:old@vendor.example,mailto:postmaster@example.test",
            after);

        // Only the resolver of others says otherwise.
        var check = await server.VerbAsync("dns", "check", "example.test");
        Assert.Equal(1, check.ExitCode);
        Assert.DoesNotContain($":{bind.Primary} ", check.Output, StringComparison.Ordinal);
        Assert.Contains("mx.elsewhere.example", check.Output, StringComparison.Ordinal);

        // Somebody changes a record by hand.
        Assert.True((await DnsUpdate.SendAsync(new(IPAddress.Loopback, bind.Primary), "example.test",
            [DnsUpdate.Txt("_dmarc.example.test", 60, "v=DMARC1; p=none")], [],
            [("_dmarc.example.test", DnsType.Txt)], new(BindServer.KeyName, TsigAlgorithm.HmacSha256,
                Convert.FromBase64String(bind.Secret)), default)).Ok);
        Assert.Equal(["_dmarc.example.test/TXT"], (await PlanAsync(server)).Where(r => r.Value["action"]!.ToString() != "fine")
            .Select(r => r.Key));
        (await server.VerbAsync("dns", "apply", "--only", "_dmarc.example.test/TXT", "--yes")).MustSucceed();
        Assert.All((await PlanAsync(server)).Values, row => Assert.Equal("fine", row["action"]!.ToString()));

        // What was restored first is what stood before the last apply; then the one before, where nobody has changed it.
        Assert.Contains("v=DMARC1; p=none", (await server.VerbAsync("dns", "rollback")).MustSucceed().Output, StringComparison.Ordinal);
        await server.StopAsync();
        await server.StartAgainAsync();
        await server.VerbAsync("dns", "rollback");
        Assert.Equal(before.Where(b => !b.StartsWith("_dmarc", StringComparison.Ordinal)), (await ZoneAsync(bind.Primary))
            .Where(b => !b.StartsWith("_dmarc", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_rotation_publishes_the_new_keys_itself_and_they_sign_when_both_servers_show_them()
    {
        await using var bind = await BindServer.StartAsync(whole: true);
        await using var server = await AvisoServer.StartAsync($$"""
            dns:
              resolvers: ["127.0.0.1:{{bind.Primary}}"]
              addresses: [127.0.0.1]
              zones:
                - { provider: rfc2136, zone: example.test, server: "127.0.0.1:{{bind.Primary}}",
                    key_name: {{BindServer.KeyName}}, key: "literal:{{bind.Secret}}",
                    check: ["127.0.0.1:{{bind.Primary}}", "127.0.0.1:{{bind.Secondary}}"], patience: 20s }
            """, "smtp metrics");
        Assert.Equal(["waiting", "waiting"], await StatesAsync(server));
        (await server.VerbAsync("dns", "apply", "--yes")).MustSucceed();
        Assert.Equal(["signing", "signing"], await StatesAsync(server));
        var rotated = await server.VerbAsync("dkim", "rotate", "example.test");
        Assert.True(rotated.ExitCode == 0, rotated.Output + rotated.Error + server.Log);
        Assert.Equal(["retired", "retired", "signing", "signing"], await StatesAsync(server));
        // Both old and new are published, and nothing is left to do.
        Assert.All((await PlanAsync(server)).Values, row => Assert.True(row["action"]!.ToString() == "fine", row.ToJsonString()));
        await server.KillAsync();
        await server.StartAgainAsync();
        Assert.Equal(["retired", "retired", "signing", "signing"], await StatesAsync(server));
    }

    private static async Task<IReadOnlyList<string>> StatesAsync(AvisoServer server) =>
        [.. JsonNode.Parse((await server.VerbAsync("dkim", "status", "--json")).MustSucceed().Output)!.AsArray()
            .Select(r => $"{r!["state"]}").Order(StringComparer.Ordinal)];

    [Fact]
    public async Task Signatures_that_do_not_hold_are_bogus_and_never_missing()
    {
        await using var chain = await DnssecChain.StartAsync();
        await using var server = await AvisoServer.StartAsync($"dns: {{ resolvers: [\"{chain.Resolver}\"] }}", "smtp metrics",
            domain: "bogus.test");
        var rows = await PlanAsync(server);
        Assert.NotEmpty(rows);
        Assert.All(rows.Values, row => Assert.Equal("unknown", row["action"]!.ToString()));
        var check = await server.VerbAsync("dns", "check");
        Assert.Contains("bogus", check.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("missing", check.Output, StringComparison.Ordinal);
    }

    private static async Task<Dictionary<string, JsonNode>> PlanAsync(AvisoServer server) =>
        JsonNode.Parse((await server.VerbAsync("dns", "plan", "--json")).MustSucceed().Output)!["records"]!.AsArray()
            .ToDictionary(r => $"{r!["name"]}/{r["type"]}", r => r!);

    // Every record that this test knows of, by asking for it.
    private static async Task<IReadOnlyList<string>> ZoneAsync(int port)
    {
        var one = new OneServer(TimeProvider.System);
        var records = new List<string>();
        string[] names =
        [
            "example.test", "mail.example.test", "_spf.example.test", "_dmarc.example.test", "_acme-challenge.mail.example.test",
                "a-mail.example.test", "www.example.test",
            "mta-sts.example.test", "_mta-sts.example.test", "_smtp._tls.example.test", "_imaps._tcp.example.test",
                "autoconfig.example.test", "v1._domainkey.example.test",
        ];
        foreach (var name in names)
            foreach (var type in new[] { DnsType.A, DnsType.Mx, DnsType.Txt, DnsType.Cname, DnsType.Srv })
                records.AddRange((await one.AskAsync(new(IPAddress.Loopback, port), name, type, default))
                    .Answer.Records.Where(r => r.Name == name)
                    .Select(r => $"{r.Name} {r.Type} {RecordText.Of(r)}"));
        return [.. records.Order(StringComparer.Ordinal)];
    }
}
