using System.CommandLine;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Moving;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>Verbs about moving in. The running server does it; the verb shows how far it is.</summary>
internal static class ImportVerbs
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(500);

    public static Command Build() => new("import", CommandTree.Help(
        "Move in from another server. The source is only read; run it as often as you like: each run brings what changed since.",
        "aviso import plan docker-mailserver /srv/dms/config --mail /srv/dms/mail-data",
        "aviso import run maildir /srv/old/alice --account alice@example.org",
        "aviso import run imap mail.old.example --user alice --password file:/run/alice --account alice@example.org",
        "aviso import verify docker-mailserver /srv/dms/config --mail /srv/dms/mail-data --report report.json"))
    {
        Plan(),
        Long("run", "import.run",
            "Take what is new there, change what changed, delete what was deleted. Ended anywhere it goes on when it is run again. "
            + "Exit status 1 when anything was left out.", ["aviso import run docker-mailserver /srv/dms/config"], SkipDamaged(),
                AllowDeletes()),
        Long("verify", "import.verify",
            "Compare both sides message by message: octets, flags, keywords, dates, UIDs. It writes nothing to either. "
            + "Exit status 1 when anything differs.",
                ["aviso import verify maildir /srv/old/alice --account alice@example.org --report report.json"]),
        AdminVerb.Of("import.status", "status", "How far the move is, or how the last one ended.", ["aviso import status"],
            new VerbAnswers(ImportPage.Show)),
        AdminVerb.Of("import.names", "names", "How IMAP clients of an account see names of mailboxes, which is what they keep caches by. A "
            + "Maildir++ that moves into an account without mail sets it; it holds from the next login on.",
            ["aviso import names alice@example.org", "aviso import names alice@example.org --separator . --prefix INBOX."],
            AdminVerb.Address("The account."),
            new Option<string?>("--separator") { Description = "`/` or `.` between levels.", HelpName = "CHARACTER" },
            new Option<string?>("--prefix")
            {
                Description = "What stands before every name but INBOX; '' for nothing.",
                HelpName = "PREFIX",
            }),
        AdminVerb.Of("import.stop", "stop", "Stop the move; what was taken stays.", ["aviso import stop"]),
    };

    private static Command Plan()
    {
        var symbols = Symbols();
        var verb = Of("plan", "Say what maps, what changes its meaning and what cannot be carried. Nothing is written. Exit status 1 when "
            + "something at the source is damaged.", ["aviso import plan docker-mailserver /srv/dms/config --mail /srv/dms/mail-data"],
                symbols);
        verb.SetAction((parsed, cancel) => AdminVerb.SendAsync(
            parsed, "import.plan", Arguments(parsed, symbols), new(ImportPage.ShowPlan, ImportPage.HasDamage), cancel));
        return verb;
    }

    private static Command Of(string name, string text, string[] examples, Symbol[] symbols)
    {
        var verb = new Command(name, CommandTree.Help(text, examples)) { CommandTree.Json };
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument) verb.Add(argument);
            else verb.Add((Option)symbol);
        }
        return verb;
    }

    // The server does not stand in the folder where this is typed.
    private static JsonObject Arguments(ParseResult parsed, Symbol[] symbols)
    {
        var arguments = AdminVerb.Arguments(parsed, symbols);
        foreach (var name in (string[])["path", "mail", "indexes", "home", "keys", "ca"])
            if (arguments[name] is { } given && (name != "path" || arguments["kind"]?.ToString() != "imap"))
                arguments[name] = Path.GetFullPath(given.ToString());
        foreach (var name in (string[])["password", "token"])
            if (arguments[name] is { } reference) arguments[name] = Secret(name, reference.ToString());
        return arguments;
    }

    // Read here, so that a variable or file of the one who types is enough; the server keeps it while the move runs and no longer.
    private static string Secret(string name, string reference) =>
        References.System.TryResolve(reference, Environment.CurrentDirectory) switch
        {
            { Text: { Length: > 0 } text } => text,
            { Error: { } error } => throw new IOException($"--{name}: {error}"),
            { } => throw new IOException($"--{name}: what {reference} holds is empty"),
            null => throw new IOException($"--{name} is a reference: env:NAME, file:PATH or literal:TEXT"),
        };

    private static Symbol[] Symbols() =>
    [
        Kind(), Source(),
        new Option<string?>("--account")
        {
            Description = "Whose mail it becomes; of a whole server, the only account to move.",
            HelpName = "ADDRESS",
        },
        new Option<string?>("--mail") { Description = "docker-mailserver: the folder of all mail.", HelpName = "FOLDER" },
        new Option<string?>("--indexes")
        {
            Description = "maildir: where Dovecot keeps its index files, when not beside the mail.",
            HelpName = "FOLDER",
        },
        new Option<string?>("--home")
        {
            Description = "maildir: where the Sieve scripts are, when not beside the mail.",
            HelpName = "FOLDER",
        },
        new Option<string?>("--keys")
        {
            Description = "maildir: the private key of mail_crypt as PEM, or a folder of keys.",
            HelpName = "PATH",
        },
        new Option<string?>("--label")
        {
            Description = "Under what name the source is remembered, one word without `/`. Default: its kind.",
            HelpName = "NAME",
        },
        new Option<string?>("--user") { Description = "imap: who logs in there.", HelpName = "NAME" },
        new Option<string?>("--password")
        {
            Description = "imap: the password, as env:NAME, file:PATH or literal:TEXT.",
            HelpName = "REFERENCE",
        },
        new Option<string?>("--token")
        {
            Description = "imap: a token of OAuth instead of a password, as a reference too.",
            HelpName = "REFERENCE",
        },
        Tls(),
        new Option<string?>("--ca")
        {
            Description = "imap: a PEM file of certificate authorities that count instead of the system's.",
            HelpName = "FILE",
        },
    ];

    private static Option<string?> Tls()
    {
        var tls = new Option<string?>("--tls")
        {
            Description = "imap: implicit (what port 993 and no port mean), starttls (any other port; without it nothing is said) or none.",
            HelpName = "HOW",
        };
        tls.AcceptOnlyFromAmong("implicit", "starttls", "none");
        return tls;
    }

    private static Argument<string?> Kind()
    {
        var kind = new Argument<string?>("kind")
        {
            Description = $"What the source is: {string.Join(", ", SourceKinds.All)}.",
            HelpName = "KIND",
        };
        kind.AcceptOnlyFromAmong(SourceKinds.All);
        return kind;
    }

    private static Argument<string?> Source() => new("path")
    {
        Description = "Where it is, as the server's user sees it; of imap HOST or HOST:PORT.",
        HelpName = "PATH",
    };

    private static Option<bool> SkipDamaged() =>
        new("--skip-damaged") { Description = "Leave out, by name, what cannot be read, instead of beginning nothing." };

    private static Option<bool> AllowDeletes() =>
        new("--allow-deletes") { Description = "More than half of a mailbox was deleted there on purpose." };

    private static Command Long(string name, string call, string text, string[] examples, params Symbol[] more)
    {
        Symbol[] symbols = [.. Symbols(), .. more];
        var report = new Option<string?>("--report") { Description = "A file for the whole answer, as JSON.", HelpName = "FILE" };
        var verb = Of(name, text, examples, [.. symbols, report]);
        verb.SetAction((parsed, cancel) => RunAsync(parsed, call, Arguments(parsed, symbols), parsed.GetValue(report), cancel));
        return verb;
    }

    private static async Task<int> RunAsync(ParseResult parsed, string call, JsonObject arguments, string? report, CancellationToken cancel)
    {
        var io = parsed.InvocationConfiguration;
        if (SettingsFile.Load(CommandTree.ConfigPath(parsed)).Data is not { } data)
            return await AdminVerb.SendAsync(parsed, call, arguments, VerbAnswers.Plain, cancel);
        var begun = await AdminClient.TryCallAsync(data, new(call, arguments), cancel)
            ?? throw new IOException($"no server runs on {data}; start it with `aviso serve`: moving in is done by the running server");
        if (!begun.Ok)
        {
            await io.Error.WriteLineAsync($"aviso: {begun.Error}");
            return ExitStatus.FoundProblems;
        }
        var end = await WatchAsync(data, io.Error, cancel);
        if (report is not null) await File.WriteAllTextAsync(report, end.ToJsonString(AdminJson.Plain) + "\n", CancellationToken.None);
        if (parsed.GetValue(CommandTree.Json)) Output.Json(io.Output, end);
        else ImportPage.Show(io.Output, end);
        return ImportPage.IsGood(end) ? ExitStatus.Ok : ExitStatus.FoundProblems;
    }

    // Ctrl-C ends the move, not only the look at it.
    private static async Task<JsonObject> WatchAsync(string data, TextWriter errors, CancellationToken cancel)
    {
        var shown = "";
        while (true)
        {
            var status = await AskAsync(data, cancel.IsCancellationRequested ? "import.stop" : "import.status");
            if (status["state"]?.ToString() is not "running")
            {
                if (shown.Length > 0) await errors.WriteLineAsync();
                return status;
            }
            var line = ImportPage.Progress(status);
            // On a terminal one line that changes; in a file a line whenever a tenth more is done.
            if (!Console.IsErrorRedirected) await errors.WriteAsync($"\r{line.PadRight(shown.Length)}");
            else if (line[..Math.Min(3, line.Length)] != shown[..Math.Min(3, shown.Length)]) await errors.WriteLineAsync(line);
            shown = line;
            await Task.Delay(Often, TimeProvider.System, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<JsonObject> AskAsync(string data, string call)
    {
        if (call == "import.stop") await AdminClient.TryCallAsync(data, new(call, []), CancellationToken.None);
        var reply = await AdminClient.TryCallAsync(data, new("import.status", []), CancellationToken.None)
            ?? throw new IOException("the server ended; start it and run again: it goes on where it was");
        return reply.Result as JsonObject ?? throw new IOException(reply.Error ?? "the server gave no status");
    }
}
