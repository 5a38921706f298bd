using System.Net;
using System.Text;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Tests.Unit.Base;
using Aviso.Tests.Unit.Net;
using Xunit;

namespace Aviso.Tests.Unit.MailAuth;

public sealed class MailVerifierTests
{
    private static readonly IPAddress Client = IPAddress.Parse("192.0.2.7");

    private static FakeZone Zone() => new FakeZone()
        .Txt("_dmarc.example.com", "v=DMARC1; p=reject").Txt("example.com", "v=spf1 ip4:192.0.2.7 -all")
        .Txt("_dmarc.other.example", "v=DMARC1; p=quarantine").Txt("stranger.example", "v=spf1 ip4:192.0.2.7 -all");

    /// <param name="passes">Moves the clock once all that answers has answered.</param>
    private static async Task<AuthVerdict> VerifyAsync(IResolver zone, string header, string sender, TimeSpan passes = default)
    {
        using var body = Bodies.Of(Encoding.UTF8.GetBytes(header + "\n\ntext\n"));
        var clock = new ManualClock();
        var options = new VerifierOptions { HostName = "mx.example.org", Budget = TimeSpan.FromSeconds(8) };
        var verdict = new MailVerifier(zone, options, clock).VerifyAsync(new(Client, "helo.example", Addresses.Of(sender), body), default);
        clock.Advance(passes);
        return await verdict;
    }

    [Fact]
    public async Task All_checks_of_an_honest_message_pass()
    {
        var verdict = await VerifyAsync(Zone().Ptr("192.0.2.7", "mail.example.com").A("mail.example.com", "192.0.2.7"), "From: A <a@example.com>", "a@example.com");
        Assert.Equal((SpfResult.Pass, DmarcResult.Pass, IprevResult.Pass), (verdict.Spf.Result, verdict.Dmarc.Result, verdict.Iprev.Result));
        Assert.Equal(("example.com", "mail.example.com"), (verdict.FromDomain, verdict.Iprev.Name));
        Assert.Empty(verdict.Skipped);
    }

    // RFC 7489 §6.6.1: each domain is asked, the strictest answer to a failure counts.
    [Theory]
    [InlineData("From: a@stranger.example, b@example.com", DmarcResult.Fail, DmarcPolicy.Reject, "example.com")]
    [InlineData("From: a@other.example, b@example.com, c@stranger.example", DmarcResult.Fail, DmarcPolicy.Reject, "example.com")]
    [InlineData("From: a@stranger.example\nFrom: b@other.example", DmarcResult.Fail, DmarcPolicy.Quarantine, "other.example")]
    [InlineData("From: a@stranger.example, b@nobody.example", DmarcResult.PermError, DmarcPolicy.None, "")]
    [InlineData("From: nobody at all", DmarcResult.PermError, DmarcPolicy.None, "")]
    [InlineData("Subject: no From", DmarcResult.PermError, DmarcPolicy.None, "")]
    public async Task Several_authors_hide_none_of_them(string header, DmarcResult result, DmarcPolicy policy, string domain)
    {
        var verdict = await VerifyAsync(Zone(), header, "x@stranger.example");
        Assert.Equal((result, policy, domain), (verdict.Dmarc.Result, verdict.Dmarc.Policy, verdict.Dmarc.Domain));
        Assert.Equal("", verdict.FromDomain);
    }

    // RFC 7489 §6.6.1; a limit that is hit is a failure, or one more name would hide the one that counts.
    [Fact]
    public async Task Many_authors_hide_none_of_them()
    {
        var some = string.Join(", ", Enumerable.Range(1, 19).Select(i => $"a@own{i}.example"));
        Assert.Equal(DmarcPolicy.Reject, (await VerifyAsync(Zone(), $"From: {some}, b@example.com", "x@stranger.example")).Dmarc.Policy);
        var more = string.Join(", ", Enumerable.Range(1, 40).Select(i => $"a@own{i}.example"));
        var verdict = await VerifyAsync(Zone(), $"From: {more}, b@example.com", "x@stranger.example");
        Assert.Equal((DmarcResult.Fail, DmarcPolicy.Reject), (verdict.Dmarc.Result, verdict.Dmarc.Policy));
    }

    [Fact]
    public async Task Empty_groups_without_end_hide_no_author()
    {
        var groups = string.Concat(Enumerable.Repeat("g:;, ", 2001));
        var verdict = await VerifyAsync(Zone(), $"From: {groups}b@example.com", "x@stranger.example");
        Assert.Equal((DmarcResult.Fail, DmarcPolicy.Reject), (verdict.Dmarc.Result, verdict.Dmarc.Policy));
    }

    // Without ICU the runtime encodes capital letters as they are: another name, which has no policy.
    [Theory]
    [InlineData("boss@MÜNCHEN.example")]
    [InlineData("boss@münchen.example")]
    [InlineData("boss@MU\u0308NCHEN.example")]
    [InlineData("boss@XN--MNCHEN-3YA.example")]
    [InlineData("=?utf-8?q?The_Boss?= <boss@M\u00DCnchen.EXAMPLE.>")]
    public async Task An_author_in_capital_umlauts_meets_the_policy_of_the_domain(string from)
    {
        var zone = Zone().Txt("_dmarc.xn--mnchen-3ya.example", "v=DMARC1; p=reject");
        var verdict = await VerifyAsync(zone, $"From: {from}", "x@stranger.example");
        Assert.Equal((DmarcResult.Fail, DmarcPolicy.Reject), (verdict.Dmarc.Result, verdict.Dmarc.Policy));
        Assert.Equal("xn--mnchen-3ya.example", verdict.FromDomain);
    }

