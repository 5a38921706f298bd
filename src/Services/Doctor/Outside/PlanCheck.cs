using Aviso.Delivery;
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>
/// The DNS holds what the plan says. What stands about mail itself (SPF, DKIM, DMARC, MX) has checks of its own that look at what receivers
/// make of it; here are the promises about TLS, and all that helps others to find us.
/// </summary>
/// <param name="differences">The plan beside the DNS; none where nothing leaves.</param>
/// <param name="policy">The MTA-STS policy that we serve; null: none.</param>
public sealed class PlanCheck(
    Func<Deployment> now, Func<CancellationToken, Task<IReadOnlyList<DnsDifference>>> differences, Func<StsPolicy?> policy,
        IResolver resolver)
    : IDoctorCheck
{
    public string Name => "plan";

    public string LooksAt => "the DNS plan: MTA-STS, TLSA, and records by which others find this server";

    public TimeSpan Every => CheckTimes.Hourly;

    public IReadOnlyList<FindingCode> Codes { get; } =
    [
        FindingCode.StsNotServed, FindingCode.StsDiffers, FindingCode.StsNotAnnounced, FindingCode.StsLeavesOutMx,
        FindingCode.TlsaWrongKey, FindingCode.TlsaNoDnssec, FindingCode.TlsaBreaksAtRenewal,
        FindingCode.RecordMissing, FindingCode.RecordDiffers, FindingCode.RecordUnused,
    ];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        var deployment = now();
        if (!deployment.IsInPublic) return;
        foreach (var one in await differences(cancel))
        {
            if (!Deployment.IsPublic(one.Name)) continue;
            if (one.Kind == DnsDifferenceKind.Unknown) seen.Unsure(Subject(one));
            else Judge(one, seen);
        }
        foreach (var domain in deployment.PublicDomains) await StsAsync(domain.Name, seen, cancel);
        if (deployment.HasPublicHost) await DnssecAsync(deployment.HostName, seen, cancel);
    }

    private static void Judge(DnsDifference one, Sightings seen)
    {
        var code = one switch
        {
            { Kind: DnsDifferenceKind.Unused } => FindingCode.RecordUnused,
            { Purpose: DnsPurpose.Spf or DnsPurpose.Dkim or DnsPurpose.Dmarc or DnsPurpose.Mx } => null,
            { Purpose: DnsPurpose.Tlsa, Urgent: true } => FindingCode.TlsaWrongKey,
            { Purpose: DnsPurpose.Tlsa, Kind: DnsDifferenceKind.Contradicts } => FindingCode.TlsaBreaksAtRenewal,
            { Purpose: DnsPurpose.MtaSts, Type: "CNAME" } => null,
            { Purpose: DnsPurpose.MtaSts, Kind: DnsDifferenceKind.Missing } => FindingCode.StsNotAnnounced,
            { Purpose: DnsPurpose.MtaSts } => FindingCode.StsDiffers,
            { Kind: DnsDifferenceKind.Missing } => FindingCode.RecordMissing,
            _ => FindingCode.RecordDiffers,
        };
        if (code is null) return;
        var wanted = one.Wanted.Count > 0 ? $"wanted: {string.Join(" | ", one.Wanted)}; " : "";
        seen.Add(code, Subject(one), $"{one.Name} {one.Type}: {one.Why}",
            $"{wanted}found: {(one.Found.Count > 0 ? string.Join(" | ", one.Found) : "nothing")}",
            one.Kind == DnsDifferenceKind.Contradicts ? "Decide which is right; no verb mends it."
                : "Have it written, or publish it by hand (`aviso dns plan`).",
            one.Kind == DnsDifferenceKind.Contradicts ? "" : $"aviso dns apply --only {one.Name}/{one.Type}");
    }

    private static string Subject(DnsDifference one) => $"{one.Name} {one.Type}";

    // Announced means that others fetch it, and by its hosts alone they send (RFC 8461 §3.3, §4.1; incidents 9 and 10).
    private async Task StsAsync(string domain, Sightings seen, CancellationToken cancel)
    {
        var announced = await resolver.QueryAsync("_mta-sts." + domain, DnsType.Txt, cancel);
        if (announced.IsTemporary) seen.Unsure(domain);
        if (!announced.Of<TxtRecord>().Any(t => t.Text.StartsWith("v=STSv1", StringComparison.Ordinal))) return;
        var served = await resolver.AddressesAsync("mta-sts." + domain, cancel);
        if (served.IsTemporary) seen.Unsure(domain);
        else if (served.All.Count == 0)
            seen.Add(FindingCode.StsNotServed, domain, $"{domain} announces an MTA-STS policy that nobody can fetch",
                $"_mta-sts.{domain} has a TXT record, mta-sts.{domain} has no address",
                policy() is null ? "Serve the policy, or take the TXT record out." : "Publish the policy's host.",
                policy() is null ? "mta_sts: { publish: testing }" : $"aviso dns apply --only mta-sts.{domain}/CNAME");
        if (policy() is not { } ours) return;
        var mx = await resolver.QueryAsync(domain, DnsType.Mx, cancel);
        if (mx.IsTemporary) seen.Unsure(domain);
        foreach (var host in mx.Of<MxRecord>().Select(m => m.Exchange).Where(e => e != "." && !ours.Covers(e)))
            seen.Add(FindingCode.StsLeavesOutMx, domain, $"the MTA-STS policy of {domain} leaves out {host}, which its MX records name",
                $"the policy has {string.Join(", ", ours.Mx)}", "Name the host in the policy, or take the MX record out.",
                $"mta_sts: {{ mx: [{string.Join(", ", ours.Mx.Append(host))}] }}");
    }

    // Only a resolver that validates can say that a zone is not signed.
    private async Task DnssecAsync(string host, Sightings seen, CancellationToken cancel)
    {
        var tlsa = await resolver.QueryAsync("_25._tcp." + host, DnsType.Tlsa, cancel);
        if (tlsa.Records.Count > 0 && !tlsa.Authenticated && (await resolver.QueryAsync(".", DnsType.Ns, cancel)).Authenticated)
            seen.Add(FindingCode.TlsaNoDnssec, host, $"the TLSA records of {host} stand in a zone that is not signed",
                $"_25._tcp.{host} TLSA came without the AD bit");
    }
}
