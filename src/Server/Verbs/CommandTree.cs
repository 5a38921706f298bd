// Verbs owns the command line: what `aviso --help` shows, exit statuses, tables and JSON. Rules: 0 ok, 1 found problems,
// 2 usage, 3 could not run; every verb teaches with examples; output shows references, never secrets.
using System.CommandLine;
using System.CommandLine.Help;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Secrets;
using Aviso.Server;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>The whole tree of verbs.</summary>
internal static class CommandTree
{
    public static readonly string[] DefaultConfigs = ["aviso.yaml", "/etc/aviso/aviso.yaml", ".local/aviso.yaml"];

    public static Option<string?> Config { get; } = new("--config")
    {
        Description = "The settings file. Default: ./aviso.yaml, then /etc/aviso/aviso.yaml.",
        HelpName = "FILE",
        Recursive = true,
    };

    public static Option<bool> Json { get; } = new("--json") { Description = "Print JSON instead of a table." };

    /// <summary>Runs one command line; never throws for what was typed.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors, CancellationToken cancel)
    {
        // `@example.org` is a catch-all, not a file of arguments.
        var parsed = Build().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0 && parsed.Action is not ShortHelp)
        {
            foreach (var error in parsed.Errors) await errors.WriteLineAsync($"aviso: {error.Message}");
            await errors.WriteLineAsync("See `aviso --help`, or `--help` after a verb.");
            return ExitStatus.Usage;
        }
        try
        {
            return await parsed.InvokeAsync(
                new() { Output = output, Error = errors, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await errors.WriteLineAsync($"aviso: {e.Message}");
            return ExitStatus.CouldNotRun;
        }
    }

    public static RootCommand Build()
    {
        var root = new RootCommand(Help("Aviso, a complete mail server in one process.",
            "aviso serve --local", "aviso init alice@example.org", "aviso check", "aviso serve --config /etc/aviso/aviso.yaml"));
        root.Add(Config);
        root.Add(ServeVerb.Build());
        root.Add(InitVerb.Build());
        root.Add(CheckVerb.Build());
        root.Add(DescribeVerb.Build());
        root.Add(ReloadVerb.Build());
        foreach (var group in AdminVerbs.Build()) root.Add(group);
        root.Add(LoginVerbs.AppPassword());
        root.Add(SpamVerbs.Build());
        root.Add(SieveStoreVerbs.Build());
        root.Add(DecisionVerbs.Build());
        var help = root.Options.OfType<HelpOption>().First();
        help.Action = new ShortHelp((HelpAction)help.Action!);
        return root;
    }

    /// <summary>Help in which the verbs below the one asked about have no examples.</summary>
    private sealed class ShortHelp(HelpAction inner) : System.CommandLine.Invocation.SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            foreach (var below in parseResult.CommandResult.Command.Subcommands) below.Description = below.Description?.Split('\n')[0];
            return inner.Invoke(parseResult);
        }
    }

    /// <summary>A description with examples below it.</summary>
    public static string Help(string text, params string[] examples) =>
        examples.Length == 0 ? text : text + "\n\nExamples:\n  " + string.Join("\n  ", examples);

    /// <summary>The settings file to use: the one named, else the first of the defaults that is there.</summary>
    public static string ConfigPath(ParseResult parsed) =>
        parsed.GetValue(Config) ?? DefaultConfigs.FirstOrDefault(File.Exists) ?? DefaultConfigs[0];
}

internal static class ExitStatus
{
    public const int Ok = 0;
    public const int FoundProblems = 1;
    public const int Usage = 2;
    public const int CouldNotRun = 3;
}

