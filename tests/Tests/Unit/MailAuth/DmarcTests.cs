using Aviso.Dns;
using Aviso.MailAuth;
using Xunit;

namespace Aviso.Tests.Unit.MailAuth;

public sealed class DmarcTests
{
    private static readonly SpfVerdict NoSpf = SpfVerdict.None;

    private static SpfVerdict Spf(SpfResult result, string domain) => new(result, domain, "mailfrom", "", "");

    private static DkimVerdict Dkim(DkimResult result, string domain) => new(result, domain, "s", "rsa-sha256", "", "", false);

    private static async Task<DmarcVerdict> JudgeAsync(FakeZone zone, string from, SpfVerdict spf, params DkimVerdict[] dkim) =>
        await new DmarcEvaluator(zone, PublicSuffixes.Embedded).EvaluateAsync(from, spf, dkim, sample: 50, default);

    private static FakeZone Example(string record) => new FakeZone().Txt("_dmarc.example.com", record);

    [Theory]
    [InlineData("example.com", "v=DMARC1; p=reject", "example.com", DmarcResult.Pass)]
    [InlineData("example.com", "v=DMARC1; p=reject", "mail.example.com", DmarcResult.Pass)]
    [InlineData("example.com", "v=DMARC1; p=reject; adkim=s", "mail.example.com", DmarcResult.Fail)]
    [InlineData("a.example.com", "v=DMARC1; p=reject", "b.example.com", DmarcResult.Pass)]
    [InlineData("example.com", "v=DMARC1; p=reject", "badexample.com", DmarcResult.Fail)]
    [InlineData("example.com", "v=DMARC1; p=reject", "com", DmarcResult.Fail)]
    [InlineData("example.com", "v=DMARC2; p=reject", "example.com", DmarcResult.None)]
    public async Task A_signature_speaks_for_the_domain_it_is_aligned_with(string from, string record, string signer, DmarcResult result) =>
        Assert.Equal(result, (await JudgeAsync(Example(record), from, NoSpf, Dkim(DkimResult.Pass, signer))).Result);

    [Theory]
    [InlineData("example.com", "v=DMARC1; p=reject", DmarcPolicy.Reject)]
    [InlineData("example.com", "v=DMARC1; p=reject; pct=50", DmarcPolicy.Quarantine)]
    [InlineData("example.com", "v=DMARC1; p=reject; pct=51", DmarcPolicy.Reject)]
    [InlineData("example.com", "v=DMARC1; p=reject; t=y", DmarcPolicy.Quarantine)]
    [InlineData("example.com", "v=DMARC1; p=quarantine; t=y", DmarcPolicy.None)]
    [InlineData("example.com", "v=DMARC1; rua=mailto:a@example.com", DmarcPolicy.None)]
    [InlineData("there.example.com", "v=DMARC1; p=none; sp=quarantine; np=reject", DmarcPolicy.Quarantine)]
    [InlineData("absent.example.com", "v=DMARC1; p=none; sp=quarantine; np=reject", DmarcPolicy.Reject)]
    [InlineData("absent.example.com", "v=DMARC1; p=reject", DmarcPolicy.Reject)]
    public async Task The_policy_is_the_one_for_this_name(string from, string record, DmarcPolicy policy)
    {
        var verdict = await JudgeAsync(Example(record).A("there.example.com", "192.0.2.1"), from, NoSpf);
        Assert.Equal((DmarcResult.Fail, policy, "example.com"), (verdict.Result, verdict.Policy, verdict.PolicyDomain));
    }

    // RFC 7489 §6.4: dmarc-version = "v" *WSP "=" *WSP "DMARC1"; strings of ABNF have no case, the value is spelled out in octets.
    [Theory]
    [InlineData("v = DMARC1; p=reject", DmarcResult.Fail)]
    [InlineData("V=DMARC1; p=reject", DmarcResult.Fail)]
    [InlineData("v\t=\tDMARC1 ;p = Reject", DmarcResult.Fail)]
    [InlineData("v=dmarc1; p=reject", DmarcResult.None)]
    [InlineData("v=DMARC10; p=reject", DmarcResult.None)]
    [InlineData("p=reject; v=DMARC1", DmarcResult.None)]
    public async Task A_record_is_one_however_its_version_is_spaced(string record, DmarcResult result) =>
        Assert.Equal(result, (await JudgeAsync(Example(record), "example.com", NoSpf)).Result);

    // RFC 7489 §6.6.3 item 6: a policy that cannot be read is p=none where reports are asked for, and no record elsewhere.
    [Theory]
    [InlineData("v=DMARC1; p=reject; sp=rejct", DmarcResult.None)]
    [InlineData("v=DMARC1; p=reject; sp=", DmarcResult.None)]
    [InlineData("v=DMARC1; p=reject; np=all", DmarcResult.None)]
    [InlineData("v=DMARC1; p=reject; sp=rejct; rua=mailto:a@example.com", DmarcResult.Fail)]
    [InlineData("v=DMARC1; p=rejct; rua=mailto:a@example.com!10m", DmarcResult.Fail)]
    [InlineData("v=DMARC1; rua=https://example.com/dmarc", DmarcResult.Fail)]
    [InlineData("v=DMARC1; p=rejct; rua=nonsense", DmarcResult.None)]
    [InlineData("v=DMARC1; rua=mailto:nonsense", DmarcResult.None)]
    [InlineData("v=DMARC1; rua=a@example.com", DmarcResult.None)]
    [InlineData("v=DMARC1; rua=", DmarcResult.None)]
    public async Task A_policy_that_cannot_be_read_is_none_at_all(string record, DmarcResult result)
    {
        var verdict = await JudgeAsync(Example(record), "example.com", NoSpf);
        Assert.Equal((result, DmarcPolicy.None), (verdict.Result, verdict.Policy));
        Assert.Equal(DmarcPolicy.None, (await JudgeAsync(Example(record), "sub.example.com", NoSpf)).Policy);
    }

