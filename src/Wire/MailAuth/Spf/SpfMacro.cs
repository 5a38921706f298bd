using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Aviso.MailAuth;

/// <summary>What macros stand for in one check (RFC 7208 §7.2).</summary>
/// <param name="LocalPart">"postmaster" when there is none (RFC 7208 §4.3).</param>
internal sealed record SpfMacroValues(
    IPAddress Client, string LocalPart, string SenderDomain, string Helo, string Receiver, DateTimeOffset Now);

/// <summary>Macro strings: syntax and expansion (RFC 7208 §7).</summary>
internal static class SpfMacro
{
    private const int LongestName = 253;
    private const string Letters = "slodiphcrtvSLODIPHCRTV";

    /// <summary>macro-string = *( macro-expand / macro-literal )</summary>
    public static bool IsMacroString(ReadOnlySpan<char> text)
    {
        while (text.Length > 0)
        {
            if (text[0] != '%')
            {
                if (text[0] is < '!' or > '~') return false;
                text = text[1..];
                continue;
            }
            if (text.Length < 2) return false;
            if (text[1] is '%' or '_' or '-') text = text[2..];
            else if (Macro(text, out _, out _, out _, out _, out var length)) text = text[length..];
            else return false;
        }
        return true;
    }

    /// <summary>domain-spec = macro-string domain-end; domain-end = ( "." toplabel [ "." ] ) / macro-expand. c, r and t are for exp
    /// text only (§7.2).</summary>
    public static bool IsDomainSpec(string text)
    {
        if (text.Length == 0 || !IsMacroString(text)) return false;
        for (var at = 0; (at = text.IndexOf('%', at)) >= 0; at += 2)
            if (text[at + 1] == '{' && text[at + 2] is 'c' or 'r' or 't' or 'C' or 'R' or 'T') return false;
        if (EndsWithMacro(text)) return true;
        var name = text.EndsWith('.') ? text.AsSpan(0, text.Length - 1) : text;
        var dot = name.LastIndexOf('.');
        return dot >= 0 && IsTopLabel(name[(dot + 1)..]);
    }

    /// <summary>The name after expansion, cut from the left to 253 octets (§7.3).</summary>
    /// <param name="validated">Finds %{p}; only called when it is used.</param>
    public static async ValueTask<string> DomainAsync(string spec, SpfMacroValues values, string domain, Func<ValueTask<string>> validated)
    {
        var name = spec.Contains('%', StringComparison.Ordinal) ? await ExpandAsync(spec, values, domain, validated) : spec;
        name = name.TrimEnd('.');
        while (name.Length > LongestName)
        {
            var dot = name.IndexOf('.', StringComparison.Ordinal);
            if (dot < 0) break;
            name = name[(dot + 1)..];
        }
        return name;
    }

    public static async ValueTask<string> ExpandAsync(string text, SpfMacroValues values, string domain, Func<ValueTask<string>> validated)
    {
        var into = new StringBuilder(text.Length * 2);
        for (var at = 0; at < text.Length;)
        {
            if (text[at] != '%' || at + 1 == text.Length)
            {
                into.Append(text[at++]);
                continue;
            }
            switch (text[at + 1])
            {
                case '%': into.Append('%'); at += 2; continue;
                case '_': into.Append(' '); at += 2; continue;
                case '-': into.Append("%20"); at += 2; continue;
            }
            if (!Macro(text.AsSpan(at), out var letter, out var keep, out var reverse, out var delimiters,
                out var length)) return into.ToString();
            var value = char.ToLowerInvariant(letter) == 'p' ? await validated() : Value(char.ToLowerInvariant(letter), values, domain);
            if (keep > 0 || reverse || delimiters.Length > 0) value = Transform(value, keep, reverse, delimiters);
            into.Append(char.IsAsciiLetterUpper(letter) ? Escape(value) : value);
            at += length;
        }
        return into.ToString();
    }

    // macro-expand = "%{" macro-letter transformers *delimiter "}"
    private static bool Macro(
        ReadOnlySpan<char> text, out char letter, out int keep, out bool reverse, out string delimiters, out int length)
    {
        (letter, keep, reverse, delimiters, length) = ('\0', 0, false, "", 0);
        if (text.Length < 4 || text[1] != '{' || !Letters.Contains(text[2], StringComparison.Ordinal)) return false;
        letter = text[2];
        var at = 3;
        var digits = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            keep = Math.Min((keep * 10) + text[at++] - '0', 1000);
        }
        // RFC 7208 §7.1: the number must not be zero.
        if (at > digits && keep == 0) return false;
        if (at < text.Length && text[at] is 'r' or 'R')
        {
            reverse = true;
            at++;
        }
        var from = at;
        while (at < text.Length && text[at] is '.' or '-' or '+' or ',' or '/' or '_' or '=') at++;
        if (at >= text.Length || text[at] != '}') return false;
        delimiters = text[from..at].ToString();
        length = at + 1;
        return true;
    }

    private static string Value(char letter, SpfMacroValues values, string domain) => letter switch
    {
        's' => $"{values.LocalPart}@{values.SenderDomain}",
        'l' => values.LocalPart,
        'o' => values.SenderDomain,
        'd' => domain,
        'i' => Nibbles(values.Client),
        'v' => values.Client.AddressFamily == AddressFamily.InterNetworkV6 ? "ip6" : "in-addr",
        'h' => values.Helo,
        'c' => values.Client.ToString(),
        'r' => values.Receiver,
        't' => values.Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
        _ => "",
    };

    private static string Nibbles(IPAddress address) => address.AddressFamily != AddressFamily.InterNetworkV6
        ? address.ToString() : string.Join('.', Convert.ToHexString(address.GetAddressBytes()).AsEnumerable());

    private static string Transform(string value, int keep, bool reverse, string delimiters)
    {
        var parts = value.Split(delimiters.Length > 0 ? delimiters.ToCharArray() : ['.']);
        if (reverse) Array.Reverse(parts);
        return string.Join('.', keep > 0 && keep < parts.Length ? parts[^keep..] : parts);
    }

    // RFC 7208 §7.3: upper case letters escape what is not unreserved (RFC 3986).
    private static string Escape(string value) => Uri.EscapeDataString(value);

    private static bool EndsWithMacro(string text)
    {
        if (text.EndsWith("%%", StringComparison.Ordinal) || text.EndsWith("%_", StringComparison.Ordinal)
            || text.EndsWith("%-", StringComparison.Ordinal))
        {
            // An even number of percent signs before: "%%_" is a literal underscore after a percent sign.
            var percents = text.Length - 1 - text[..^1].TrimEnd('%').Length;
            return text[^1] == '%' ? (percents + 1) % 2 == 0 : percents % 2 == 1;
        }
        return text.EndsWith('}') && text.LastIndexOf("%{", StringComparison.Ordinal) is var open and >= 0
            && text.IndexOf('}', open) == text.Length - 1;
    }

    // toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
    private static bool IsTopLabel(ReadOnlySpan<char> label)
    {
        if (label.Length == 0 || !char.IsAsciiLetterOrDigit(label[0]) || !char.IsAsciiLetterOrDigit(label[^1])) return false;
        var other = false;
        foreach (var c in label)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '-') return false;
            other |= !char.IsAsciiDigit(c);
        }
        return other;
    }
}
