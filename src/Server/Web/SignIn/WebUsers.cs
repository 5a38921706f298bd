using Aviso.Accounts;

namespace Aviso.Web;

/// <summary>Who is signed in: the session of a request's cookie. All that may be asked with a cookie asks here.</summary>
internal sealed class WebUsers(WebSessions sessions)
{
    /// <summary>Null: nobody is, or the request does not come from a page of ours.</summary>
    public WebSession? Find(WebExchange exchange) => exchange.Origin is { } origin && BrowserRules.IsOurs(exchange, origin)
        ? sessions.Find(SessionCookie.Token(exchange, origin), exchange.Client) : null;

    /// <summary>Does the request bring a cookie of ours: then a missing session is told as such, not by asking for a password.</summary>
    public static bool IsBrowser(WebExchange exchange) => exchange.Origin is { } origin && SessionCookie.Token(exchange, origin).Length > 0;
}
