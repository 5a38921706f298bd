using Aviso.Base;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Web;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>Decisions bite on what is open already and, where it is told, in the kernel. Begins when the listeners are bound: their ports are known then.</summary>
internal sealed class EnforcementPart : IPart
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Gatekeeper _gate;
    private readonly IReadOnlyList<int> _ports;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Task _beating;
    private ServerSettings _settings;

    private EnforcementPart(Site site, ServerSettings settings)
    {
        var guard = site.The<GuardPart>();
        var (mail, web) = (site.The<ListenersPart>(), site.The<WebGate>());
        (_gate, _clock, _log, _settings) = (guard.Gate, site.Clock, site.Log("Guard"), settings);
        _ports =
        [
            .. mail.Bound.Where(b => b.Settings.Kind != ListenerKind.Lmtp).Select(b => b.Bound.Port)
                .Concat(settings.Listeners.Where(l => l.Kind == ListenerKind.Https && l.Address.Port > 0).Select(l => l.Address.Port))
                .Distinct().Order(),
        ];
        _beating = new CutBeat(_gate, guard.Changes, client =>
        {
            mail.Host.Cut(client, Reason.Banned);
            web.Cut(client);
        }, over => mail.Host.CutLogins(over, Reason.CredentialChanged), _clock).RunAsync(_stop.Token);
    }

    public string Name => "enforcement";

    /// <summary>The export to the kernel's sets; null when there is none.</summary>
    public NftablesExport? Nftables { get; private set; }

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var part = new EnforcementPart(site, settings);
        await part.TakeAsync(settings, cancel);
        return site.Put(part);
    }

    public async Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        _settings = now;
        var wanted = GuardMapping.Nftables(now, _ports);
        if (Nftables?.Options == wanted) return [];
        if (Nftables is { } old)
        {
            await old.DisposeAsync();
            Nftables = null;
            if (old.Options.Table != wanted?.Table && await NftablesExport.RemoveAsync(old.Options.Table, default) is { } problem)
                _log.TableStays(old.Options.Table, problem);
        }
        if (wanted is not null) Nftables = new(wanted, _gate, _clock, _log);
        return [];
    }

    /// <summary>Takes our table out of the kernel; a later start or reload with the setting brings it back. Null, or what went wrong.</summary>
    public async Task<string?> RemoveTableAsync(CancellationToken cancel)
    {
        var table = Nftables?.Options.Table ?? _settings.Guard.Nftables.Table;
        if (Nftables is { } old) await old.DisposeAsync();
        Nftables = null;
        return await NftablesExport.RemoveAsync(table, cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _beating.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Nftables is { } nftables) await nftables.DisposeAsync();
        _stop.Dispose();
    }
}
