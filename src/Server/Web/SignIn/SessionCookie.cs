using Aviso.Accounts;

namespace Aviso.Web;

/// <summary>
/// Cookies of ours (RFC 6265, and its revision for the prefix): on https with the prefix __Host-, which binds a cookie to this very name
/// and to TLS. Only on this machine, in the clear, they go without.
/// </summary>
internal static class SessionCookie
{
    private const string Name = "aviso", TryName = "aviso-openid";

    /// <summary>A browser at the provider for longer has given up.</summary>
    public static readonly TimeSpan TryLasts = TimeSpan.FromMinutes(10);

    /// <summary>The token of the session that this browser says it has; empty without one.</summary>
    public static string Token(WebExchange exchange, WebOrigin origin) => Read(exchange, origin, Name);

    /// <summary>A session that stays is told its time anew, so that it runs from the last use.</summary>
    public static void Give(WebExchange exchange, WebOrigin origin, string token, bool stays) =>
        exchange.Add("Set-Cookie", Written(origin, Name, token, "Strict", stays ? WebSessions.StaysFor : null));

    public static void Take(WebExchange exchange, WebOrigin origin) =>
        exchange.Add("Set-Cookie", Written(origin, Name, "", "Strict", TimeSpan.Zero));

    /// <summary>What a browser takes to the provider and back.</summary>
    public static string Try(WebExchange exchange, WebOrigin origin) => Read(exchange, origin, TryName);

    // It comes back from another site: a strict cookie would stay away.
    public static void GiveTry(WebExchange exchange, WebOrigin origin, string value) =>
        exchange.Add("Set-Cookie", Written(origin, TryName, value, "Lax", TryLasts));

    public static void TakeTry(WebExchange exchange, WebOrigin origin) =>
        exchange.Add("Set-Cookie", Written(origin, TryName, "", "Lax", TimeSpan.Zero));

    private static string Written(WebOrigin origin, string name, string value, string sameSite, TimeSpan? lasts) =>
        $"{NameAt(origin, name)}={value}; Path=/; HttpOnly; SameSite={sameSite}{(origin.IsSecure ? "; Secure" : "")}"
        + (lasts is { } time ? $"; Max-Age={time.TotalSeconds:0}" : "");

    private static string Read(WebExchange exchange, WebOrigin origin, string name)
    {
        var begin = NameAt(origin, name) + "=";
        foreach (var line in exchange.Request.Headers.Cookie)
        {
            foreach (var pair in (line ?? "").Split(';', StringSplitOptions.TrimEntries))
            {
                if (pair.StartsWith(begin, StringComparison.Ordinal)) return pair[begin.Length..];
            }
        }
        return "";
    }

    private static string NameAt(WebOrigin origin, string name) => origin.IsSecure ? "__Host-" + name : name;
}
