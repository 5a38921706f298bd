using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.MailAuth;

namespace Aviso.Doctor;

/// <summary>What the DNS ought to hold for this server, and why: a pure function.</summary>
public static class DnsPlan
{
    /// <summary>All records: of the host first, then of each mail domain.</summary>
    public static IReadOnlyList<WantedSet> Of(PlanInput input) =>
        [.. Host(input).Concat(input.Domains.SelectMany(d => Domain(input, d))).DistinctBy(s => (s.Label, s.Purpose))];

    /// <summary>RFC 8461 §3.1: changes exactly when the policy does.</summary>
    public static string StsId(StsPolicy policy) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(policy.Write())))[..20];

    /// <summary>Where reports about a domain go.</summary>
    public static string ReportsTo(PlanInput input, string domain) => input.ReportsTo ?? "postmaster@" + domain;

    /// <summary>TLSA records of the mail host, whether its zone is signed or not.</summary>
    public static WantedSet TlsaOf(string hostName, PlannedTlsa tlsa) => new(
        hostName, DnsPurpose.Tlsa, "_25._tcp." + hostName, DnsType.Tlsa, [tlsa.Current, .. tlsa.Next is { } next ? [next] : (string[])[]],
        // RFC 7671 §8.1: nothing is in use before it has been in the DNS for longer than caches keep the set without it.
        "names the key in use and the next certificate's, so that a renewal breaks nothing for those who check DANE (RFC 7671 section 8.1)")
    {
        Accepted = tlsa.Accepted,
    };

    private static IEnumerable<WantedSet> Host(PlanInput input)
    {
        var host = input.HostName;
        foreach (var (family, type) in new[] { (AddressFamily.InterNetwork, DnsType.A), (AddressFamily.InterNetworkV6, DnsType.Aaaa) })
        {
            var addresses = input.Addresses.Where(a => a.AddressFamily == family).Select(a => a.ToString()).ToList();
            // Of a family that is not named none may stand there: who tries it first waits in vain (incident 14).
            if (input.Addresses.Count > 0) yield return new(
                host, DnsPurpose.Address, host, type, addresses, "where mail and mail programs find this server")
            {
                Urgent = addresses.Count > 0,
            };
        }
        // RFC 7208 §2.3: bounces have no sender, so their HELO name is judged.
        if (!input.Domains.Contains(host)) yield return new(
            host, DnsPurpose.Spf, host, DnsType.Txt, ["v=spf1 a -all"],
                "lets receivers judge bounces, which carry no sender but our host name");
        if (input.Authorities.Count > 0) yield return new(
            host, DnsPurpose.Caa, host, DnsType.Caa, [.. input.Authorities.Select(a => $"0 issue \"{a}\"")],
            "lets only the authorities of the settings issue certificates for this host (RFC 8659)");
        if (input.Tlsa is { IsSigned: true, IsOurs: true } tlsa) yield return TlsaOf(host, tlsa);
    }

    private static IEnumerable<WantedSet> Domain(PlanInput input, string domain)
    {
        yield return new(domain, DnsPurpose.Mx, domain, DnsType.Mx,
            [$"10 {input.HostName}.", .. input.Backups.Select((b, i) => $"{(i + 2) * 10} {b}.")], $"mail for {domain} comes to this server")
        {
            Urgent = true,
        };
        yield return Spf(input, domain);
        foreach (var set in Dkim(input, domain).Concat(Dmarc(input, domain)).Concat(Tls(input, domain))
            .Concat(Clients(input, domain))) yield return set;
    }

    private static WantedSet Spf(PlanInput input, string domain)
    {
        var relays = input.Relays.Where(r => r.Spf is not null && r.SendsFor(domain)).ToList();
        var who = string.Concat(relays.Select(r => $", the relay {r.Name}"));
        return new(domain, DnsPurpose.Spf, domain, DnsType.Txt,
            [SpfText.Naming(input.Addresses, relays.Select(r => r.Spf).OfType<string>()).ToString()],
            $"says who sends mail of {domain}: this server{who}")
        {
            Urgent = true,
        };
    }

    private static IEnumerable<WantedSet> Dkim(PlanInput input, string domain)
    {
        foreach (var key in input.Keys.Where(k => k.Domain == domain))
            yield return new(domain, DnsPurpose.Dkim, $"{key.Selector}._domainkey.{domain}", DnsType.Txt, [key.Text],
                key.IsRetired ? "verifies mail that was signed with the former key and is still under way"
                    : key.Signs ? "verifies what this server signs" : "the key signs as soon as this is published")
            {
                Urgent = key.Signs,
            };
        foreach (var relay in input.Relays.Where(r => r.SendsFor(domain)))
            foreach (var (selector, target) in relay.Names)
                yield return new(domain, DnsPurpose.Dkim, $"{selector.ToLowerInvariant()}._domainkey.{domain}", DnsType.Cname,
                    [Filled(target, domain).TrimEnd('.') + "."],
                    $"verifies what the relay {relay.Name} signs for {domain}")
                {
                    Urgent = true,
                };
        foreach (var relay in input.Relays.Where(r => r.SendsFor(domain)))
            foreach (var selector in relay.Selectors)
                yield return new(domain, DnsPurpose.Dkim, $"{selector.ToLowerInvariant()}._domainkey.{domain}", DnsType.Txt, [],
                    $"verifies what the relay {relay.Name} signs for {domain}; the relay's own pages say what to publish")
                {
                    Urgent = true,
                };
    }

    private static string Filled(string target, string domain) => target.Replace("{domain}", domain, StringComparison.Ordinal)
        .Replace("{domain-dashed}", domain.Replace('.', '-'), StringComparison.Ordinal).ToLowerInvariant();

    // RFC 9989: no pct=, no ri=, no rf=.
    private static IEnumerable<WantedSet> Dmarc(PlanInput input, string domain)
    {
        var to = ReportsTo(input, domain);
        yield return new(domain, DnsPurpose.Dmarc, "_dmarc." + domain, DnsType.Txt,
            [$"v=DMARC1; p={input.DmarcPolicy ?? "none"}; rua=mailto:{to}"],
            "says what becomes of mail that only claims to be ours, and where reports about it go; `aviso reports` sums them up")
        {
            KeepsPolicy = input.DmarcPolicy is null,
        };
        // Others' reports are only sent to another organisation's address when that one agrees.
        var elsewhere = MailAddress.DomainOf(to).ToLowerInvariant();
        if (Organisation(elsewhere) != Organisation(domain)) yield return new(
            domain, DnsPurpose.Dmarc, $"{domain}._report._dmarc.{elsewhere}", DnsType.Txt, ["v=DMARC1"],
            $"allows DMARC reports about {domain} to be sent to {to}; without it they are not sent");
    }

    private static string Organisation(string domain) => PublicSuffixes.Embedded.RegistrableDomain(domain) ?? domain;

    private static IEnumerable<WantedSet> Tls(PlanInput input, string domain)
    {
        if (input.Sts is { } policy)
        {
            yield return new(domain, DnsPurpose.MtaSts, "mta-sts." + domain, DnsType.Cname, [input.HostName + "."],
                "the host that others read our MTA-STS policy from; without it the announcement is noise (RFC 8461 section 3.3)");
            yield return new(domain, DnsPurpose.MtaSts, "_mta-sts." + domain, DnsType.Txt, [$"v=STSv1; id={StsId(policy)}"],
                "announces the policy; the id changes with it, so that others read it again");
        }
        yield return new(domain, DnsPurpose.TlsReports, "_smtp._tls." + domain, DnsType.Txt,
            [$"v=TLSRPTv1; rua=mailto:{ReportsTo(input, domain)}"],
            "asks others to report what they meet when they send to us over TLS (RFC 8460)");
    }

    // RFC 6186 §3, RFC 8314, RFC 8620 §2.2.
    private static IEnumerable<WantedSet> Clients(PlanInput input, string domain)
    {
        foreach (var door in input.Doors)
            yield return new(domain, DnsPurpose.Clients, $"{door.Service}._tcp.{domain}", DnsType.Srv,
                [$"0 1 {door.Port} {input.HostName}."],
                "lets mail programs find this server from the address alone");
        if (input.ServesWeb) yield return new(domain, DnsPurpose.Clients, "autoconfig." + domain, DnsType.Cname, [input.HostName + "."],
            "lets Thunderbird and others fetch their settings");
    }
}
