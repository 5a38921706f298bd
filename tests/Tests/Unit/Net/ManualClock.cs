namespace Aviso.Tests.Unit.Net;

/// <summary>A clock that only moves when told; its timers fire inside <see cref="Advance"/>, in order.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly DateTimeOffset _start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private TimeSpan _passed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate) return _start + _passed;
    }

    public override long GetTimestamp()
    {
        lock (_gate) return _passed.Ticks;
    }

    public void Advance(TimeSpan by)
    {
        TimeSpan end;
        lock (_gate) end = _passed + by;
        while (true)
        {
            ManualTimer? next;
            lock (_gate)
            {
                next = _timers.Where(t => t.Due <= end).MinBy(t => t.Due);
                _passed = next is null ? end : next.Due > _passed ? next.Due : _passed;
                if (next is null) return;
                if (next.Period > TimeSpan.Zero) next.Due += next.Period;
                else _timers.Remove(next);
            }
            next.Fire();
        }
    }

    /// <summary>Moves on by <paramref name="step"/> again and again until <paramref name="end"/> is reached, giving others a turn
    /// between.</summary>
    public async Task AdvanceUntilAsync(Task end, TimeSpan step, string what)
    {
        await Patience.UntilAsync(
            () =>
            {
                if (!end.IsCompleted) Advance(step);
                return end.IsCompleted;
            },
            what, pause: 2);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class ManualTimer(ManualClock clock, TimerCallback callback, object? state) : ITimer
    {
        public TimeSpan Due { get; set; }

        public TimeSpan Period { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                clock._timers.Remove(this);
                Period = period == Timeout.InfiniteTimeSpan ? TimeSpan.Zero : period;
                if (dueTime == Timeout.InfiniteTimeSpan) return true;
                Due = clock._passed + dueTime;
                clock._timers.Add(this);
                return true;
            }
        }

        public void Dispose()
        {
            lock (clock._gate) clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
