using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Aviso.Verbs;

/// <summary>`aviso probe`.</summary>
internal static class ProbeVerbs
{
    public static Command Build() => new("probe", CommandTree.Help(
        "Round trips: the server sends a message out and looks whether it comes back, stage by stage.",
        "aviso probe run", "aviso probe run --route brevo", "aviso probe status"))
    {
        AdminVerb.Of("probe.run", "run",
            "Try all ways now; ends with 1 when one of them fails. It may take as long as probe.patience for each.",
            ["aviso probe run", "aviso probe run --route direct --json"], new VerbAnswers(Show, HasFailed),
            new Option<string?>("--route") { Description = "Only this one: direct, or the name of a relay or API.", HelpName = "NAME" }),
        AdminVerb.Of("probe.status", "status", "When each way was tried last, what came of it, and when it is tried next.",
            ["aviso probe status --json"], new VerbAnswers(ShowStatus)),
    };

    private static bool HasFailed(JsonNode? results) => results is JsonArray rows && rows.Any(r => r?["failed_stage"] is not null);

    private static void Show(TextWriter output, JsonNode? results)
    {
        foreach (var result in results!.AsArray()) ShowOne(output, result!);
    }

    private static void ShowOne(TextWriter output, JsonNode result)
    {
        var failed = result["failed_stage"]?.GetValue<string>();
        output.WriteLine($"{result["route"]}: {(failed is null ? $"came through in {Time(result["took"])}" : $"failed at {failed}")}");
        foreach (var step in result["steps"]!.AsArray()) output.WriteLine($"  {step!["stage"],-8} {Time(step["took"])}");
        if (failed is not null) output.WriteLine($"  {failed,-8} {result["problem"]}");
        foreach (var left in result["not_looked"]!.AsArray()) output.WriteLine($"  not looked at: {left}");
        if (result["path"]?.GetValue<string>() is { Length: > 0 } path) output.WriteLine($"  path: {path}");
    }

    private static void ShowStatus(TextWriter output, JsonNode? rows)
    {
        foreach (var row in rows!.AsArray())
        {
            output.WriteLine($"{row!["route"]}: next {When(row["next"])}, last success {When(row["last_success"])}");
            if (row["last"] is { } last) ShowOne(output, last);
            else output.WriteLine("  not tried yet");
        }
    }

    private static string When(JsonNode? at) =>
        at is null ? "never" : at.GetValue<DateTimeOffset>().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Time(JsonNode? took) =>
        TimeSpan.Parse(took!.GetValue<string>(), CultureInfo.InvariantCulture) is var time && time.TotalSeconds < 10
        ? $"{time.TotalMilliseconds:0} ms" : $"{time.TotalSeconds:0.0} s";
}
