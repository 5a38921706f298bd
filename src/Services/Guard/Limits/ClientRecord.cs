using Aviso.Net;

namespace Aviso.Guard;

/// <summary>What is remembered of one client. Used under the lock of its table.</summary>
internal sealed class ClientRecord
{
    // Made when first used: most clients come once.
    private LeakyBucket?[]? _buckets;

    /// <summary>When a message was last taken from it; default: not since start.</summary>
    public DateTimeOffset Delivered { get; set; }

    public int Bans { get; set; }

    /// <summary>The first scenario that this event makes fire; all of them hear it.</summary>
    public (Scenario? Fired, int Events) Pour(Evidence evidence, string? user, long now, TimeProvider clock)
    {
        (Scenario? Fired, int Events) first = default;
        _buckets ??= new LeakyBucket?[Scenario.All.Count];
        for (var i = 0; i < _buckets.Length; i++)
        {
            var scenario = Scenario.All[i];
            if (!scenario.Counts(evidence)) continue;
            var bucket = _buckets[i] ??= new();
            if (bucket.Pour(scenario, user, now, clock) && first.Fired is null) first = (scenario, scenario.Capacity + 1);
        }
        return first;
    }
}

/// <summary>Since when somebody who proved a password there is trusted. Only those who get in have one.</summary>
internal sealed class LoginRecord
{
    public DateTimeOffset At { get; set; }
}

/// <summary>See <see cref="Scenario"/>.</summary>
internal sealed class LeakyBucket
{
    private double _level;
    private long _at;
    private long _silentUntil = long.MinValue;
    private HashSet<string>? _users;

    /// <summary>True when it overflowed.</summary>
    public bool Pour(Scenario scenario, string? user, long now, TimeProvider clock)
    {
        if (now < _silentUntil) return false;
        if (_level > 0) _level = Math.Max(0, _level - clock.GetElapsedTime(_at, now) / scenario.Leak);
        _at = now;
        if (_level == 0) _users = null;
        // Never more than the capacity, so the set is small.
        if (scenario.Distinct && !(_users ??= new(StringComparer.OrdinalIgnoreCase)).Add(user ?? "")) return false;
        if (_level + 1 <= scenario.Capacity + 1e-9)
        {
            _level++;
            return false;
        }
        (_level, _users) = (0, null);
        _silentUntil = now + (long)(scenario.Silence.TotalSeconds * clock.TimestampFrequency);
        return true;
    }
}
