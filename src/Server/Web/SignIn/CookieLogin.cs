using Aviso.Accounts;

namespace Aviso.Web;

/// <summary>
/// The cookie of a browser that is signed in, for JMAP: it may do everything with the mail of its account. It counts where a page of
/// ours asks (<see cref="BrowserRules"/>): a POST says so by Origin, an event source or a download by Sec-Fetch-Site.
/// </summary>
internal sealed class CookieLogin(WebUsers users, AccountBook book) : IWebLogin
{
    public ValueTask<WebLoginAnswer?> FindAsync(WebExchange exchange, CancellationToken cancel) =>
        new(WebUsers.IsBrowser(exchange) ? Find(exchange) : null);

    private WebLoginAnswer Find(WebExchange exchange) =>
        users.Find(exchange) is { } session && book.Table.AddressOf(session.Account) is { } address
            ? new(new(session.Account.Value, address), "web:" + session.Id, null) { IsOver = () => session.Over.IsCancellationRequested }
            : WebLoginAnswer.Refused(401, "nobody is signed in with this browser, or no longer");
}
