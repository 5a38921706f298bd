using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Doctor;
using Aviso.Settings;
using Aviso.Store;
using Aviso.Trace;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>The queue of mail on its way out, and what each account may put into it.</summary>
internal sealed class QueuePart : IPart
{
    private static readonly TimeSpan MetricsEvery = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly QueueRunner _runner;
    private readonly SendingBrake _brake;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Task _running;

    private QueuePart(QueueRunner runner, SendingBrake brake, TimeProvider clock, ILogger log)
    {
        (_runner, _brake, _clock, _log) = (runner, brake, clock, log);
        _running = Task.WhenAll(runner.RunAsync(_stop.Token), MeasureAsync());
    }

    public string Name => "queue";

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var (store, log, clock) = (site.The<SqliteMailStore>(), site.Log("Delivery"), site.Clock);
        var brake = site.Put(await SendingBrake.OpenAsync(SendingMapping.Sending(settings), store, clock, log, cancel));
        var (departures, replies) = (site.Put(new ProbeDepartures()), site.Put(new ReplyWatch(clock)));
        var relays = site.The<RelaySwitch>();
        var parts = new QueueParts(store, store.Spool, site.Reader, site.The<IResolver>(), site.The<IRouter>(), site.The<INoticeTarget>(), site.Ids,
            site.The<OutboundPart>().MayDial, host => string.Equals(host.TrimEnd('.'), settings.HostName, StringComparison.OrdinalIgnoreCase), clock, log)
        {
            IsOurAddress = address => OutboundPart.OwnAddresses().Contains(address),
            Sts = site.The<TransportPart>().Sts,
            TlsTally = site.Put(new TlsTally(store, clock)),
            HoldReason = brake.HoldReason,
            Relayed = site.Put(new RelayLedger(store, clock, log)),
            Left = () => relays.Left,
            Trace = site.The<TraceRecorder>(),
            Tried = (id, tries) =>
            {
                departures.Tried(id, tries);
                replies.Hear(tries);
                relays.Hear(tries);
            },
        };
        var runner = site.Put(new QueueRunner(parts, OutboundMapping.Queue(settings)));
        site.Put(new QueueService(store, clock, runner.Wake, log)
        {
            HoldReason = brake.HoldReason,
            Trace = parts.Trace,
        });
        return new QueuePart(runner, brake, clock, log);
    }

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        _runner.Options = OutboundMapping.Queue(now);
        _runner.Wake();
        _brake.Limits = SendingMapping.Sending(now);
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _runner.Dispose();
        _stop.Dispose();
    }

    private async Task MeasureAsync()
    {
        using var timer = new PeriodicTimer(MetricsEvery, _clock);
        do
        {
            try
            {
                await _runner.RefreshMetricsAsync(_stop.Token);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                _log.QueueNotMeasured(e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(_stop.Token));
    }
}
