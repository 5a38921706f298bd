using Aviso.Accounts;

namespace Aviso.Web;

/// <summary>App passwords of who is signed in: what `aviso app-password` does, for one's own account.</summary>
internal sealed class AppPasswordPages(PageRows pages, AppPasswordService passwords, AccountBook book)
{
    public IReadOnlyList<WebRow> Rows =>
    [
        pages.Owner("/account/app-passwords", ListAsync, AddAsync),
        pages.Owner("/account/app-passwords/revoke", post: RevokeAsync),
    ];

    private Task ListAsync(PageCall call) =>
        call.AnswerAsync(passwords.List(AddressOf(call)) ?? [], AccountJson.Default.IReadOnlyListAppPasswordInfo);

    private async Task AddAsync(PageCall call)
    {
        if (await call.ReadAsync(AccountJson.Default.AppPasswordWish) is not { } wish) return;
        if (wish.Scope() is not { } scope)
        {
            await call.SayAsync(400, "request", "a list has something in it that is no text");
            return;
        }
        var (made, problem) = await passwords.AddAsync(AddressOf(call), wish.Name, scope, wish.Expires, call.Cancel);
        if (made is null) await call.SayAsync(422, "wish", problem);
        else await call.AnswerAsync(made, AccountJson.Default.NewAppPassword);
    }

    private async Task RevokeAsync(PageCall call)
    {
        if (await call.ReadAsync(AccountJson.Default.OneOf) is not { } one) return;
        if (await passwords.RevokeAsync(AddressOf(call), one.Id, call.Cancel) is { Ok: false })
            await call.SayAsync(404, "unknown", "there is no such app password");
        else await call.DoneAsync();
    }

    private string AddressOf(PageCall call) => book.Table.AddressOf(call.Asks.Account) ?? "";
}
