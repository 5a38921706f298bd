using System.CommandLine;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>Verbs about accounts, aliases and domains. Each is one call of the admin socket.</summary>
internal static class AccountVerbs
{
    public static Command Account() => new("account", CommandTree.Help(
        "Accounts. Those in the settings file are changed there; these verbs change the others.",
        "aviso account list", "aviso account add dave@example.org --quota 5GB", "aviso account remove dave@example.org"))
    {
        AdminVerb.List("account", "List all accounts, with where each comes from."),
        AdminVerb.Of("account.add", "add", "Add an account.", ["aviso account add dave@example.org --password-file /dev/stdin < password"],
            AdminVerb.Address("The new address."), Password(), Quota(), AdminVerb.SendAs(), ForwardTo()),
        Changing("account.set", "Change an account: only what is given changes.", ["aviso account set dave@example.org --quota 10GB"],
            AdminVerb.Address("The account."), Password(), Quota(), AdminVerb.SendAs(), ForwardTo(),
            Suspended()),
        AdminVerb.Of("account.release", "release",
            "Let go what the sending brake holds of an account: it had written to many people it did not know, and that was right.",
            ["aviso account release dave@example.org"], AdminVerb.Address("The account.")),
        AdminVerb.Of("account.remove", "remove", "Suspend an account; with --purge delete it and its mail.",
            ["aviso account remove dave@example.org --purge"],
            AdminVerb.Address("The account."), new Option<bool>("--purge") { Description = "Delete the account and all its mail. There is no way back." }),
        LoginVerbs.Totp(),
        LoginVerbs.Passkey(),
    };

    public static Command Alias() => new("alias", CommandTree.Help("Aliases that are not in the settings file.",
        "aviso alias list", "aviso alias add info@example.org alice@example.org bob@example.org"))
    {
        AdminVerb.List("alias", "List all aliases, with where each comes from."),
        AdminVerb.Of("alias.add", "add", "Add an alias.", ["aviso alias add sales-*@example.org alice@example.org"],
            AdminVerb.Address("The address, or a pattern with one *."), Targets()),
        AdminVerb.Of("alias.set", "set", "Replace where an alias goes.", ["aviso alias set info@example.org bob@example.org"],
            AdminVerb.Address("The alias."), Targets()),
        AdminVerb.Of(
            "alias.remove", "remove", "Remove an alias.", ["aviso alias remove info@example.org"], AdminVerb.Address("The alias.")),
    };

    public static Command Domain() => new("domain", CommandTree.Help("Domains that are not in the settings file.",
        "aviso domain list", "aviso domain add example.com --catch-all alice@example.org"))
    {
        AdminVerb.List("domain", "List all domains, with where each comes from."),
        AdminVerb.Of("domain.add", "add", "Receive mail for a domain.", ["aviso domain add example.com"],
            AdminVerb.Named("name", "The domain."), CatchAll(), AliasOf()),
        Changing("domain.set", "Change a domain: only what is given changes.", ["aviso domain set example.com --catch-all bob@example.org"],
            AdminVerb.Named("name", "The domain."), CatchAll(), AliasOf()),
        AdminVerb.Of("domain.remove", "remove", "No longer receive mail for a domain.", ["aviso domain remove example.com"],
            AdminVerb.Named("name", "The domain.")),
    };

    private static Command Changing(string call, string text, string[] examples, params Symbol[] symbols)
    {
        var verb = AdminVerb.Of(call, "set", text, examples, symbols);
        verb.Validators.Add(r =>
        {
            if (!symbols.OfType<Option>().Any(o => r.GetResult(o) is { Implicit: false }))
                r.AddError($"say what to change: {string.Join(", ", symbols.OfType<Option>().Select(o => o.Name))}");
        });
        return verb;
    }

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

    private static Option<string[]> ForwardTo() => new("--forward-to") { Description = "An address that gets a copy; may be repeated.", HelpName = "ADDRESS" };

    private static Option<string?> CatchAll() => new("--catch-all") { Description = "Who gets mail for unknown addresses; '' for nobody.", HelpName = "ADDRESS" };

    private static Option<string?> AliasOf() => new("--alias-of") { Description = "Every address means the same name in DOMAIN; '' for none.", HelpName = "DOMAIN" };
}
