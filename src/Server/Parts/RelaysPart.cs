using Aviso.Delivery;
using Aviso.Settings;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>What relays say of mail after they took it: their webhooks, bounces by mail, and the lists of recipients that they
/// block.</summary>
internal sealed class RelaysPart : IPart
{
    private const int MostFetched = 64 * 1024;

    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _http = SuppressionList.Client();
    private readonly RelayWatch _watch;
    private readonly RelayHooks _hooks;
    private readonly RelaySuppressions _lists;
    private readonly RelaySwitch _switch;
    private readonly Task _running;
    private readonly SqliteMailStore _store;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Action _wake;
    private volatile Task _moving = Task.CompletedTask;
    private volatile ServerSettings _settings;

    private RelaysPart(Site site, ServerSettings settings)
    {
        _settings = settings;
        var (store, log, ledger) = (site.The<SqliteMailStore>(), site.Log("Delivery"), site.The<RelayLedger>());
        _watch = site.Put(new RelayWatch(ledger, () => _settings.HostName,
            new(store, site.Reader, site.The<IRouter>(), site.The<INoticeTarget>(),
            site.Ids, site.The<QueueRunner>().Wake, site.Clock, log)));
        _hooks = site.Put(new RelayHooks(_watch, store, site.Clock, log));
        _lists = site.Put(new RelaySuppressions(ledger, site.Clock, log));
        var bounces = site.Put(new RelayBounces(_watch, () => [.. _settings.Relays.Select(r => r.Name)], site.Clock, log));
        ledger.IsHeard = _hooks.Has;
        Take(settings);
        _switch = site.The<RelaySwitch>();
        (_store, _clock, _log, _wake) = (store, site.Clock, log, site.The<QueueRunner>().Wake);
        _switch.Changed += _ => _moving = MoveAsync(_switch.Left);
        _running = Task.WhenAll(bounces.RunAsync(_stop.Token), _switch.RunAsync(_stop.Token));
    }

    public string Name => "relays";

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel) =>
        Task.FromResult<IPart>(new RelaysPart(site, settings));

    public async Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        Take(now);
        if (_switch.Now is { } switched && RoutesMapping.IsOver(now, switched)) await _switch.ForgetAsync(cancel);
        return [];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _moving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _watch.Dispose();
        _lists.Dispose();
        _http.Dispose();
        _stop.Dispose();
    }

    // What waits for the former relay goes by the other at once, and not when it would have been tried again there.
    private async Task MoveAsync(LeftRelay? left)
    {
        try
        {
            if (left is not null)
                await _store.ChangeQueueAsync(
                    new(Destination: left.Destination), QueueChange.RetryNow, _clock.GetUtcNow().ToUnixTimeMilliseconds(), _stop.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _log.WaitingNotMoved(e, left!.Destination);
        }
        _wake();
    }

    private void Take(ServerSettings now)
    {
        _settings = now;
        _hooks.Take(RelayEventsMapping.Hooks(now), FetchAsync);
        _lists.Take(RelayEventsMapping.Suppressions(now));
    }

    /// <summary>From SNS alone: the hook has looked where it leads.</summary>
    private async Task<string?> FetchAsync(Uri at, CancellationToken cancel)
    {
        try
        {
            using var reply = await _http.GetAsync(at, cancel);
            if (!reply.IsSuccessStatusCode) return null;
            var text = await reply.Content.ReadAsStringAsync(cancel);
            return text.Length <= MostFetched ? text : null;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            return null;
        }
    }
}
