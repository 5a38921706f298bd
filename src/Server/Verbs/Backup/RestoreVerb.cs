using System.CommandLine;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Backup;
using Aviso.Server;

namespace Aviso.Verbs;

/// <summary>`aviso backup restore`: everything into a data folder that no server uses, or an account, mailbox or message into the running
/// server.</summary>
internal static class RestoreVerb
{
    private static readonly Option<bool> Yes = new("--yes") { Description = "Do it. Without it only what would be done is said." };
    private static readonly Option<bool> NewUidValidity = new("--new-uidvalidity")
    {
        Description = "Mail programs forget what they know and read everything again: for a copy of which nobody knows what was given out "
            + "since.",
    };

    private static readonly Option<string?> To = new("--to")
    {
        Description = "The moment, such as 2026-11-30T16:05:30Z; else the newest.",
        HelpName = "TIME"
    };
    private static readonly Option<string?> Into = new("--into")
    {
        Description = "The data folder; else that of the settings.",
        HelpName = "FOLDER"
    };
    private static readonly Option<string?> Account = new("--account")
    {
        Description = "Only this account, into the running server.",
        HelpName = "ADDRESS"
    };
    private static readonly Option<string?> Folder = new("--folder")
    {
        Description = "With --account: only this mailbox and those below "
        + "it.",
        HelpName = "MAILBOX"
    };
    private static readonly Option<string?> Message = new("--message")
    {
        Description = "With --account: only this message, by its "
        + "EMAILID.",
        HelpName = "ID"
    };

    public static Command Build()
    {
        var verb = new Command("restore", CommandTree.Help(
            "Bring everything back into a data folder that no server uses (what stands there is put aside), or with --account mail into "
                + "the running "
                + "server. Exit status 1 when anything is lost; it is named.",
            "aviso backup restore", "aviso backup restore --yes", "aviso backup restore --yes --to 2026-11-30T16:05:30Z",
            "aviso backup restore --yes --from /mnt/backup/aviso --into /var/lib/aviso",
            "aviso backup restore --yes --account alice@example.org --folder Archive --to 2026-11-30T08:00:00Z"))
        { CommandTree.Json, Yes, To, Into, NewUidValidity, Account, Folder, Message };
        foreach (var option in BackupPlace.Options) verb.Add(option);
        verb.SetAction(RunAsync);
        return verb;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var errors = parsed.InvocationConfiguration.Error;
        DateTimeOffset? to = null;
        if (parsed.GetValue(To) is { } text && (to = BackupTimes.Parse(text)) is null)
        {
            await errors.WriteLineAsync($"aviso: {BackupTimes.Wrong(text)}");
            return ExitStatus.Usage;
        }
        if (parsed.GetValue(Account) is { } account)
        {
            if (OnlyForAll().Where(o => parsed.GetResult(o) is { Implicit: false }).Select(o => o.Name).ToList() is { Count: > 0 } wrong)
            {
                await errors.WriteLineAsync($"aviso: {string.Join(", ", wrong)} cannot be said with --account: mail comes back into the "
                    + "running server, from a target of its settings (--target)");
                return ExitStatus.Usage;
            }
            return await PartAsync(parsed, account, cancel);
        }
        if (parsed.GetValue(Folder) is not null || parsed.GetValue(Message) is not null)
        {
            await errors.WriteLineAsync("aviso: say by --account whose it is");
            return ExitStatus.Usage;
        }
        if (await BackupPlace.OpenAsync(parsed, TimeProvider.System, cancel) is not { } place) return ExitStatus.CouldNotRun;
        await using var target = place.Target;
        if ((parsed.GetValue(Into) ?? place.Data) is not { } folder)
        {
            await errors.WriteLineAsync("aviso: say by --into where to");
            return ExitStatus.Usage;
        }
        return await WholeAsync(parsed, place, new(Path.GetFullPath(folder), to, parsed.GetValue(NewUidValidity)), cancel);
    }

    /// <summary>What makes no sense for the running server.</summary>
    private static IEnumerable<Option> OnlyForAll() =>
        BackupPlace.Options.Where(o => o != BackupVerbs.Target).Append(Into).Append(NewUidValidity);

    private static async Task<int> WholeAsync(ParseResult parsed, BackupPlace place, WholeWishes wishes, CancellationToken cancel)
    {
        var output = parsed.InvocationConfiguration.Output;
        if (!parsed.GetValue(Yes))
        {
            await output.WriteLineAsync($"would restore {place.Target.Where} as it was {(wishes.To is { } at
                ? $"at {BackupTimes.Show(at)}" : "at last")} "
                + $"into {wishes.Folder}{(WholeRestore.IsUsed(wishes.Folder) ? ", and put aside the store that is there"
                    : "")}. Say --yes to do it.");
            return ExitStatus.Usage;
        }
        DataFolder.MakeForOurselves();
        var report = await new WholeRestore(place.Target, place.Key, TimeProvider.System).RunAsync(wishes, cancel);
        if (parsed.GetValue(CommandTree.Json)) Output.Json(output, Replies.One(report, AdminJson.Default.WholeReport).Result);
        else
        {
            await output.WriteLineAsync($"restored {report.Folder} as it was at {BackupTimes.Show(report.At)}: {report.Accounts} accounts, "
                + $"{report.Mailboxes} mailboxes, {report.Messages} messages");
            if (report.Aside.Length > 0) await output.WriteLineAsync($"what was there is in {report.Aside}");
            if (report.Held.Length > 0) await output.WriteLineAsync(report.Held);
            var settings = Path.Combine(report.Folder, WholeRestore.Settings, "aviso.yaml");
            if (File.Exists(settings)) await output.WriteLineAsync($"the settings of that time, without secrets: {settings}");
            await BackupReading.ShowAsync(output, "damaged", report.Damage);
            await BackupReading.ShowAsync(output, "lost messages", report.Lost);
            await BackupReading.ShowAsync(output, "the store's check finds", report.Findings);
        }
        return report.Damage.Count + report.Lost.Count + report.Findings.Count > 0 ? ExitStatus.FoundProblems : ExitStatus.Ok;
    }

    private static async Task<int> PartAsync(ParseResult parsed, string account, CancellationToken cancel)
    {
        var args = new JsonObject { ["account"] = account };
        foreach (var (name, option) in new[] { ("folder", Folder), ("message", Message), ("to", To), ("target", BackupVerbs.Target) })
            if (parsed.GetValue(option) is { } value) args[name] = value;
        if (!parsed.GetValue(Yes))
        {
            await parsed.InvocationConfiguration.Output.WriteLineAsync($"would bring back what {account} had and has no more. Say --yes "
                + $"to do it.");
            return ExitStatus.Usage;
        }
        return await AdminVerb.SendAsync(parsed, "backup.return", args,
            new(Finds: answer => answer?["problems"] is JsonArray { Count: > 0 }), cancel);
    }
}
