using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aviso.Verbs;

/// <summary>
/// `aviso spam scan|explain|learn`: through the running server, so that its memory counts; else by itself with what lies in the data folder, or
/// with nothing.
/// </summary>
internal static class SpamVerbs
{
    private static readonly JsonSerializerOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Build()
    {
        var spam = new Command("spam", CommandTree.Help("What the spam filter thinks, why, how to teach it, and who is let through or kept out.",
            "aviso spam scan suspicious.eml", "aviso spam explain suspicious.eml", "aviso spam learn --as spam junk.mbox", "aviso spam allow add partner.example"))
        {
            Scan(), Explain(), Learn(), Stat(),
        };
        foreach (var list in SpamListVerbs.Build()) spam.Add(list);
        return spam;
    }

    private static Command Scan()
    {
        var files = Files("A message or a folder of messages, - for standard input.");
        var account = Account("Judge as for this account: what it taught and whom it writes to count.");
        var verb = new Command("scan", CommandTree.Help("Judge messages: score, action and findings, a line each. Nothing is learned and nothing is sent.",
            "aviso spam scan mail.eml", "aviso spam scan --ip 192.0.2.7 --from a@example.org mail.eml", "aviso spam scan --json Maildir/cur/* | jq -r 'select(.score >= 6) | .file'"))
        { files, account, CommandTree.Json };
        var origin = new Origin(verb);
        verb.SetAction((parsed, cancel) => OverAsync(parsed, parsed.GetValue(files)!, async (service, file, io) =>
        {
            if (await service.AskAsync(SpamCalls.Scan, file, parsed.GetValue(account), origin.Of(parsed), cancel) is not { } verdict) return false;
            if (parsed.GetValue(CommandTree.Json)) await io.Output.WriteLineAsync(WithFile(file, verdict).ToJsonString(OneLine));
            else
            {
                var names = string.Join(' ', verdict["symbols"]!.AsArray().Select(s => $"{s!["name"]}({Points(s["score"]!)})"));
                await io.Output.WriteLineAsync($"{Output.Cell(file)}: {Points(verdict["score"]!)} {verdict["action"]} {names}".TrimEnd());
            }
            return true;
        }, cancel));
        return verb;
    }

    private static Command Explain()
    {
        var files = Files("A message or a folder of messages, - for standard input.");
        var account = Account("Judge as for this account.");
        var verb = new Command("explain", CommandTree.Help("Say in words why a message scores what it scores; the reasons add up to the score.",
            "aviso spam explain mail.eml", "aviso spam explain --ip 192.0.2.7 --helo mx.example.org --from a@example.org mail.eml")) { files, account };
        var origin = new Origin(verb);
        verb.SetAction((parsed, cancel) => OverAsync(parsed, parsed.GetValue(files)!, async (service, file, io) =>
        {
            if (await service.AskAsync(SpamCalls.Scan, file, parsed.GetValue(account), origin.Of(parsed), cancel) is not { } verdict) return false;
            await io.Output.WriteAsync(Words(file, verdict));
            return true;
        }, cancel));
        return verb;
    }

    private static Command Learn()
    {
        var what = new Option<string>("--as") { Description = "What the messages are; nothing: forget what was said of them.", HelpName = "spam|ham|nothing", Required = true };
        what.AcceptOnlyFromAmong("spam", "ham", "nothing");
        var account = Account("Whose opinion it is. Default: everybody's.");
        var paths = Files("A message, an mbox, a Maildir or a folder of messages, - for standard input.");
        var verb = new Command("learn", CommandTree.Help(
            "Teach the filter. A message counts once; saying the opposite later replaces what was said. Use some hundred of each kind, as they come in.",
            "aviso spam learn --as spam junk.mbox", "aviso spam learn --as ham ~/Maildir/cur --account alice@example.org")) { what, account, paths };
        verb.SetAction((parsed, cancel) => LearnAsync(parsed, parsed.GetValue(paths)!, parsed.GetValue(what)!, parsed.GetValue(account), cancel));
        return verb;
    }

    private static Command Stat()
    {
        var verb = new Command("stat", CommandTree.Help("How many messages the filter has learned from.", "aviso spam stat")) { CommandTree.Json };
        verb.SetAction(async (parsed, cancel) =>
        {
            await using var service = await SpamService.OpenAsync(parsed, make: false, cancel);
            var io = parsed.InvocationConfiguration;
            var reply = await service.CallAsync(new(SpamCalls.Stat, []), cancel);
            if (parsed.GetValue(CommandTree.Json)) Output.Json(io.Output, reply.Result);
            else Output.Show(io.Output, reply.Result);
            return ExitStatus.Ok;
        });
        return verb;
    }

