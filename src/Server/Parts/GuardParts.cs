using Aviso.Accounts;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>The guard of this server: its decisions, who answers the listeners, the engine in mode crowdsec, and the beat that makes a ban bite on open connections.</summary>
internal sealed class GuardParts : IAsyncDisposable
{
    private readonly IDocumentRows _rows;
    private readonly ILoggerFactory _logs;
    private readonly ILogger _log;
    private readonly TimeProvider _clock;
    private CompatibilityLogFile? _told;
    private ServerSettings _settings = null!;
    private Func<IReadOnlyList<int>>? _ports;

    private GuardParts(Gatekeeper gate, IDocumentRows rows, TimeProvider clock, ILoggerFactory logs, ILogger log) =>
        (Gate, _rows, _clock, _logs, _log) = (gate, rows, clock, logs, log);

    public Gatekeeper Gate { get; }

    /// <summary>Told by the accounts; see <see cref="Watch"/>.</summary>
    public LoginChanges Changes { get; } = new();

    /// <summary>Keys of bouncers, as the settings say now.</summary>
    public IReadOnlyList<Secret> Bouncers { get; private set; } = [];

    /// <summary>The connection to the engine; null unless the mode is crowdsec.</summary>
    public EngineLink? Engine { get; private set; }

    /// <summary>The export to the kernel's sets; null when there is none.</summary>
    public NftablesExport? Nftables { get; private set; }

    public static async Task<GuardParts> OpenAsync(ServerSettings settings, IDocumentRows rows, TimeProvider clock, ILoggerFactory logs, CancellationToken cancel)
    {
        var log = logs.CreateLogger("Aviso.Guard");
        var book = await DecisionBook.OpenAsync(rows, clock, log, cancel);
        var parts = new GuardParts(new(Options(settings), book, clock, log), rows, clock, logs, log);
        await parts.TakeAsync(settings);
        return parts;
    }

    public IAuthenticator Before(IAuthenticator inner) => new GuardedLogin(inner, Gate, Changes, _clock, _log)
    {
        NameOf = static user => AddressKey.TryParse(user, out var key) ? key.ToString() : user.ToLowerInvariant(),
    };

    /// <summary>What the settings say now: the owner of policy, the engine and the log that tells one.</summary>
    public async Task TakeAsync(ServerSettings settings)
    {
        _settings = settings;
        (Gate.Options, Bouncers) = (Options(settings), settings.Guard.Bouncers);
        FormerOwner.Lift(Gate.Options.Owner, Gate.Book, _log);
        var wanted = settings.Guard.Mode == GuardMode.Crowdsec ? EngineOf(settings.Guard.Crowdsec) : null;
        if (Engine?.Options != wanted)
        {
            if (Engine is { } old) await old.DisposeAsync();
            Engine = wanted is null ? null : new(wanted, Gate, _rows, _clock, _log);
        }
        await ExportAsync();
        if (_told?.Path == settings.Guard.CompatibilityLog && _told?.Host == settings.Hostname) return;
        if (_told is { } before) await before.DisposeAsync();
        _told = settings.Guard.CompatibilityLog is { } path ? new(path, settings.Hostname, Gate, _clock, _logs.CreateLogger(LogWriter.AsItIs), _log) : null;
    }

    /// <summary>Ends connections of those who are banned while connected and of logins whose password changed, within one beat; the
    /// result stops it.</summary>
    /// <param name="cut">Ends the connections of clients that may not be here.</param>
    /// <param name="cutLogins">Ends the connections of logins that no longer hold.</param>
    /// <param name="ports">What the kernel is to shut to the banned, if it is told.</param>
    public Func<Task> Watch(Action<Func<System.Net.IPAddress, bool>> cut, Action<Func<Principal, bool>> cutLogins, Func<IReadOnlyList<int>> ports)
    {
        _ports = ports;
        var exporting = ExportAsync();
        var stop = new CancellationTokenSource();
        var watching = new CutBeat(Gate, Changes, cut, cutLogins, _clock).RunAsync(stop.Token);
        return async () =>
        {
            await exporting;
            await stop.CancelAsync();
            await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.Dispose();
        };
    }

    public async ValueTask DisposeAsync()
    {
        if (Nftables is { } nftables) await nftables.DisposeAsync();
        if (Engine is { } engine) await engine.DisposeAsync();
        if (_told is { } told) await told.DisposeAsync();
        await Gate.Book.DisposeAsync();
    }

    /// <summary>Takes our table out of the kernel; a later start or reload with the setting brings it back. Null, or what went wrong.</summary>
    public async Task<string?> RemoveTableAsync(CancellationToken cancel)
    {
        var table = Nftables?.Options.Table ?? _settings.Guard.Nftables.Table;
        if (Nftables is { } old) await old.DisposeAsync();
        Nftables = null;
        return await NftablesExport.RemoveAsync(table, cancel);
    }

    // Begins when the listeners are bound: their ports are known then.
    private async Task ExportAsync()
    {
        if (_ports is null) return;
        var guard = _settings.Guard;
        var wanted = guard.HasNftables ? new NftablesOptions(guard.Nftables.Table, guard.Nftables.Drop, _ports()) : null;
        if (Nftables?.Options == wanted) return;
        if (Nftables is { } old)
        {
            await old.DisposeAsync();
            Nftables = null;
            if (old.Options.Table != wanted?.Table && await NftablesExport.RemoveAsync(old.Options.Table, default) is { } problem)
                _log.TableStays(old.Options.Table, problem);
        }
        if (wanted is not null) Nftables = new(wanted, Gate, _clock, _log);
    }

    private static EngineOptions EngineOf(EngineSection engine) => new(new Uri(engine.Url), engine.Key!.Reveal())
    {
        Every = engine.Every,
        Machine = engine.Machine,
        Password = engine.Password?.Reveal(),
        Authority = engine.Authority?.Reveal(),
        Version = BuildInfo.Version,
    };

    private static GuardOptions Options(ServerSettings settings) => new(
        settings.Guard.Mode switch
        {
            GuardMode.Builtin => GuardOwner.Builtin,
            GuardMode.Crowdsec => GuardOwner.Crowdsec,
            _ => GuardOwner.None,
        },
        new([.. settings.Networks.Internal, .. settings.Networks.Proxies, .. settings.Networks.TrustedRelays, .. settings.Guard.Never]),
        PerMinute(settings.Limits.Connections), PerMinute(settings.Limits.Messages))
    {
        Ban = settings.Guard.Ban,
        CommandsPerMinute = PerMinute(settings.Limits.Commands),
        RecipientsPerMinute = PerMinute(settings.Limits.ClientRecipients),
        RefusedRecipientsPerMinute = PerMinute(settings.Limits.RefusedRecipients),
        GreetingPause = settings.Limits.GreetingPause,
    };

    private static double PerMinute(Rate rate) => rate.Count / rate.Per.TotalMinutes;
}
