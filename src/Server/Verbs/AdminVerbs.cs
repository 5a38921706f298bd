using System.CommandLine;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Secrets;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>
/// Verbs about accounts, aliases, domains, the queue and the store. Each is one call of the admin socket; without a running server
/// it opens the data folder where that is safe.
/// </summary>
internal static class AdminVerbs
{
    public static IEnumerable<Command> Build() => [Account(), Alias(), Domain(), Dkim(), Certificates(), Queue(), Reports(), Store()];

    private static Command Account() => new("account", CommandTree.Help(
        "Accounts. Those in the settings file are changed there; these verbs change the others.",
        "aviso account list", "aviso account add dave@example.org --quota 5GB", "aviso account remove dave@example.org"))
    {
        List("account", "List all accounts, with where each comes from."),
        Verb("account.add", "add", "Add an account.", ["aviso account add dave@example.org --password-file /dev/stdin < password"],
            Address("The new address."), Password(), Quota(), SendAs(), ForwardTo()),
        Verb("account.set", "set", "Change an account: only what is given changes.", ["aviso account set dave@example.org --quota 10GB"],
            Address("The account."), Password(), Quota(), SendAs(), ForwardTo(),
            Suspended()),
        Verb("account.release", "release",
            "Let go what the sending brake holds of an account: it had written to many people it did not know, and that was right.",
            ["aviso account release dave@example.org"], Address("The account.")),
        Verb("account.remove", "remove", "Suspend an account; with --purge delete it and its mail.", ["aviso account remove dave@example.org --purge"],
            Address("The account."), new Option<bool>("--purge") { Description = "Delete the account and all its mail. There is no way back." }),
        LoginVerbs.Totp(),
        LoginVerbs.Passkey(),
    };

    private static Command Alias() => new("alias", CommandTree.Help("Aliases that are not in the settings file.",
        "aviso alias list", "aviso alias add info@example.org alice@example.org bob@example.org"))
    {
        List("alias", "List all aliases, with where each comes from."),
        Verb("alias.add", "add", "Add an alias.", ["aviso alias add sales-*@example.org alice@example.org"],
            Address("The address, or a pattern with one *."), Targets()),
        Verb("alias.set", "set", "Replace where an alias goes.", ["aviso alias set info@example.org bob@example.org"],
            Address("The alias."), Targets()),
        Verb("alias.remove", "remove", "Remove an alias.", ["aviso alias remove info@example.org"], Address("The alias.")),
    };

    private static Command Domain() => new("domain", CommandTree.Help("Domains that are not in the settings file.",
        "aviso domain list", "aviso domain add example.com --catch-all alice@example.org"))
    {
        List("domain", "List all domains, with where each comes from."),
        Verb("domain.add", "add", "Receive mail for a domain.", ["aviso domain add example.com"], Named("name", "The domain."), CatchAll(), AliasOf()),
        Verb("domain.set", "set", "Change a domain: only what is given changes.", ["aviso domain set example.com --catch-all bob@example.org"],
            Named("name", "The domain."), CatchAll(), AliasOf()),
        Verb("domain.remove", "remove", "No longer receive mail for a domain.", ["aviso domain remove example.com"], Named("name", "The domain.")),
    };

    private static Command Dkim() => new("dkim", CommandTree.Help(
        "Signing keys: one of RSA and one of Ed25519 for each domain that declares none. A key signs once its record is in the DNS.",
        "aviso dkim list", "aviso dkim check", "aviso dkim rotate example.org"))
    {
        List("dkim", "List keys: whether each signs, what is wrong with its record, and the record to publish."),
        Verb("dkim.check", "check", "Look at the DNS now and verify a signed message against it. Exit status 1 when a key has a problem.", ["aviso dkim check"]),
        Verb("dkim.rotate", "rotate", "Make new keys beside the old; the old sign until the new ones are published.", ["aviso dkim rotate example.org"],
            Named("name", "The domain.")),
    };

    private static Command Reports()
    {
        var reports = Verb("reports", "reports", "What others report about mail in our name and about TLS to us: by domain, with the sources that failed.",
            ["aviso reports", "aviso reports --days 30 --json"], new Option<string?>("--days") { Description = "How far back; 14 without.", HelpName = "N" });
        return reports;
    }

