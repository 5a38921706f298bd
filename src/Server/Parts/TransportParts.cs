using System.Net;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Doctor;
using Aviso.Settings;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>TLS between mail servers, both ways: what others publish and mail to them is held to, and what we publish.</summary>
internal sealed class TransportParts : IAsyncDisposable
{
    private static readonly TimeSpan FirstLook = TimeSpan.FromMinutes(2), LookEvery = TimeSpan.FromHours(6);

    private readonly CancellationTokenSource _stop = new();
    private readonly StsPolicies _sts;
    private readonly IResolver _resolver;
    private volatile ServerSettings _settings;
    private readonly TimeProvider _clock;
    private Task _running = Task.CompletedTask, _looking = Task.CompletedTask;

    private TransportParts(ServerSettings settings, StsPolicies sts, IResolver resolver, TimeProvider clock)
    {
        (_settings, _sts, _resolver, _clock) = (settings, sts, resolver, clock);
        Published = Mapping.PublishedPolicy(settings);
    }

    /// <summary>The policy of our own domains; null when none is published.</summary>
    public StsPolicy? Published { get; private set; }

    /// <summary>Null when the settings say not to look.</summary>
    public StsPolicies? Sts { get; private init; }

    public static TransportParts Start(
        ServerSettings settings, IDocumentRows documents, IResolver resolver, Func<IPAddress, bool> mayDial, TimeProvider clock, ILogger log)
    {
        var sts = new StsPolicies(resolver, new StsFetcher(resolver, mayDial, SocketDial.ConnectAsync, clock), documents, clock, log);
        var parts = new TransportParts(settings, sts, resolver, clock) { Sts = settings.MtaSts.Verify ? sts : null };
        if (settings.MtaSts.Verify && settings.Outbound.Capture is null) parts._running = sts.RunAsync(parts._stop.Token);
        return parts;
    }

    public void Take(ServerSettings now)
    {
        _settings = now;
        Published = Mapping.PublishedPolicy(now);
    }

    /// <summary>Looks at our own records now and then: what is promised in the DNS and not kept is said before others complain.</summary>
    public void Watch(Func<IReadOnlyList<string>> domains, CertificateParts certificates, ILogger log)
    {
        if (_settings.Outbound.Capture is null) _looking = LookAsync(domains, certificates, log, _stop.Token);
    }

    private async Task LookAsync(Func<IReadOnlyList<string>> domains, CertificateParts certificates, ILogger log, CancellationToken stop)
    {
        for (var wait = FirstLook; ; wait = LookEvery)
        {
            await Task.Delay(wait, _clock, stop);
            try
            {
                foreach (var row in await UrgentAsync(domains(), certificates, stop))
                    log.LogWarning("{Name} {Type} is {State} in the DNS: {Advice}; see `aviso certificates`", row.Name, row.Type, row.State, row.Advice);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.LogError(e, "our own records about TLS could not be looked at; it is tried again");
            }
        }
    }

    private async Task<IEnumerable<WantedRecord>> UrgentAsync(IReadOnlyList<string> domains, CertificateParts certificates, CancellationToken cancel) =>
        (await StsRecordsAsync(domains, certificates, cancel) ?? []).Concat(await TlsaRecordsAsync(certificates, cancel) ?? []).Where(r => r.Urgent);

    /// <summary>The records that announce our policy, for each domain; null when none is published.</summary>
    public async Task<IReadOnlyList<WantedRecord>?> StsRecordsAsync(IReadOnlyList<string> domains, CertificateParts certificates, CancellationToken cancel)
    {
        if (Published is not { } policy) return null;
        var rows = new List<WantedRecord>();
        foreach (var domain in domains)
            rows.AddRange(await PublishedSts.RecordsAsync(
                new(policy, _settings.Hostname, _settings.Reports.Address), domain, certificates.Shown?.All ?? [], _resolver, cancel));
        return rows;
    }

    /// <summary>TLSA records of our mail host; null without a certificate.</summary>
    public async Task<IReadOnlyList<WantedRecord>?> TlsaRecordsAsync(CertificateParts certificates, CancellationToken cancel) =>
        certificates.Shown?.For(_settings.Hostname) is not { } current ? null
            : await PublishedTlsa.RecordsAsync(_settings.Hostname, current, certificates.Renewer?.NextKeyOf(_settings.Hostname), _resolver, cancel);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running, _looking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _sts.DisposeAsync();
        _stop.Dispose();
    }
}
