using System.CommandLine;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Secrets;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>What a verb does with the server's answer.</summary>
/// <param name="Show">Prints it for people; null: as any other.</param>
/// <param name="Finds">Whether it tells of problems: then the verb ends with <see cref="ExitStatus.FoundProblems"/>.</param>
internal sealed record VerbAnswers(Action<TextWriter, JsonNode?>? Show = null, Func<JsonNode?, bool>? Finds = null)
{
    public static readonly VerbAnswers Plain = new();

    /// <summary>Each row is a problem.</summary>
    public static bool AnyRow(JsonNode? answer) => answer is JsonArray { Count: > 0 };
}

/// <summary>Verbs that are one call of the admin socket; without a running server the data folder is opened where that is safe.</summary>
internal static class AdminVerb
{
    public static Command List(string noun, string text) => Of($"{noun}.list", "list", text, [$"aviso {noun} list --json"]);

    /// <summary>A verb that is one call of the admin socket; its symbols are the arguments.</summary>
    public static Command Of(string call, string name, string text, string[] examples, params Symbol[] symbols) =>
        Of(call, name, text, examples, VerbAnswers.Plain, symbols);

    public static Command Of(string call, string name, string text, string[] examples, VerbAnswers answers, params Symbol[] symbols)
    {
        var verb = new Command(name, CommandTree.Help(text, examples)) { CommandTree.Json };
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument) verb.Add(argument);
            else verb.Add((Option)symbol);
        }
        verb.SetAction((parsed, cancel) => SendAsync(parsed, call, Arguments(parsed, symbols), answers, cancel));
        return verb;
    }

    /// <summary>Calls the server and prints the answer.</summary>
    public static async Task<int> SendAsync(
        ParseResult parsed, string call, JsonObject arguments, VerbAnswers answers, CancellationToken cancel)
    {
        var io = parsed.InvocationConfiguration;
        var load = SettingsFile.Load(CommandTree.ConfigPath(parsed));
        var request = new AdminCall(call, arguments);
        // A running server goes on with its old settings whatever the file says now; so do its verbs.
        var reply = load.Data is { } data ? await AdminClient.TryCallAsync(data, request, cancel) : null;
        if (reply is null)
        {
            // Only now: a running server has asked Vault itself.
            if (load.AsksVault) load = await OnceAsync(CommandTree.ConfigPath(parsed), cancel);
            if (load.Settings is not { } settings)
            {
                ProblemReport.Print(load, io.Error);
                return ExitStatus.CouldNotRun;
            }
            reply = call.StartsWith("backup.", StringComparison.Ordinal)
                ? await BackupCalls.OfflineAsync(settings, request, TimeProvider.System, cancel)
                : await StoreCalls.OfflineAsync(settings, request, TimeProvider.System, cancel);
        }
        else if (load is { Settings: null, AsksVault: false } && reply.Ok)
            await io.Error.WriteLineAsync("note: the settings file has problems, the server goes on with what it read before; see `aviso check`");
        if (!reply.Ok)
        {
            await io.Error.WriteLineAsync($"aviso: {reply.Error}");
            return ExitStatus.FoundProblems;
        }
        if (parsed.CommandResult.Command.Options.Contains(CommandTree.Json) && parsed.GetValue(CommandTree.Json)) Output.Json(io.Output, reply.Result);
        else (answers.Show ?? Output.Show)(io.Output, reply.Result);
        return answers.Finds?.Invoke(reply.Result) == true ? ExitStatus.FoundProblems : ExitStatus.Ok;
    }

    private static async Task<SettingsLoad> OnceAsync(string path, CancellationToken cancel)
    {
        var (load, secrets) = await SettingsReader.OnceAsync(path, cancel);
        secrets.Dispose();
        return load;
    }

    /// <summary>Symbols by name: dashes become underscores, a password file becomes <c>password</c>. What was not given is left out.</summary>
    internal static JsonObject Arguments(ParseResult parsed, Symbol[] symbols)
    {
        var args = new JsonObject();
        foreach (var symbol in symbols)
        {
            JsonNode? value = symbol switch
            {
                Argument<string[]> a => new JsonArray([.. (parsed.GetValue(a) ?? []).Select(v => (JsonNode)v)]),
                Argument<string?> a => parsed.GetValue(a),
                Option<string[]> o when parsed.GetResult(o) is { Implicit: false } => new JsonArray([.. (parsed.GetValue(o) ?? []).Select(v => (JsonNode)v)]),
                Option<bool> o => parsed.GetValue(o),
                Option<string?> o => parsed.GetValue(o),
                _ => null,
            };
            if (value is null) continue;
            var name = symbol.Name.TrimStart('-').ToLowerInvariant().Replace('-', '_');
            if (name == "password_file") (name, value) = ("password", File.ReadAllText(value.ToString()).TrimEnd('\r', '\n'));
            if (name == "suspended") value = value.ToString() == "true";
            args[name] = value;
        }
        return args;
    }

    public static Argument<string?> Address(string text) => new("address") { Description = text, HelpName = "ADDRESS" };

    public static Argument<string?> Named(string name, string text) => new(name) { Description = text, HelpName = name.ToUpperInvariant() };

    public static Option<string[]> SendAs() => new("--send-as") { Description = "An address or pattern it may send as; may be repeated.", HelpName = "ADDRESS" };
}
