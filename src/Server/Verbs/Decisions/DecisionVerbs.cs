using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>`aviso decisions`, in the shape of `cscli decisions`. All of them need the running server, which is where decisions
/// hold.</summary>
internal static class DecisionVerbs
{
    public static Command Build() =>
        new("decisions", CommandTree.Help("Who is banned, until when and why; add, delete, import, and try whether a ban bites.",
        "aviso decisions list", "aviso decisions add -i 192.0.2.7 -d 24h -R 'guessing passwords'", "aviso decisions delete -i 192.0.2.7",
            "aviso decisions test"))
    {
        Verb("list", "List decisions that hold.",
            ["aviso decisions list", "aviso decisions list -i 192.0.2.7", "aviso decisions list --limit 100 -o raw"],
            Applies(), Exactly(), Contains(), Type(), Origin(), Scenario(),
                Text("--limit", "-l", "The newest N only; 0 and without: all.", "N")),
        Verb("add", "Ban an address or a network. Open connections of it end within a second.",
            ["aviso decisions add -i 192.0.2.7", "aviso decisions add -r 198.51.100.0/24 -d 15m -R 'scan'"],
            Text("--ip", "-i", "An address.", "ADDRESS"), Text("--range", "-r", "A network, as 198.51.100.0/24.", "NETWORK"),
            Text("--scope", null, "With --value, as cscli has it: ip or range.", "SCOPE"),
                Text("--value", "-v", "The address or network.", "VALUE"), Text("--duration", "-d",
                "How long, as 4h, 15m or 30d; 4h without.", "DURATION"), Text("--reason", "-R", "Why.", "TEXT"), Type()),
        Verb("delete", "Delete decisions. Nothing to delete is exit status 1.",
            ["aviso decisions delete -i 192.0.2.7", "aviso decisions delete --id 12", "aviso decisions delete --all"],
            Applies(), Exactly(), Text("--id", null, "The decision's id.", "ID"), Type(), Origin(), Scenario(), new Option<bool>("--all") { Description = "All of them." }),
        Verb("import",
            "Import what `cscli decisions import` takes, or what `cscli decisions list -o json` prints: JSON, CSV with a header, or a value a line. Our own networks are refused, each with its line, and the rest is taken; exit status 1 then.",
            ["aviso decisions import -i bans.json", "aviso decisions import -i bans.txt -d 24h",
                "fetch-list | aviso decisions import -i -"],
            Text("--input", "-i", "The file; the server reads it. - is standard input.", "FILE"),
                Text("--format", null, "json, csv or values; without, by the file's name and beginning.", "FORMAT"),
            Text("--duration", "-d", "Where the file has none.", "DURATION"), Text("--reason", "-R", "Where the file has none.", "TEXT"),
                Type()),
        Verb("test", "Ban a test address for a moment and show on every listener, by PROXY, that it is refused and others are not.",
            ["aviso decisions test"]),
        Verb("engine", "Show whether the CrowdSec engine of mode crowdsec answers, and what waits for it.", ["aviso decisions engine"]),
        Verb("nftables", "Show the export of guard.nftables, or take our table out of the kernel.",
            ["aviso decisions nftables", "aviso decisions nftables --remove"],
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
            if (key == "input" && value.ToString() == "-") args["content"] = Encoding.UTF8.GetString(MailFiles.Octets("-"));
            else args[key] = key == "input" ? Path.GetFullPath(value.ToString()) : value;
        }
        var load = SettingsFile.Load(CommandTree.ConfigPath(parsed));
        if (load.Data is not { } data)
        {
            ProblemReport.Print(load, io.Error);
            return ExitStatus.CouldNotRun;
        }
        // What stands around it is the verb and a few short options.
        if (args["content"] is { } content && Encoding.UTF8.GetByteCount(content.ToJsonString()) > AdminSocket.MaxRequest - 4096)
            throw new IOException("this is more than the admin socket takes; write it to a file and import that");
        if (await AdminClient.TryCallAsync(data, new($"decisions.{name}", args), cancel) is not { } reply)
            throw new IOException($"no server runs on {data}; start it with `aviso serve`");
        if (!reply.Ok)
        {
            await io.Error.WriteLineAsync($"aviso: {reply.Error}");
            return ExitStatus.FoundProblems;
        }
        if (parsed.GetValue(CommandTree.Json) || parsed.GetValue(Format) == "json") Output.Json(io.Output, reply.Result);
        else if (name == "list" && parsed.GetValue(Format) == "raw") await io.Output.WriteAsync(Raw(reply.Result));
        else Output.Show(io.Output, name == "list" ? Rows(reply.Result) : reply.Result);
        return ExitStatus.Ok;
    }

    /// <summary>The CSV of `cscli decisions list -o raw`; country and network operator are not known here.</summary>
    internal static string Raw(JsonNode? alerts)
    {
        var text = new StringBuilder("id,source,ip,reason,action,country,as,events_count,expiration,simulated,alert_id\n");
        foreach (var alert in alerts!.AsArray())
        {
            foreach (var d in alert!["decisions"]!.AsArray())
            {
                JsonNode?[] cells = [d!["id"], d["origin"], $"{d["scope"]}:{d["value"]}", d["scenario"], d["type"], "", "",
                    alert["events_count"], d["duration"], d["simulated"], alert["id"]];
                text.AppendJoin(',', cells.Select(c => Quoted(Output.Cell(c)))).Append('\n');
            }
        }
        return text.ToString();
    }

    // RFC 4180 §2, as Go writes it: quotes only where they are needed.
    private static string Quoted(string cell) =>
        cell.AsSpan().ContainsAny(",\"") || cell.StartsWith(' ') ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;

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
    private static readonly Option<string?> Format =
        Text("--output", "-o", "As cscli: json is the same as --json; raw is CSV, of list.", "FORMAT");

    private static Option<string?> Applies() =>
        Text("--ip", "-i", "Those that apply to this address: its own, and networks that it lies in.", "ADDRESS");

    private static Option<string?> Exactly() => Text("--range", "-r", "Those on exactly this network, as 198.51.100.0/24.", "NETWORK");

    private static Option<string?> Contains() => Text("--contains", null, "The same as --ip.", "ADDRESS");

    private static Option<string?> Type() => Text("--type", "-t", "The type; ban is what is refused here.", "TYPE");

    private static Option<string?> Origin() => Text("--origin", null, "Who decided: aviso, cscli, cscli-import...", "ORIGIN");

    private static Option<string?> Scenario() => Text("--scenario", "-s", "The scenario or reason.", "NAME");

    private static Option<string?> Text(string name, string? letter, string text, string help) =>
        letter is null ? new(name) { Description = text, HelpName = help } : new(name, letter) { Description = text, HelpName = help };
}
