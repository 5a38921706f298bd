using System.Net;
using Aviso.Dns;
using Aviso.Doctor;
using Aviso.Tests.Unit.Delivery;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>Changing the DNS, taking it back, and all that stands beside.</summary>
public sealed class DnsApplyTests
{
    private readonly MemoryDns _dns = new MemoryDns().Put("spf.vendor.example", DnsType.Txt, "v=spf1 ip4:198.51.100.0/24 -all");
    private readonly FakeDocuments _documents = new(TimeProvider.System);
    private PlanInput _facts = PlanFacts.Full;

    private sealed record Server(DnsPlanner Planner, DnsApply Apply);

    // As after a start: only the store and the DNS remember.
    private Server Start()
    {
        var owned = new OwnedRecords(_documents, TimeProvider.System);
        var planner = new DnsPlanner(_ => Task.FromResult(_facts), _dns, owned.WrittenAsync, _dns, TimeProvider.System);
        return new(planner, new(planner, owned, () => _dns.Hosts, _dns, TimeProvider.System, NullLogger.Instance));
    }

    private async Task<IReadOnlyList<PlanLine>> LeftAsync() => [.. (await Start().Planner.PlanAsync(null, default))
        .Lines.Where(l => l.Action != PlanAction.Fine)];

    [Fact]
    public async Task After_an_apply_the_plan_is_empty_and_a_roll_back_leaves_what_was_before()
    {
        _dns.Put("example.org", DnsType.Txt, "v=spf1 mx -all").Put("example.org", DnsType.Txt, "site=1").Put("_dmarc.example.org",
            DnsType.Txt, "v=DMARC1; p=reject; pct=50")
            .Put("example.org", DnsType.Mx, "10 mx.elsewhere.example.").Put("mail.example.org", DnsType.A, "203.0.113.9");
        var before = _dns.Snapshot;
        var rows = await Start().Apply.ApplyAsync(null, [], default);
        Assert.All(rows, r => Assert.True(r.State is "created" or "updated", $"{r}"));
        Assert.Empty(await LeftAsync());
        Assert.Empty(await Start().Apply.ApplyAsync(null, [], default));
        Assert.All(await Start().Apply.RollBackAsync([], default), r => Assert.Equal("restored", r.State));
        Assert.Equal(before, _dns.Snapshot);
        Assert.Empty(await Start().Apply.RollBackAsync([], default));
    }

    [Fact]
    public async Task One_record_alone_is_changed_and_one_that_is_not_planned_is_said()
    {
        var rows = await Start().Apply.ApplyAsync(null, ["_dmarc.example.org/txt", "nothing.example.org/A"], default);
        Assert.Equal(["_dmarc.example.org created", "nothing.example.org left"], rows.Select(r => $"{r.Name} {r.State}"));
        Assert.Equal(2, _dns.Records.Count);
    }

