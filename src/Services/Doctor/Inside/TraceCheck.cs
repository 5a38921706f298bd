namespace Aviso.Doctor;

/// <summary>Traces that were not kept.</summary>
/// <param name="Entries">Since the start.</param>
/// <param name="At">When the last of them was lost.</param>
public sealed record LostTracesSight(long Entries, DateTimeOffset At, string Why);

/// <summary>What became of each message can be told.</summary>
public sealed class TraceCheck(Func<LostTracesSight?> lost, TimeProvider clock) : IDoctorCheck
{
    private static readonly TimeSpan Fresh = TimeSpan.FromHours(1);

    public string Name => "traces";

    public string LooksAt => "whether traces of messages are kept";

    public TimeSpan Every => CheckTimes.Often;

    public IReadOnlyList<FindingCode> Codes { get; } = [FindingCode.TracesLost];

    public Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        if (lost() is { } sight && clock.GetUtcNow() - sight.At < Fresh)
            seen.Add(FindingCode.TracesLost, "trace", "traces of messages were lost",
                $"{sight.Entries} since the start, the last at {sight.At:u}: {sight.Why}");
        return Task.CompletedTask;
    }
}
