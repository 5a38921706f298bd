using System.Collections.Concurrent;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>
/// How much may still go through a relay in its rolling span: what the store counted plus what is on the way now. The last part
/// is kept for people (RFC 3834 and list mail stop first). Thread-safe.
/// </summary>
internal sealed class RelayQuota(IQueueRows queue, TimeProvider clock) : IDisposable
{
    private readonly ConcurrentDictionary<string, int> _reserved = new();
    private readonly SemaphoreSlim _gate = new(1);

    public void Dispose() => _gate.Dispose();

    /// <summary>Takes up to <paramref name="wanted"/> recipients of quota for mail of this priority; end it with
    /// <see cref="SettleAsync"/>, or give back what was not used with <see cref="Return"/>.</summary>
    public async Task<int> TakeAsync(RelaySettings relay, QueuePriority priority, int wanted, CancellationToken cancel)
    {
        if (relay.Quota <= 0) return wanted;
        await _gate.WaitAsync(cancel);
        try
        {
            var left = await LeftAsync(relay, cancel);
            var taken = (int)Math.Clamp(left - KeptFrom(relay, priority), 0, wanted);
            _reserved.AddOrUpdate(relay.Name, taken, (_, now) => now + taken);
            QueueMeters.QuotaRemaining[relay.Name] = Math.Max(0, left - taken);
            return taken;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Return(RelaySettings relay, int recipients)
    {
        if (relay.Quota > 0) _reserved.AddOrUpdate(relay.Name, 0, (_, now) => Math.Max(0, now - recipients));
    }

    /// <summary>Writes what became of recipients that were taken. From then on the store counts them; nobody looks in between,
    /// when both counts have them (mail would be held for nothing) or neither has (too much would be sent).</summary>
    public async Task SettleAsync(RelaySettings relay, int recipients, Func<Task> write)
    {
        if (relay.Quota <= 0)
        {
            await write();
            return;
        }
        await _gate.WaitAsync();
        try
        {
            await write();
        }
        finally
        {
            Return(relay, recipients);
            _gate.Release();
        }
    }

    /// <summary>Recipients left in its rolling span, for the metric and the verbs.</summary>
    public async Task<long> RemainingAsync(RelaySettings relay, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            return await LeftAsync(relay, cancel);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The first of these that would take mail of this priority now; null when none would.</summary>
    public async Task<RelaySettings?> FirstWithRoomAsync(IEnumerable<RelaySettings> relays, QueuePriority priority,
        CancellationToken cancel)
    {
        foreach (var relay in relays)
            if (relay.Quota <= 0 || await RemainingAsync(relay, cancel) > KeptFrom(relay, priority)) return relay;
        return null;
    }

    private async Task<long> LeftAsync(RelaySettings relay, CancellationToken cancel)
    {
        var since = (clock.GetUtcNow() - relay.QuotaSpan).ToUnixTimeMilliseconds();
        return relay.Quota - await queue.RelayUseAsync(relay.Name, since, cancel) - _reserved.GetValueOrDefault(relay.Name);
    }

    private static long KeptFrom(RelaySettings relay, QueuePriority priority) => priority switch
    {
        QueuePriority.Person => 0,
        QueuePriority.Automatic => (long)Math.Round(relay.Quota * relay.Reserve),
        // Never all of it: what is held must be able to go one day.
        _ => (long)Math.Round(relay.Quota * Math.Min(relay.Reserve * 2, (1 + relay.Reserve) / 2)),
    };
}

/// <summary>Which relays stand in for which, in their order: each relay names the next.</summary>
internal sealed class SpillChains(IReadOnlyList<RelaySettings> relays)
{
    /// <summary>The relay of a destination and those after it; none when the destination is no relay of the settings.</summary>
    public IReadOnlyList<RelaySettings> Of(string destination)
    {
        var chain = new List<RelaySettings>();
        var next = relays.FirstOrDefault(r => r.Destination == destination);
        while (next is not null && !chain.Contains(next))
        {
            chain.Add(next);
            next = next.Spill is { } name ? relays.FirstOrDefault(r => r.Name == name) : null;
        }
        return chain;
    }
}