/// <summary>Prints what is wrong with settings.</summary>
internal static class ProblemReport
{
    /// <summary>One line each, then the sum. Returns the exit status.</summary>
    public static int Print(SettingsLoad load, TextWriter errors)
    {
        foreach (var problem in load.Problems) errors.WriteLine(problem);
        var count = load.Problems.Count + load.NotShown;
        errors.WriteLine(count == 1 ? "aviso: one problem in the settings" : $"aviso: {count} problems in the settings{(load.NotShown > 0 ? $", {load.NotShown} not shown" : "")}");
        // A file that is not there is not a finding about its content.
        return load.Problems is [{ Place.Line: 0 }] ? ExitStatus.CouldNotRun : ExitStatus.FoundProblems;
    }
}

internal static class ServeVerb
{
    public static Command Build()
    {
        var local = new Option<string?>("--local")
        {
            Description = "Try Aviso: loopback only, no root, example.test with alice and bob, data in DIR (default .local).",
            HelpName = "DIR",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var offset = new Option<int>("--port-offset") { Description = "With --local: add N to every port.", HelpName = "N" };
        offset.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() is < 0 or > 50_000) r.AddError("--port-offset is a number from 0 to 50000");
        });
        var free = new Option<bool>("--free-ports") { Description = "With --local: let the system choose every port." };
        var print = new Option<string?>("--print-ports-to") { Description = "Write the bound ports to FILE once ready, as JSON: kind and port.", HelpName = "FILE" };
        var verb = new Command("serve", CommandTree.Help(
            "Run the server until SIGTERM or SIGINT; it then finishes what is in hand, at most 10 seconds. SIGHUP reads the settings again.",
            "aviso serve --local", "aviso serve --local /tmp/try --port-offset 1000", "aviso serve --config /etc/aviso/aviso.yaml"))
        { local, offset, free, print };
        verb.Validators.Add(r =>
        {
            var isLocal = r.GetResult(local) is not null;
            if (isLocal && r.GetResult(CommandTree.Config) is { Implicit: false }) r.AddError("--local has settings of its own; leave --config out");
            if (!isLocal && (r.GetResult(offset) is { Implicit: false } || r.GetResult(free) is { Implicit: false })) r.AddError("--port-offset and --free-ports go with --local");
        });
        verb.SetAction((parsed, cancel) =>
        {
            var mode = parsed.GetResult(local) is { Implicit: false }
                ? new LocalMode(parsed.GetValue(local) ?? ".local", parsed.GetValue(offset), parsed.GetValue(free)) : null;
            var request = new ServeRequest(CommandTree.ConfigPath(parsed), mode, parsed.GetValue(print));
            var io = parsed.InvocationConfiguration;
            return new Serve(request, io.Output, io.Error, Console.OpenStandardOutput(), TimeProvider.System).RunAsync(cancel);
        });
        return verb;
    }
}

