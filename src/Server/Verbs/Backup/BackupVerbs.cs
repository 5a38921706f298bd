using System.CommandLine;
using System.Text.Json.Nodes;
using Aviso.Backup;

namespace Aviso.Verbs;

/// <summary>`aviso backup`.</summary>
internal static class BackupVerbs
{
    public static Option<string?> Target { get; } = new("--target")
    {
        Description = "The target, by its name in the settings.",
        HelpName = "NAME"
    };

    public static Command Build() => new("backup", CommandTree.Help(
        "Copies of everything elsewhere: see docs/backup.md. Exit status 0 only when all is well.",
        "aviso backup key", "aviso backup create", "aviso backup list", "aviso backup drill", "aviso backup restore --yes"))
    {
        Key(),
        AdminVerb.Of("backup.create", "create",
            "Bring everything that the targets lack to them now. Exit status 1 when one of them has not got all.",
            ["aviso backup create", "aviso backup create --base"], new VerbAnswers(ShowTargets, HasProblem),
            new Option<bool>("--base") { Description = "Name everything anew, as is done once a day; what lies there already is not sent "
                + "again." }),
        AdminVerb.Of("backup.status", "status", "How it stands with each target: what arrived when, and what a drill has proven.",
            ["aviso backup status --json"], new VerbAnswers(ShowTargets, HasProblem)),
        BackupReading.List(),
        BackupReading.Verify(),
        AdminVerb.Of("backup.drill", "drill",
            "Restore the newest backup beside the running store, open it, compare both, deliver and read a message there. Exit status 1 "
                + "when "
                + "anything is damaged or differs; it is named.",
            ["aviso backup drill", "aviso backup drill --target disk --json"], new VerbAnswers(Finds: HasDrillProblem), Target),
        RestoreVerb.Build(),
    };

    private static Command Key()
    {
        var verb = new Command("key", CommandTree.Help(
            "Print a new recovery key, once: it is kept nowhere. Put it where the settings find it, and a copy where it survives this "
                + "machine.",
            "aviso backup key"));
        verb.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.WriteLine(BackupKey.New());
            return ExitStatus.Ok;
        });
        return verb;
    }

    private static bool HasProblem(JsonNode? targets) => targets is JsonArray rows && rows.Any(r => r?["problem"] is not null);

    private static bool HasDrillProblem(JsonNode? reports) => reports is JsonArray rows
        && rows.Any(r => r?["problems"] is JsonArray { Count: > 0 });

    private static void ShowTargets(TextWriter output, JsonNode? targets)
    {
        foreach (var target in targets!.AsArray())
        {
            output.WriteLine($"{target!["name"]}: {target["where"]}");
            output.WriteLine($"  all there: {When(target["whole_at"])}");
            if (target["problem"] is { } problem) output.WriteLine($"  since {When(target["fails_since"])}: {problem}");
            output.WriteLine($"  proven: {When(target["proven_at"])} (last drill: {When(target["drilled_at"])})");
            if (target["drill_problem"] is { } found) output.WriteLine($"  the drill found: {found}");
        }
    }

    private static string When(JsonNode? at) => BackupTimes.Show(at?.GetValue<DateTimeOffset>());
}
