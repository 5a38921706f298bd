using System.Security.Cryptography;
using System.Text;
using Aviso.Accounts;
using Aviso.Net;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace Aviso.Web;

/// <summary>
/// Signing in at the OpenID provider of the settings: /session/openid/start sends the browser there, /session/openid/return takes it back.
/// What must come back unchanged is in a cookie of this browser, so that nothing is kept for those who never return, and nobody can finish
/// here what was begun in another browser (RFC 6749 §10.12).
/// </summary>
internal sealed class OpenIdPages(PageRows pages, BrowserLogin login, Func<OpenIdSignIn?> provider)
{
    private const string ReturnPath = "/session/openid/return";

    public IReadOnlyList<WebRow> Rows =>
    [
        pages.Row("/session/openid/start", StartAsync) with { IsOn = () => provider() is not null },
        // It comes from another site, so none of the rules for pages of ours holds.
        new(WebKinds.Public, HostRule.Ours, ["GET"], ReturnPath, (exchange, cancel) => exchange.Origin is { } origin
            ? ReturnAsync(new(exchange, origin, null, cancel)) : exchange.AnswerAsync(403, WebExchange.Plain, "sign in over https\n"))
        {
            IsOn = () => provider() is not null,
        },
    ];

    private async Task StartAsync(PageCall call)
    {
        var tried = OpenIdTry.New();
        var place = provider() is { } asked ? await asked.StartAsync(tried, RedirectOf(call), call.Cancel) : null;
        if (place is null)
        {
            await GoAsync(call, "unavailable");
            return;
        }
        var stays = Query(call).TryGetValue("stay", out var stay) && stay == "true";
        SessionCookie.GiveTry(call.Exchange, call.Origin, $"{tried.State}.{tried.Nonce}.{tried.Verifier}.{(stays ? "stay" : "")}");
        await SendAsync(call, place);
    }

    private async Task ReturnAsync(PageCall call)
    {
        var (query, kept) = (Query(call), SessionCookie.Try(call.Exchange, call.Origin).Split('.'));
        SessionCookie.TakeTry(call.Exchange, call.Origin);
        if (provider() is not { } asked || kept is not [var state, var nonce, var verifier, var stay]
            || !Same(Text(query, "state"), state)) await GoAsync(call, "refused");
        // RFC 9207 §2.4: an answer of another provider is none to our question.
        else if (query.ContainsKey("iss") && Text(query, "iss") != asked.Issuer) await GoAsync(call, "refused");
        else if (query.ContainsKey("error")) await GoAsync(call, Text(query, "error") == "access_denied" ? "cancelled" : "refused");
        else
        {
            var result = await login.ByOpenIdAsync(call, asked, new(state, nonce, verifier), Text(query, "code"), RedirectOf(call),
                stay == "stay");
            await GoAsync(call, result switch
            {
                { Session: not null } => null,
                { Why.Kind: LoginAdviceKind.Unavailable } => "unavailable",
                _ => "refused",
            });
        }
    }

    private static string RedirectOf(PageCall call) => call.Origin + ReturnPath;

    /// <param name="trouble">Null: it is signed in.</param>
    private static Task GoAsync(PageCall call, string? trouble) => SendAsync(call, trouble is null ? "/" : "/?openid=" + trouble);

    private static Task SendAsync(PageCall call, string place)
    {
        call.Exchange["Location"] = place;
        call.Exchange["Referrer-Policy"] = "no-referrer";
        return call.Exchange.AnswerAsync(303, WebExchange.Plain, "");
    }

    private static Dictionary<string, StringValues> Query(PageCall call) => QueryHelpers.ParseQuery(call.Exchange.Request.QueryString);

    // What comes twice is ambiguous and means nothing.
    private static string Text(Dictionary<string, StringValues> query, string name) =>
        query.TryGetValue(name, out var values) && values is [{ } one] ? one : "";

    private static bool Same(string a, string b) =>
        a.Length > 0 && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));
}
