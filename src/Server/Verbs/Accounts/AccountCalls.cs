using Aviso.Accounts;
using Aviso.Admin;
using Aviso.Delivery;
using Aviso.Settings;
using AccountChange = Aviso.Accounts.AccountChange;

namespace Aviso.Verbs;

/// <summary>What the verbs about accounts, aliases and domains do in the running server.</summary>
/// <param name="takeDomains">Has the parts that know our domains look at them again.</param>
internal sealed class AccountCalls(
    AccountBook book, AccountService accounts, SendingBrake brake, QueueService queue, Func<CancellationToken, Task> takeDomains)
{
    public void Add(AdminHandlers admin) => admin
        .Add("account.list", (_, _) => Task.FromResult(Replies.Rows(accounts.ListAccounts(), AdminJson.Default.AccountInfo)))
        .Add("account.without_scram", (_, _) => Task.FromResult(Replies.Rows(book.WithoutScram(), AdminJson.Default.String)))
        .Add("account.add", (c, t) => Replies.Answer(accounts.AddAccountAsync(Address(c), Change(c), t)), changes: true)
        .Add("account.set", (c, t) => Replies.Answer(accounts.SetAccountAsync(Address(c), Change(c), t)), changes: true)
        .Add("account.remove", (c, t) => Replies.Answer(accounts.RemoveAccountAsync(Address(c), c.Flag("purge"), t)), changes: true)
        .Add("account.release", (c, t) => ReleaseAsync(Address(c), t), changes: true)
        .Add("alias.list", (_, _) => Task.FromResult(Replies.Rows(accounts.ListAliases(), AdminJson.Default.AliasInfo)))
        .Add("alias.add", (c, t) => Replies.Answer(accounts.AddAliasAsync(Address(c), c.Texts("to"), t)), changes: true)
        .Add("alias.set", (c, t) => Replies.Answer(accounts.SetAliasAsync(Address(c), c.Texts("to"), t)), changes: true)
        .Add("alias.remove", (c, t) => Replies.Answer(accounts.RemoveAliasAsync(Address(c), t)), changes: true)
        .Add("domain.list", (_, _) => Task.FromResult(Replies.Rows(accounts.ListDomains(), AdminJson.Default.DomainInfo)))
        .Add("domain.add", AddDomainAsync, changes: true)
        .Add("domain.set", (c, t) =>
            Replies.Answer(accounts.SetDomainAsync(Name(c), c.Text("catch_all"), c.Text("alias_of"), t)), changes: true)
        .Add("domain.remove", RemoveDomainAsync, changes: true);

    private static string Address(AdminCall call) => call.Text("address") ?? "";

    private static string Name(AdminCall call) => call.Text("name") ?? "";

    private async Task<AdminReply> ReleaseAsync(string address, CancellationToken cancel)
    {
        if (book.Table.FindAccount(address) is not { } account) return AdminReply.No($"there is no account {address}");
        if (!await brake.ReleaseAsync(account, cancel)) return AdminReply.No($"mail of {address} is not held");
        await queue.ReleaseAccountAsync(account, cancel);
        return AdminReply.Done($"{address} may send again; what was held is tried now");
    }

    private async Task<AdminReply> AddDomainAsync(AdminCall call, CancellationToken cancel)
    {
        var added = await accounts.AddDomainAsync(Name(call), call.Text("catch_all"), call.Text("alias_of"), cancel);
        if (!added.Ok) return AdminReply.No(added.Text);
        await takeDomains(cancel);
        return AdminReply.Done(
            added.Text + "\nIts mail is signed once the DNS shows its keys: `aviso dkim list` has the records to publish.");
    }

    private async Task<AdminReply> RemoveDomainAsync(AdminCall call, CancellationToken cancel)
    {
        var removed = await accounts.RemoveDomainAsync(Name(call), cancel);
        if (!removed.Ok) return AdminReply.No(removed.Text);
        await takeDomains(cancel);
        return AdminReply.Done(removed.Text);
    }

    private static AccountChange Change(AdminCall call) => new(
        Password: call.Text("password"),
        QuotaOctets: call.Text("quota") is { } quota ? Size(quota) : null,
        SendAs: call.Args.ContainsKey("send_as") ? call.Texts("send_as") : null,
        ForwardTo: call.Args.ContainsKey("forward_to") ? call.Texts("forward_to") : null,
        Suspended: call.Args.ContainsKey("suspended") ? call.Flag("suspended") : null);

    private static long Size(string text) =>
        Types.Size.Read(text) is > 0 and var size ? size : throw new FormatException($"`{text}` is no size such as 5GB");
}
