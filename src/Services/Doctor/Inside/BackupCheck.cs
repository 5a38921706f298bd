using System.Globalization;

namespace Aviso.Doctor;

/// <summary>How it stands with one target of backups.</summary>
/// <param name="WholeAt">When all that there was had arrived; null: never since the start.</param>
/// <param name="FailsSince">Since when it takes nothing; null: it does.</param>
/// <param name="ProvenAt">Of which moment the last backup is that a drill restored and found whole.</param>
/// <param name="DrillProblem">What the last drill found; null: nothing.</param>
public sealed record BackupSight(
    string Target, DateTimeOffset? WholeAt, DateTimeOffset? FailsSince, string? Problem, DateTimeOffset? ProvenAt, string? DrillProblem);

/// <summary>What is made of backups.</summary>
/// <param name="Drill">How often a drill is wanted; null: never.</param>
public sealed record BackupsSight(IReadOnlyList<BackupSight> Targets, TimeSpan? Drill);

/// <summary>Copies arrive, and drills prove them.</summary>
/// <param name="look">Null: the settings name no targets.</param>
public sealed class BackupCheck(Func<BackupsSight?> look, TimeProvider clock) : IDoctorCheck
{
    private static readonly TimeSpan MayFail = TimeSpan.FromMinutes(5), MayTake = TimeSpan.FromHours(6);

    private readonly DateTimeOffset _begun = clock.GetUtcNow();

    public string Name => "backup";

    public string LooksAt => "copies of everything elsewhere (`backup` in the settings), and drills that prove them";

    public TimeSpan Every => CheckTimes.Often;

    public IReadOnlyList<FindingCode> Codes { get; } =
        [FindingCode.BackupNone, FindingCode.BackupTargetFails, FindingCode.BackupDamaged, FindingCode.BackupUnproven];

    public Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        if (look() is not { } backups)
        {
            seen.Add(FindingCode.BackupNone, "backup", "nothing is copied elsewhere", "`backup` in the settings names no targets");
            return Task.CompletedTask;
        }
        foreach (var target in backups.Targets)
        {
            if (target.FailsSince is { } since && clock.GetUtcNow() - since >= MayFail)
                seen.Add(FindingCode.BackupTargetFails, target.Target,
                    $"the backup target {target.Target} takes nothing since {Show(since)}",
                    $"{target.Problem}; all that there was had last arrived: {Show(target.WholeAt)}", FindingCode.BackupTargetFails.ToDo,
                    "aviso backup create");
            if (target.DrillProblem is { } problem)
                seen.Add(FindingCode.BackupDamaged, target.Target, $"the last drill of the backup target {target.Target} found damage",
                    $"{problem}; last proven: {Show(target.ProvenAt)}", FindingCode.BackupDamaged.ToDo,
                        $"aviso backup verify --target {target.Target}");
            else if (backups.Drill is { } every && clock.GetUtcNow() - (target.ProvenAt ?? _begun) > (2 * every) + MayTake)
                seen.Add(FindingCode.BackupUnproven, target.Target, $"no drill has proven the backups on {target.Target} for long",
                    $"last proven: {Show(target.ProvenAt)}; one is wanted every {every.TotalHours:0.#} hours",
                        FindingCode.BackupUnproven.ToDo,
                    $"aviso backup drill --target {target.Target}");
        }
        return Task.CompletedTask;
    }

    private static string Show(DateTimeOffset? at) => at is { } time ? time.ToString("u", CultureInfo.InvariantCulture) : "never";
}