    // RFC 6376 §8.2: what follows l= anybody may have written.
    [Fact]
    public async Task A_signature_over_part_of_the_body_does_not_speak_for_the_author()
    {
        var partial = Dkim(DkimResult.Pass, "example.com") with { IsPartial = true };
        var verdict = await JudgeAsync(Example("v=DMARC1; p=reject"), "example.com", NoSpf, partial);
        Assert.Equal((DmarcResult.Fail, DmarcPolicy.Reject), (verdict.Result, verdict.Policy));
        Assert.Equal(DmarcResult.Pass, (await JudgeAsync(Example("v=DMARC1; p=reject"), "example.com", NoSpf, partial, Dkim(DkimResult.Pass, "example.com"))).Result);
        Assert.False(new AuthVerdict { Sender = Base.Addresses.Of("a@example.com"), Dkim = [partial] }.SenderIsGenuine);
    }

    // Whoever forges a message can sign it in a domain of his own whose key cannot be asked for.
    [Fact]
    public async Task A_check_that_could_not_be_made_excuses_only_when_it_would_have_spoken_for_the_author()
    {
        var zone = Example("v=DMARC1; p=reject");
        Assert.Equal(DmarcResult.Fail, (await JudgeAsync(zone, "example.com", NoSpf, Dkim(DkimResult.TempError, "stranger.example"))).Result);
        Assert.Equal(DmarcResult.Fail, (await JudgeAsync(zone, "example.com", Spf(SpfResult.TempError, "stranger.example"))).Result);
        Assert.Equal(DmarcResult.TempError, (await JudgeAsync(zone, "example.com", NoSpf, Dkim(DkimResult.TempError, "mail.example.com"))).Result);
        Assert.Equal(DmarcResult.TempError, (await JudgeAsync(zone, "example.com", Spf(SpfResult.TempError, "example.com"))).Result);
    }

    [Fact]
    public async Task A_fault_above_the_record_that_was_found_changes_nothing()
    {
        var zone = Example("v=DMARC1; p=reject").Fail("_dmarc.com", DnsStatus.ServFail);
        Assert.Equal(DmarcResult.Fail, (await JudgeAsync(zone, "example.com", NoSpf)).Result);
        Assert.Equal(DmarcResult.Pass, (await JudgeAsync(zone, "example.com", Spf(SpfResult.Pass, "bounce.example.com"))).Result);
        // Of a public suffix nothing was expected.
        Assert.Equal(DmarcResult.None, (await JudgeAsync(zone, "example.net.com", NoSpf)).Result);
        Assert.Equal(DmarcResult.TempError, (await JudgeAsync(new FakeZone().Fail("_dmarc.example.com", DnsStatus.Timeout), "www.example.com", NoSpf)).Result);
    }

    // RFC 9989 §4.10.1, 4.10.2
    [Fact]
    public async Task A_suffix_that_says_so_lends_its_policy_and_makes_nobody_one_organisation()
    {
        var zone = new FakeZone().Txt("_dmarc.bank", "v=DMARC1; p=reject; psd=y").Txt("_dmarc.c.b.one.bank", "v=DMARC1; p=none");
        Assert.Equal(("bank", DmarcPolicy.Reject), await PolicyAsync("one.bank"));
        Assert.Equal(("c.b.one.bank", DmarcPolicy.None), await PolicyAsync("c.b.one.bank"));
        // Neither the author's nor the organisation's: a record half way up is nobody's word.
        Assert.Equal(("bank", DmarcPolicy.Reject), await PolicyAsync("d.c.b.one.bank"));
        Assert.Equal(DmarcResult.Pass, (await JudgeAsync(zone, "a.one.bank", Spf(SpfResult.Pass, "b.one.bank"))).Result);
        Assert.Equal(DmarcResult.Fail, (await JudgeAsync(zone, "one.bank", Spf(SpfResult.Pass, "two.bank"))).Result);

        async Task<(string, DmarcPolicy)> PolicyAsync(string from) => await JudgeAsync(zone, from, NoSpf) is var v ? (v.PolicyDomain, v.Policy) : default;
    }

    [Fact]
    public async Task A_long_name_costs_at_most_eight_questions()
    {
        var zone = new FakeZone();
        await JudgeAsync(zone, string.Join('.', Enumerable.Repeat("a", 40)) + ".example.com", NoSpf);
        Assert.Equal(8, zone.Asked.Count);
    }
}
