using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Admin;
using Aviso.Delivery;
using Aviso.Store;

namespace Aviso.Verbs;

/// <summary>What the verbs about Sieve do in the running server.</summary>
internal sealed class SieveCalls(AccountBook book, SieveScripts scripts, SieveStep sieve, SieveTrials trials)
{
    private const int MostMessages = 100_000;

    public void Add(AdminHandlers admin) => admin
        .Add("sieve.list", (c, t) => ListAsync(c, t))
        .Add("sieve.show", (c, t) => ForAsync(c, async account => await scripts.GetAsync(account, Name(c), t) is { } text
            ? AdminReply.Done(Encoding.UTF8.GetString(text)) : AdminReply.No($"there is no script `{Name(c)}`")))
        .Add("sieve.put", (c, t) => ForAsync(c, account => PutAsync(account, c, t)), changes: true)
        .Add("sieve.activate", (c, t) => ForAsync(c, async account => Answer(
            await scripts.SetActiveAsync(account, c.Flag("none") ? null : Name(c), t), c.Flag("none")
                ? "no script is active" : $"`{Name(c)}` is active")), changes: true)
        .Add("sieve.delete", (c, t) => ForAsync(c, async account => Answer(
            await scripts.DeleteAsync(account, Name(c), t), $"`{Name(c)}` is deleted")), changes: true)
        .Add("sieve.test", (c, t) => ForAsync(c, account => TestAsync(account, c, t)));

    private static string Name(AdminCall call) => SieveScripts.Canonical(call.Text("name") ?? "") ?? "";

    private async Task<AdminReply> ForAsync(AdminCall call, Func<AccountId, Task<AdminReply>> run) =>
        book.Table.FindAccount(call.Text("account") ?? "") is { } account
            ? await run(account) : AdminReply.No($"there is no account {call.Text("account")}");

    private Task<AdminReply> ListAsync(AdminCall call, CancellationToken cancel) => ForAsync(call, async account =>
        Replies.Rows((await scripts.ListAsync(account, cancel))
            .Select(s => new ScriptRow(s.Name, s.IsActive, s.Size, DateTimeOffset.FromUnixTimeSeconds(s.ChangedAt))),
                AdminJson.Default.ScriptRow));

    private async Task<AdminReply> PutAsync(AccountId account, AdminCall call, CancellationToken cancel)
    {
        if (Name(call) is not { Length: > 0 } name) return AdminReply.No($"`{call.Text("name")}` can be no script's name");
        var text = Encoding.UTF8.GetBytes(call.Text("script") ?? "");
        if (sieve.Compile(name, text).Errors is { Count: > 0 } errors) return AdminReply.No("the script is wrong:\n" + string.Join('\n', errors));
        var refusal = await scripts.PutAsync(account, name, text, cancel);
        if (refusal == SieveScriptRefusal.None && call.Flag("activate")) refusal = await scripts.SetActiveAsync(account, name, cancel);
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

    private async Task<AdminReply> TestAsync(AccountId account, AdminCall call, CancellationToken cancel)
    {
        var compiled = sieve.Compile(call.Text("name") ?? "script", Encoding.UTF8.GetBytes(call.Text("script") ?? ""));
        if (compiled.Script is not { } script) return AdminReply.No("the script is wrong:\n" + string.Join('\n', compiled.Errors));
        var mailbox = call.Text("mailbox") ?? "INBOX";
        var limit = int.TryParse(call.Text("limit"), out var asked) ? Math.Clamp(asked, 1, MostMessages) : 1000;
        var address = book.Table.AddressOf(account) ?? call.Text("account")!;
        if (await trials.RunAsync(account, address, mailbox, script, limit, cancel) is not { } report)
            return AdminReply.No($"{address} has no mailbox `{mailbox}`");
        var result = (JsonObject)JsonSerializer.SerializeToNode(report, AdminJson.Default.SieveTrialReport)!;
        result.Insert(0, "summary", $"of {report.LookedAt} messages in {mailbox} this script would have moved {report.Moved}");
        return AdminReply.Done(result);
    }
}

/// <summary>A stored script.</summary>
internal sealed record ScriptRow(string Name, bool Active, int Size, DateTimeOffset Changed);
