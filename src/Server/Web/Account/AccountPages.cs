using Aviso.Accounts;

namespace Aviso.Web;

/// <summary>The account itself and its password: /account, /account/password.</summary>
internal sealed class AccountPages(
    PageRows pages, BrowserLogin login, OwnerCheck owner, AccountService accounts, SecondFactorService factors, AccountBook book)
{
    public IReadOnlyList<WebRow> Rows =>
    [
        pages.SignedIn("/account", ShowAsync),
        pages.Owner("/account/password", post: ChangePasswordAsync),
    ];

    private Task ShowAsync(PageCall call)
    {
        var address = book.Table.AddressOf(call.Asks.Account) ?? "";
        var totp = factors.Status(address) ?? new(address, "off", null, 0);
        return call.AnswerAsync(
            new AccountOverview(address, accounts.MayChange(address), totp.State, totp.Since, totp.RecoveryCodesLeft),
            AccountJson.Default.AccountOverview);
    }

    /// <summary>All other sessions end with it, those of mail programs too.</summary>
    private async Task ChangePasswordAsync(PageCall call)
    {
        if (await call.ReadAsync(AccountJson.Default.PasswordChange) is not { } asked) return;
        var address = book.Table.AddressOf(call.Asks.Account) ?? "";
        // Where it stands is nothing to tell (the settings, a list of them).
        if (!accounts.MayChange(address))
            await call.SayAsync(409, "not-yours", "this password is kept by the administrator of this server");
        else if (PasswordText.Problem(asked.New) is { } problem) await call.SayAsync(422, "new", problem);
        else if (await owner.AgainAsync(call, asked))
        {
            if (await accounts.SetAccountAsync(address, new(Password: asked.New), call.Cancel) is { Ok: false } no)
            {
                await call.SayAsync(409, "not-now", no.Text);
                return;
            }
            await login.RenewAsync(call);
            await call.DoneAsync();
        }
    }
}
