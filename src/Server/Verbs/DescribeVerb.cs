using System.CommandLine;
using System.Text;
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
        foreach (var key in ServerSettings.Table.Entries)
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

/// <summary>The manual page about verbs, in Markdown, from the command tree.</summary>
internal static class VerbsManual
{
    public static string Page(RootCommand root)
    {
        var text = new StringBuilder("# Verbs\n\nThis page is generated from the program (`./dev docs`).\n\n"
            + "Exit status: 0 ok, 1 found problems, 2 wrong usage, 3 could not run. Every verb takes `--help` and `--config FILE` (default\n"
            + "`./aviso.yaml`, then `/etc/aviso/aviso.yaml`); those that print data take `--json`.\n");
        foreach (var verb in root.Subcommands.Where(v => !v.Hidden)) Section(text, verb, "aviso");
        return text.ToString();
    }

    private static void Section(StringBuilder text, Command verb, string before)
    {
        var name = $"{before} {verb.Name}";
        var arguments = string.Concat(verb.Arguments.Select(a => $" {a.HelpName ?? a.Name}{(a.Arity.MaximumNumberOfValues > 1 ? "..." : "")}"));
        text.Append($"\n{(before == "aviso" ? "##" : "###")} `{name}{arguments}`\n\n");
        var parts = (verb.Description ?? "").Split("\n\nExamples:\n", 2);
        text.Append(parts[0]).Append("\n\n");
        foreach (var argument in verb.Arguments) text.Append($"- `{argument.HelpName ?? argument.Name}`: {argument.Description}\n");
        foreach (var option in verb.Options.Where(o => !o.Hidden && o.Name is not "--help" and not "--version"))
            text.Append($"- `{option.Name}{(option.HelpName is { } h ? " " + h : "")}`: {option.Description}\n");
        if (verb.Arguments.Count > 0 || verb.Options.Count > 0) text.Append('\n');
        if (parts.Length > 1) text.Append("```sh\n").Append(string.Join('\n', parts[1].Split('\n').Select(l => l.Trim()))).Append("\n```\n");
        foreach (var inner in verb.Subcommands) Section(text, inner, name);
    }
}
