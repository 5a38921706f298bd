using System.Net;
using Aviso.Dns;
using Aviso.Doctor;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>What the DNS ought to hold, from the facts alone.</summary>
public sealed class DnsPlanTests
{
    [Fact]
    public void Everything_that_a_server_needs_is_planned_with_a_reason()
    {
        var plan = DnsPlan.Of(PlanFacts.Full);
        Assert.All(plan, s => Assert.True(s.Why.Length > 20));
        Assert.Equal(
        [
            "mail.example.org A 192.0.2.25", "mail.example.org AAAA 2001:db8::25", "mail.example.org TXT v=spf1 a -all",
                "mail.example.org CAA 0 issue \"ca.example\"",
            $"_25._tcp.mail.example.org TLSA 3 1 1 {new string('a', 64)} | 3 1 1 {new string('b', 64)}",
            "example.org MX 10 mail.example.org.", "example.org TXT v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 include:spf.vendor.example ~all",
            "one._domainkey.example.org TXT " + PlanFacts.Key, "v1._domainkey.example.org CNAME v1.example-org.dkim.vendor.example.",
            "_dmarc.example.org TXT v=DMARC1; p=none; rua=mailto:postmaster@example.org", "mta-sts.example.org CNAME mail.example.org.",
            $"_mta-sts.example.org TXT v=STSv1; id={DnsPlan.StsId(PlanFacts.Policy)}",
                "_smtp._tls.example.org TXT v=TLSRPTv1; rua=mailto:postmaster@example.org",
            "_imaps._tcp.example.org SRV 0 1 993 mail.example.org.", "_submissions._tcp.example.org SRV 0 1 465 mail.example.org.",
            "_jmap._tcp.example.org SRV 0 1 443 mail.example.org.", "autoconfig.example.org CNAME mail.example.org.",
        ], plan.Where(s => s.Domain != "example.com").Select(s => $"{s.Name} {DnsTypes.NameOf(s.Type)} {string.Join(" | ", s.Values)}"));
    }

    [Fact]
    public void Every_value_is_a_record_that_can_be_written() => Assert.All(DnsPlan.Of(PlanFacts.Full), set =>
        Assert.All(set.Values, value => Assert.NotNull(RecordText.Parse(set.Name, set.Ttl, set.Type, value))));

    [Fact]
    public void Without_public_addresses_spf_names_the_mx_and_no_address_is_planned()
    {
        var plan = DnsPlan.Of(PlanFacts.Full with { Addresses = [] });
        Assert.DoesNotContain(plan, s => s.Purpose == DnsPurpose.Address);
        Assert.Contains(plan, s => s.Values is ["v=spf1 mx include:spf.vendor.example ~all"]);
    }

    [Fact]
    public void A_relay_of_one_domain_stands_in_the_spf_of_that_domain_only()
    {
        var relay = new PlannedRelay("vendor", "include:spf.vendor.example", [], new HashSet<string> { "example.com" });
        Assert.Equal(["example.com"], DnsPlan.Of(PlanFacts.Full with { Relays = [relay] }).Where(s => s.Values.Any(v => v.Contains("vendor", StringComparison.Ordinal)))
            .Select(s => s.Name));
    }

    [Fact]
    public void Reports_to_another_organisation_need_its_consent_and_to_ones_own_do_not()
    {
        var elsewhere = DnsPlan.Of(PlanFacts.Full with { ReportsTo = "dmarc@example.com" });
        Assert.Equal(["example.org._report._dmarc.example.com"], elsewhere.Where(s => s.Name.Contains("_report", StringComparison.Ordinal))
            .Select(s => s.Name));
        var own = PlanFacts.Full with { Domains = ["example.org", "sub.example.org"], ReportsTo = "dmarc@example.org" };
        Assert.DoesNotContain(DnsPlan.Of(own), s => s.Name.Contains("_report", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, true, true)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(null, true, false)]
    public void Tlsa_is_planned_for_a_key_of_ours_in_a_signed_zone_alone(bool? signed, bool ours, bool planned)
    {
        var facts = PlanFacts.Full with { Tlsa = PlanFacts.Full.Tlsa! with { IsSigned = signed, IsOurs = ours } };
        Assert.Equal(planned, DnsPlan.Of(facts).Any(s => s.Purpose == DnsPurpose.Tlsa));
    }

    [Fact]
    public void Dmarc_never_has_pct()
    {
        foreach (var policy in new[] { null, "none", "quarantine", "reject" })
            Assert.All(DnsPlan.Of(PlanFacts.Full with { DmarcPolicy = policy }).Where(s => s.Purpose == DnsPurpose.Dmarc),
                s => Assert.DoesNotContain("pct", s.Values[0], StringComparison.Ordinal));
    }

    [Fact]
    public void Srv_records_tell_of_public_listeners_with_tls_from_the_first_octet()
    {
        (ListenerKind, IPEndPoint)[] bound =
        [
            (ListenerKind.Imaps, IPEndPoint.Parse("127.0.0.1:10993")), (ListenerKind.Imaps, IPEndPoint.Parse("[::]:993")),
                (ListenerKind.Imap, IPEndPoint.Parse("[::]:143")),
            (ListenerKind.Submissions, IPEndPoint.Parse("127.0.0.1:2465")), (ListenerKind.Http, IPEndPoint.Parse("[::]:80")),
        ];
        Assert.Equal(["_imaps 993", "_submissions 2465"], PlannedDoors.Of(bound).Select(d => $"{d.Service} {d.Port}"));
    }
}
