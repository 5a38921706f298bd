using System.Globalization;

namespace Aviso.Jmap;

/// <summary>The variables of the event-source URL (RFC 8620 §7.3).</summary>
/// <param name="Types">Null: all.</param>
/// <param name="CloseAfterState">The response ends after one state event.</param>
/// <param name="Ping">Zero: no pings.</param>
public sealed record EventSourceQuery(IReadOnlySet<string>? Types, bool CloseAfterState, TimeSpan Ping)
{
    /// <summary>RFC 8620 §7.3: the least may not be over 30 seconds, the most not below 300.</summary>
    private const int LeastPing = 5, MostPing = 900;

    private const int MostTypes = 100;

    /// <summary>Null when a value is not allowed, and why.</summary>
    public static EventSourceQuery? Read(string? types, string? closeAfter, string? ping, out string why)
    {
        why = "";
        var named = types is null or "*" ? null : types.Split(',', StringSplitOptions.RemoveEmptyEntries);
        if (named is { Length: 0 or > MostTypes }) why = "types is * or names of types between commas";
        else if (closeAfter is not (null or "no" or "state")) why = "closeafter is state or no";
        else if (ping is not (null or "0") && !IsSeconds(ping)) why = "ping is a number of seconds";
        if (why.Length > 0) return null;
        var seconds = ping is null ? 0 : Math.Min(double.Parse(ping, CultureInfo.InvariantCulture), MostPing);
        return new(named?.ToHashSet(StringComparer.Ordinal), closeAfter == "state",
            TimeSpan.FromSeconds(seconds == 0 ? 0 : Math.Max(seconds, LeastPing)));
    }

    private static bool IsSeconds(string text) => text.Length is > 0 and < 10 && text.All(char.IsAsciiDigit);
}