    private static Command Certificates() => new("certificates", CommandTree.Help(
        "Certificates: those got by ACME with what is wrong where one does not come, then those of files and of our own authority.",
        "aviso certificates list", "aviso certificates renew mail.example.org", "aviso certificates tlsa", "aviso certificates mta-sts"))
    {
        List("certificates", "List certificates, when each ends and is renewed, and why a renewal failed."),
        Verb("certificates.tlsa", "tlsa", "DNS records for DANE (RFC 7672): the key in use and the next certificate's, whether the DNS shows them, and what to do. "
            + "While the next key is not in the DNS and the present one is, renewals keep the present key.", ["aviso certificates tlsa", "aviso certificates tlsa --json"]),
        Verb("certificates.mta-sts", "mta-sts", "DNS records for MTA-STS (RFC 8461) and TLS reports of each domain, whether the DNS shows them, and what to do. "
            + "The policy itself is served on the https listener; `mta_sts` in the settings says what is in it.", ["aviso certificates mta-sts"]),
        Verb("certificates.renew", "renew", "Get a new certificate now, whether due or not. Open connections stay. Authorities limit how often: use it to try out, not by a timer.",
            ["aviso certificates renew", "aviso certificates renew mail.example.org"],
            new Argument<string?>("name") { Description = "A name in it; all without.", Arity = ArgumentArity.ZeroOrOne, HelpName = "NAME" }),
    };

    private static Command Queue() => new("queue", CommandTree.Help("Mail on its way out.",
        "aviso queue list", "aviso queue show ID", "aviso queue retry --destination example.com", "aviso queue drop ID"))
    {
        Verb("queue.list", "list", "List waiting mail, oldest first, with the reason it waits.", ["aviso queue list --recipient carol@elsewhere.example"], [.. Filter()]),
        Verb("queue.show", "show", "Show one message: every recipient, its attempts and the last remote reply.", ["aviso queue show ID"], Named("id", "The queue id.")),
        Verb("queue.retry", "retry", "Try again now.", ["aviso queue retry ID", "aviso queue retry --destination example.com"], [OptionalId(), .. Filter()]),
        Verb("queue.hold", "hold", "Keep from being sent until released.", ["aviso queue hold --sender newsletter@example.org"], [OptionalId(), .. Filter()]),
        Verb("queue.release", "release", "Let held mail go.", ["aviso queue release ID"], [OptionalId(), .. Filter()]),
        Verb("queue.drop", "drop", "Throw mail away, without a bounce.", ["aviso queue drop ID"], [OptionalId(), .. Filter()]),
    };

    private static Command Store() => new("store", CommandTree.Help("The store of mail.", "aviso store check", "aviso store check --bodies"))
    {
        Verb("store.check", "check", "The store's self-check; it changes nothing. Exit status 1 when it finds anything.", ["aviso store check --bodies --json"],
            new Option<bool>("--bodies") { Description = "Also read every body and check its checksum." }),
        Verb("store.rebuild", "rebuild", "Make the database anew from the body segments, large files and the journal, beside the old one, which is kept. The server must not run. Exit status 1 when something is lost, damaged, held or locked: each is named.", ["aviso store rebuild"]),
    };

    private static Command List(string noun, string text) => Verb($"{noun}.list", "list", text, [$"aviso {noun} list --json"]);