    private static async Task<int> LearnAsync(ParseResult parsed, string[] paths, string what, string? account, CancellationToken cancel)
    {
        var io = parsed.InvocationConfiguration;
        await using var service = await SpamService.OpenAsync(parsed, make: true, cancel);
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var done = 0;
        foreach (var message in paths.SelectMany(MailFiles.Read))
        {
            var reply = await service.CallAsync(SpamService.Call(SpamCalls.Learn, message.Octets, null, account, what), cancel);
            if (!reply.Ok)
            {
                await io.Error.WriteLineAsync($"aviso: {message.Name}: {reply.Error}");
                return ExitStatus.FoundProblems;
            }
            var outcome = reply.Result!.GetValue<string>();
            counts[outcome] = counts.GetValueOrDefault(outcome) + 1;
            if (++done % 500 == 0) await io.Error.WriteLineAsync($"{done} messages");
        }
        await service.SettleAsync(cancel);
        await io.Output.WriteLineAsync(done == 0 ? "no messages found"
            : $"{done} {(done == 1 ? "message" : "messages")}: {string.Join(", ", counts.Select(c => $"{c.Value} {c.Key}"))}");
        return done == 0 ? ExitStatus.FoundProblems : ExitStatus.Ok;
    }

    private static async Task<int> OverAsync(
        ParseResult parsed, string[] files, Func<SpamService, string, InvocationConfiguration, Task<bool>> each, CancellationToken cancel)
    {
        await using var service = await SpamService.OpenAsync(parsed, make: false, cancel);
        var io = parsed.InvocationConfiguration;
        var status = ExitStatus.Ok;
        foreach (var file in files.SelectMany(MailFiles.Below))
        {
            try
            {
                if (await each(service, file, io)) continue;
                await io.Error.WriteLineAsync($"aviso: {file}: {service.Error}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                await io.Error.WriteLineAsync($"aviso: {file}: {e.Message}");
            }
            status = ExitStatus.FoundProblems;
        }
        return status;
    }

    private static JsonObject WithFile(string file, JsonObject verdict)
    {
        var line = new JsonObject { ["file"] = file };
        foreach (var (key, value) in verdict) line[key] = value?.DeepClone();
        return line;
    }

    private static string Words(string file, JsonObject verdict)
    {
        var text = new System.Text.StringBuilder($"{Output.Cell(file)}: {Points(verdict["score"]!)} points, ");
        text.Append(verdict["action"]!.GetValue<string>() switch
        {
            "reject" => $"refused (from {Points(verdict["reject_at"]!)} on)",
            _ when verdict["waits_for"] is JsonArray { Count: > 0 } owed =>
                $"put off with 451 while {string.Join(" and ", owed)} cannot be asked",
            "tag" => $"marked and filed in Junk (from {Points(verdict["tag_at"]!)} on)",
            "greylist" => "the sender is asked to come again",
            _ => $"accepted (marked from {Points(verdict["tag_at"]!)} on)",
        }).Append('\n');
        foreach (var symbol in verdict["symbols"]!.AsArray())
            text.Append(CultureInfo.InvariantCulture, $"  {Signed(symbol!["score"]!),7}  {symbol["name"]}: {Output.Cell(symbol["reason"])}\n");
        if (verdict["symbols"]!.AsArray().Count == 0) text.Append("           nothing was found\n");
        if (verdict["when_it_came"] is { } then) text.Append(CultureInfo.InvariantCulture, $"  When it came its header says: {Output.Cell(then)}\n");
        foreach (var skipped in verdict["skipped"]!.AsArray()) text.Append(CultureInfo.InvariantCulture, $"  skipped  {Output.Cell(skipped)}\n");
        return text.ToString();
    }

    private static string Points(JsonNode node) => node.GetValue<double>().ToString("0.0#", CultureInfo.InvariantCulture);

    private static string Signed(JsonNode node) => node.GetValue<double>().ToString("+0.0#;-0.0#;0.0", CultureInfo.InvariantCulture);

    private static Argument<string[]> Files(string text) => new("FILE") { Description = text, Arity = ArgumentArity.OneOrMore };

    /// <summary>How a message came, which a file does not tell.</summary>
    private sealed class Origin
    {
        private readonly Dictionary<string, Option<string?>> _options = new()
        {
            ["ip"] = new("--ip") { Description = "The client it came from: SPF, DKIM, DMARC and ARC are judged too, by the running server.", HelpName = "ADDRESS" },
            ["helo"] = new("--helo") { Description = "What that client called itself; with --ip.", HelpName = "NAME" },
            ["from"] = new("--from") { Description = "The envelope sender; with --ip.", HelpName = "ADDRESS" },
        };

        public Origin(Command verb)
        {
            foreach (var option in _options.Values) verb.Add(option);
        }

        public JsonObject Of(ParseResult parsed) => new(_options.Where(o => parsed.GetValue(o.Value) is not null).Select(o => KeyValuePair.Create(o.Key, (JsonNode?)parsed.GetValue(o.Value))));
    }

    private static Option<string?> Account(string text) => new("--account") { Description = text, HelpName = "ADDRESS" };
}
