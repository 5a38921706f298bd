using Aviso.Dns;
using Aviso.Doctor;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>What there is to do where the DNS says something else.</summary>
public sealed class ComparisonTests
{
    private static readonly IReadOnlyList<WantedSet> Plan = DnsPlan.Of(PlanFacts.Full);

    private static PlanLine Line(string name, DnsPurpose purpose, string[] found, params string[] written)
    {
        var set = Plan.First(s => s.Name == name && s.Purpose == purpose);
        return Comparison.Of(set, new([.. found.Select(f => new FoundRecord(RecordText.Parse(name, 60, set.Type, f)!))]), written);
    }

    private static PlanLine Spf(string[] found, params string[] written) => Line("example.org", DnsPurpose.Spf, found, written);

    private static PlanLine Dmarc(params string[] found) => Line("_dmarc.example.org", DnsPurpose.Dmarc, found);

    [Fact]
    public void Nothing_there_is_created_and_other_texts_at_the_name_stay()
    {
        var line = Spf(["google-site-verification=abc", "v=spf10 is another's"]);
        Assert.Equal(PlanAction.Create, line.Action);
        Assert.Empty(line.Removes);
        Assert.Empty(line.Found);
    }

    [Fact]
    public void Incident_1_an_spf_record_without_the_relay_is_urgent_and_keeps_the_terms_of_others()
    {
        var line = Spf(["v=spf1 include:_spf.other.example ip4:192.0.2.25 ip6:2001:db8::25 -all"]);
        Assert.Equal((PlanAction.Update, true), (line.Action, line.Urgent));
        Assert.Equal(["v=spf1 include:_spf.other.example ip4:192.0.2.25 ip6:2001:db8::25 include:spf.vendor.example -all"], line.Wanted);
        Assert.StartsWith("include:spf.vendor.example is not in it", line.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Incident_3_a_term_that_we_wrote_and_need_no_more_goes_and_one_that_we_did_not_stays()
    {
        string[] found =
            ["v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 include:old.example include:others.example include:spf.vendor.example ~all"];
        Assert.Equal(PlanAction.Fine, Spf(found).Action);
        var line = Spf(found, "v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 include:old.example ~all");
        Assert.Equal(["v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 include:others.example include:spf.vendor.example ~all"], line.Wanted);
        Assert.False(line.Urgent);
    }

    [Theory]
    [InlineData("v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 include:spf.vendor.example +all", "lets anybody send")]
    [InlineData("v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 include:spf.vendor.example ?all", "lets anybody send")]
    [InlineData("v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 include:spf.vendor.example", "does not end with")]
    public void An_end_that_says_nothing_is_mended(string found, string reason)
    {
        var line = Spf([found]);
        Assert.Contains(reason, line.Reason, StringComparison.Ordinal);
        Assert.EndsWith(" ~all", line.Wanted[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_redirect_is_kept()
    {
        var line = Spf(["v=spf1 redirect=_spf.example.net"]);
        Assert.Equal(["v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 include:spf.vendor.example redirect=_spf.example.net"], line.Wanted);
    }

    [Fact]
    public void Two_spf_records_become_one()
    {
        var line = Spf(["v=spf1 mx -all", "v=spf1 include:a.example ~all", "unrelated"]);
        Assert.Equal(["v=spf1 mx include:a.example ip4:192.0.2.25 ip6:2001:db8::25 include:spf.vendor.example -all"], line.Wanted);
        Assert.Equal(2, line.Removes.Count);
    }

    [Fact]
    public void A_policy_of_the_owner_stays_and_reports_come_here_too()
    {
        var line = Dmarc("v=DMARC1; p=reject; sp=none; rua=mailto:old@vendor.example");
        Assert.Equal(["v=DMARC1; p=reject; sp=none; rua=mailto:old@vendor.example,mailto:postmaster@example.org"], line.Wanted);
        Assert.Contains("reports do not come to postmaster@example.org", line.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v=DMARC1; p=quarantine; pct=100; rua=mailto:postmaster@example.org",
        "v=DMARC1; p=quarantine; rua=mailto:postmaster@example.org")]
    [InlineData("v=DMARC1; p=quarantine; pct=0; ri=3600; rua=mailto:postmaster@example.org",
        "v=DMARC1; p=quarantine; rua=mailto:postmaster@example.org; t=y")]
    [InlineData("v=DMARC1; rua=mailto:postmaster@example.org", "v=DMARC1; p=none; rua=mailto:postmaster@example.org")]
    public void Old_dmarc_is_explained_and_mended(string found, string wanted)
    {
        var line = Dmarc(found);
        Assert.Equal((PlanAction.Update, wanted), (line.Action, line.Wanted[0]));
        if (found.Contains("pct", StringComparison.Ordinal)) Assert.Contains("RFC 9989", line.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Incident_4_a_key_that_a_provider_cut_in_two_is_no_difference_and_another_key_is()
    {
        Assert.Equal(PlanAction.Fine, Line("one._domainkey.example.org", DnsPurpose.Dkim, [PlanFacts.Key]).Action);
        var other = Line("one._domainkey.example.org", DnsPurpose.Dkim, [PlanFacts.Key.Replace("MII", "MIX", StringComparison.Ordinal)]);
        Assert.Equal((PlanAction.Update, true), (other.Action, other.Urgent));
        Assert.Contains("another key", other.Reason, StringComparison.Ordinal);
        Assert.Contains("t=y", Line("one._domainkey.example.org", DnsPurpose.Dkim, [PlanFacts.Key + "; t=y"]).Reason,
            StringComparison.Ordinal);
        Assert.Equal(PlanAction.Fine, Line("one._domainkey.example.org", DnsPurpose.Dkim, [PlanFacts.Key + "; t=s; n=ours"]).Action);
    }

    [Theory]
    [InlineData(PlanAction.Fine, "5 mail.example.org.")]
    [InlineData(PlanAction.Update, "10 mx.elsewhere.example.")]
    [InlineData(PlanAction.ByHand, "10 mail.example.org.", "20 mx2.elsewhere.example.")]
    public void Incident_10_a_host_that_takes_our_mail_unknown_to_the_settings_is_for_people(PlanAction action, params string[] found) =>
        Assert.Equal(action, Line("example.org", DnsPurpose.Mx, found).Action);

    [Fact]
    public void A_backup_must_not_come_first()
    {
        var set = DnsPlan.Of(PlanFacts.Full with { Backups = ["mx2.example.net"] }).First(s => s.Purpose == DnsPurpose.Mx);
        Assert.Equal(PlanAction.Fine, Of("1 mail.example.org.", "2 mx2.example.net."));
        Assert.Equal(PlanAction.Update, Of("30 mail.example.org.", "2 mx2.example.net."));
        Assert.Equal(PlanAction.Update, Of("30 mail.example.org."));

        PlanAction Of(params string[] found) => Comparison.Of(set,
            new([.. found.Select(f => new FoundRecord(RecordText.Parse("example.org", 1, DnsType.Mx, f)!))]), []).Action;
    }

    [Fact]
    public void Another_authority_in_caa_stays()
    {
        var line = Line("mail.example.org", DnsPurpose.Caa, ["0 issue \"other.example\"", "0 iodef \"mailto:x@example.org\""]);
        Assert.Equal((PlanAction.Update, 0, 1), (line.Action, line.Removes.Count, line.Adds.Count));
        Assert.Equal(PlanAction.Fine, Line("mail.example.org", DnsPurpose.Caa, ["0 issue \"CA.example; accounturi=https://ca.example/1\""])
            .Action);
    }

    [Fact]
    public void What_the_dns_does_not_answer_is_unknown_and_never_missing()
    {
        foreach (var set in Plan)
        {
            var line = Comparison.Of(set, FoundSet.Unknown("SERVFAIL"), []);
            Assert.Equal((PlanAction.Unknown, DnsDifferenceKind.Unknown), (line.Action, line.Difference!.Kind));
            Assert.Contains("SERVFAIL", line.Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_alias_that_says_something_else_is_for_people()
    {
        var set = Plan.First(s => s.Name == "_dmarc.example.org");
        Assert.Equal(PlanAction.ByHand, Comparison.Of(set, new([]) { Alias = "dmarc.vendor.example" }, []).Action);
    }

    [Fact]
    public void A_proxy_of_the_provider_before_the_mail_host_is_a_difference()
    {
        var set = Plan.First(s => s.Type == DnsType.A);
        var line = Comparison.Of(set, new([new(RecordText.Parse(set.Name, 1, DnsType.A, "192.0.2.25")!, "id", IsProxied: true)]), []);
        Assert.Equal((PlanAction.Update, 1, 1), (line.Action, line.Removes.Count, line.Adds.Count));
        Assert.Contains("passes no mail", line.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Incident_14_an_address_of_a_family_that_the_settings_do_not_name_is_for_people()
    {
        var set = DnsPlan.Of(PlanFacts.Full with { Addresses = [System.Net.IPAddress.Parse("192.0.2.25")] })
            .First(s => s.Type == DnsType.Aaaa);
        Assert.Equal(PlanAction.Fine, Comparison.Of(set, new([]), []).Action);
        Assert.Equal(PlanAction.ByHand, Comparison.Of(set, new([new(RecordText.Parse(set.Name, 1, DnsType.Aaaa, "2001:db8::1")!)]), [])
            .Action);
    }

    [Fact]
    public void Tlsa_of_another_key_only_is_urgent_and_a_spare_one_is_not()
    {
        const string name = "_25._tcp.mail.example.org";
        var (now, next) = (PlanFacts.Full.Tlsa!.Current, PlanFacts.Full.Tlsa!.Next!);
        Assert.True(Line(name, DnsPurpose.Tlsa, ["3 1 1 " + new string('c', 64)]).Urgent);
        Assert.False(Line(name, DnsPurpose.Tlsa, [now]).Urgent);
        Assert.False(Line(name, DnsPurpose.Tlsa, [now, next, "3 1 1 " + new string('c', 64)]).Urgent);
        Assert.Equal(PlanAction.Fine, Line(name, DnsPurpose.Tlsa, [next.ToUpperInvariant(), now]).Action);
    }
}
