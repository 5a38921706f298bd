using Aviso.Accounts;
using Aviso.Verbs;

namespace Aviso.Web;

/// <summary>The second factor of who is signed in: what `aviso account totp` does, for one's own account.</summary>
internal sealed class TotpPages(PageRows pages, BrowserLogin login, OwnerCheck owner, SecondFactorService factors, AccountBook book)
{
    public IReadOnlyList<WebRow> Rows =>
    [
        pages.Owner("/account/totp/begin", post: BeginAsync),
        pages.Owner("/account/totp/confirm", post: ConfirmAsync),
        pages.Owner("/account/totp/remove", post: RemoveAsync),
    ];

    private async Task BeginAsync(PageCall call)
    {
        if (await call.ReadAsync(AccountJson.Default.PasswordAgain) is not { } asked || !await owner.AgainAsync(call, asked)) return;
        var (made, _) = await factors.BeginAsync(AddressOf(call), call.Cancel);
        if (made is null) await call.SayAsync(409, "on", "there is a second factor already: remove it first");
        else await call.AnswerAsync(
            new TotpBegun(made.Uri, made.Secret, made.RecoveryCodes, QrPicture.Modules(made.Uri)), AccountJson.Default.TotpBegun);
    }

    /// <summary>It counts from here on, and whoever signed in without it is signed out.</summary>
    private async Task ConfirmAsync(PageCall call)
    {
        if (await call.ReadAsync(AccountJson.Default.TotpCode) is not { } asked) return;
        if (await factors.ConfirmAsync(AddressOf(call), asked.Code, call.Cancel) is { Ok: false })
        {
            await call.SayAsync(422, "code", "that is not the code of now: is the clock of the phone right?");
            return;
        }
        await login.RenewAsync(call);
        await call.DoneAsync();
    }

    private async Task RemoveAsync(PageCall call)
    {
        if (await call.ReadAsync(AccountJson.Default.PasswordAgain) is not { } asked || !await owner.AgainAsync(call, asked)) return;
        if (await factors.DisableAsync(AddressOf(call), call.Cancel) is { Ok: false })
        {
            await call.SayAsync(409, "off", "there is no second factor");
            return;
        }
        await login.RenewAsync(call);
        await call.DoneAsync();
    }

    private string AddressOf(PageCall call) => book.Table.AddressOf(call.Asks.Account) ?? "";
}
