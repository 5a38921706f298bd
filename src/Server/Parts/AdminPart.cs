using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Admin;
using Aviso.Delivery;
using Aviso.Doctor;
using Aviso.Guard;
using Aviso.Moving;
using Aviso.Secrets;
using Aviso.Settings;
using Aviso.Store;
using Aviso.Verbs;
using Aviso.Web;

namespace Aviso.Server;

/// <summary>The way in for verbs: all that they may ask, and the socket that they come by.</summary>
internal sealed class AdminPart(AdminSocket socket) : IPart
{
    public string Name => "admin";

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var admin = site.Admin;
        admin.Add("ping", (_, _) => Task.FromResult(AdminReply.Done(
            new JsonObject { ["version"] = BuildInfo.Version, ["hostname"] = settings.HostName })));
        AddMail(site, admin);
        AddGuard(site, admin);
        AddSettings(site, admin);
        new DoctorCalls(site.The<DoctorRounds>(), site.The<FindingBook>()).Add(admin);
        AddDescribe(site, admin);
        new TopCalls(site.The<MailFlow>(), () => site.The<ListenersPart>().Host.ConnectionsByKind, site.The<SqliteMailStore>(),
            site.The<FindingBook>(), () => site.The<Reload>().Settings, site.Clock).Add(admin);
        return Task.FromResult<IPart>(new AdminPart(AdminSocket.Start(settings.Data, admin, site.Log("Admin"))));
    }

    private static void AddMail(Site site, AdminHandlers admin)
    {
        var (book, senders, dns) = (site.The<AccountBook>(), site.The<SendersPart>(), site.The<DnsPart>());
        new AccountCalls(book, site.The<AccountService>(), site.The<SendingBrake>(), site.The<QueueService>(), TakeDomainsAsync).Add(admin);
        new LoginCalls(site.The<SecondFactorService>(), site.The<AppPasswordService>()).Add(admin);
        new DkimCalls(site.The<SigningKeys>(), site.The<DkimRotation>()).Add(admin);
        new ReportCalls(site.The<ReportBook>(), site.Clock).Add(admin);
        new ProbeCalls(site.The<Prober>()).Add(admin);
        new CertificateCalls(site.The<CertificatesPart>(), site.The<DnsPlanner>()).Add(admin);
        new DnsCalls(site.The<DnsPlanner>(), site.The<DnsApply>(), site.The<DnsCheck>(), LookAtKeysAsync).Add(admin);
        new QueueCalls(site.The<QueueService>()).Add(admin);
        new RelayCalls(site.The<RelaySuppressions>(), site.The<DoctorRounds>(), site.The<RelaySwitch>(), site.The<QueueRunner>(),
            () => site.The<Reload>().Settings).Add(admin);
        new RelaySwitchCalls(site.The<RelaySwitch>(), site.The<DoctorPart>(), site.The<DnsPlanner>(), site.The<Prober>(),
            () => site.The<Reload>().Settings).Add(admin);
        new TraceCalls(site.The<TraceDesk>(), book, site.Clock).Add(admin);
        new SieveCalls(book, site.The<SieveScripts>(), site.The<SieveStep>(), site.The<SieveTrials>()).Add(admin);
        new SpamCalls(site.The<SpamPart>(), site.The<SqliteMailStore>().Spool, address => book.Table.FindAccount(address)).Add(admin);
        StoreCalls.Add(admin, site.The<SqliteMailStore>());
        new UndeleteCalls(book, site.The<SqliteMailStore>(), site.Clock).Add(admin);
        new ImportCalls(site.The<MovingService>()).Add(admin);
        new BackupCalls(site.The<BackupPart>(), site.The<SqliteMailStore>(), site.Reader, site.Clock).Add(admin);

        // A key that was published signs from now on.
        async Task LookAtKeysAsync(CancellationToken cancel)
        {
            dns.Flush();
            foreach (var domain in book.Table.Domains) await site.The<SigningKeys>().CheckAsync(domain, cancel);
        }

        // It signs and is asked of the DNS as our own.
        Task TakeDomainsAsync(CancellationToken cancel)
        {
            dns.TakeDomains();
            site.The<DoctorPart>().TakeDomains();
            return senders.TakeDomainsAsync(cancel);
        }
    }

    private static void AddGuard(Site site, AdminHandlers admin)
    {
        var (gate, bound, listeners) = (site.The<Gatekeeper>(), site.The<BoundListeners>(), site.The<ListenersPart>());
        new DecisionCalls(gate, site.Clock).Add(admin);
        new EnforcementCalls(site.The<GuardPart>(), site.The<EnforcementPart>(),
            () => new(gate, bound.ReadsProxy, listeners.BelieveOneself, site.Clock)).Add(admin);
    }

    private static void AddSettings(Site site, AdminHandlers admin)
    {
        var reload = site.The<Reload>();
        new SettingsCalls(reload, site.Started, site.The<SettingsReader>().Secrets, site.Clock).Add(admin);
    }

    private static void AddDescribe(Site site, AdminHandlers admin)
    {
        var (ask, clock, reload, store) = (new DescribeAsk(admin), site.Clock, site.The<Reload>(), site.The<SqliteMailStore>());
        var (book, days, switched) = (site.The<FindingBook>(), site.The<DayTallies>(), site.The<RelaySwitch>());
        Func<ServerSettings> settings = () => reload.Settings;
        new DescribeCalls(
        [
            new DescribeServer(settings, FileSystem.Look, clock), new DescribeFindings(book, site.The<DoctorRounds>()),
            new DescribeDomains(ask),
            new DescribeListeners(site.The<BoundListeners>(), () => site.The<CertificatesPart>().Shown is not null, settings),
            new DescribeNetworks(settings), new DescribeRelays(ask, settings, () => switched.Now), new DescribeQueue(store, clock),
            new DescribeDns(site.The<DnsPlanner>()), new DescribeCertificates(ask),
            new DescribeAccounts(site.The<AccountService>(), site.The<AccountBook>(), store, site.The<SendingBrake>(), days.LastLogin),
            new DescribeAliases(ask), new DescribeProbes(site.The<Prober>()),
            new DescribeBackups(() => site.The<BackupPart>().Rounds, clock), new DescribeFilter(site.The<SpamPart>(), settings),
            new DescribeBans(site.The<Gatekeeper>(), () => site.The<GuardPart>().Engine), new DescribeLimits(settings, ask),
            new DescribeChanges(reload, book, () => switched.Now, ask),
        ], settings).Add(admin);
    }

    public ValueTask DisposeAsync() => socket.DisposeAsync();
}
