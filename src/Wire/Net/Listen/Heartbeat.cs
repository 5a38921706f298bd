using System.Runtime.CompilerServices;

namespace Aviso.Net;

/// <summary>Something that wants to hear the <see cref="Heartbeat"/>. Beats come one at a time, from a timer thread.</summary>
public interface IHeartbeatListener
{
    /// <summary><paramref name="now"/> is <see cref="TimeProvider.GetTimestamp"/> of the beating clock. Must return at
    /// once: no waiting, no protocol work.</summary>
    void Beat(long now);
}

/// <summary>
/// The one clock all deadlines of connections hang on: a single timer that beats once a second and asks every open
/// connection whether its time is up. Arming a deadline is one write to a field, so a read that has to wait costs no
/// timer, no token and no allocation; a deadline is at most one beat late. The timer stands still while nobody listens.
/// </summary>
public sealed class Heartbeat
{
    /// <summary>How late a deadline may be.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private static readonly ConditionalWeakTable<TimeProvider, Heartbeat> Beating = [];
    private readonly Lock _gate = new();
    private readonly TimeProvider _clock;
    private readonly HashSet<IHeartbeatListener> _listeners = new(ReferenceEqualityComparer.Instance);
    private ITimer? _timer;

    private Heartbeat(TimeProvider clock) => _clock = clock;

    /// <summary>The heartbeat of this clock: one per clock in a process.</summary>
    public static Heartbeat Of(TimeProvider clock) => Beating.GetValue(clock, static c => new Heartbeat(c));

    /// <summary>Listeners now, for tests and metrics.</summary>
    public int Count
    {
        get { lock (_gate) return _listeners.Count; }
    }

    public void Join(IHeartbeatListener listener)
    {
        lock (_gate)
        {
            _listeners.Add(listener);
            _timer ??= StartTimer();
        }
    }

    public void Leave(IHeartbeatListener listener)
    {
        lock (_gate)
        {
            if (!_listeners.Remove(listener) || _listeners.Count > 0) return;
            _timer?.Dispose();
            _timer = null;
        }
    }

    private ITimer StartTimer()
    {
        // A timer keeps the execution context of whoever made it; this one outlives the connection that came first.
        using (ExecutionContext.SuppressFlow())
            return _clock.CreateTimer(static beat => ((Heartbeat)beat!).Beat(), this, Interval, Interval);
    }

    private void Beat()
    {
        lock (_gate)
        {
            var now = _clock.GetTimestamp();
            foreach (var listener in _listeners) listener.Beat(now);
        }
    }
}