internal static class CheckVerb
{
    public static Command Build()
    {
        var listSecrets = new Option<bool>("--secrets") { Description = "List every reference: where its value comes from, its version and age, and what a running server uses. Never the value." };
        var verb = new Command("check", CommandTree.Help(
            "Read the settings and say everything that is wrong with them, each with its line and column. Vault is asked as at a start. Starts nothing.",
            "aviso check", "aviso check --config new.yaml && mv new.yaml /etc/aviso/aviso.yaml", "aviso check --secrets")) { CommandTree.Json, listSecrets };
        verb.SetAction(async (parsed, cancel) =>
        {
            var path = CommandTree.ConfigPath(parsed);
            var (load, secrets) = await SettingsReader.OnceAsync(path, cancel);
            using var _ = secrets;
            var compared = load.ForAddresses is { } read ? Compare(path, read, out var notes) : Compare(out notes);
            var io = parsed.InvocationConfiguration;
            if (parsed.GetValue(listSecrets) && load.Files.Count > 0 && File.Exists(path))
            {
                var rows = Output.Rows(SecretRows.Of(path, secrets, await SecretRows.UsedAsync(load.Data, cancel), TimeProvider.System));
                if (parsed.GetValue(CommandTree.Json)) Output.Json(io.Output, rows);
                else Output.Show(io.Output, rows);
                if (load.Settings is null) return ProblemReport.Print(load, io.Error);
                return secrets.Refusals.Count > 0 ? ExitStatus.FoundProblems : ExitStatus.Ok;
            }
            if (parsed.GetValue(CommandTree.Json))
            {
                Output.Json(io.Output, Output.Rows(load.Problems.Concat(compared).Select(p => new Dictionary<string, object?>
                { ["file"] = p.Place.File, ["line"] = p.Place.Line, ["column"] = p.Place.Column, ["key"] = p.Path, ["text"] = p.Text })));
                return load.Settings is null ? ProblemReport.Print(load, TextWriter.Null) : compared.Count > 0 || secrets.Refusals.Count > 0 ? ExitStatus.FoundProblems : ExitStatus.Ok;
            }
            foreach (var problem in compared) await io.Error.WriteLineAsync(problem.Text);
            if (compared.Count > 0) await io.Error.WriteLineAsync(compared.Count == 1 ? "aviso: one problem with accounts and aliases" : $"aviso: {compared.Count} problems with accounts and aliases");
            if (load.Settings is not { } settings) return ProblemReport.Print(load, io.Error);
            if (compared.Count > 0) return ExitStatus.FoundProblems;
            var declared = Mapping.Accounts(settings);
            await io.Output.WriteLineAsync($"{path} is good: {Count(settings.Listeners.Count, "listener")}, {Count(settings.Domains.Count, "domain")}, "
                + $"{Count(settings.Accounts.Count + (declared.AccountsFrom?.Items?.Count ?? 0), "account")}, "
                + $"{Count(settings.Aliases.Count + (declared.AliasesFrom?.Items?.Count ?? 0), "alias", "aliases")}");
            foreach (var note in notes.Concat(secrets.Notes()).Concat(await WithoutScramAsync(settings, cancel)).Concat(await FailingAppPasswordsAsync(settings, cancel))) await io.Output.WriteLineAsync($"note: {note}");
            return secrets.Refusals.Count > 0 ? ExitStatus.FoundProblems : ExitStatus.Ok;
        });
        return verb;
    }

    private static string Count(int count, string one, string? many = null) => $"{count} {(count == 1 ? one : many ?? one + "s")}";

    /// <summary>What only shows when accounts, aliases and their lists are compared; notes are what works but is hardly meant.</summary>
    private static List<Problem> Compare(string path, ServerSettings settings, out List<string> notes)
    {
        var found = AccountBook.Check(Mapping.Accounts(settings), out var warnings)
            .Select(c => new Problem(new(c.First.Line > 0 ? c.First.Name : path, c.First.Line, c.First.Column), "", c.Text)).ToList();
        notes = [.. warnings,
            .. settings.Listeners.Where(l => l.NotYet is not null)
                .Select(l => $"{l.PlaceOf("kind")}: {l.Kind.ToString().ToLowerInvariant()} will not be bound: {l.NotYet}"),
            .. ServerSettings.Table.Keys.Where(k => k.Later is not null && settings.Has(k.Name))
                .Select(k => $"{settings.PlaceOf(k.Name)}: {k.Name} has no effect yet: {k.Later} comes later")];
        return found;
    }

    private static List<Problem> Compare(out List<string> notes)
    {
        notes = [];
        return [];
    }

    /// <summary>Only the running server knows; without one, or without leave to ask it, nothing is said.</summary>
    private static async Task<IEnumerable<string>> FailingAppPasswordsAsync(ServerSettings settings, CancellationToken cancel)
    {
        try
        {
            var reply = await Admin.AdminClient.TryCallAsync(settings.Data, new("app_password.list", []), cancel);
            return reply?.Result is System.Text.Json.Nodes.JsonArray rows
                ? rows.Where(r => r!["failing_since"] is not null)
                    .Select(r => $"app password {r!["name"]} of {r["account"]} is tried and refused since {r["failing_since"]}: {r["failing_because"]}") : [];
        }
        catch (IOException)
        {
            // WithoutScramAsync has said so.
            return [];
        }
    }