    [Fact]
    public async Task What_somebody_changed_since_is_not_rolled_back()
    {
        await Start().Apply.ApplyAsync(null, ["_dmarc.example.org/TXT"], default);
        _dns.Records.RemoveAll(r => r.Name == "_dmarc.example.org");
        _dns.Put("_dmarc.example.org", DnsType.Txt, "v=DMARC1; p=reject");
        var row = Assert.Single(await Start().Apply.RollBackAsync([], default));
        Assert.Equal("left", row.State);
        Assert.Contains("p=reject", row.Text, StringComparison.Ordinal);
        Assert.Contains(_dns.Snapshot, s => s.EndsWith("p=reject", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_we_wrote_and_nothing_uses_is_removed_and_what_others_wrote_is_not()
    {
        await Start().Apply.ApplyAsync(null, [], default);
        _dns.Put("old._domainkey.example.org", DnsType.Txt, "v=DKIM1; p=AAAA");
        _facts = _facts with { Relays = [], Doors = [new("_imaps", 993)], Sts = null };
        var left = await LeftAsync();
        Assert.Equal(["_jmap", "_mta-sts", "_submissions", "example", "mta-sts", "v1"], left.Where(l => l.Domain == "example.org")
            .Select(l => l.Name.Split('.')[0]).Order());
        Assert.All(left.Where(l => !l.Name.StartsWith("example.", StringComparison.Ordinal)),
            l => Assert.Equal((PlanAction.Delete, DnsDifferenceKind.Unused), (l.Action, l.Difference!.Kind)));
        await Start().Apply.ApplyAsync(null, [], default);
        Assert.Empty(await LeftAsync());
        Assert.DoesNotContain(_dns.Snapshot, s => s.Contains("include:spf.vendor.example", StringComparison.Ordinal));
        Assert.Contains(_dns.Snapshot, s => s.StartsWith("old._domainkey", StringComparison.Ordinal));
        // The apply before this one has its turn after this one.
        await Start().Apply.RollBackAsync([], default);
        Assert.Contains(_dns.Snapshot, s => s.Contains("include:spf.vendor.example", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_provider_that_refuses_is_quoted_and_the_rest_goes_on()
    {
        _dns.Next = _ => "the provider says no";
        var rows = await Start().Apply.ApplyAsync("example.org", [], default);
        var failed = Assert.Single(rows, r => r.State == "failed");
        Assert.Equal("the provider says no", failed.Text);
        Assert.True(rows.Count > 5);
        Assert.Equal([$"{failed.Name}"], (await LeftAsync()).Where(l => l.Domain == "example.org").Select(l => l.Name));
    }

    [Fact]
    public async Task A_name_that_is_not_answered_for_is_not_touched()
    {
        _dns.Silent = "_dmarc.example.org";
        var rows = await Start().Apply.ApplyAsync(null, [], default);
        Assert.DoesNotContain(rows, r => r.Name == _dns.Silent);
        Assert.Equal(DnsDifferenceKind.Unknown, Assert.Single(await Start().Planner.DifferencesAsync(default)).Kind);
    }

    [Fact]
    public async Task A_zone_that_nobody_may_change_is_left_with_what_to_do()
    {
        var owned = new OwnedRecords(_documents, TimeProvider.System);
        using var apply = new DnsApply(Start().Planner, owned, () => DnsHosts.None, _dns, TimeProvider.System, NullLogger.Instance);
        var rows = await apply.ApplyAsync("example.org", [], default);
        Assert.NotEmpty(rows);
        Assert.All(rows, r => Assert.Equal(("left", true), (r.State, r.Text.Contains("aviso dns export", StringComparison.Ordinal))));
        Assert.Empty(await owned.AllAsync(default));
    }

    [Fact]
    public void The_longest_zone_holds_a_name()
    {
        static DnsHostEntry Entry(string? zone) => new(new UpdateHost(new(IPAddress.Loopback, 53), null, zone, new FakeZone(),
            TimeProvider.System), [], default);
        var hosts = new DnsHosts([Entry("example.org"), Entry(null), Entry("sub.example.org")]);
        Assert.Equal("sub.example.org", hosts.For("a.sub.example.org")!.Host.Zone);
        Assert.Equal("example.org", hosts.For("asub.example.org")!.Host.Zone);
        Assert.Null(hosts.For("example.net")!.Host.Zone);
        Assert.Null(new DnsHosts([Entry("example.org")]).For("notexample.org"));
    }

    /// <summary>Acceptance: whatever else stands in the zone survives any walk, and a crash leaves something to finish or to
    /// undo.</summary>
    [Fact]
    public async Task Foreign_records_survive_a_thousand_walks_of_plan_apply_roll_back_and_crash()
    {
        for (var seed = 0; seed < 1000; seed++) await WalkAsync(new(seed), seed);
    }

    private async Task WalkAsync(Random random, int seed)
    {
        _dns.Records.Clear();
        _dns.Put("spf.vendor.example", DnsType.Txt, "v=spf1 ip4:198.51.100.0/24 -all");
        foreach (var document in await _documents.ListDocumentsAsync("dns-record", default)) await _documents.ChangeDocumentsAsync([],
            [document.Key], default);
        _facts = PlanFacts.Full with { Domains = ["example.org"] };
        var foreign = Foreign(random);
        var steps = random.Next(2, 7);
        for (var step = 0; step < steps; step++)
        {
            var server = Start();
            if (random.Next(3) == 0) _dns.Next = Mishap(random);
            try
            {
                switch (random.Next(6))
                {
                    case 0 or 1: await server.Apply.ApplyAsync(null, [], default); break;
                    case 2:
                        await server.Apply.ApplyAsync(null, [(await server.Planner.PlanAsync(null, default)).Lines is var all
                        ? all[random.Next(all.Count)].Label : ""], default); break;
                    case 3: await server.Apply.RollBackAsync([], default); break;
                    case 4: _facts = Other(random); break;
                    default: await server.Planner.PlanAsync(null, default); break;
                }
            }
            catch (TimeoutException)
            {
                // The crash; what follows is another start.
            }
            _dns.Next = null;
            foreach (var record in foreign) Assert.True(_dns.Snapshot.Contains(record), $"walk {seed}: {record} is gone after step {step}");
        }
        await Start().Apply.ApplyAsync(null, [], default);
        var left = await LeftAsync();
        Assert.True(left.Count == 0, $"walk {seed}: {string.Join('\n', left)}");
    }

    private IReadOnlyList<string> Foreign(Random random)
    {
        (string, DnsType, string)[] some =
        [
            ("example.org", DnsType.Txt, "google-site-verification=abc"), ("a-mail.example.org", DnsType.Txt,
                "heritage=external-dns,external-dns/owner=me"),
            ("mail.example.org", DnsType.Txt, "heritage=external-dns,external-dns/owner=me"), ("_acme-challenge.mail.example.org",
                DnsType.Txt, "token of another"),
            ("_acme-challenge.example.org", DnsType.Txt, "token of another"), ("www.example.org", DnsType.Cname, "pages.example.net."),
                ("example.org", DnsType.A, "198.51.100.80"),
            ("mail.example.org", DnsType.Caa, "0 issue \"other.example\""), ("example.org", DnsType.Caa,
                "0 iodef \"mailto:x@example.org\""),
            ("k1._domainkey.example.org", DnsType.Txt, "v=DKIM1; p=AAAA"), ("sub.example.org", DnsType.Mx, "10 mx.example.net."),
                ("_sip._tcp.example.org", DnsType.Srv, "0 0 5060 sip.example.org."),
        ];
        foreach (var (name, type, value) in some)
            if (random.Next(3) > 0) _dns.Put(name, type, value);
        var foreign = _dns.Snapshot;
        if (random.Next(2) == 0) _dns.Put("example.org", DnsType.Txt, "v=spf1 include:spf.vendor.example mx ?all");
        if (random.Next(2) == 0) _dns.Put("_dmarc.example.org", DnsType.Txt, "v=DMARC1; p=none; pct=10");
        return foreign;
    }

    // The process dies before or after the provider did its work, or the provider refuses.
    private static Func<MemoryDns.Change, string?> Mishap(Random random) => random.Next(3) switch
    {
        0 => _ => throw new TimeoutException("before"),
        1 => change =>
        {
            change.Do();
            throw new TimeoutException("after");
        }
        ,
        _ => _ => "429",
    };

    private static PlanInput Other(Random random)
    {
        var facts = PlanFacts.Full with { Domains = ["example.org"] };
        if (random.Next(2) == 0) facts = facts with { Relays = [] };
        if (random.Next(2) == 0) facts = facts with { Sts = null };
        if (random.Next(2) == 0) facts = facts with { Addresses = [IPAddress.Parse("192.0.2.26")] };
        if (random.Next(2) == 0) facts = facts with { ReportsTo = "dmarc@example.org", DmarcPolicy = "reject" };
        if (random.Next(2) == 0) facts = facts with { Authorities = [], Tlsa = null };
        return random.Next(2) == 0 ? facts with { Doors = [] } : facts;
    }
}
