namespace Aviso.Base;

/// <summary>How much work one message may cause; see <see cref="WorkBudget"/>.</summary>
public sealed record WorkLimits
{
    /// <summary>What the filter may spend on what is packed in a message.</summary>
    public static readonly WorkLimits Message = new();

    /// <summary>What reading a machine's report may cost: a day of one large sender has a few hundred kilobytes.</summary>
    public static readonly WorkLimits Report = new() { Octets = 4 << 20, Steps = 4_000_000, Time = TimeSpan.FromSeconds(5) };

    /// <summary>Octets unpacked or copied out of what a stranger sent, all things of the message together.</summary>
    public long Octets { get; init; } = 16 << 20;

    /// <summary>Small pieces of work (an entry, a record, a tag, a look at some dozen octets), all together.</summary>
    public long Steps { get; init; } = 10_000_000;

    /// <summary>From the first moment on; the rest is not done.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(2);
}

/// <summary>Thrown where a <see cref="WorkBudget"/> is spent: caught where the budget was made, never in between.</summary>
public sealed class WorkSpentException(string what) : Exception($"more {what} than one message may cost")
{
    /// <summary>octets, steps or time.</summary>
    public string What => what;
}

/// <summary>
/// The work that one message may cause, handed down through everything that unpacks, walks or matches what a stranger sent. A bound of
/// each single thing is none: a message may hold thousands of them, one in the other. What runs out ends at once, by an exception, so
/// that no caller can overlook it; who made the budget says so in a score, a refusal or an event. For one thread at a time.
/// </summary>
public sealed class WorkBudget
{
    private const int StepsBetweenLooks = 4096;

    private readonly TimeProvider _clock;
    private readonly long _started;
    private readonly WorkLimits _limits;
    private readonly CancellationToken _cancel;
    private long _untilLook = StepsBetweenLooks;

    public WorkBudget(WorkLimits limits, TimeProvider clock, CancellationToken cancel = default)
    {
        (_limits, _clock, _cancel, _started) = (limits, clock, cancel, clock.GetTimestamp());
        (OctetsLeft, StepsLeft) = (limits.Octets, limits.Steps);
    }

    /// <summary>A budget of its own for <see cref="WorkLimits.Message"/>, for what is looked at outside of a message.</summary>
    public static WorkBudget Once() => new(WorkLimits.Message, TimeProvider.System);

    /// <summary>Not below 0.</summary>
    public long OctetsLeft { get; private set; }

    /// <summary>Not below 0.</summary>
    public long StepsLeft { get; private set; }

    /// <summary>What ran out first: octets, steps or time; null while there is something left.</summary>
    public string? Spent { get; private set; }

    /// <exception cref="WorkSpentException">They are not left, or the time is over.</exception>
    /// <exception cref="OperationCanceledException">Nobody waits any more.</exception>
    public void Step(long count = 1)
    {
        StepsLeft -= count;
        _untilLook -= Math.Max(count, 1);
        if (StepsLeft < 0)
        {
            StepsLeft = 0;
            End("steps");
        }
        if (_untilLook <= 0) Look();
    }

    /// <summary>Octets that come out of something packed, or are copied.</summary>
    /// <exception cref="WorkSpentException">They are not left, or the time is over.</exception>
    public void Take(long octets)
    {
        OctetsLeft -= octets;
        if (OctetsLeft < 0)
        {
            OctetsLeft = 0;
            End("octets");
        }
        Step(1 + (octets >> 6));
    }

    // The clock is asked now and then only.
    private void Look()
    {
        _untilLook = StepsBetweenLooks;
        _cancel.ThrowIfCancellationRequested();
        if (_clock.GetElapsedTime(_started) > _limits.Time) End("time");
    }

    private void End(string what)
    {
        Spent ??= what;
        throw new WorkSpentException(what);
    }
}
