// Verbs owns the command line: what `aviso --help` shows, exit statuses, tables and JSON. Rules: 0 ok, 1 found problems,
// 2 usage, 3 could not run; every verb teaches with examples; output shows references, never secrets.
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Aviso.Base;

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
        IReadOnlyList<string> wrong = NoOption(args, parsed) is { } slip ? [slip] : [.. parsed.Errors.Select(e => e.Message)];
        if (wrong.Count > 0 && parsed.Action is not ShortHelp)
        {
            foreach (var error in wrong) await errors.WriteLineAsync($"aviso: {error}");
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

    /// <summary>
    /// What begins like an option and is none is a slip, not a name: `queue drop --al` must not drop what is called so. After a lone `--` stands
    /// what is really called that way.
    /// </summary>
    private static string? NoOption(string[] args, ParseResult parsed)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        var verb = new Stack<string>();
        for (var result = parsed.CommandResult; result is not null; result = result.Parent as CommandResult)
        {
            verb.Push(result.Parent is null ? "aviso" : result.Command.Name);
            foreach (var option in result.Command.Options.Where(o => result == parsed.CommandResult || o.Recursive))
                known.UnionWith([option.Name, .. option.Aliases]);
        }
        foreach (var arg in args.TakeWhile(a => a != "--"))
        {
            if (arg.Length < 2 || arg[0] != '-' || (arg[1] != '-' && !char.IsLetter(arg[1]))) continue;
            // --name=value, --name:value, and -dVALUE.
            var name = arg[1] == '-' ? arg.Split('=', ':')[0] : arg[..2];
            if (!known.Contains(name)) return $"`{name}` is no option of `{string.Join(' ', verb)}`{Nearest.Hint(name, known)}";
        }
        return null;
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
        root.Add(TopVerb.Build());
        root.Add(DoctorVerbs.Build());
        root.Add(ReloadVerb.Build());
        root.Add(AccountVerbs.Account());
        root.Add(AccountVerbs.Alias());
        root.Add(AccountVerbs.Domain());
        root.Add(DkimVerbs.Build());
        root.Add(DnsVerbs.Build());
        root.Add(CertificateVerbs.Build());
        root.Add(QueueVerbs.Build());
        root.Add(RelayVerbs.Build());
        root.Add(TraceVerb.Build());
        root.Add(ReportVerbs.Build());
        root.Add(ProbeVerbs.Build());
        root.Add(StoreVerbs.Build());
        root.Add(UndeleteVerbs.Build());
        root.Add(ImportVerbs.Build());
        root.Add(ExportVerbs.Build());
        root.Add(BackupVerbs.Build());
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
