using System.CommandLine;
using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Admin;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>Verbs about ways to log in beside the account's own password.</summary>
internal static class LoginVerbs
{
    public static Command AppPassword() => new("app-password", CommandTree.Help(
        "App passwords: one for each program or device, made by the server, limited to what it is for, revoked alone.",
        "aviso app-password add alice@example.org --name phone",
        "aviso app-password list alice@example.org", "aviso app-password revoke alice@example.org phone"))
    {
        AdminVerb.Of(
            "app_password.list", "list", "List app passwords: what each is for, when it was last used, and since when and why one fails.",
            ["aviso app-password list", "aviso app-password list alice@example.org --json"],
            new Argument<string?>("address") { Description = "The account; all without.", Arity = ArgumentArity.ZeroOrOne, HelpName = "ADDRESS" }),
        AdminVerb.Of(
            "app_password.add", "add", "Make an app password and print it, once. Without limits it is for every mail program's needs.",
        [
            "aviso app-password add alice@example.org --name phone",
            "aviso app-password add alice@example.org --name scanner --protocol submission --send-as scanner@example.org --network 192.0.2.0/24",
            "aviso app-password add alice@example.org --name archiver --read-only --mailbox 'Archive*' --expires 90d",
        ],
            AdminVerb.Address("The account."), Name(), Protocol(), Mailbox(),
            new Option<bool>("--read-only") { Description = "Mail can be read, nothing changed or sent." },
            new Option<bool>("--search-only") { Description = "Mail can be found and listed, bodies cannot be read, nothing changed or sent." },
            AdminVerb.SendAs(), Network(), Expires()),
        AdminVerb.Of("app_password.revoke", "revoke",
            "Revoke an app password. The account's sessions end; programs with another password come again at once.",
            ["aviso app-password revoke alice@example.org phone"],
            AdminVerb.Address("The account."), AdminVerb.Named("id", "Its id or name.")),
    };

    public static Command Totp()
    {
        var address = AdminVerb.Address("The account.");
        var action = new Argument<string?>("action") { Description = "enable, disable or status.", HelpName = "enable|disable|status" };
        action.AcceptOnlyFromAmong("enable", "disable", "status");
        var code = new Option<string?>("--code") { Description = "With enable: the code that the app shows, to confirm.", HelpName = "CODE" };
        var verb = new Command("totp", CommandTree.Help(
            "The second factor: codes of an authenticator app, which the webmail asks for. Enabling shows a picture to scan and recovery codes, once; it counts when it is "
            + "confirmed with a code. From then on mail programs, which cannot ask for codes, need app passwords (`logins.two_step_needs_app_password`).",
            "aviso account totp alice@example.org enable", "aviso account totp alice@example.org enable --code 123456",
            "aviso account totp alice@example.org status", "aviso account totp alice@example.org disable")) { CommandTree.Json, address, action, code };
        verb.Validators.Add(r =>
        {
            if (r.GetValue(code) is not null && r.GetValue(action) != "enable") r.AddError("--code goes with enable");
        });
        verb.SetAction(async (parsed, cancel) =>
        {
            var io = parsed.InvocationConfiguration;
            var args = new JsonObject { ["address"] = parsed.GetValue(address) };
            if (parsed.GetValue(code) is { } typed) args["code"] = typed;
            var load = SettingsFile.Load(CommandTree.ConfigPath(parsed));
            if (load.Data is not { } data)
            {
                ProblemReport.Print(load, io.Error);
                return ExitStatus.CouldNotRun;
            }
            if (await AdminClient.TryCallAsync(data, new($"totp.{parsed.GetValue(action)}", args), cancel) is not { } reply)
                throw new IOException($"no server runs on {data}; start it with `aviso serve`");
            if (!reply.Ok)
            {
                await io.Error.WriteLineAsync($"aviso: {reply.Error}");
                return ExitStatus.FoundProblems;
            }
            if (parsed.GetValue(CommandTree.Json)) Output.Json(io.Output, reply.Result);
            else if (reply.Result is JsonObject made && made["uri"] is { } uri) await ShowAsync(io.Output, made, uri.ToString());
            else Output.Show(io.Output, reply.Result);
            return ExitStatus.Ok;
        });
        return verb;
    }

    private static async Task ShowAsync(TextWriter output, JsonObject made, string uri)
    {
        await output.WriteAsync(QrPicture.Draw(uri));
        await output.WriteLineAsync($"\n{uri}\n\nRecovery codes, each good once, shown only now:");
        foreach (var code in made["recovery_codes"]!.AsArray()) await output.WriteLineAsync($"  {code}");
        await output.WriteLineAsync(
            $"\nScan the picture with an authenticator app, then: aviso account totp {made["account"]} enable --code CODE");
    }

    public static Command Passkey() => new("passkey", CommandTree.Help("Passkeys of an account. They are made in the webmail.",
        "aviso account passkey list alice@example.org", "aviso account passkey remove alice@example.org laptop"))
    {
        AdminVerb.Of("passkey.list", "list", "List passkeys with their last use.", ["aviso account passkey list alice@example.org --json"],
            AdminVerb.Address("The account.")),
        AdminVerb.Of("passkey.remove", "remove", "Remove a passkey.", ["aviso account passkey remove alice@example.org laptop"],
            AdminVerb.Address("The account."), AdminVerb.Named("id", "Its id or name.")),
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
