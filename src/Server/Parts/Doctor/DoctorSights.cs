using Aviso.Doctor;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Secrets;
using Aviso.Settings;
using Aviso.Store;
using Aviso.Trace;

namespace Aviso.Server;

/// <summary>What the doctor sees of this server: values taken from its parts.</summary>
internal sealed class DoctorSights(Site site, Func<ServerSettings> settings)
{
    private const int MostQueued = 2000;

    public IReadOnlyList<CertificateSight> Certificates()
    {
        var part = site.The<CertificatesPart>();
        return [.. (part.Shown?.All ?? []).Select(c => new CertificateSight(
            TlsCertificates.NamesOf(c), new DateTimeOffset(c.NotBefore).ToUniversalTime(), new DateTimeOffset(c.NotAfter).ToUniversalTime(),
            settings().Tls.SelfSigned))];
    }

    public IReadOnlyList<WantedCertificateSight> WantedCertificates() => [.. (site.The<CertificatesPart>().Renewer?.States() ?? [])
        .Select(s => new WantedCertificateSight(s.Name, s.NotAfter, s.RenewAt, s.Problem))];

    /// <summary>Mail listeners, as a client on this machine reaches them.</summary>
    public IReadOnlyList<Door> Doors()
    {
        var wiring = site.The<ListenersPart>().Wiring;
        return [.. site.The<ListenersPart>().Bound.Where(b => b.Settings.Kind != ListenerKind.Lmtp).Select(b =>
        {
            var at = b.Bound.Address;
            if (at.Equals(System.Net.IPAddress.IPv6Any) || at.Equals(System.Net.IPAddress.Any)) at = System.Net.IPAddress.Loopback;
            return new Door(b.Settings.Kind, new(at, b.Bound.Port), b.Settings.Proxy && wiring.Proxies.Contains(at));
        })];
    }

    public DeclaredNetworks Networks()
    {
        var wiring = site.The<ListenersPart>().Wiring;
        return new(wiring.Proxies, wiring.Internal, new(settings().Networks.TrustedRelays));
    }

    /// <summary>Kinds whose silence means something: mail from strangers, where a listener is not for this machine alone.</summary>
    public IReadOnlyList<ListenerKind> PublicKinds() => settings().Outbound.Capture is not null ? []
        : [.. site.The<ListenersPart>().Bound.Where(b => b.Settings.Kind == ListenerKind.Smtp
            && !System.Net.IPAddress.IsLoopback(b.Bound.Address))
            .Select(b => b.Settings.Kind).Distinct()];

    public async Task<BanTrialSight> BansAsync(CancellationToken cancel)
    {
        var (gate, bound, listeners) = (site.The<Gatekeeper>(), site.The<BoundListeners>(), site.The<ListenersPart>());
        var result = await new BanTrial(gate, bound.ReadsProxy, listeners.BelieveOneself, site.Clock).RunAsync(cancel);
        return new([.. result.Rows.Where(r => r.Ok == false)
            .Select(r => $"{r.Where}: {r.Address} by {r.By}: banned {r.Banned}, others {r.Others}")]);
    }

    public string? SilentEngine() => site.The<GuardPart>().Engine is { Problem: { } problem } ? problem : null;

    public string? IllStore() => site.The<SqliteMailStore>().Health is { CanAccept: false } ill ? ill.Reason : null;

    /// <summary>What waits, by destination; of a long queue the part that has waited longest.</summary>
    public async Task<IReadOnlyList<WaitingSight>> WaitingAsync(CancellationToken cancel)
    {
        var items = await site.The<SqliteMailStore>().ListQueueAsync(new(), MostQueued, cancel);
        return [.. items.SelectMany(i => i.Recipients.Where(r => r.State == QueueState.Waiting).Select(r => (i.Message.ArrivedAt, Row: r)))
            .GroupBy(r => r.Row.Destination).Select(g =>
            {
                var tried = g.Where(r => r.Row.Attempts > 0).ToList();
                return new WaitingSight(g.Key, DateTimeOffset.FromUnixTimeMilliseconds(g.Min(r => r.ArrivedAt)), tried.Count,
                    g.Count() - tried.Count,
                    g.Max(r => r.Row.Attempts), tried.OrderByDescending(r => r.Row.LastAttemptAt).Select(r => r.Row.LastReply)
                        .FirstOrDefault() ?? "");
            })];
    }

    public async Task<IReadOnlyList<QuotaSight>> QuotasAsync(CancellationToken cancel)
    {
        var sights = new List<QuotaSight>();
        foreach (var relay in settings().Relays.Select(RelaysMapping.Relay).Where(r => r.Quota > 0))
        {
            var since = (site.Clock.GetUtcNow() - relay.QuotaSpan).ToUnixTimeMilliseconds();
            sights.Add(new(relay.Name, relay.Quota, await site.The<SqliteMailStore>().RelayUseAsync(relay.Name, since, cancel)));
        }
        return sights;
    }

    public IReadOnlyList<StaleSecret> Secrets() =>
        [.. site.The<SettingsReader>().Secrets.Stale.Select(s => new StaleSecret(s.Path, s.ReadAt, s.Problem))];

    public async Task<FilterSight?> FilterAsync(CancellationToken cancel)
    {
        if (!settings().Spam.Enabled) return null;
        var (spam, now) = (site.The<SpamPart>(), site.Clock.GetUtcNow());
        var lists = spam.Lists is { } check ? await check.StatesAsync(test: false, cancel) : [];
        return new(spam.Words is not null, spam.Learner?.FailsSince, now - spam.ScannerSilentFor,
            [.. lists.Where(l => l.State is not ("untested" or "believed")).Select(l => (l.List.Zone, l.State))]);
    }

    public LostTracesSight? LostTraces() => site.The<TraceRecorder>().Lost is { } lost ? new(lost.Entries, lost.At, lost.Why) : null;

    /// <summary>Null: the settings name no targets.</summary>
    public BackupsSight? Backups() => site.The<BackupPart>().Rounds is { } rounds
        ? new([.. rounds.States.Select(s => new BackupSight(s.Name, s.WholeAt, s.FailsSince, s.Problem, s.ProvenAt, s.DrillProblem))],
            rounds.Options.Drill) : null;

    public SettingsSight Settings()
    {
        var reload = site.The<Reload>();
        return new(reload.Refused?.Problem, reload.Refused?.At, SettingsTables.NeedsRestart(site.Started, reload.Settings));
    }
}