    private static async Task<IEnumerable<string>> WithoutScramAsync(ServerSettings settings, CancellationToken cancel)
    {
        try
        {
            var reply = await Admin.AdminClient.TryCallAsync(settings.Data, new("account.without_scram", []), cancel);
            return reply?.Result is System.Text.Json.Nodes.JsonArray rows
                ? rows.Select(r => $"{r} has no SCRAM keys: they are made at its next login with the password; until then SCRAM is offered to nobody") : [];
        }
        catch (IOException e)
        {
            return [$"accounts without SCRAM keys are not listed: {e.Message}"];
        }
    }
}

internal static class InitVerb
{
    public static Command Build()
    {
        var address = new Argument<string>("ADDRESS") { Description = "The first account, who is also postmaster." };
        var verb = new Command("init", CommandTree.Help(
            "Write a commented settings file for the address's domain, to ./aviso.yaml or --config FILE. Never overwrites.",
            "aviso init alice@example.org", "aviso init alice@example.org --config /etc/aviso/aviso.yaml")) { address };
        verb.SetAction(async (parsed, cancel) =>
        {
            var io = parsed.InvocationConfiguration;
            if (Types.Address.Read(parsed.GetValue(address)!) is not { } first)
            {
                await io.Error.WriteLineAsync($"aviso: `{parsed.GetValue(address)}` is no mail address such as alice@example.org");
                return ExitStatus.Usage;
            }
            var path = parsed.GetValue(CommandTree.Config) ?? CommandTree.DefaultConfigs[0];
            var secret = $"file:{(MailAddress.TryCut(first, out var local, out _) ? local : first)}.password";
            try
            {
                await using var file = new StreamWriter(new FileStream(path, FileMode.CreateNew));
                await file.WriteAsync(SettingsManual.Sample(SampleNames.For(first, secret, "/var/lib/aviso")));
            }
            catch (IOException) when (File.Exists(path))
            {
                await io.Error.WriteLineAsync($"aviso: {path} is already there and was not touched");
                return ExitStatus.CouldNotRun;
            }
            await io.Output.WriteLineAsync($"wrote {path}. Next: put the password of {first} into {secret[5..]} beside it (readable by the server only), then `aviso check --config {path}`");
            return ExitStatus.Ok;
        });
        return verb;
    }
}

internal static class ReloadVerb
{
    public static Command Build()
    {
        var verb = new Command("reload", CommandTree.Help("Make the running server read its settings again, as SIGHUP does.", "aviso reload"));
        verb.SetAction((parsed, cancel) => AdminVerbs.CallAsync(parsed, "reload", [], null, cancel));
        return verb;
    }
}

/// <summary>The files of the checkout that are written by the program.</summary>
internal static class GeneratedFiles
{
    public static IReadOnlyDictionary<string, Func<string>> All { get; } = new Dictionary<string, Func<string>>
    {
        ["docs/manual/settings.md"] = SettingsManual.Page,
        ["docs/manual/verbs.md"] = () => VerbsManual.Page(CommandTree.Build()),
        ["docs/aviso.schema.json"] = SettingsSchema.Write,
        ["deploy/aviso.sample.yaml"] = () => SettingsManual.Sample(SampleNames.Example),
    };

    public static void Write(string checkout)
    {
        foreach (var (name, write) in All)
        {
            var path = Path.Combine(checkout, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, write());
        }
    }

    /// <summary>Names of files that are not what the program would write.</summary>
    public static IReadOnlyList<string> Old(string checkout) => [.. All
        .Where(f => !File.Exists(Path.Combine(checkout, f.Key)) || File.ReadAllText(Path.Combine(checkout, f.Key)) != f.Value()).Select(f => f.Key)];
}
