using Aviso.Net;

namespace Aviso.Guard;

/// <summary>What is remembered of one client. Used under the lock of its table.</summary>
internal sealed class ClientRecord
{
    // Made when first used: most clients come once.
    private readonly TokenBucket?[] _rates = new TokenBucket?[5];
    private LeakyBucket?[]? _buckets;

    /// <summary>default: not since start.</summary>
    public DateTimeOffset LoggedIn { get; set; }

    /// <summary>When a message was last taken from it; default: not since start.</summary>
    public DateTimeOffset Delivered { get; set; }

    public int Bans { get; set; }

    public TokenBucket Rate(ClientRate rate) => _rates[(int)rate] ??= new();

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

/// <summary>What of one stranger is counted by the minute.</summary>
public enum ClientRate
{
    Connections, Messages, Recipients, RefusedRecipients, Commands,
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

/// <summary>So many at once and so many a minute.</summary>
internal sealed class TokenBucket
{
    private double _tokens = -1;
    private long _at;

    public bool Take(double perMinute, long now, TimeProvider clock)
    {
        if (!Has(perMinute, now, clock)) return false;
        _tokens--;
        return true;
    }

    public bool Has(double perMinute, long now, TimeProvider clock)
    {
        _tokens = _tokens < 0 ? perMinute : Math.Min(perMinute, _tokens + clock.GetElapsedTime(_at, now).TotalMinutes * perMinute);
        _at = now;
        return _tokens >= 1;
    }
}
