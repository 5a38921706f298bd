using Aviso.Accounts;
using Aviso.Guard;
using Aviso.Settings;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>The guard: its decisions, who answers the listeners, the engine in mode crowdsec and the log that tells one.</summary>
internal sealed class GuardPart : IPart
{
    private readonly Site _site;
    private readonly ILogger _log, _raw;
    private CompatibilityLogFile? _told;

    private GuardPart(Site site, Gatekeeper gate)
    {
        (_site, Gate) = (site, gate);
        (_log, _raw) = (site.Log("Guard"), site.Raw);
    }

    public string Name => "guard";

    public Gatekeeper Gate { get; }

    /// <summary>Told by the accounts.</summary>
    public LoginChanges Changes { get; } = new();

    /// <summary>Keys of bouncers, as the settings say now.</summary>
    public IReadOnlyList<Secret> Bouncers { get; private set; } = [];

    /// <summary>The connection to the engine; null unless the mode is crowdsec.</summary>
    public EngineLink? Engine { get; private set; }

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var log = site.Log("Guard");
        var book = await DecisionBook.OpenAsync(site.The<SqliteMailStore>(), site.Clock, log, cancel);
        var part = new GuardPart(site, site.Put(new Gatekeeper(GuardMapping.Guard(settings), book, site.Clock, log)));
        await part.TakeAsync(settings, cancel);
        site.The<AccountBook>().CredentialChanged += account => part.Changes.Note(account.Value);
        return site.Put(part);
    }

    public async Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        (Gate.Options, Bouncers) = (GuardMapping.Guard(now), now.Guard.Bouncers);
        FormerOwner.Lift(Gate.Options.Owner, Gate.Book, _log);
        var wanted = GuardMapping.Engine(now);
        if (Engine?.Options != wanted)
        {
            if (Engine is { } old) await old.DisposeAsync();
            Engine = wanted is null ? null : new(wanted, Gate, _site.The<SqliteMailStore>(), _site.Clock, _log);
        }
        await TellAsync(now.Guard.CompatibilityLog, now.HostName);
        return [];
    }

    public async ValueTask DisposeAsync()
    {
        if (Engine is { } engine) await engine.DisposeAsync();
        if (_told is { } told) await told.DisposeAsync();
        await Gate.Book.DisposeAsync();
    }

    private async Task TellAsync(string? path, string host)
    {
        if (_told?.Path == path && _told?.Host == host) return;
        if (_told is { } before) await before.DisposeAsync();
        _told = path is null ? null : new(path, host, Gate, _site.Clock, _raw, _log);
    }
}
