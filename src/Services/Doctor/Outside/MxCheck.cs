using System.Net;
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>Mail for our domains is sent to this server.</summary>
public sealed class MxCheck(Func<Deployment> now, IResolver resolver) : IDoctorCheck
{
    public string Name => "mx";

    public string LooksAt => "where MX records lead";

    public TimeSpan Every => CheckTimes.Hourly;

    public IReadOnlyList<FindingCode> Codes { get; } =
        [FindingCode.MxMissing, FindingCode.MxElsewhere, FindingCode.MxAlias, FindingCode.MxNoAddress];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        var deployment = now();
        var own = deployment.HasPublicHost ? (await resolver.AddressesAsync(deployment.HostName, cancel)).All : [];
        foreach (var domain in deployment.PublicDomains) await DomainAsync(deployment.HostName, [.. own, .. deployment.Addresses],
            domain.Name, seen, cancel);
    }

    private async Task DomainAsync(string host, HashSet<IPAddress> own, string domain, Sightings seen, CancellationToken cancel)
    {
        var answer = await resolver.QueryAsync(domain, DnsType.Mx, cancel);
        if (answer.IsTemporary)
        {
            seen.Unsure(domain);
            return;
        }
        var wanted = $"{domain}. MX 10 {host}.";
        var exchanges = answer.Of<MxRecord>().OrderBy(m => m.Preference).Select(m => m.Exchange).ToList();
        if (exchanges.Count == 0)
        {
            // RFC 5321 §5.1: the domain's own address takes the place of an MX.
            var found = await resolver.AddressesAsync(domain, cancel);
            if (found.IsTemporary) seen.Unsure(domain);
            else if (found.All.Count == 0)
                seen.Add(FindingCode.MxMissing, domain, $"{domain} has neither an MX record nor an address",
                    $"{domain} MX: {answer.Status}",
                    "Publish the record.", wanted);
            else if (own.Count > 0 && !own.Overlaps(found.All))
                seen.Add(FindingCode.MxElsewhere, domain,
                    $"mail for {domain} goes elsewhere: it has no MX record, and its address is not ours",
                    string.Join(", ", found.All), "Publish the record.", wanted);
            return;
        }
        var (leadsHere, isSure) = (false, true);
        foreach (var exchange in exchanges.Where(e => e != "."))
        {
            if (exchange.Equals(host, StringComparison.OrdinalIgnoreCase)) leadsHere = true;
            if ((await resolver.QueryAsync(exchange, DnsType.Cname, cancel)).Of<CnameRecord>().FirstOrDefault() is { } alias)
                seen.Add(FindingCode.MxAlias, domain, $"the MX record of {domain} names an alias", $"{exchange} CNAME {alias.Target}",
                    "Name the host itself.", $"{domain}. MX 10 {alias.Target}.");
            var found = await resolver.AddressesAsync(exchange, cancel);
            if (found.All.Count == 0 && !found.IsTemporary)
                seen.Add(FindingCode.MxNoAddress, domain, $"{exchange}, which takes mail for {domain}, has no address",
                    $"{exchange} has neither A nor AAAA");
            leadsHere |= own.Overlaps(found.All);
            isSure &= !found.IsTemporary;
        }
        if (leadsHere) return;
        if (!isSure) seen.Unsure(domain);
        else seen.Add(FindingCode.MxElsewhere, domain, $"no MX record of {domain} leads to this server", string.Join(", ", exchanges),
            "Publish the record.", wanted);
    }
}
