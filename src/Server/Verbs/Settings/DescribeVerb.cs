using System.CommandLine;
using System.Text.Json.Nodes;
using Aviso.Secrets;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>Prints what the server is: one page in Markdown, or the same as JSON with every key that holds. References instead of secrets.</summary>
internal static class DescribeVerb
{
    public static Command Build()
    {
        // For ./dev docs; not part of what an administrator needs.
        var writeDocs = new Option<string?>("--write-docs") { Hidden = true, HelpName = "DIR" };
        var check = new Option<bool>("--check") { Hidden = true };
        var verb = new Command("describe", CommandTree.Help(
            "Describe the server as it is now, in Markdown: listeners, domains, accounts, relays, routes, limits. With --json also every setting that holds.",
            "aviso describe", "aviso describe > server.md", "aviso describe --json")) { CommandTree.Json, writeDocs, check };
        verb.SetAction(async (parsed, cancel) =>
        {
            if (parsed.GetValue(writeDocs) is { } checkout) return Docs(checkout, parsed.GetValue(check), parsed.InvocationConfiguration.Error);
            var io = parsed.InvocationConfiguration;
            var path = CommandTree.ConfigPath(parsed);
            var (load, secrets) = await SettingsReader.OnceAsync(path, cancel);
            secrets.Dispose();
            if (load.Settings is not { } settings) return ProblemReport.Print(load, io.Error);
            var page = await Description.OfAsync(path, settings, cancel);
            if (!parsed.GetValue(CommandTree.Json)) await io.Output.WriteAsync(page.Markdown());
            else
            {
                var json = page.Json();
                json["settings"] = Output.Rows(Rows(settings));
                Output.Json(io.Output, json);
            }
            return ExitStatus.Ok;
        });
        return verb;
    }

    private static int Docs(string checkout, bool onlyCheck, TextWriter errors)
    {
        if (!onlyCheck) GeneratedFiles.Write(checkout);
        var old = GeneratedFiles.Old(checkout);
        foreach (var name in old) errors.WriteLine($"{name} is not what the program writes now; run ./dev docs");
        return old.Count == 0 ? ExitStatus.Ok : ExitStatus.FoundProblems;
    }

    private static IEnumerable<JsonObject> Rows(ServerSettings settings)
    {
        foreach (var key in ServerSettings.Table.Keys)
        {
            yield return new()
            {
                ["key"] = key.Name,
                ["value"] = key.Show(settings) is { Length: > 0 } shown ? shown : key.Default,
                ["from"] = settings.Has(key.Name) ? $"line {settings.PlaceOf(key.Name).Line}" : "default",
                ["note"] = key.Later is { } later && settings.Has(key.Name) ? $"no effect yet: {later} comes later" : "",
            };
        }
    }
}
