namespace Aviso.Web;

/// <summary>
/// Lets people in to what is theirs: not in the clear, and not for a page of somebody else's.
/// </summary>
/// <param name="ways">Asked in turn; the first that finds a credential decides.</param>
internal sealed class WebLogins(IReadOnlyList<IWebLogin> ways, Func<bool> takesTokens)
{
    private const string Realm = "Aviso";

    /// <summary>Who sent the request; null: nobody who may, and that has been answered.</summary>
    public async Task<WebLoginAnswer?> EnterAsync(WebExchange exchange, CancellationToken cancel)
    {
        if (exchange.Origin is not { } origin) return await NoAsync(exchange, WebRefusal.Problem(403, "not without TLS"));
        // What a browser adds by itself (a cookie, credentials it once asked for) must not work for a page from elsewhere.
        var page = exchange.Request.Headers.Origin.ToString();
        if (page.Length > 0 && !page.Equals(origin.ToString(), StringComparison.OrdinalIgnoreCase))
            return await NoAsync(exchange, WebRefusal.Problem(403, "not for a page of another origin"));
        foreach (var way in ways)
        {
            if (await way.FindAsync(exchange, cancel) is not { } found) continue;
            if (found.User is null) return await NoAsync(exchange, found.Refusal ?? WebRefusal.Problem(401, "not logged in"));
            exchange.LoggedIn();
            return found;
        }
        return await NoAsync(exchange, WebRefusal.Problem(401, "not logged in"));
    }

    private async Task<WebLoginAnswer?> NoAsync(WebExchange exchange, WebRefusal why)
    {
        if (why.Status == 401) exchange["WWW-Authenticate"] = Challenge(exchange);
        if (why.Status == 503) exchange["Retry-After"] = "5";
        await exchange.AnswerAsync(why);
        return null;
    }

    // A browser opens a window of its own for Basic: only for whoever typed the address.
    private string Challenge(WebExchange exchange)
    {
        var mode = exchange.Request.Headers["Sec-Fetch-Mode"].ToString();
        var isScript = mode.Length > 0 && mode != "navigate";
        return (isScript, takesTokens()) switch
        {
            (true, _) => $"Bearer realm=\"{Realm}\"",
            (false, false) => $"Basic realm=\"{Realm}\", charset=\"UTF-8\"",
            (false, true) => $"Basic realm=\"{Realm}\", charset=\"UTF-8\", Bearer realm=\"{Realm}\"",
        };
    }
}
