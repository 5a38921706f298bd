namespace Aviso.Delivery;

/// <summary>Sessions kept open for a moment after a batch, so that the next one need not dial. Thread-safe.</summary>
internal sealed class HopPool(TimeProvider clock)
{
    /// <summary>Postmasters do not like connections that do nothing; a burst's next batch comes sooner than this.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Destination, TlsWish Wish), Stack<OpenHop>> _parked = [];

    public int Count
    {
        get { lock (_gate) return _parked.Sum(p => p.Value.Count); }
    }

    /// <summary>A session with this destination, these relay settings and this wish, or null.</summary>
    public OpenHop? Take(string destination, RelaySettings? relay, TlsWish wish)
    {
        lock (_gate)
        {
            if (!_parked.TryGetValue((destination, wish), out var hops)) return null;
#pragma warning disable CA2000 // who takes it closes it, or CloseAsync does
            while (hops.TryPop(out var hop))
#pragma warning restore CA2000
            {
                if (hop.Relay == relay && clock.GetElapsedTime(hop.IdleSince) < Idle) return hop with { Reused = true };
                _ = CloseAsync(hop);
            }
            return null;
        }
    }

    public void Park(string destination, OpenHop hop)
    {
        lock (_gate)
        {
            if (!_parked.TryGetValue((destination, hop.Wish), out var hops)) _parked[(destination, hop.Wish)] = hops = new();
            hops.Push(hop with { IdleSince = clock.GetTimestamp() });
        }
    }

    public Task CloseIdleAsync() => CloseAsync(h => clock.GetElapsedTime(h.IdleSince) >= Idle);

    public Task CloseAsync() => CloseAsync(_ => true);

    private Task CloseAsync(Func<OpenHop, bool> which)
    {
        var closing = new List<OpenHop>();
        lock (_gate)
        {
            foreach (var (destination, hops) in _parked.ToList())
            {
                closing.AddRange(hops.Where(which));
                var kept = hops.Where(h => !which(h)).Reverse().ToList();
                if (kept.Count == 0) _parked.Remove(destination);
                else _parked[destination] = new(kept);
            }
        }
        return Task.WhenAll(closing.Select(CloseAsync));
    }

    private static async Task CloseAsync(OpenHop hop)
    {
        await hop.Client.QuitAsync(CancellationToken.None);
        await hop.DisposeAsync();
    }
}
