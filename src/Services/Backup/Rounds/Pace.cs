namespace Aviso.Backup;

/// <summary>Holds what goes to one target to so many octets a second; one second's worth may go at once.</summary>
internal sealed class Pace(TimeProvider clock)
{
    private readonly Lock _gate = new();
    private long _freeAt = clock.GetTimestamp();

    /// <summary>0: no limit.</summary>
    public long OctetsPerSecond { get; set; }

    /// <summary>Returns when these octets may go.</summary>
    public async Task GoAsync(long octets, CancellationToken cancel)
    {
        if (OctetsPerSecond is not (> 0 and var rate)) return;
        TimeSpan wait;
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            wait = clock.GetElapsedTime(now, _freeAt);
            var from = wait > TimeSpan.Zero ? _freeAt : now;
            _freeAt = from + (long)((double)octets / rate * clock.TimestampFrequency);
        }
        if (wait > TimeSpan.Zero) await Task.Delay(wait, clock, cancel);
    }
}
