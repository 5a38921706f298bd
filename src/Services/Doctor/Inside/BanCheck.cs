namespace Aviso.Doctor;

/// <summary>What came of banning a test address.</summary>
/// <param name="Broken">Where the banned was served, or others were refused.</param>
public sealed record BanTrialSight(IReadOnlyList<string> Broken);

/// <summary>A ban that is in force is one that bites, and whoever decides about bans answers.</summary>
/// <param name="engine">Why the engine of mode crowdsec does not answer; null: it does, or there is none.</param>
public sealed class BanCheck(Func<CancellationToken, Task<BanTrialSight>> trial, Func<string?> engine) : IDoctorCheck
{
    public string Name => "bans";

    public string LooksAt => "whether a ban bites on every listener";

    public TimeSpan Every => CheckTimes.Seldom;

    // A decision is made for it, which others may hear of: not at every restart.
    public bool AtStart => false;

    public IReadOnlyList<FindingCode> Codes { get; } = [FindingCode.BanWithoutEffect, FindingCode.BanSourceSilent];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        if (engine() is { } silent) seen.Add(FindingCode.BanSourceSilent, "engine", "the CrowdSec engine does not answer", silent);
        var result = await trial(cancel);
        foreach (var broken in result.Broken)
            seen.Add(FindingCode.BanWithoutEffect, broken.Split(':')[0], "a banned address is served, or another is refused", broken,
                "Show it and look at the listener.", "aviso decisions test");
    }
}
