using Aviso.Delivery;
using Aviso.Settings;
using Aviso.Store;

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
        // What waits for the former relay goes by the other at once.
        _switch.Changed += _ => site.The<QueueRunner>().Wake();
        _running = Task.WhenAll(bounces.RunAsync(_stop.Token), _switch.RunAsync(_stop.Token));
    }

    public string Name => "relays";

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel) =>
        Task.FromResult<IPart>(new RelaysPart(site, settings));

    public async Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        Take(now);
        // Routes that name the relay of before no more have taken the switch over; a relay that is gone cannot be switched to.
        if (_switch.Now is { IsInForce: true } switched
            && (now.Routes.All(r => r.Relay != switched.From) || now.Relays.All(r => r.Name != switched.To))) await _switch.EndAsync("",
                cancel);
        return [];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _watch.Dispose();
        _lists.Dispose();
        _http.Dispose();
        _stop.Dispose();
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
