using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Backup;

namespace Aviso.Verbs;

/// <summary>Verbs that only read a target; no server is asked.</summary>
internal static class BackupReading
{
    private const int Shown = 20;

    public static Command List()
    {
        var verb = Verb("list", "The moments that can be restored: bases, and what came after each.", "aviso backup list",
            "aviso backup list --json");
        verb.SetAction(ListAsync);
        return verb;
    }

    public static Command Verify()
    {
        var verb = Verb("verify",
            "Read everything that lies on a target and compare it with its seal and its name. Exit status 1 when anything is damaged or "
                + "gone; the "
                + "messages are named.", "aviso backup verify", "aviso backup verify --target nas");
        verb.SetAction(VerifyAsync);
        return verb;
    }

    private static Command Verb(string name, string text, params string[] examples)
    {
        var verb = new Command(name, CommandTree.Help(text, examples)) { CommandTree.Json };
        foreach (var option in BackupPlace.Options) verb.Add(option);
        return verb;
    }

    private static async Task<int> ListAsync(ParseResult parsed, CancellationToken cancel)
    {
        if (await BackupPlace.OpenAsync(parsed, TimeProvider.System, cancel) is not { } place) return ExitStatus.CouldNotRun;
        await using var target = place.Target;
        var rows = new List<JsonObject>();
        JsonObject? last = null;
        var count = 0;
        foreach (var name in (await Catalogue.ReadAsync(target, place.Key, cancel)).Names)
        {
            var (at, isBase) = ObjectName.PointOf(name)!.Value;
            if (isBase || last is null) rows.Add(last = new() { ["from"] = Time(at), ["base"] = isBase });
            count = isBase ? 1 : count + 1;
            (last["until"], last["points"]) = (Time(at), count);
        }
        var output = parsed.InvocationConfiguration.Output;
        if (parsed.GetValue(CommandTree.Json)) Output.Json(output, Output.Rows(rows));
        else Output.Show(output, Output.Rows(rows));
        return ExitStatus.Ok;
    }

    private static async Task<int> VerifyAsync(ParseResult parsed, CancellationToken cancel)
    {
        if (await BackupPlace.OpenAsync(parsed, TimeProvider.System, cancel) is not { } place) return ExitStatus.CouldNotRun;
        await using var target = place.Target;
        var scratch = Directory.CreateTempSubdirectory("aviso-verify-").FullName;
        var report = await new Verifier(target, place.Key, TimeProvider.System).RunAsync(scratch, place.Keep, cancel);
        var output = parsed.InvocationConfiguration.Output;
        if (parsed.GetValue(CommandTree.Json)) Output.Json(output, Replies.One(report, AdminJson.Default.VerifyReport).Result);
        else
        {
            await output.WriteLineAsync($"{report.Objects} objects, {report.Octets} octets, {report.Points} points from "
                + $"{BackupTimes.Show(report.Oldest)} to {BackupTimes.Show(report.Newest)}");
            await ShowAsync(output, "damaged", report.Damage);
            await ShowAsync(output, "lost messages", report.Messages);
            if (report.Damage.Count == 0) await output.WriteLineAsync("everything is what was written");
        }
        return report.Damage.Count > 0 || report.Points == 0 ? ExitStatus.FoundProblems : ExitStatus.Ok;
    }

    private static string Time(long at) => DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("O", CultureInfo.InvariantCulture);

    internal static async Task ShowAsync(TextWriter output, string what, IReadOnlyList<string> lines)
    {
        if (lines.Count == 0) return;
        await output.WriteLineAsync($"{what} ({lines.Count}):");
        foreach (var line in lines.Take(Shown)) await output.WriteLineAsync($"  {line}");
        if (lines.Count > Shown) await output.WriteLineAsync($"  and {lines.Count - Shown} more; --json has all");
    }
}
