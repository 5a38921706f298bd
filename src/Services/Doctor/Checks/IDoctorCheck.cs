namespace Aviso.Doctor;

/// <summary>
/// Looks whether one relation holds. What it looks at comes to it as values and small interfaces, so that a test can give each fault.
/// </summary>
public interface IDoctorCheck
{
    /// <summary>A word for the log and the metric.</summary>
    string Name { get; }

    /// <summary>What it looks at, for people: completes "looked at ...".</summary>
    string LooksAt { get; }

    TimeSpan Every { get; }

    /// <summary>It is made soon after the start; false: first after <see cref="Every"/>.</summary>
    bool AtStart => true;

    /// <summary>What it can find; each code belongs to one check, or to what happens by itself.</summary>
    IReadOnlyList<FindingCode> Codes { get; }

    /// <summary>Throws only when it is cancelled or at fault itself.</summary>
    Task LookAsync(Sightings seen, CancellationToken cancel);
}

/// <summary>How often things are looked at.</summary>
internal static class CheckTimes
{
    /// <summary>What costs nobody anything.</summary>
    public static readonly TimeSpan Often = TimeSpan.FromMinutes(5);

    public static readonly TimeSpan Hourly = TimeSpan.FromHours(1);

    /// <summary>What troubles others or ourselves.</summary>
    public static readonly TimeSpan Seldom = TimeSpan.FromHours(6);
}
