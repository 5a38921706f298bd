using System.Globalization;

namespace Aviso.Doctor;

/// <summary>Round trips are made and come through.</summary>
public sealed class ProbeCheck(Func<IReadOnlyList<ProbeStatus>> ways, TimeProvider clock) : IDoctorCheck
{
    // One run waits for the others, each for as long as its patience lets it.
    private static readonly TimeSpan Turn = TimeSpan.FromMinutes(30);

    public string Name => "probe";

    public string LooksAt => "round trips of mail (`probe` in the settings)";

    public TimeSpan Every => CheckTimes.Often;

    public IReadOnlyList<FindingCode> Codes { get; } = [FindingCode.ProbeFailed];

    public Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        foreach (var way in ways())
        {
            var before = "it last came through: "
                + (way.LastSuccess is { } at ? at.ToString("u", CultureInfo.InvariantCulture) : "never");
            if (clock.GetUtcNow() - way.Next > Turn)
                seen.Add(FindingCode.ProbeFailed, way.Route, $"no round trip by way of {way.Route} is made any more",
                    $"it was due at {way.Next:u}; {before}", "Look at the log; a restart begins anew.");
            else if (way.Last is { Came: false } last)
                seen.Add(FindingCode.ProbeFailed, way.Route,
                    $"mail by way of {way.Route} does not come through, it fails at {last.FailedStage}", $"{last.Problem}; {before}",
                    "Mend what the evidence names, then try again.", $"aviso probe run --route {way.Route}");
        }
        return Task.CompletedTask;
    }
}
