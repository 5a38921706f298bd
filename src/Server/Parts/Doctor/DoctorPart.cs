using Aviso.Accounts;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Doctor;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Store;
using Aviso.Trace;

namespace Aviso.Server;

/// <summary>The doctor: its checks over this server and the world, what it found, and what it refuses before it is taken.</summary>
internal sealed class DoctorPart : IPart
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Site _site;
    private readonly FindingBook _book;
    private readonly DoctorRounds _rounds;
    private readonly OwnWatch _own;
    private readonly SendingChange _change;
    private readonly Task _running;
    private volatile ServerSettings _settings;
    private volatile string? _clock;
    private volatile IReadOnlyList<string> _lists = [];
    private volatile Deployment _deployment;

    private DoctorPart(Site site, ServerSettings settings, FindingBook book)
    {
        (_site, _book, _settings, _deployment) = (site, book, settings, DeploymentOf(site, settings));
        var log = site.Log("Doctor");
        Desk = site.Put(new EventDesk(book, site.The<SqliteMailStore>(), site.Ids, site.Clock, log));
        _change = new(site.The<IResolver>(), site.Clock);
        _rounds = site.Put(new DoctorRounds(Checks(), book, site.Clock, log));
        _own = new(book, client => site.The<ListenersPart>().Wiring.Internal.Contains(client), site.Clock, log);
        Take(settings);
        var relays = site.The<RelaySwitch>();
        site.The<RelayWatch>().Sinks =
            [new RelayEventFindings(book, site.The<ReplyWatch>()), relays, new RelayEventTrace(site.The<TraceRecorder>())];
        relays.Changed += _ => TakeDomains();
        relays.WentBack = (back, cancel) => book.RaiseAsync(RelayEventFindings.WentBack(back), RelayEventFindings.WentBackStands, cancel);
        site.The<Gatekeeper>().Heard += Hear;
        _own.Begin();
        _running = Task.WhenAll(_rounds.RunAsync(_stop.Token), _own.RunAsync(_stop.Token));
    }

    public string Name => "doctor";

    public EventDesk Desk { get; }

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var book = site.Put(await FindingBook.OpenAsync(site.The<SqliteMailStore>(), site.Clock, site.Log("Doctor"), cancel));
        return site.Put(new DoctorPart(site, settings, book));
    }

    /// <summary>After domains came or went.</summary>
    public void TakeDomains()
    {
        _deployment = DeploymentOf(_site, _settings);
        _rounds.AllDue();
    }

    public async Task<IReadOnlyList<string>> RefusesAsync(ServerSettings now, CancellationToken cancel)
    {
        if (_site.The<Reload>().IsForced) return [];
        return await _change.RefusesAsync(_deployment, DeploymentOf(_site, now), cancel);
    }

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        Take(now);
        TakeDomains();
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public async ValueTask DisposeAsync()
    {
        _site.The<Gatekeeper>().Heard -= Hear;
        _own.Dispose();
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _rounds.Dispose();
        _stop.Dispose();
    }

    private void Take(ServerSettings now)
    {
        _settings = now;
        (_clock, _lists) = (now.Doctor.Clock, now.Doctor.BlockLists);
        _book.Ignored = now.Doctor.Ignore.ToHashSet(StringComparer.Ordinal);
    }

    private void Hear(Evidence evidence, string? user)
    {
        _own.Hear(evidence, user);
        _site.The<ClientWatch>().Hear(evidence);
    }

    /// <summary>Why mail would suffer from this switch; none when the DNS allows it.</summary>
    public Task<IReadOnlyList<string>> RefusesAsync(SwitchedRelay switched, CancellationToken cancel) =>
        _change.RefusesAsync(_deployment, DeploymentOf(_site, _settings, switched), cancel);

    private static Deployment DeploymentOf(Site site, ServerSettings settings, SwitchedRelay? switched = null) => DoctorMapping.Deployment(
        settings, site.The<AccountBook>().Table.Domains, OutboundPart.OwnAddresses(), switched ?? site.The<RelaySwitch>().Now);

    private IReadOnlyList<IDoctorCheck> Checks()
    {
        var (site, clock, resolver) = (_site, _site.Clock, _site.The<IResolver>());
        var (sights, knocker) = (new DoctorSights(site, () => _settings), new SocketKnocker());
        Func<Deployment> now = () => _deployment;
        Func<IReadOnlyList<SigningKeyInfo>> keys = site.The<SigningKeys>().List;
        var watch = site.The<ClientWatch>();
        return
        [
            // What the world sees.
            new SpfCheck(now, resolver, clock), new DkimCheck(now, keys, resolver, clock),
            new DmarcCheck(now, keys, HasMailbox, resolver, PublicSuffixes.Embedded, clock), new MxCheck(now, resolver),
            new PlanCheck(now, site.The<DnsPlanner>().DifferencesAsync, () => site.The<TransportPart>().Published, resolver),
                new AddressCheck(now, () => _lists, resolver),
            new ResolverCheck(now, resolver, clock), new SplitCheck(now, resolver, new ZoneTexts(resolver, clock)),
            new PublishedAddressCheck(now, () => sights.PublicKinds().Count > 0, resolver, knocker),
            // This server.
            new CertificateCheck(now, sights.Certificates, sights.WantedCertificates, () =>
                site.The<TransportPart>().Published is not null, resolver, clock),
            new DoorCheck(() => _settings.HostName, sights.Doors, knocker),
            new ClientsCheck(() => watch.Sights, () => watch.Forged, watch.Since, sights.PublicKinds, sights.Networks, clock),
            new BanCheck(sights.BansAsync, sights.SilentEngine), new ClockCheck(new NtpSource(() => _clock, clock), clock),
            new DiskCheck(() => FileSystem.Look(_settings.Data), sights.IllStore, clock),
            new QueueCheck(sights.WaitingAsync, sights.QuotasAsync, () => site.The<ReplyWatch>().Complaints, () =>
                site.The<SendingBrake>().Holds, clock),
            new RelayListCheck(() => site.The<RelaySuppressions>().Relays, site.The<RelaySuppressions>().OursAsync),
            new ReportsCheck(site.The<ReportBook>().ListAsync, clock), new PartsCheck(sights.Secrets, sights.FilterAsync,
                sights.Settings, clock),
            new ProbeCheck(site.The<Prober>().Status, clock), new BackupCheck(sights.Backups, clock), new EventCheck(Desk, clock),
            new TraceCheck(sights.LostTraces, clock),
        ];
    }

    private bool? HasMailbox(string address)
    {
        var table = _site.The<AccountBook>().Table;
        if (!MailAddress.TryParse(address, out var read) || !table.IsLocalDomain(read.Domain)) return null;
        return table.Resolve(read).Kind == ResolutionKind.Found;
    }
}
