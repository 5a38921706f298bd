using System.Net;
using System.Net.NetworkInformation;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Guard;
using Aviso.Imap;
using Aviso.ManageSieve;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Smtp;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>The settings contradict themselves in a way only the parts can see; the texts name both places.</summary>
internal sealed class ContradictionException(IReadOnlyList<string> texts) : Exception(string.Join('\n', texts))
{
    public IReadOnlyList<string> Texts => texts;
}

/// <summary>
/// Everything between the listeners and the disk, started in the order of this file and stopped in reverse: store, accounts,
/// certificates, queue, listeners. Takes new settings while it runs.
/// </summary>
internal sealed class MailParts : IAsyncDisposable, IReloadable
{
    private static readonly TimeSpan MetricsEvery = TimeSpan.FromSeconds(10);

    private readonly RunningParts _running = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ILoggerFactory _logs;
    private readonly TimeProvider _clock;
    private readonly LiveRouter _router = new();
    private AccountBook _book = null!;
    private Authenticator _authenticator = null!;
    private WireHost _host = null!;
    private QueueRunner _runner = null!;
    private Resolver _resolver = null!;
    private DialGuard _guard = null!;
    private ServerSettings _started = null!;
    private ServerSettings _now = null!;
    private IPNetwork? _ownProxy;
    private IReadOnlyList<string> _kept = [];
    private Task _preparing = Task.CompletedTask;

    private MailParts(ILoggerFactory logs, TimeProvider clock) => (_logs, _clock) = (logs, clock);

    public string Name => "mail";

    public SqliteMailStore Store { get; private set; } = null!;

    public AccountBook Book => _book;

    public AccountService Accounts { get; private set; } = null!;

    public QueueService Queue { get; private set; } = null!;

    public CertificateParts Certificates { get; private set; } = null!;

    public SpamParts Spam { get; private set; } = null!;

    public SenderParts Senders { get; private set; } = null!;

    /// <summary>What each account may send.</summary>
    public SendingBrake Brake { get; private set; } = null!;

    public LoginParts Logins { get; private set; } = null!;

    public GuardParts Front { get; private set; } = null!;

    public TransportParts Transport { get; private set; } = null!;

    public SieveScripts Scripts { get; private set; } = null!;

    /// <summary>What Sieve does with a message; the verbs try scripts with it.</summary>
    public SieveStep Sieve { get; private set; } = null!;

    public SieveTrials SieveTrials { get; private set; } = null!;

    /// <summary>What is listened on; known after <see cref="Listen"/>.</summary>
    public IReadOnlyList<(ListenerSettings Settings, IPEndPoint Bound)> Bound => _host.Bound;

    /// <summary>Whose addresses are internal, of proxies, or may log in without TLS, as the settings say now.</summary>
    public WireHostOptions Wiring => _host.Options;

    /// <summary>An address of loopback that is believed when it says by PROXY who connects, until it is disposed: for tries of our own.</summary>
    public IDisposable BelieveOneself(out IPAddress source)
    {
        // Any of 127.0.0.0/8 will do; one that nobody else comes from.
        source = new([127, (byte)Random.Shared.Next(1, 255), (byte)Random.Shared.Next(1, 255), (byte)Random.Shared.Next(1, 255)]);
        _ownProxy = new(source, 32);
        _host.Options = Wire(_now);
        return new Believing(this);
    }

    private WireHostOptions Wire(ServerSettings settings) =>
        Mapping.Wire(settings) is var wire && _ownProxy is { } own ? wire with { Proxies = new([.. settings.Networks.Proxies, own]) } : wire;

    /// <summary>Options of the store of these settings; the verbs open it with the same.</summary>
    public static StoreOptions StoreOptions(ServerSettings settings, IMessageReader reader, TimeProvider clock, ILogger log) => new()
    {
        DataFolder = settings.Data,
        Clock = clock,
        Log = log,
        Reader = reader,
        UndeleteWindow = settings.Store.Undelete,
    };