    // RFC 8616 §4: SPF is asked of the A-labels, and what passed speaks for the sender.
    [Theory]
    [InlineData("иван@пример.test", "192.0.2.7", SpfResult.Pass, true)]
    [InlineData("иван@ПРИМЕР.test", "192.0.2.7", SpfResult.Pass, true)]
    [InlineData("иван@пример.test", "192.0.2.8", SpfResult.Fail, false)]
    [InlineData("ivan@xn--e1afmkfd.test", "192.0.2.7", SpfResult.Pass, true)]
    public async Task A_sender_in_unicode_is_asked_about_by_its_a_labels(string sender, string ours, SpfResult result, bool genuine)
    {
        var zone = new FakeZone().Txt("xn--e1afmkfd.test", $"v=spf1 ip4:{ours} -all").Txt("_dmarc.xn--e1afmkfd.test", "v=DMARC1; p=reject");
        var verdict = await VerifyAsync(zone, "From: иван@пример.test", sender);
        Assert.Equal((result, "xn--e1afmkfd.test", genuine), (verdict.Spf.Result, verdict.Spf.Domain, verdict.SenderIsGenuine));
        Assert.Equal(genuine ? DmarcResult.Pass : DmarcResult.Fail, verdict.Dmarc.Result);
    }

    [Fact]
    public async Task A_greeting_in_unicode_is_asked_about_by_its_a_labels()
    {
        var zone = new FakeZone().Txt("xn--e1afmkfd.test", "v=spf1 ip4:192.0.2.7 -all");
        var got = await new SpfChecker(zone, "mx.example.org", TimeProvider.System).CheckAsync(Client, "Пример.test", default, default);
        Assert.Equal((SpfResult.Pass, "helo", "xn--e1afmkfd.test"), (got.Result, got.Identity, got.Domain));
    }

    // The sender's own name server decides how long its SPF takes; that must not buy freedom from the author's policy.
    [Fact]
    public async Task A_sender_whose_dns_never_answers_is_still_judged_by_the_authors_policy()
    {
        var verdict = await VerifyAsync(new Tarpit(Zone(), "tarpit.example"), "From: a@example.com", "x@tarpit.example", TimeSpan.FromSeconds(7));
        Assert.Equal((SpfResult.TempError, DmarcResult.Fail, DmarcPolicy.Reject), (verdict.Spf.Result, verdict.Dmarc.Result, verdict.Dmarc.Policy));
        Assert.Equal(["spf"], verdict.Skipped);
    }

    [Fact]
    public async Task An_authors_dns_that_never_answers_is_a_temporary_error_within_the_budget()
    {
        var verdict = await VerifyAsync(new Tarpit(Zone(), "_dmarc.example.com"), "From: a@example.com", "x@stranger.example", TimeSpan.FromSeconds(8));
        Assert.Equal(DmarcResult.TempError, verdict.Dmarc.Result);
        Assert.Equal(["dmarc"], verdict.Skipped);
    }

    [Theory]
    [InlineData("a@example.com")]
    [InlineData("")]
    [InlineData("\"a b\"@example.com")]
    [InlineData("a@b@example.com")]
    [InlineData("@example.com")]
    [InlineData("a@")]
    public async Task What_is_written_is_read_again(string sender)
    {
        var field = Encoding.UTF8.GetBytes((await VerifyAsync(Zone(), "From: a@example.com", sender)).Results("mx.example.org"));
        var read = AuthenticationResults.Parse(field.AsSpan("Authentication-Results:"u8.Length));
        Assert.True(read!.IsStrict, Encoding.UTF8.GetString(field));
        Assert.Equal(["iprev", "spf", "dkim", "dmarc"], read.Results.Select(r => r.Method));
    }

    // RFC 8601 §5, and readers that are more generous than its grammar.
    [Theory]
    [InlineData("Authentication-Results: mx.example.org; spf=pass", true)]
    [InlineData("authentication-results : (note) MX.Example.ORG 1; none", true)]
    [InlineData("Authentication-Results: \"mx.example.org\"; spf=pass", true)]
    [InlineData("Authentication-Results: mx.example.org.; spf=pass", true)]
    [InlineData("Authentication-Results: mx.example.org/1; spf=pass", true)]
    [InlineData("Authentication-Results: ; mx.example.org; spf=pass", true)]
    [InlineData("Authentication-Results: other.example.org; spf=pass", false)]
    [InlineData("Authentication-Results: mx.example.org.uk; spf=pass", false)]
    [InlineData("ARC-Authentication-Results: i=1; mx.example.org; spf=pass", false)]
    public void Fields_that_could_be_taken_for_ours_are_found(string field, bool claims)
    {
        var header = Encoding.ASCII.GetBytes($"Subject: a\r\n{field}\r\nTo: b\r\n\r\n");
        var found = AuthenticationResults.Claiming(header, "mx.example.org");
        Assert.Equal(claims ? [field + "\r\n"] : [], found.Select(r => Encoding.ASCII.GetString(header[r])));
    }

    private sealed class Tarpit(IResolver zone, string name) : IResolver
    {
        public async ValueTask<DnsAnswer> QueryAsync(string asked, DnsType type, CancellationToken cancel)
        {
            if (asked == name) await Task.Delay(Timeout.Infinite, cancel);
            return await zone.QueryAsync(asked, type, cancel);
        }
    }
}
