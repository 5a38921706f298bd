using System.CommandLine;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>`aviso decisions`, in the shape of `cscli decisions`. All of them need the running server, which is where decisions hold.</summary>
internal static class DecisionVerbs
{
    public static Command Build() => new("decisions", CommandTree.Help("Who is banned, until when and why; add, delete, import, and try whether a ban bites.",
        "aviso decisions list", "aviso decisions add -i 192.0.2.7 -d 24h -R 'guessing passwords'", "aviso decisions delete -i 192.0.2.7", "aviso decisions test"))
    {
        Verb("list", "List decisions that hold.", ["aviso decisions list", "aviso decisions list --contains 192.0.2.7", "aviso decisions list --json"],
            Ip(), Range(), Contains(), Type(), Origin(), Scenario()),
        Verb("add", "Ban an address or a network. Open connections of it end within a second.",
            ["aviso decisions add -i 192.0.2.7", "aviso decisions add -r 198.51.100.0/24 -d 15m -R 'scan'"],
            Ip(), Range(), Text("--duration", "-d", "How long, as 4h, 15m or 30d; 4h without.", "DURATION"), Text("--reason", "-R", "Why.", "TEXT"), Type()),
        Verb("delete", "Delete decisions.", ["aviso decisions delete -i 192.0.2.7", "aviso decisions delete --id 12", "aviso decisions delete --all"],
            Ip(), Range(), Text("--id", null, "The decision's id.", "ID"), Type(), Origin(), Scenario(), new Option<bool>("--all") { Description = "All of them." }),
        Verb("import", "Import what `cscli decisions import` takes, or what `cscli decisions list -o json` prints: JSON, CSV with a header, or a value a line.",
            ["aviso decisions import -i bans.json", "aviso decisions import -i bans.txt -d 24h"],
            Text("--input", "-i", "The file; the server reads it.", "FILE"), Text("--format", null, "json, csv or values; without, by the file's name and beginning.", "FORMAT"),
            Text("--duration", "-d", "Where the file has none.", "DURATION"), Text("--reason", "-R", "Where the file has none.", "TEXT"), Type()),
        Verb("test", "Ban a test address for a moment and show on every listener, by PROXY, that it is refused and others are not.", ["aviso decisions test"]),
        Verb("engine", "Show whether the CrowdSec engine of mode crowdsec answers, and what waits for it.", ["aviso decisions engine"]),
        Verb("nftables", "Show the export of guard.nftables, or take our table out of the kernel.", ["aviso decisions nftables", "aviso decisions nftables --remove"],
            new Option<bool>("--remove") { Description = "Take the table out; it comes back with the next start." }),
    };

    private static Command Verb(string name, string text, string[] examples, params Option[] options)
    {
        var verb = new Command(name, CommandTree.Help(text, examples)) { CommandTree.Json, Format };
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancel) => CallAsync(parsed, name, options, cancel));
        return verb;
    }

    private static async Task<int> CallAsync(ParseResult parsed, string name, Option[] options, CancellationToken cancel)
    {
        var io = parsed.InvocationConfiguration;
        var args = new JsonObject();
        foreach (var option in options)
        {
            JsonNode? value = option is Option<bool> flag ? parsed.GetValue(flag) : parsed.GetValue((Option<string?>)option);
            if (value is null) continue;
            var key = option.Name.TrimStart('-');
            args[key] = key == "input" ? Path.GetFullPath(value.ToString()) : value;
        }
        var load = SettingsFile.Load(CommandTree.ConfigPath(parsed));
        if (load.Data is not { } data)
        {
            ProblemReport.Print(load, io.Error);
            return ExitStatus.CouldNotRun;
        }
        if (await AdminClient.TryCallAsync(data, new($"decisions.{name}", args), cancel) is not { } reply)
            throw new IOException($"no server runs on {data}; start it with `aviso serve`");
        if (!reply.Ok)
        {
            await io.Error.WriteLineAsync($"aviso: {reply.Error}");
            return ExitStatus.FoundProblems;
        }
        if (parsed.GetValue(CommandTree.Json) || parsed.GetValue(Format) == "json") Output.Json(io.Output, reply.Result);
        else Output.Show(io.Output, name == "list" ? Rows(reply.Result) : reply.Result);
        return ExitStatus.Ok;
    }

    // The columns of cscli; country and network operator are not known here.
    private static JsonArray Rows(JsonNode? alerts) => [.. alerts!.AsArray().SelectMany(a => a!["decisions"]!.AsArray().Select(d => (JsonNode)new JsonObject
    {
        ["ID"] = d!["id"]!.DeepClone(),
        ["Source"] = d["origin"]!.DeepClone(),
        ["Scope:Value"] = $"{d["scope"]}:{d["value"]}",
        ["Reason"] = d["scenario"]!.DeepClone(),
        ["Action"] = d["type"]!.DeepClone(),
        ["Events"] = a["events_count"]!.DeepClone(),
        ["expiration"] = d["duration"]!.DeepClone(),
        ["Alert ID"] = a["id"]!.DeepClone(),
    }))];

    /// <summary>For scripts that were written for cscli.</summary>
    private static readonly Option<string?> Format = Text("--output", "-o", "As cscli: json is the same as --json.", "FORMAT");

    private static Option<string?> Ip() => Text("--ip", "-i", "An address.", "ADDRESS");

    private static Option<string?> Range() => Text("--range", "-r", "A network, as 198.51.100.0/24.", "NETWORK");

    private static Option<string?> Contains() => Text("--contains", null, "Those that hold for this address, networks included.", "ADDRESS");

    private static Option<string?> Type() => Text("--type", "-t", "The type; ban is what is refused here.", "TYPE");

    private static Option<string?> Origin() => Text("--origin", null, "Who decided: aviso, cscli, cscli-import...", "ORIGIN");

    private static Option<string?> Scenario() => Text("--scenario", "-s", "The scenario or reason.", "NAME");

    private static Option<string?> Text(string name, string? letter, string text, string help) =>
        letter is null ? new(name) { Description = text, HelpName = help } : new(name, letter) { Description = text, HelpName = help };
}
