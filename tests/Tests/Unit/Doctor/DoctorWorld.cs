using Aviso.Dns;
using Aviso.Doctor;
using Aviso.Net;
using Aviso.Tests.Unit.Delivery;
using Aviso.Tests.Unit.Net;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>The doctor over a <see cref="DoctorState"/>: all of its checks, its book and its rounds, on a clock that only moves when
/// told.</summary>
internal sealed class DoctorWorld : IDoorKnocker, IZoneTexts, ITimeSource, IResolver, IDisposable
{
    private readonly FakeDocuments _documents;

    private DoctorWorld(ManualClock clock, FakeDocuments documents, FindingBook book)
    {
        (Clock, _documents, Book, State) = (clock, documents, book, new(clock));
        Checks = All();
        Rounds = new(Checks, book, clock, NullLogger.Instance);
    }

    public ManualClock Clock { get; }

    public FindingBook Book { get; }

    public DoctorRounds Rounds { get; }

    public IReadOnlyList<IDoctorCheck> Checks { get; }

    public DoctorState State { get; private set; }

    public static async Task<DoctorWorld> MakeAsync()
    {
        var clock = new ManualClock();
        var documents = new FakeDocuments(clock);
        return new(clock, documents, await FindingBook.OpenAsync(documents, clock, NullLogger.Instance, default));
    }

    /// <summary>All is well again.</summary>
    public void Repair() => State = new(Clock);

    /// <summary>What a restart finds written.</summary>
    public Task<FindingBook> ReopenAsync() => FindingBook.OpenAsync(_documents, Clock, NullLogger.Instance, default);

    /// <summary>Everything is looked at now; codes that stand, above information.</summary>
    public async Task<IReadOnlyList<string>> LookAsync()
    {
        await Rounds.LookAsync(_ => true, default);
        return Troubles;
    }

    public IReadOnlyList<string> Troubles =>
        [.. Book.Standing.Where(s => s.Finding.Code.Severity > Severity.Information).Select(s => s.Finding.Code.Word).Distinct()
            .Order(StringComparer.Ordinal)];

    public void Dispose() => Rounds.Dispose();

    /// <summary>No answer carries the AD bit.</summary>
    public bool SaysNothingOfDnssec { get; set; }

    public async ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancel)
    {
        if (State.Takes > TimeSpan.Zero && name == ".") Clock.Advance(State.Takes);
        var answer = await State.Zone.QueryAsync(name, type, cancel);
        return SaysNothingOfDnssec ? answer with { Authenticated = false } : answer;
    }

    Task<DoorAnswer> IDoorKnocker.KnockAsync(Door door, string name, CancellationToken cancel) =>
        Task.FromResult(State.Answers.GetValueOrDefault(door.Address) ?? new(true, "220 mail.example.org"));

    async Task<IReadOnlyList<string>?> IZoneTexts.TextsAsync(string name, CancellationToken cancel) =>
        State.Outside.TryGetValue(name, out var texts)
        ? texts : [.. (await State.Zone.QueryAsync(name, DnsType.Txt, cancel)).Of<TxtRecord>().Select(t => t.Text)];

    Task<TimeSpan?> ITimeSource.AheadAsync(CancellationToken cancel) => Task.FromResult(State.Ahead);

    private IReadOnlyList<IDoctorCheck> All()
    {
        Func<Deployment> now = () => State.Deployment;
        return
        [
            new SpfCheck(now, this, Clock), new DkimCheck(now, () => State.Keys, this, Clock),
            new DmarcCheck(now, () => State.Keys, HasMailbox, this, PublicSuffixes.Embedded, Clock), new MxCheck(now, this),
            new PlanCheck(now, _ => Task.FromResult<IReadOnlyList<DnsDifference>>(State.Differences), () => State.Policy, this),
            new AddressCheck(now, () => ["zen.spamhaus.org"], this), new ResolverCheck(now, this, Clock), new SplitCheck(now, this, this),
            new PublishedAddressCheck(now, () => true, this, this),
            new CertificateCheck(now, () => State.Certificates, () => State.Wanted, () => State.Policy is not null, this, Clock),
            new DoorCheck(() => DoctorState.Host, () => State.Doors, this),
            new ClientsCheck(() => State.Clients, () => State.Forged, Clock.GetUtcNow(), () => [ListenerKind.Smtp],
                () => new(Networks.None, Networks.Parse("10.0.0.0/8"), Networks.Parse("192.0.2.25/32")), Clock),
            new BanCheck(_ => Task.FromResult(State.Bans), () => State.SilentEngine), new ClockCheck(this, Clock),
            new DiskCheck(() => State.Disk, () => State.IllStore, Clock),
            new QueueCheck(_ => Task.FromResult<IReadOnlyList<WaitingSight>>(State.Waiting),
                _ => Task.FromResult<IReadOnlyList<QuotaSight>>(State.Quotas),
                () => State.Replies.Complaints, () => State.Holds, Clock),
            new RelayListCheck(() => ["brevo"], (_, _) => Task.FromResult(State.Blocked)),
            new ReportsCheck((_, _) => Task.FromResult(new Aviso.Delivery.KeptReports(State.Dmarc, State.Tls, 0, [])), Clock),
            new PartsCheck(() => State.Secrets, _ => Task.FromResult<FilterSight?>(State.Filter), () => State.Settings, Clock),
            new ProbeCheck(() => State.Ways, Clock), new BackupCheck(() => State.Backups, Clock),
            new TraceCheck(() => State.LostTraces, Clock),
            new Spare(cancel => State.Fault(cancel)),
        ];
    }

    private static bool? HasMailbox(string address) =>
        address.EndsWith("@" + DoctorState.Domain, StringComparison.Ordinal) ? address != "gone@example.org" : null;

    /// <summary>A check for faults of checks.</summary>
    private sealed class Spare(Func<CancellationToken, Task> work) : IDoctorCheck
    {
        public string Name => "spare";

        public string LooksAt => "nothing";

        public TimeSpan Every => TimeSpan.FromMinutes(5);

        public IReadOnlyList<FindingCode> Codes => [];

        public Task LookAsync(Sightings seen, CancellationToken cancel) => work(cancel);
    }
}
