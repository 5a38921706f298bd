using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Aviso.Delivery;
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>What is published about TLS to us.</summary>
/// <param name="HostName">Of this server, which serves the policy.</param>
/// <param name="ReportsTo">Whom others are asked to send TLS reports to; null: the postmaster of each domain.</param>
public sealed record PublishedStsOptions(StsPolicy Policy, string HostName, string? ReportsTo);

/// <summary>The records that announce the MTA-STS policy of our domains (RFC 8461).</summary>
public static class PublishedSts
{
    /// <summary>RFC 8461 §3.1: changes exactly when the policy does.</summary>
    public static string Id(StsPolicy policy) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(policy.Write())))[..20];

    /// <summary>What to publish for <paramref name="domain"/>, and what the DNS shows now.</summary>
    /// <param name="shown">The certificates in use.</param>
    public static async Task<IReadOnlyList<WantedRecord>> RecordsAsync(
        PublishedStsOptions options, string domain, IReadOnlyList<X509Certificate2> shown, IResolver resolver, CancellationToken cancel)
    {
        var policy = options.Policy;
        var host = await HostAsync(options.HostName, domain, shown, resolver, cancel);
        var announcement = await AnnouncementAsync(policy, domain, resolver, cancel);
        // Announced and not to be had: nobody would hear of it (incident F4).
        if (host.Advice.Length > 0 && announcement.State is ("published" or "differs")) host = host with { Urgent = true };
        return [host, announcement, await ReportsAsync(options.ReportsTo ?? "postmaster@" + domain, domain, resolver, cancel),
            .. await StrayHostsAsync(policy, domain, resolver, cancel)];
    }

    // The policy's host comes first: an announcement without it is noise to everybody (RFC 8461 §8.2).
    private static async Task<WantedRecord> HostAsync(
        string hostname, string domain, IReadOnlyList<X509Certificate2> shown, IResolver resolver, CancellationToken cancel)
    {
        var name = "mta-sts." + domain;
        var six = await resolver.QueryAsync(name, DnsType.Aaaa, cancel);
        var four = await resolver.QueryAsync(name, DnsType.A, cancel);
        var there = six.Status == DnsStatus.Ok || four.Status == DnsStatus.Ok;
        var state = there ? "published" : six.IsTemporary || four.IsTemporary ? "unknown" : "missing";
        var covered = shown.Any(c => c.MatchesHostname(name, allowWildcards: true, allowCommonName: false));
        return new(name, "CNAME", hostname + ".", state, state == "missing"
            ? "publish it (or A and AAAA of this server) before the TXT record"
            : covered ? "" : $"no certificate in use is for {name}: others cannot read the policy");
    }

    private static async Task<WantedRecord> AnnouncementAsync(StsPolicy policy, string domain, IResolver resolver, CancellationToken cancel)
    {
        var wanted = $"v=STSv1; id={Id(policy)}";
        var answer = await resolver.QueryAsync("_mta-sts." + domain, DnsType.Txt, cancel);
        var found = StsPolicy.Id(answer);
        var several = answer.Of<TxtRecord>().Count(r => r.Text.StartsWith("v=STSv1", StringComparison.Ordinal)) > 1;
        var (state, advice) = answer.IsTemporary ? ("unknown", "the DNS does not answer now")
            : found == Id(policy) ? ("published", "")
            : several ? ("differs", "there is more than one: others then see none")
            : found is null ? ("missing", "publish it") : (
                "differs", $"the DNS shows id={found}: the policy has changed since, others keep the old one until this is replaced");
        return new("_mta-sts." + domain, "TXT", wanted, state, advice, state == "differs");
    }

    private static async Task<WantedRecord> ReportsAsync(string address, string domain, IResolver resolver, CancellationToken cancel)
    {
        var answer = await resolver.QueryAsync("_smtp._tls." + domain, DnsType.Txt, cancel);
        var there = answer.Of<TxtRecord>().Any(r => r.Text.StartsWith("v=TLSRPTv1", StringComparison.Ordinal));
        return new("_smtp._tls." + domain, "TXT", $"v=TLSRPTv1; rua=mailto:{address}",
            there ? "published" : answer.IsTemporary ? "unknown" : "missing", there
                ? "" : "publish it to hear what others meet; `aviso reports` shows it");
    }

    // An MX that no line of the policy names gets no mail from those who hold to it.
    private static async Task<IEnumerable<WantedRecord>> StrayHostsAsync(
        StsPolicy policy, string domain, IResolver resolver, CancellationToken cancel)
    {
        var answer = await resolver.QueryAsync(domain, DnsType.Mx, cancel);
        return answer.Of<MxRecord>().Where(r => !policy.Covers(r.Exchange)).Select(r => new WantedRecord(
            domain, "MX", $"{r.Preference} {r.Exchange}.", "differs",
                "the policy does not name this host: add it to `mta_sts.mx`, or remove the record", true));
    }
}
