namespace Aviso.Delivery;

/// <summary>When a recipient is tried again, told of a delay, and given up (RFC 5321 §4.5.4.1).</summary>
public sealed record QueueSchedule
{
    /// <summary>Waits after the first, second... attempt; the last one repeats.</summary>
    public IReadOnlyList<TimeSpan> Waits { get; init; } =
        [.. new[] { 5, 10, 20, 40, 60, 120, 240 }.Select(m => TimeSpan.FromMinutes(m))];

    /// <summary>Each wait is longer or shorter by up to this share, so that a burst does not come back as one.</summary>
    public double Jitter { get; init; } = 0.1;

    public TimeSpan DelayNoticeAfter { get; init; } = TimeSpan.FromHours(4);

    /// <summary>RFC 5321 §4.5.4.1: give-up time at least 4 to 5 days.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromDays(5);

    /// <summary>
    /// A mailbox that the other side calls full for good (552 5.2.2) may be emptied over night; after that its sender should know.
    /// </summary>
    public TimeSpan FullGiveUpAfter { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Mail that was held for days (a quota, a verb) is tried this often before its age counts.</summary>
    public int AttemptsBeforeGivingUp { get; init; } = 5;

    /// <summary>The wait after <paramref name="attempts"/> attempts (1 or more).</summary>
    public TimeSpan WaitAfter(int attempts) =>
        Waits[Math.Clamp(attempts, 1, Waits.Count) - 1] * (1 + Jitter * (2 * Random.Shared.NextDouble() - 1));

    public bool GivesUp(TimeSpan age, int attempts) => age >= GiveUpAfter && attempts >= AttemptsBeforeGivingUp;

    public bool GivesUpFull(TimeSpan age, int attempts) =>
        age >= (FullGiveUpAfter < GiveUpAfter ? FullGiveUpAfter : GiveUpAfter) && attempts >= AttemptsBeforeGivingUp;
}
