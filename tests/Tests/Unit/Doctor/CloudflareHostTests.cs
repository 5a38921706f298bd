using System.Text.Json.Nodes;
using Aviso.Dns;
using Aviso.Doctor;
using Aviso.Tests.Unit.Delivery;
using Aviso.Tests.Unit.Net.Acme;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>Plan and apply against Cloudflare's documented API.</summary>
public sealed class CloudflareHostTests
{
    private readonly FakeZone _world = new FakeZone().Txt("spf.vendor.example", "v=spf1 ip4:198.51.100.0/24 -all");
    private readonly PlanInput _facts = PlanFacts.Full with { Domains = ["example.org"] };

    private (DnsPlanner Planner, DnsApply Apply) Start(CloudflareHost host, FakeDocuments documents)
    {
        var hosts = new DnsHosts([new(host, [], TimeSpan.FromSeconds(1))]);
        var owned = new OwnedRecords(documents, TimeProvider.System);
        var planner = new DnsPlanner(_ => Task.FromResult(_facts), new HostSources(() => hosts, () => true, _world, TimeProvider.System),
            owned.WrittenAsync, _world, TimeProvider.System);
        return (planner, new(planner, owned, () => hosts, _world, TimeProvider.System, NullLogger.Instance));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task The_plan_is_empty_after_an_apply_whatever_the_provider_makes_of_order_and_cuts(int seed)
    {
        using var cloud = new FakeCloudflare("example.org", new Random(seed)) { PageSize = 4 };
        cloud.Put("TXT", "example.org", "v=spf1 mx -all").Put("TXT", "example.org", "\"site=1\"").Put("A", "mail.example.org",
            "192.0.2.25", proxied: true)
            .Put("TXT", "a-mail.example.org", "heritage=external-dns,external-dns/owner=me").Put("MX", "example.org", "mx.old.example", 5)
            .Put("CNAME", "www.example.org", "example.org", proxied: true).Put("NAPTR", "example.org", "what we do not read")
            .Put("TXT", "former._domainkey.example.org", "v=DKIM1; p=AAAA");
        using var host = new CloudflareHost(new("secret", handler: cloud), null, _world);
        var documents = new FakeDocuments(TimeProvider.System);
        var (planner, apply) = Start(host, documents);
        var before = Of(cloud);
        Assert.All(await apply.ApplyAsync(null, [], default), r => Assert.True(r.State is "created" or "updated", $"{r}"));
        var report = await planner.PlanAsync(null, default);
        Assert.All(report.Lines, l => Assert.True(l.Action == PlanAction.Fine, $"{l}"));
        Assert.Contains($"example.org holds {cloud.Records.Count} records", report.Notes[0], StringComparison.Ordinal);
        Assert.StartsWith("former._domainkey.example.org stands in the DNS", report.Notes[1], StringComparison.Ordinal);
        Assert.Equal("false", cloud.Records.Single(r => r["type"]!.ToString() == "A")["proxied"]!.ToString());
        Assert.All(cloud.Records.Where(r => r["name"]!.ToString() == "_dmarc.example.org"), r => Assert.Equal("aviso",
            r["comment"]!.ToString()));
        Assert.Contains("site=1", cloud.Texts("example.org"), StringComparison.Ordinal);
        await apply.RollBackAsync([], default);
        Assert.Equal(before.Where(b => !b.Contains("192.0.2.25", StringComparison.Ordinal)), Of(cloud).Where(b => !b.Contains("192.0.2.25",
            StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Too_many_requests_are_waited_out_and_a_full_zone_is_said()
    {
        using var cloud = new FakeCloudflare("example.org") { TooMany = 2, Most = 3 };
        using var host = new CloudflareHost(new("secret", handler: cloud), null, _world);
        var (_, apply) = Start(host, new(TimeProvider.System));
        var rows = await apply.ApplyAsync(null, [], default);
        Assert.Equal(3, cloud.Records.Count);
        Assert.Contains(rows, r => r.State == "failed" && r.Text.Contains("quota", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_a_batch_that_fails_nothing_has_happened_and_what_cannot_be_read_is_unknown()
    {
        using var cloud = new FakeCloudflare("example.org").Put("TXT", "_dmarc.example.org", "v=DMARC1; p=none");
        using var host = new CloudflareHost(new("secret", handler: cloud), null, _world);
        var found = await host.Look().ReadAsync("_dmarc.example.org", DnsType.Txt, default);
        var problem = await host.ChangeAsync("_dmarc.example.org", [.. found.Records, new(found.Records[0].Record, "no such id")],
            [DnsUpdate.Txt("_dmarc.example.org", 60, "v=DMARC1; p=reject")], default);
        Assert.Contains("does not exist", problem, StringComparison.Ordinal);
        Assert.Equal("v=DMARC1; p=none", cloud.Texts("_dmarc.example.org"));
        using var stranger = new CloudflareHost(new("wrong", handler: cloud), null, _world);
        Assert.Contains("lacks Zone / DNS / Edit", (await stranger.Look().ReadAsync("example.org", DnsType.Mx, default)).Trouble,
            StringComparison.Ordinal);
        Assert.Contains("sees no zone", (await host.Look().ReadAsync("example.net", DnsType.Mx, default)).Trouble,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Records_of_parts_are_read_back_as_they_were_written()
    {
        using var cloud = new FakeCloudflare("example.org");
        using var host = new CloudflareHost(new("secret", handler: cloud), "example.org", _world);
        (string Name, DnsType Type, string Value)[] all =
        [
            ("_imaps._tcp.example.org", DnsType.Srv, "0 1 993 mail.example.org."), ("_25._tcp.mail.example.org", DnsType.Tlsa,
                "3 1 1 abcd"),
            ("mail.example.org", DnsType.Caa, "0 issue \"ca.example\""), ("example.org", DnsType.Mx, "10 mail.example.org."),
                ("mail.example.org", DnsType.Aaaa, "2001:db8::1"),
        ];
        foreach (var (name, type, value) in all) Assert.Null(await host.ChangeAsync(name, [], [RecordText.Parse(name, 60, type, value)!],
            default));
        foreach (var (name, type, value) in all) Assert.Equal(value, Assert.Single((await host.Look().ReadAsync(name, type, default))
            .Records).Text);
    }

    [Fact]
    public async Task A_domain_that_the_token_does_not_see_is_read_at_its_own_servers_and_that_is_said()
    {
        using var cloud = new FakeCloudflare("example.net");
        using var host = new CloudflareHost(new("secret", handler: cloud), null, _world);
        _world.Mx("example.org", 10, "mail.example.org");
        var (planner, _) = Start(host, new(TimeProvider.System));
        var report = await planner.PlanAsync("example.org", default);
        Assert.Equal(PlanAction.Fine, report.Lines.Single(l => l.Purpose == DnsPurpose.Mx).Action);
        Assert.Contains(report.Notes, n => n.Contains("sees no zone that holds ", StringComparison.Ordinal));
    }

    private static IReadOnlyList<string> Of(FakeCloudflare cloud) =>
        [.. cloud.Records.Select(r => $"{r["type"]} {r["name"]} {RecordText.Unquote(((JsonNode?)r["content"])!.ToString())}")
            .Order(StringComparer.Ordinal)];
}
