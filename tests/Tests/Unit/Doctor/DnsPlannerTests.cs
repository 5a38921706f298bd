using Aviso.Dns;
using Aviso.Doctor;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>The plan beside a DNS that answers, or does not.</summary>
public sealed class DnsPlannerTests
{
    private readonly FakeZone _zone = Healthy();
    private PlanInput _facts = Facts;

    private static readonly PlanInput Facts = PlanFacts.Full with { Domains = ["example.org"], Tlsa = null, Authorities = [] };

    private static FakeZone Healthy()
    {
        var zone = new FakeZone().Txt("spf.vendor.example", "v=spf1 ip4:198.51.100.0/24 -all");
        foreach (var set in DnsPlan.Of(Facts))
            foreach (var value in set.Values) zone.Add(RecordText.Parse(set.Name, 300, set.Type, value)!);
        return zone;
    }

    private sealed class Sources(IResolver resolver) : IRecordSources, IRecordLook
    {
        public IReadOnlyList<string> Notes => [];

        public IRecordLook? Look() => this;

        public IRecordSource For(string name) => new ResolverSource(resolver);
    }

    private Task<IReadOnlyList<DnsDifference>> DifferencesAsync() =>
        new DnsPlanner(_ => Task.FromResult(_facts), new Sources(_zone), _ => Task.FromResult<IReadOnlyList<WantedSet>>([]), _zone, TimeProvider.System)
            .DifferencesAsync(default);

    [Fact]
    public async Task A_dns_that_holds_the_plan_has_no_difference() => Assert.Empty(await DifferencesAsync());

    [Theory]
    [InlineData(DnsStatus.ServFail)]
    [InlineData(DnsStatus.Timeout)]
    public async Task Failures_of_the_dns_are_unknown_and_never_missing(DnsStatus status)
    {
        _zone.Fail("example.org", status);
        var differences = await DifferencesAsync();
        Assert.NotEmpty(differences);
        Assert.All(differences, d => Assert.Equal((DnsDifferenceKind.Unknown, false), (d.Kind, d.Urgent)));
    }

    [Fact]
    public async Task Addresses_that_mx_lets_pass_are_no_difference()
    {
        _zone.Remove("example.org").Mx("example.org", 10, "mail.example.org").Txt("example.org",
            "v=spf1 mx include:spf.vendor.example -all");
        Assert.Empty(await DifferencesAsync());
        _zone.Remove("example.org").Mx("example.org", 10, "mail.example.org").Txt("example.org", "v=spf1 mx -all");
        Assert.Contains("include:spf.vendor.example is not in it", Assert.Single(await DifferencesAsync()).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_lookups_of_the_relays_own_includes_are_found()
    {
        _zone.Remove("spf.vendor.example").Txt("spf.vendor.example", "v=spf1 " + string.Concat(Enumerable.Range(0, 11)
            .Select(i => $"include:{i}.vendor.example ")) + "-all");
        for (var i = 0; i < 11; i++) _zone.Txt($"{i}.vendor.example", "v=spf1 ip4:198.51.100.1 -all");
        var found = Assert.Single(await DifferencesAsync());
        Assert.Equal((DnsDifferenceKind.Contradicts, true), (found.Kind, found.Urgent));
        Assert.Contains("12 lookups", found.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_policy_host_with_addresses_of_ours_is_as_good_as_an_alias_and_with_others_it_is_for_people()
    {
        _zone.Remove("mta-sts.example.org").A("mta-sts.example.org", "192.0.2.25");
        Assert.Empty(await DifferencesAsync());
        _zone.Remove("mta-sts.example.org").A("mta-sts.example.org", "203.0.113.1");
        Assert.Equal(DnsDifferenceKind.Contradicts, Assert.Single(await DifferencesAsync()).Kind);
        // Incident F4: announced, and not to be had.
        _zone.Remove("mta-sts.example.org");
        var gone = Assert.Single(await DifferencesAsync());
        Assert.Equal((DnsDifferenceKind.Missing, true), (gone.Kind, gone.Urgent));
        _zone.Cname("mta-sts.example.org", "mail.example.org");
        _facts = Facts with { WithoutCertificate = ["mta-sts.example.org"] };
        Assert.Contains("no certificate in use", Assert.Single(await DifferencesAsync()).Why, StringComparison.Ordinal);
        _zone.Remove("_mta-sts.example.org");
        Assert.False(Assert.Single(await DifferencesAsync()).Urgent);
    }

    [Fact]
    public async Task Tlsa_of_a_key_that_somebody_else_renews_is_found_before_the_renewal()
    {
        const string name = "_25._tcp.mail.example.org";
        _facts = Facts with { Tlsa = PlanFacts.Full.Tlsa! with { IsOurs = false } };
        Assert.Empty(await DifferencesAsync());
        _zone.Tlsa(name, 3, 1, 1, Convert.FromHexString(new string('a', 64)));
        var found = Assert.Single(await DifferencesAsync());
        Assert.Equal((DnsDifferenceKind.Contradicts, false), (found.Kind, found.Urgent));
        Assert.Contains("after the next renewal", found.Why, StringComparison.Ordinal);
        _zone.Remove(name).Tlsa(name, 3, 1, 1, new byte[32]);
        Assert.True(Assert.Single(await DifferencesAsync()).Urgent);
        // An authority's outlasts keys.
        _zone.Remove(name).Tlsa(name, 2, 1, 1, new byte[32]);
        Assert.Empty(await DifferencesAsync());
    }

    [Fact]
    public async Task A_selector_that_only_the_relay_knows_must_hold_some_key()
    {
        _facts = Facts with { Relays = [Facts.Relays[0] with { Selectors = ["theirs"] }] };
        Assert.Equal((DnsDifferenceKind.Contradicts, "theirs._domainkey.example.org"), (await DifferencesAsync()) is [var one] ? (one.Kind,
            one.Name) : default);
        _zone.Txt("theirs._domainkey.example.org", "k=rsa; p=AAAA");
        Assert.Empty(await DifferencesAsync());
    }

    [Fact]
    public async Task Where_nothing_leaves_the_dns_is_not_asked()
    {
        var planner = new DnsPlanner(_ => Task.FromResult(Facts), new HostSources(() => DnsHosts.None, () => false, _zone,
            TimeProvider.System),
            _ => Task.FromResult<IReadOnlyList<WantedSet>>([]), _zone, TimeProvider.System);
        Assert.Empty(await planner.DifferencesAsync(default));
        var report = await planner.PlanAsync(null, default);
        Assert.All(report.Lines, l => Assert.Equal(PlanAction.Create, l.Action));
        Assert.Contains("was not asked", Assert.Single(report.Notes), StringComparison.Ordinal);
        Assert.DoesNotContain(_zone.Asked, a => a.Name.EndsWith("example.org", StringComparison.Ordinal));
    }
}
