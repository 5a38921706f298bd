using System.CommandLine;
using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Secrets;
using Aviso.Settings;

namespace Aviso.Verbs;

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
                Output.Json(io.Output, Output.Rows(load.Problems.Concat(compared).Select(p => new JsonObject
                { ["file"] = p.Place.File, ["line"] = p.Place.Line, ["column"] = p.Place.Column, ["key"] = p.Path, ["text"] = p.Text })));
                return load.Settings is null ? ProblemReport.Print(load, TextWriter.Null) : compared.Count > 0 || secrets.Refusals.Count > 0 ? ExitStatus.FoundProblems : ExitStatus.Ok;
            }
            foreach (var problem in compared) await io.Error.WriteLineAsync(problem.Text);
            if (compared.Count > 0) await io.Error.WriteLineAsync(compared.Count == 1 ? "aviso: one problem with accounts and aliases" : $"aviso: {compared.Count} problems with accounts and aliases");
            if (load.Settings is not { } settings) return ProblemReport.Print(load, io.Error);
            if (compared.Count > 0) return ExitStatus.FoundProblems;
            var declared = AccountsMapping.Accounts(settings);
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
        var found = AccountBook.Check(AccountsMapping.Accounts(settings), out var warnings)
            .Select(c => new Problem(new(c.First.Line > 0 ? c.First.Name : path, c.First.Line, c.First.Column), "", c.Text)).ToList();
        notes = [.. warnings,
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