    /// <summary>A verb that is one call of the admin socket; its symbols are the arguments.</summary>
    public static Command Verb(string call, string name, string text, string[] examples, params Symbol[] symbols)
    {
        var verb = new Command(name, CommandTree.Help(text, examples)) { CommandTree.Json };
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument) verb.Add(argument);
            else verb.Add((Option)symbol);
        }
        if (call is "queue.retry" or "queue.hold" or "queue.release" or "queue.drop")
        {
            verb.Validators.Add(r =>
            {
                // An empty filter would mean all mail; that must be said.
                if (!r.Children.Any(c => c is not System.CommandLine.Parsing.OptionResult { Implicit: true } && c.Tokens.Count > 0))
                    r.AddError($"say which mail: an ID, --recipient, --destination or --sender (--destination '*' for all)");
            });
        }
        if (call is "account.set" or "domain.set")
        {
            verb.Validators.Add(r =>
            {
                if (!symbols.OfType<Option>().Any(o => r.GetResult(o) is { Implicit: false }))
                    r.AddError($"say what to change: {string.Join(", ", symbols.OfType<Option>().Select(o => o.Name))}");
            });
        }
        verb.SetAction((parsed, cancel) => CallAsync(parsed, call, symbols, name == "check" ? ExitStatus.FoundProblems : null, cancel));
        return verb;
    }

    /// <summary>Calls the server and prints the answer. With <paramref name="ifRows"/> a list that is not empty ends with that status.</summary>
    public static Task<int> CallAsync(ParseResult parsed, string call, Symbol[] symbols, int? ifRows, CancellationToken cancel) =>
        SendAsync(parsed, call, Arguments(parsed, symbols), ifRows, cancel);

    /// <summary>As above, with arguments that are more than what stands on the command line.</summary>
    public static async Task<int> SendAsync(ParseResult parsed, string call, JsonObject arguments, int? ifRows, CancellationToken cancel,
        Action<TextWriter, JsonNode?>? show = null)
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
            reply = await Server.StoreCalls.OfflineAsync(settings, request, cancel);
        }
        else if (load is { Settings: null, AsksVault: false } && reply.Ok) await io.Error.WriteLineAsync("note: the settings file has problems, the server goes on with what it read before; see `aviso check`");
        if (!reply.Ok)
        {
            await io.Error.WriteLineAsync($"aviso: {reply.Error}");
            return ExitStatus.FoundProblems;
        }
        if (parsed.CommandResult.Command.Options.Contains(CommandTree.Json) && parsed.GetValue(CommandTree.Json)) Output.Json(io.Output, reply.Result);
        else if (call == "store.check" && reply.Result is JsonArray { Count: 0 }) await io.Output.WriteLineAsync("the store is sound");
        else if (call == "reports") ReportPage.Show(io.Output, reply.Result);
        else (show ?? Output.Show)(io.Output, reply.Result);
        if (call == "store.rebuild" && Server.StoreCalls.HasLosses(reply.Result)) return ExitStatus.FoundProblems;
        return ifRows is { } status && reply.Result is JsonArray { Count: > 0 } ? status : ExitStatus.Ok;
    }

    private static async Task<SettingsLoad> OnceAsync(string path, CancellationToken cancel)
    {
        var (load, secrets) = await SettingsReader.OnceAsync(path, cancel);
        secrets.Dispose();
        return load;
    }

    /// <summary>Symbols by name: dashes become underscores, a password file becomes <c>password</c>. What was not given is left out.</summary>
    private static JsonObject Arguments(ParseResult parsed, Symbol[] symbols)
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

    private static Argument<string?> OptionalId() => new("id") { Description = "The queue id.", Arity = ArgumentArity.ZeroOrOne, HelpName = "ID" };

    private static Argument<string[]> Targets() => new("to") { Description = "Where its mail goes.", Arity = ArgumentArity.OneOrMore, HelpName = "TO" };

    // The password never stands on the command line, where every user of the machine could see it.
    private static Option<string?> Password() => new("--password-file") { Description = "A file with the password (or /dev/stdin).", HelpName = "FILE" };

    private static Option<string?> Quota()
    {
        var option = new Option<string?>("--quota") { Description = "How much mail it may keep, such as 5GB.", HelpName = "SIZE" };
        option.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<string?>() is { } size && !(Types.Size.Read(size) is > 0)) r.AddError($"--quota: `{size}` is no size such as 5GB");
        });
        return option;
    }

    private static Option<string?> Suspended()
    {
        var option = new Option<string?>("--suspended") { Description = "true: login is refused and mail deferred.", HelpName = "true|false" };
        return option.AcceptOnlyFromAmong("true", "false");
    }

    public static Option<string[]> SendAs() => new("--send-as") { Description = "An address or pattern it may send as; may be repeated.", HelpName = "ADDRESS" };

    private static Option<string[]> ForwardTo() => new("--forward-to") { Description = "An address that gets a copy; may be repeated.", HelpName = "ADDRESS" };

    private static Option<string?> CatchAll() => new("--catch-all") { Description = "Who gets mail for unknown addresses; '' for nobody.", HelpName = "ADDRESS" };

    private static Option<string?> AliasOf() => new("--alias-of") { Description = "Every address means the same name in DOMAIN; '' for none.", HelpName = "DOMAIN" };

    private static IEnumerable<Symbol> Filter() =>
    [
        new Option<string?>("--recipient") { Description = "Only this recipient.", HelpName = "ADDRESS" },
        new Option<string?>("--destination") { Description = "Only this next hop: a domain or relay:NAME.", HelpName = "NAME" },
        new Option<string?>("--sender") { Description = "Only this sender.", HelpName = "ADDRESS" },
    ];
}
