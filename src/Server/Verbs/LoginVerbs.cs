using System.CommandLine;
using Aviso.Accounts;

namespace Aviso.Verbs;

/// <summary>Verbs about ways to log in beside the account's own password.</summary>
internal static class LoginVerbs
{
    public static Command AppPassword() => new("app-password", CommandTree.Help(
        "App passwords: one for each program or device, made by the server, limited to what it is for, revoked alone.",
        "aviso app-password add alice@example.org --name phone",
        "aviso app-password list alice@example.org", "aviso app-password revoke alice@example.org phone"))
    {
        AdminVerbs.Verb("app_password.list", "list", "List app passwords: what each is for, when it was last used, and since when and why one fails.",
            ["aviso app-password list", "aviso app-password list alice@example.org --json"],
            new Argument<string?>("address") { Description = "The account; all without.", Arity = ArgumentArity.ZeroOrOne, HelpName = "ADDRESS" }),
        AdminVerbs.Verb("app_password.add", "add", "Make an app password and print it, once. Without limits it is for every mail program's needs.",
        [
            "aviso app-password add alice@example.org --name phone",
            "aviso app-password add alice@example.org --name scanner --protocol submission --send-as scanner@example.org --network 192.0.2.0/24",
            "aviso app-password add alice@example.org --name archiver --read-only --mailbox 'Archive*' --expires 90d",
        ],
            AdminVerbs.Address("The account."), Name(), Protocol(), Mailbox(),
            new Option<bool>("--read-only") { Description = "Mail can be read, nothing changed or sent." },
            new Option<bool>("--search-only") { Description = "Mail can be found and listed, bodies cannot be read, nothing changed or sent." },
            AdminVerbs.SendAs(), Network(), Expires()),
        AdminVerbs.Verb("app_password.revoke", "revoke", "Revoke an app password. The account's sessions end; programs with another password come again at once.",
            ["aviso app-password revoke alice@example.org phone"],
            AdminVerbs.Address("The account."), AdminVerbs.Named("id", "Its id or name.")),
    };

    private static Option<string?> Name() => new("--name") { Description = "What it is for, such as phone.", HelpName = "NAME", Required = true };

    private static Option<string[]> Protocol()
    {
        var option = new Option<string[]>("--protocol") { Description = $"Only for this, may be repeated: {string.Join(", ", AppPasswordScope.KnownProtocols)}.", HelpName = "NAME" };
        return option.AcceptOnlyFromAmong([.. AppPasswordScope.KnownProtocols]);
    }

    private static Option<string[]> Mailbox() => new("--mailbox") { Description = "Only this mailbox is there, or those of a pattern with *; may be repeated.", HelpName = "PATTERN" };

    private static Option<string[]> Network() => new("--network") { Description = "Only from this network or address; may be repeated.", HelpName = "NETWORK" };

    private static Option<string?> Expires() => new("--expires") { Description = "When it ends: 12h, 90d, or a date as 2027-01-31 (UTC).", HelpName = "WHEN" };
}
