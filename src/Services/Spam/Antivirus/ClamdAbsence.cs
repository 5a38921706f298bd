using Microsoft.Extensions.Logging;

namespace Aviso.Spam;

/// <summary>Since when clamd cannot be asked, and when it is asked again. By the clock that never goes back. Thread-safe.</summary>
internal sealed class ClamdAbsence(TimeProvider clock, ILogger log)
{
    private static readonly TimeSpan AskedAgainAfter = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private long? _since;
    private long _failed;

    /// <summary>It failed a moment ago: it is not asked.</summary>
    public bool IsNow
    {
        get
        {
            lock (_gate) return _since is not null && clock.GetElapsedTime(_failed) < AskedAgainAfter;
        }
    }

    /// <summary>How long nobody has had an answer of it; null: it answers.</summary>
    public TimeSpan? Length
    {
        get
        {
            lock (_gate) return _since is { } since ? clock.GetElapsedTime(since) : null;
        }
    }

    /// <summary>Nobody has had an answer of it for this long.</summary>
    public bool IsLongerThan(TimeSpan time)
    {
        lock (_gate) return _since is { } since && clock.GetElapsedTime(since) >= time;
    }

    public void Begin(ClamdAddress address, string cause, AntivirusOptions options)
    {
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            (_since, _failed) = (_since ?? now, now);
            var until = clock.GetUtcNow() + AskedAgainAfter;
            if (options.Unreachable == Unscanned.Accept) log.ClamdMissed(address.ToString(), cause, until);
            else if (!IsLongerThan(options.DeferFor)) log.ClamdSilent(address.ToString(), cause, until);
            else log.ClamdGivenUp(address.ToString(), cause, clock.GetElapsedTime(_since.Value).TotalHours, until);
        }
    }

    public void End(ClamdAddress address)
    {
        lock (_gate)
        {
            if (_since is not { } since) return;
            log.ClamdBack(address.ToString(), clock.GetElapsedTime(since).TotalMinutes);
            _since = null;
        }
    }

    /// <summary>Another clamd is asked from now on.</summary>
    public void Forget()
    {
        lock (_gate) _since = null;
    }
}
