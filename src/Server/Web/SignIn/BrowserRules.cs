namespace Aviso.Web;

/// <summary>
/// May a request use the cookie that came with it: only when a page of ours made it. The cookie is SameSite=Strict, which keeps other sites
/// out; a page on a sister name (www. beside mail.) is of the same site, and here it is turned away too.
/// </summary>
internal static class BrowserRules
{
    private const string SameOrigin = "same-origin";

    /// <summary>What is read changes nothing, so browsers that say nothing about themselves may.</summary>
    private static bool Reads(string method) => method is "GET" or "HEAD";

    /// <summary>True when it comes from a page of ours, or from its owner's own typing.</summary>
    public static bool IsOurs(WebExchange exchange, WebOrigin origin)
    {
        var headers = exchange.Request.Headers;
        var (from, site) = (headers.Origin.ToString(), headers["Sec-Fetch-Site"].ToString());
        // Fetch Metadata: "none" is an address that was typed, or a download that was opened again.
        return Reads(exchange.Request.Method)
            ? (from.Length == 0 || from == origin.ToString()) && site is "" or SameOrigin or "none"
            : from == origin.ToString() && site is "" or SameOrigin;
    }

    /// <summary>A form of another site cannot say so without asking us first (Fetch §2.2.2).</summary>
    public static bool IsJson(WebExchange exchange) =>
        exchange.Request.Headers.ContentType.ToString().Split(';')[0].Trim().Equals(WebExchange.Json, StringComparison.OrdinalIgnoreCase);
}
