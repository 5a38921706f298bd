using System.CommandLine;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Secrets;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>Prints what the server is: tables, one page in Markdown, or JSON with every key that holds. References instead of
/// secrets.</summary>
internal static class DescribeVerb
{
    public static Command Build()
    {
        // For ./dev docs; not part of what an administrator needs.
        var writeDocs = new Option<string?>("--write-docs") { Hidden = true, HelpName = "DIR" };
        var check = new Option<bool>("--check") { Hidden = true };
        var markdown = new Option<bool>("--markdown") { Description = "Print one document in Markdown, also on a terminal." };
        var verb = new Command("describe", CommandTree.Help(
            "Describe the server as it is now: listeners, networks, domains, relays and what is left of their quotas, DNS, certificates, "
                + "accounts, backups, bans, findings, changes. Tables on a terminal, else one document in Markdown whose headings never "
                + "change. With --json also every setting that holds. When no server runs: what the settings say. Never shows a secret.",
            "aviso describe", "aviso describe --markdown > server.md", "aviso describe --json"))
        {
            CommandTree.Json, markdown, writeDocs, check,
        };
        verb.SetAction((parsed, cancel) => parsed.GetValue(writeDocs) is { } checkout
            ? Task.FromResult(Docs(checkout, parsed.GetValue(check), parsed.InvocationConfiguration.Error))
            : DescribeAsync(parsed, parsed.GetValue(markdown), cancel));
        return verb;
    }

    private static async Task<int> DescribeAsync(ParseResult parsed, bool markdown, CancellationToken cancel)
    {
        var io = parsed.InvocationConfiguration;
        var path = CommandTree.ConfigPath(parsed);
        var found = SettingsFile.Load(path).Data is { } data ? await AskAsync(data, cancel) : null;
        if (found is { } answer)
        {
            if (parsed.GetValue(CommandTree.Json)) Output.Json(io.Output, answer);
            else if (markdown || !Output.IsTerminal(io.Output)) await io.Output.WriteAsync(DescribePage.Markdown(answer));
            else DescribePage.Show(io.Output, answer);
            return ExitStatus.Ok;
        }
        var (load, secrets) = await SettingsReader.OnceAsync(path, cancel);
        secrets.Dispose();
        if (load.Settings is not { } settings) return ProblemReport.Print(load, io.Error);
        var page = await Description.OfAsync(path, settings, cancel);
        if (!parsed.GetValue(CommandTree.Json)) await io.Output.WriteAsync(page.Markdown());
        else
        {
            var json = page.Json();
            json["settings"] = Output.Rows(SettingsRows.Of(settings));
            Output.Json(io.Output, json);
        }
        return ExitStatus.Ok;
    }

    // Null when no server runs, it may not be asked, or it is of an older version.
    private static async Task<JsonNode?> AskAsync(string data, CancellationToken cancel)
    {
        try
        {
            return await AdminClient.TryCallAsync(data, new("describe", []), cancel) is { Ok: true } reply ? reply.Result : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static int Docs(string checkout, bool onlyCheck, TextWriter errors)
    {
        if (!onlyCheck) GeneratedFiles.Write(checkout);
        var old = GeneratedFiles.Old(checkout);
        foreach (var name in old) errors.WriteLine($"{name} is not what the program writes now; run ./dev docs");
        return old.Count == 0 ? ExitStatus.Ok : ExitStatus.FoundProblems;
    }
}
