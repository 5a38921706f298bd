using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Admin;
using Aviso.Store;

namespace Aviso.Server;

/// <summary>What the verbs about Sieve do in the running server.</summary>
internal static class SieveCalls
{
    private const int MostMessages = 100_000;

    public static void Add(AdminHandlers admin, MailParts mail) => admin
        .Add("sieve.list", (c, t) => ListAsync(mail, c, t))
        .Add("sieve.show", (c, t) => ForAsync(mail, c, async account => await mail.Scripts.GetAsync(account, Name(c), t) is { } text
            ? AdminReply.Done(Encoding.UTF8.GetString(text)) : AdminReply.No($"there is no script `{Name(c)}`")))
        .Add("sieve.put", (c, t) => ForAsync(mail, c, account => PutAsync(mail, account, c, t)), changes: true)
        .Add("sieve.activate", (c, t) => ForAsync(mail, c, async account => Answer(
            await mail.Scripts.SetActiveAsync(account, c.Flag("none") ? null : Name(c), t), c.Flag("none") ? "no script is active" : $"`{Name(c)}` is active")), changes: true)
        .Add("sieve.delete", (c, t) => ForAsync(mail, c, async account => Answer(
            await mail.Scripts.DeleteAsync(account, Name(c), t), $"`{Name(c)}` is deleted")), changes: true)
        .Add("sieve.test", (c, t) => ForAsync(mail, c, account => TestAsync(mail, account, c, t)));

    private static string Name(AdminCall call) => SieveScripts.Canonical(call.Text("name") ?? "") ?? "";

    private static async Task<AdminReply> ForAsync(MailParts mail, AdminCall call, Func<AccountId, Task<AdminReply>> run) =>
        mail.Book.Table.FindAccount(call.Text("account") ?? "") is { } account
            ? await run(account) : AdminReply.No($"there is no account {call.Text("account")}");

    private static Task<AdminReply> ListAsync(MailParts mail, AdminCall call, CancellationToken cancel) => ForAsync(mail, call, async account =>
        AdminJson.Rows((await mail.Scripts.ListAsync(account, cancel))
            .Select(s => new ScriptRow(s.Name, s.IsActive, s.Size, DateTimeOffset.FromUnixTimeSeconds(s.ChangedAt))), AdminJson.Default.ScriptRow));

    private static async Task<AdminReply> PutAsync(MailParts mail, AccountId account, AdminCall call, CancellationToken cancel)
    {
        if (Name(call) is not { Length: > 0 } name) return AdminReply.No($"`{call.Text("name")}` can be no script's name");
        var text = Encoding.UTF8.GetBytes(call.Text("script") ?? "");
        if (mail.Sieve.Compile(name, text).Errors is { Count: > 0 } errors) return AdminReply.No("the script is wrong:\n" + string.Join('\n', errors));
        var refusal = await mail.Scripts.PutAsync(account, name, text, cancel);
        if (refusal == SieveScriptRefusal.None && call.Flag("activate")) refusal = await mail.Scripts.SetActiveAsync(account, name, cancel);
        return Answer(refusal, call.Flag("activate") ? $"`{name}` is stored and active" : $"`{name}` is stored");
    }

    private static AdminReply Answer(SieveScriptRefusal refusal, string done) => refusal switch
    {
        SieveScriptRefusal.None => AdminReply.Done(done),
        SieveScriptRefusal.NonExistent => AdminReply.No("there is no script of that name"),
        SieveScriptRefusal.Active => AdminReply.No("the script is active; make another active first, or `aviso sieve activate --none`"),
        SieveScriptRefusal.MaxSize => AdminReply.No("the script is larger than `sieve.script_size`"),
        SieveScriptRefusal.MaxScripts => AdminReply.No("the account has as many scripts as `sieve.scripts` lets it have"),
        SieveScriptRefusal.Quota => AdminReply.No("the account's scripts are too large together"),
        _ => AdminReply.No("that is not possible"),
    };

    private static async Task<AdminReply> TestAsync(MailParts mail, AccountId account, AdminCall call, CancellationToken cancel)
    {
        var compiled = mail.Sieve.Compile(call.Text("name") ?? "script", Encoding.UTF8.GetBytes(call.Text("script") ?? ""));
        if (compiled.Script is not { } script) return AdminReply.No("the script is wrong:\n" + string.Join('\n', compiled.Errors));
        var mailbox = call.Text("mailbox") ?? "INBOX";
        var limit = int.TryParse(call.Text("limit"), out var asked) ? Math.Clamp(asked, 1, MostMessages) : 1000;
        var address = mail.Book.Table.AddressOf(account) ?? call.Text("account")!;
        if (await mail.SieveTrials.RunAsync(account, address, mailbox, script, limit, cancel) is not { } report)
            return AdminReply.No($"{address} has no mailbox `{mailbox}`");
        var result = (JsonObject)JsonSerializer.SerializeToNode(report, AdminJson.Default.SieveTrialReport)!;
        result.Insert(0, "summary", $"of {report.LookedAt} messages in {mailbox} this script would have moved {report.Moved}");
        return AdminReply.Done(result);
    }
}

/// <summary>A stored script, as `aviso sieve list` shows it.</summary>
internal sealed record ScriptRow(string Name, bool Active, int Size, DateTimeOffset Changed);
