using System.Threading.Channels;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Guard;

/// <summary>
/// Alerts that the engine has not taken yet, kept over restarts. Bounded; one for each scenario and client; older than a day they are
/// not worth sending. Whoever fires a scenario waits for nothing.
/// </summary>
public sealed class AlertOutbox(EngineClient client, IDocumentRows rows, TimeProvider clock, ILogger log)
{
    public const int Most = 1_000;

    private const string Kind = "engine-alert";
    private const int Batch = 50;
    private static readonly TimeSpan Worth = TimeSpan.FromDays(1);
    private static readonly TimeSpan BeatEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly Channel<EngineAlert> _new = Channel.CreateBounded<EngineAlert>(new BoundedChannelOptions(Most) { SingleReader = true });
    private readonly Dictionary<string, EngineAlert> _waiting = new(StringComparer.Ordinal);
    private TimeSpan _pause;

    public int Count
    {
        get
        {
            lock (_waiting) return _waiting.Count;
        }
    }

    /// <summary>At once; what finds no room is counted.</summary>
    public void Add(EngineAlert alert)
    {
        if (!_new.Writer.TryWrite(alert)) GuardMeters.Alert("dropped");
    }

    /// <summary>Sends until it is stopped; what is not sent then waits for the next start.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await LoadAsync(stop);
        var beat = clock.GetTimestamp();
        while (true)
        {
            await TakeNewAsync(stop);
            if (Count > 0 && _pause == TimeSpan.Zero) await SendAsync(stop);
            else if (_pause > TimeSpan.Zero)
            {
                // The time of the next try; what is new meanwhile is kept, not sent.
                var (until, wait) = (clock.GetTimestamp(), _pause);
                while (clock.GetElapsedTime(until) < wait)
                {
                    await WaitAsync(wait - clock.GetElapsedTime(until), stop);
                    await TakeNewAsync(stop);
                }
                await SendAsync(stop);
            }
            else
            {
                await WaitAsync(BeatEvery - clock.GetElapsedTime(beat), stop);
                if (clock.GetElapsedTime(beat) < BeatEvery) continue;
                beat = clock.GetTimestamp();
                if (Count == 0) await client.BeatAsync(stop);
            }
        }
    }

    private async Task WaitAsync(TimeSpan most, CancellationToken stop)
    {
        if (most <= TimeSpan.Zero) return;
        using var deadline = new CancellationTokenSource(most, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stop);
        try
        {
            await _new.Reader.WaitToReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // The time is over.
        }
    }

    private async Task LoadAsync(CancellationToken stop)
    {
        foreach (var document in await rows.ListDocumentsAsync(default, Kind, stop))
        {
            if (document.Read(AlertJson.Default.EngineAlert) is { } alert)
                lock (_waiting) _waiting.TryAdd(alert.Name, alert);
        }
        GuardMeters.AlertsWaiting(Count);
    }

    private async Task TakeNewAsync(CancellationToken stop)
    {
        var kept = new List<Document>();
        while (_new.Reader.TryRead(out var alert))
        {
            lock (_waiting)
            {
                if (_waiting.Count >= Most)
                {
                    GuardMeters.Alert("dropped");
                    continue;
                }
                if (!_waiting.TryAdd(alert.Name, alert))
                {
                    GuardMeters.Alert("merged");
                    continue;
                }
            }
            kept.Add(Documents.Of(
                Key(alert), alert, AlertJson.Default.EngineAlert, alert.At.ToUnixTimeSeconds(), (alert.At + Worth).ToUnixTimeSeconds()));
        }
        if (kept.Count == 0) return;
        GuardMeters.AlertsWaiting(Count);
        await StoreAsync(kept, [], stop);
    }

    private async Task SendAsync(CancellationToken stop)
    {
        List<EngineAlert> batch;
        lock (_waiting)
        {
            foreach (var old in _waiting.Values.Where(a => clock.GetUtcNow() - a.At > Worth).ToList())
            {
                _waiting.Remove(old.Name);
                GuardMeters.Alert("expired");
            }
            batch = [.. _waiting.Values.OrderBy(a => a.At).Take(Batch)];
        }
        if (batch.Count == 0)
        {
            _pause = TimeSpan.Zero;
            return;
        }
        var reply = await client.SendAsync(batch, stop);
        // What one of many spoils is sent one by one.
        if (reply.Result == EngineResult.NotTaken && batch.Count > 1)
        {
            foreach (var alert in batch)
            {
                var one = await client.SendAsync([alert], stop);
                if (!await DoneAsync([alert], one, stop)) return;
            }
            return;
        }
        await DoneAsync(batch, reply, stop);
    }

    /// <summary>False when the engine is away: later.</summary>
    private async Task<bool> DoneAsync(IReadOnlyList<EngineAlert> sent, EngineReply<string> reply, CancellationToken stop)
    {
        if (reply.Result is EngineResult.Away or EngineResult.NotKnown)
        {
            if (_pause == TimeSpan.Zero)
                log.AlertsWait(Count, reply.Problem);
            _pause = _pause == TimeSpan.Zero ? FirstPause : _pause < LongestPause / 2 ? _pause * 2 : LongestPause;
            GuardMeters.Alert("again", sent.Count);
            return false;
        }
        if (_pause > TimeSpan.Zero) log.AlertsTaken();
        _pause = TimeSpan.Zero;
        if (reply.Result == EngineResult.NotTaken)
            log.AlertRefused(sent[0].Scenario, reply.Problem);
        GuardMeters.Alert(reply.Result == EngineResult.Ok ? "sent" : "refused", sent.Count);
        lock (_waiting) foreach (var alert in sent) _waiting.Remove(alert.Name);
        GuardMeters.AlertsWaiting(Count);
        await StoreAsync([], [.. sent.Select(Key)], stop);
        return true;
    }

    private async Task StoreAsync(IReadOnlyList<Document> set, IReadOnlyList<DocumentKey> remove, CancellationToken stop)
    {
        try
        {
            await rows.ChangeDocumentsAsync(set, remove, stop);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log.AlertsNotStored(e.Message);
        }
    }

    private static DocumentKey Key(EngineAlert alert) => new(default, Kind, alert.Name);
}
