// Doctor owns what ought to be true of this server in the world outside and is looked at there. Rules: it changes nothing, it asks the DNS
// and says what to do.
using Aviso.Dns;
using Aviso.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Doctor;

/// <summary>
/// The DNS records about TLS to us, wanted and found: on demand, and now and then by itself, so that what is promised and not kept is said before
/// others complain.
/// </summary>
/// <param name="shown">What listeners show; null when no listener speaks TLS.</param>
/// <param name="renewer">Null without ACME.</param>
/// <param name="domains">Those that we receive mail for now.</param>
public sealed class OwnRecords(
    string hostName, TlsCertificates? shown, AcmeRenewer? renewer, Func<IReadOnlyList<string>> domains, IResolver resolver, TimeProvider clock, ILogger log)
{
    private static readonly TimeSpan FirstLook = TimeSpan.FromMinutes(2), LookEvery = TimeSpan.FromHours(6);
    private volatile PublishedStsOptions? _published;

    /// <summary>What is published now; null when no policy is.</summary>
    public PublishedStsOptions? Published
    {
        get => _published;
        set => _published = value;
    }

    /// <summary>The records that announce our policy, for each domain; null when none is published.</summary>
    public async Task<IReadOnlyList<WantedRecord>?> StsAsync(CancellationToken cancel)
    {
        if (Published is not { } options) return null;
        var rows = new List<WantedRecord>();
        foreach (var domain in domains())
            rows.AddRange(await PublishedSts.RecordsAsync(options, domain, shown?.All ?? [], resolver, cancel));
        return rows;
    }

    /// <summary>TLSA records of our mail host; null without a certificate.</summary>
    public async Task<IReadOnlyList<WantedRecord>?> TlsaAsync(CancellationToken cancel) => shown?.For(hostName) is not { } current ? null
        : await PublishedTlsa.RecordsAsync(hostName, current, renewer?.NextKeyOf(hostName), resolver, cancel);

    /// <summary>Looks until it is stopped.</summary>
    public async Task WatchAsync(CancellationToken stop)
    {
        for (var wait = FirstLook; ; wait = LookEvery)
        {
            await Task.Delay(wait, clock, stop);
            try
            {
                foreach (var row in (await StsAsync(stop) ?? []).Concat(await TlsaAsync(stop) ?? []).Where(r => r.Urgent))
                    log.RecordIsUrgent(row.Name, row.Type, row.State, row.Advice);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.RecordsNotLookedAt(e);
            }
        }
    }
}
