namespace Aviso.Doctor;

/// <summary>A secret of Vault that is in use and cannot be read now.</summary>
/// <param name="Path">In Vault; never the value.</param>
public sealed record StaleSecret(string Path, DateTimeOffset ReadAt, string Problem);

/// <summary>The spam filter and what it depends on.</summary>
/// <param name="HasMemory">What was learned can be used.</param>
/// <param name="LearningFailsSince">Null: it does not.</param>
/// <param name="ScannerSilentSince">Null: it answers, or there is none.</param>
/// <param name="Lists">Zones that are not believed now, each with why.</param>
public sealed record FilterSight(
    bool HasMemory, DateTimeOffset? LearningFailsSince, DateTimeOffset? ScannerSilentSince, IReadOnlyList<(string Zone, string Why)> Lists);

/// <summary>What became of the settings file.</summary>
/// <param name="Refused">Why it was not taken when it was read last; null: it was.</param>
/// <param name="WaitFor">Keys whose change holds after a restart only.</param>
public sealed record SettingsSight(string? Refused, DateTimeOffset? RefusedAt, IReadOnlyList<string> WaitFor);

/// <summary>The parts of the server do what the settings say.</summary>
public sealed class PartsCheck(
    Func<IReadOnlyList<StaleSecret>> secrets, Func<CancellationToken, Task<FilterSight?>> filter, Func<SettingsSight> settings,
        TimeProvider clock) : IDoctorCheck
{
    private static readonly TimeSpan SecretPatience = TimeSpan.FromMinutes(15), Patience = TimeSpan.FromMinutes(5);

    public string Name => "parts";

    public string LooksAt => "secrets, the spam filter, the virus scanner, lists, and the settings file";

    public TimeSpan Every => CheckTimes.Often;

    public IReadOnlyList<FindingCode> Codes { get; } =
    [
        FindingCode.SecretStale, FindingCode.FilterForgot, FindingCode.FilterStoppedLearning, FindingCode.ScannerSilent,
        FindingCode.ListSilent, FindingCode.SettingsRefused, FindingCode.SettingsWait,
    ];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        foreach (var secret in secrets().Where(s => now - s.ReadAt > SecretPatience))
            seen.Add(FindingCode.SecretStale, secret.Path, $"the secret {secret.Path} cannot be read, its last value is in use",
                $"{secret.Problem}; read at {secret.ReadAt:u}", "Do what the evidence says.", "aviso check --secrets");
        if (await filter(cancel) is { } sight) Filter(sight, now, seen);
        var file = settings();
        if (file.Refused is { } why)
            seen.Add(FindingCode.SettingsRefused, "settings", "the settings file was refused, older settings hold",
                $"{why}; at {file.RefusedAt:u}",
                "Correct the file.", "aviso check");
        if (file.WaitFor.Count > 0)
            seen.Add(FindingCode.SettingsWait, "settings", "changed settings wait for a restart", string.Join(", ", file.WaitFor));
    }

    private static void Filter(FilterSight sight, DateTimeOffset now, Sightings seen)
    {
        if (!sight.HasMemory) seen.Add(FindingCode.FilterForgot, "filter", "what the spam filter learned cannot be used",
            "DATA/spam.db cannot be opened");
        if (now - sight.LearningFailsSince > Patience)
            seen.Add(FindingCode.FilterStoppedLearning, "filter", "the spam filter no longer learns",
                $"it fails since {sight.LearningFailsSince:u}");
        if (now - sight.ScannerSilentSince > Patience)
            seen.Add(FindingCode.ScannerSilent, "clamd", "the virus scanner does not answer", $"since {sight.ScannerSilentSince:u}");
        foreach (var (zone, reason) in sight.Lists)
            seen.Add(FindingCode.ListSilent, zone, $"the list {zone} does not answer as it should", reason);
    }
}