    /// <summary>Opens and starts everything but the listeners.</summary>
    /// <exception cref="ContradictionException">Accounts, aliases or domains contradict each other.</exception>
    public static async Task<MailParts> StartAsync(
        ServerSettings settings, ILoggerFactory logs, TimeProvider clock, CancellationToken cancel)
    {
        var parts = new MailParts(logs, clock);
        try
        {
            await parts.OpenAsync(settings, cancel);
            return parts;
        }
        catch
        {
            await parts.DisposeAsync();
            throw;
        }
    }

    private async Task OpenAsync(ServerSettings settings, CancellationToken cancel)
    {
        _started = _now = settings;
        var reader = new MessageReader();
        Store = _running.Add(await SqliteMailStore.OpenAsync(StoreOptions(settings, reader, _clock, _logs.CreateLogger("Aviso.Store")), cancel));

        _book = _running.Add(new AccountBook(Store, _clock, _logs.CreateLogger("Aviso.Accounts")));
        if (await ApplyAccountsAsync(settings, cancel) is { Count: > 0 } contradictions) throw new ContradictionException(contradictions);
        Logins = _running.Add(await LoginParts.OpenAsync(settings, _book, Store, _clock, _logs.CreateLogger("Aviso.Accounts"), cancel));
        _authenticator = Logins.Authenticator;
        Accounts = new(_book, _authenticator);
        _preparing = _authenticator.PrepareAsync(_stop.Token);

        Front = _running.Add(await GuardParts.OpenAsync(settings, Store, _clock, _logs, cancel));
        _book.CredentialChanged += account => Front.Changes.Note(account.Value);
        var ids = new IdSource(_clock);
        _router.Now = Mapping.Routes(settings);
        _guard = Guard(settings);
        _resolver = _running.Add(new Resolver(new() { Upstreams = settings.Dns.Resolvers, Clock = _clock })
        {
            OwnDomains = OwnDomains,
        });
        Spam = _running.Add(SpamParts.Start(
            settings, Store, _clock, _logs.CreateLogger("Aviso.Spam"), new(_resolver, domain => _book.Table.IsLocalDomain(domain), Front.Gate)));
        await Spam.LoadAsync(cancel);
        Certificates = _running.Add(await CertificateParts.OpenAsync(settings, Store, _resolver, _logs.CreateLogger("Aviso.Net"), _clock, cancel));
        var delivery = _logs.CreateLogger("Aviso.Delivery");
        Transport = _running.Add(TransportParts.Start(settings, Store, _resolver, address => _guard.Allows(address), _clock, delivery));
        Senders = _running.Add(await SenderParts.OpenAsync(settings, _book, Store, reader, _router, _resolver, ids, () => _runner.Wake(), _clock, delivery, cancel));
        Spam.Verifier = Senders.Verifier;
        Brake = await SendingBrake.OpenAsync(Mapping.Sending(settings), Store, _clock, delivery, cancel);
        _runner = new(new(Store, Store.Spool, reader, _resolver, _router, new NoticeTarget(_book, Senders.Srs, settings.Outbound.Capture), ids, address => _guard.Allows(address),
            host => string.Equals(host.TrimEnd('.'), settings.Hostname, StringComparison.OrdinalIgnoreCase), _clock, delivery)
        {
            IsOurAddress = address => OwnAddresses().Contains(address),
            Sts = Transport.Sts,
            TlsTally = Senders.Tls,
            HoldReason = Brake.HoldReason,
        }, Mapping.Queue(settings));
        Queue = new(Store, _clock, _runner.Wake, delivery) { HoldReason = Brake.HoldReason };
        var running = Task.WhenAll(_runner.RunAsync(_stop.Token), MeasureAsync(_stop.Token));
        _running.Add(new Ending(async () =>
        {
            await _stop.CancelAsync();
            await Task.WhenAll(running, _preparing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }));

        Scripts = _running.Add(new SieveScripts(Store, _clock, Mapping.Scripts(settings)));
        Sieve = new(Mapping.SieveStep(settings), Scripts, Store, _clock, delivery)
        {
            HasWrittenTo = (account, address) => Spam.Correspondents?.HasWrittenTo(account, address) == true,
        };
        SieveTrials = new(Sieve, Store, _clock) { RejectAt = () => Spam.Filter.Options.Reject };

        var receiver = new MailReceiver(Mapping.Receive(settings), _book, Store, reader, _router, ids, _clock, delivery)
        {
            Queued = _runner.Wake,
            Filters = Senders.Filters(Spam, Sieve, new(new NoticeTarget(_book, Senders.Srs, settings.Outbound.Capture), _book, Store, reader, _router, _clock, delivery)) with { Sending = Brake },
        };
        Senders.Start();
        Transport.Watch(() => _book.Table.Domains, Certificates, delivery);
        _host = Host(settings, reader, receiver, ids);
    }

    private WireHost Host(ServerSettings settings, IMessageReader reader, MailReceiver receiver, IdSource ids)
    {
        var smtpLog = _logs.CreateLogger("Aviso.Smtp");
        var logins = Front.Before(_authenticator);
        var guard = new SmtpGuard(Front.Gate);
        // Strangers' mail comes in without a login; people come in by submission.
        var open = new SmtpServer(Mapping.Smtp(settings), receiver, null, smtpLog, _clock, guard);
        var submission = new SmtpServer(Mapping.Smtp(settings), receiver, logins, smtpLog, _clock, guard);
        var imap = new ImapServer(Mapping.Imap(settings), Store, reader, logins, _clock, _logs.CreateLogger("Aviso.Imap"));
        var sieve = new ManageSieveServer(
            Mapping.ManageSieve(settings), Mapping.Sieve(settings), Scripts, logins, _clock, _logs.CreateLogger("Aviso.ManageSieve"));
        return new(Mapping.Wire(settings), kind => kind switch
        {
            ListenerKind.Smtp or ListenerKind.Lmtp => open,
            ListenerKind.Submission or ListenerKind.Submissions => submission,
            ListenerKind.Imap or ListenerKind.Imaps => imap,
            ListenerKind.ManageSieve => sieve,
            _ => throw new InvalidOperationException($"nothing speaks {kind}"),
        }, _clock, _logs.CreateLogger("Aviso.Net"), Certificates.Shown, ids, Front.Gate, Front.Gate);
    }

    /// <summary>Binds the mail listeners; from here on mail is taken.</summary>
    public void Listen(ServerSettings settings)
    {
        _host.Start(Mapping.MailListeners(settings));
        _running.Add(new Ending(Front.Watch(Cut, over => _host.CutLogins(over, Reason.CredentialChanged), () => [.. _host.Bound.Where(b => b.Settings.Kind != ListenerKind.Lmtp).Select(b => b.Bound.Port)
            .Concat(settings.Listeners.Where(l => l.Kind == ListenerKind.Https && l.Address.Port > 0).Select(l => l.Address.Port)).Distinct().Order()])));
        _running.Add(_host);
        _running.Add(new Ending(() => _host.StopAsync(Serve.DrainPatience)));
    }

    /// <summary>Ends connections of other listeners too when a ban begins.</summary>
    public Action<Func<IPAddress, bool>>? CutElsewhere { get; set; }

    private void Cut(Func<IPAddress, bool> client)
    {
        _host.Cut(client, Reason.Banned);
        CutElsewhere?.Invoke(client);
    }

    public async Task<IReadOnlyList<string>> RefusesAsync(ServerSettings now, CancellationToken cancel) =>
        [.. (await _book.TryAsync(Mapping.Accounts(now), cancel)).Select(c => c.ToString())];

    public async Task<string?> ReloadAsync(ServerSettings old, ServerSettings now, CancellationToken cancel)
    {
        var later = new List<string>();
        // Only a verb that came between the look and the change can still contradict.
        if (await ApplyAccountsAsync(now, cancel) is { Count: > 0 } contradictions)
            later.Add("accounts and aliases stay as they were: " + string.Join("; ", contradictions));
        if (_kept.Count > 0) later.AddRange(_kept);
        if (_preparing.IsCompleted) _preparing = _authenticator.PrepareAsync(_stop.Token);
        if (!Certificates.Take(now))
            later.Add("the new certificates cannot be used, the old ones stay");
        await Senders.ApplyAsync(now, cancel);
        _router.Now = Mapping.Routes(now);
        _guard = Guard(now);
        _runner.Options = Mapping.Queue(now);
        _runner.Wake();
        _resolver.OwnDomains = OwnDomains;
        _now = now;
        _host.Options = Wire(now);
        Brake.Limits = Mapping.Sending(now);
        await Front.TakeAsync(now);
        Transport.Take(now);
        Logins.Take(now);
        Spam.Take(now, _logs.CreateLogger("Aviso.Spam"));
        if (Spam.Learner is { } learner) learner.Enabled = now.Spam is { Enabled: true, LearnFromJunk: true };
        if (NeedsRestart(_started, now) is { Count: > 0 } keys) later.Add($"changes of {string.Join(", ", keys)} hold after a restart");
        return later.Count == 0 ? null : string.Join("; ", later);
    }

    private HashSet<string> OwnDomains => _book.Table.Domains.ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>After a verb added or removed a domain: it signs and is asked of the DNS as our own.</summary>
    public async Task TakeDomainsAsync(CancellationToken cancel)
    {
        _resolver.OwnDomains = OwnDomains;
        await Senders.TakeDomainsAsync(cancel);
    }

    /// <summary>What was read since the start and holds after a restart only.</summary>
    public IReadOnlyList<WaitingKey> Waiting() => Waiting(_started, _now);

    // Compared with what the parts were started with, so that a change that still waits is said at every reload.
    internal static IReadOnlyList<string> NeedsRestart(ServerSettings old, ServerSettings now)
    {
        var keys = Waiting(old, now).Select(w => w.Key);
        // Certificates come and go while the server runs; where they come from does not.
        return [.. (!old.Tls.IsConfigured && now.Tls.IsConfigured) || old.Tls.HasAcme != now.Tls.HasAcme ? keys.Append("tls") : keys];
    }

    private static IReadOnlyList<WaitingKey> Waiting(ServerSettings old, ServerSettings now) =>
    [
        .. ServerSettings.Table.Waiting("", old, now),
        .. TlsSection.Table.Waiting("tls.", old.Tls, now.Tls),
        .. StoreSection.Table.Waiting("store.", old.Store, now.Store),
        .. LimitsSection.Table.Waiting("limits.", old.Limits, now.Limits),
        .. SieveSection.Table.Waiting("sieve.", old.Sieve, now.Sieve),
        .. OutboundSection.Table.Waiting("outbound.", old.Outbound, now.Outbound),
        .. MtaStsSection.Table.Waiting("mta_sts.", old.MtaSts, now.MtaSts),
        .. DnsSection.Table.Waiting("dns.", old.Dns, now.Dns),
    ];

    private async Task<IReadOnlyList<string>> ApplyAccountsAsync(ServerSettings settings, CancellationToken cancel)
    {
        var log = _logs.CreateLogger("Aviso.Accounts");
        var applied = await _book.ApplyAsync(Mapping.Accounts(settings), cancel);
        foreach (var warning in applied.Warnings) log.LogWarning("{Warning}", warning);
        // The book has logged and counted these itself; the verb that reloads shows them.
        _kept = applied.Events;
        return [.. applied.Contradictions.Select(c => c.ToString())];
    }

    private static DialGuard Guard(ServerSettings settings) => new(settings.Outbound.AllowPrivate, OwnAddresses);

    private static IReadOnlySet<IPAddress> OwnAddresses() => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(n => n.GetIPProperties().UnicastAddresses).Select(a => Networks.Normal(a.Address)).ToHashSet();

    private async Task MeasureAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(MetricsEvery, _clock);
        do
        {
            try
            {
                await _runner.RefreshMetricsAsync(stop);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                _logs.CreateLogger("Aviso.Delivery").LogWarning("the queue's metrics could not be read: {Error}", e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stop));
    }

    public async ValueTask DisposeAsync()
    {
        await _running.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>The routes of the settings that hold now.</summary>
    private sealed class LiveRouter : IRouter
    {
        private volatile Router _now = new([]);

        public Router Now
        {
            set => _now = value;
        }

        public string DestinationFor(MailAddress sender, MailAddress recipient) => _now.DestinationFor(sender, recipient);
    }

    private sealed class Believing(MailParts mail) : IDisposable
    {
        public void Dispose()
        {
            mail._ownProxy = null;
            mail._host.Options = mail.Wire(mail._now);
        }
    }

    private sealed class Ending(Func<Task> end) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => new(end());
    }
}
