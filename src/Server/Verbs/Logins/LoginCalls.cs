using Aviso.Accounts;
using Aviso.Admin;

namespace Aviso.Verbs;

/// <summary>What the verbs about ways to log in beside the account's own password do in the running server.</summary>
internal sealed class LoginCalls(SecondFactorService factors, AppPasswordService passwords)
{
    public void Add(AdminHandlers admin) => admin
        .Add("totp.status", (c, _) =>
            Task.FromResult(Known(c, factors.Status(Address(c)), s => Replies.One(s, AdminJson.Default.TotpStatus))))
        .Add("totp.enable", EnableAsync, changes: true)
        .Add("totp.disable", (c, t) => Replies.Answer(factors.DisableAsync(Address(c), t)), changes: true)
        .Add("passkey.list", async (c, t) =>
            Known(c, await factors.PasskeysAsync(Address(c), t), keys => Replies.Rows(keys, AdminJson.Default.PasskeyInfo)))
        .Add("passkey.remove", (c, t) => Replies.Answer(factors.RemovePasskeyAsync(Address(c), c.Text("id") ?? "", t)), changes: true)
        .Add("app_password.list", (c, _) =>
            Task.FromResult(Known(c, passwords.List(c.Text("address")), all => Replies.Rows(all, AdminJson.Default.AppPasswordInfo))))
        .Add("app_password.add", AddAsync, changes: true)
        .Add("app_password.revoke", (c, t) => Replies.Answer(passwords.RevokeAsync(Address(c), c.Text("id") ?? "", t)), changes: true);

    private static string Address(AdminCall call) => call.Text("address") ?? "";

    private static AdminReply Known<T>(AdminCall call, T? found, Func<T, AdminReply> show) where T : class =>
        found is null ? AdminReply.No($"there is no account {call.Text("address")}") : show(found);

    private async Task<AdminReply> EnableAsync(AdminCall call, CancellationToken cancel)
    {
        if (call.Text("code") is { } code) return Replies.Answer(await factors.ConfirmAsync(Address(call), code, cancel));
        var (made, problem) = await factors.BeginAsync(Address(call), cancel);
        return made is null ? AdminReply.No(problem) : Replies.One(made, AdminJson.Default.NewTotp);
    }

    private async Task<AdminReply> AddAsync(AdminCall call, CancellationToken cancel)
    {
        var scope = new AppPasswordScope(call.Texts("protocol"), call.Texts("mailbox"), call.Flag("read_only"), call.Flag("search_only"),
            call.Texts("send_as"), call.Texts("network"));
        var (made, problem) = await passwords.AddAsync(Address(call), call.Text("name") ?? "", scope, call.Text("expires"), cancel);
        return made is null ? AdminReply.No(problem) : Replies.One(made, AdminJson.Default.NewAppPassword);
    }
}
