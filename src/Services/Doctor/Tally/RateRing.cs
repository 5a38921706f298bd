namespace Aviso.Doctor;

/// <summary>How many there were in each second of the last minute. Thread-safe.</summary>
internal sealed class RateRing(TimeProvider clock)
{
    private const int Seconds = 60;

    private readonly Lock _gate = new();
    // One more than is told: the second that is not over yet.
    private readonly (long Second, long Count)[] _counts = new (long, long)[Seconds + 1];

    public void Add(long count)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        lock (_gate)
        {
            // A clock without a battery may stand before 1970.
            ref var place = ref _counts[(int)(((now % _counts.Length) + _counts.Length) % _counts.Length)];
            if (place.Second != now) place = (now, 0);
            place.Count += count;
        }
    }

    /// <summary>In the last second that is over, and in the minute before now.</summary>
    public (long Second, long Minute) Read()
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        long second = 0, minute = 0;
        lock (_gate)
        {
            foreach (var (at, count) in _counts)
            {
                if (at == now - 1) second = count;
                if (at > now - Seconds && at <= now) minute += count;
            }
        }
        return (second, minute);
    }
}
