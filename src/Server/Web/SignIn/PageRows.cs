namespace Aviso.Web;

/// <summary>Answers a page of ours.</summary>
internal delegate Task PageAnswer(PageCall call);

/// <summary>
/// Rows that only pages of ours ask, in JSON: never in the clear over a network, never for a page of somebody else, and never kept by a
/// cache (<see cref="WebExchange"/> says no-store).
/// </summary>
internal sealed class PageRows(WebUsers users)
{
    private const long MostOctets = 64 << 10;

    /// <summary>For everybody.</summary>
    public WebRow Row(string path, PageAnswer? get = null, PageAnswer? post = null) => new(WebKinds.Public, HostRule.Ours,
        [.. get is null ? [] : WebRow.Read, .. post is null ? [] : (string[])["POST"]], path, async (exchange, cancel) =>
        {
            if (exchange.Origin is not { } origin) await SayAsync(exchange, new("cleartext", "sign in over https"));
            else if (!BrowserRules.IsOurs(exchange, origin))
                await SayAsync(exchange, new("origin", "this was not asked by a page of this server"));
            else
            {
                var session = users.Find(exchange);
                if (session is not null) exchange.LoggedIn();
                await (exchange.Request.Method == "POST" ? post! : get!)(new(exchange, origin, session, cancel));
            }
        })
    {
        MostOctets = MostOctets,
    };

    /// <summary>For who is signed in.</summary>
    public WebRow SignedIn(string path, PageAnswer? get = null, PageAnswer? post = null)
    {
        return Row(path, get is null ? null : Only(get), post is null ? null : Only(post));

        static PageAnswer Only(PageAnswer answer) => call => call.Session is null
            ? call.SayAsync(401, "signed-out", "nobody is signed in, or no longer") : answer(call);
    }

    /// <summary>For the account's owner: an app password reads mail and changes nothing about the account.</summary>
    public WebRow Owner(string path, PageAnswer? get = null, PageAnswer? post = null)
    {
        return SignedIn(path, get is null ? null : Only(get), post is null ? null : Only(post));

        static PageAnswer Only(PageAnswer answer) => call => call.Asks.IsByAppPassword
            ? call.SayAsync(403, "app-password", "sign in with the account's own password for this") : answer(call);
    }

    private static Task SayAsync(WebExchange exchange, PageError error) => exchange.AnswerAsync(
        403, WebExchange.Json, System.Text.Json.JsonSerializer.Serialize(error, SignInJson.Default.PageError));
}
