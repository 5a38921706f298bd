using System.Buffers;
using System.Net;
using System.Text;

namespace Aviso.Mime;

/// <summary>
/// HTML to the text a reader sees, for search and previews only (never for showing HTML: that is the sanitizer's work). Tags go,
/// scripts and styles with their content, character references are decoded, white space is collapsed. One pass.
/// </summary>
public static class HtmlText
{
    private const int LongestReference = 32;

    private static readonly SearchValues<char> Special = SearchValues.Create("<& \t\r\n\f\u00A0");

    private static readonly SearchValues<char> NameEnds = SearchValues.Create(" \t\r\n\f/>");

    private static readonly HashSet<string> Blocks = new(StringComparer.OrdinalIgnoreCase)
    {
        "p", "br", "div", "li", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "pre", "hr", "section",
        "article", "header", "footer", "dt", "dd", "center", "title", "body", "option", "form",
    };

    /// <summary>At most <paramref name="limit"/> characters.</summary>
    public static string Convert(string html, int limit)
    {
        var text = new StringBuilder(Math.Min(html.Length, limit));
        var rest = html.AsSpan();
        while (!rest.IsEmpty && text.Length < limit)
        {
            var plain = rest.IndexOfAny(Special);
            if (plain != 0)
            {
                text.Append(plain < 0 ? rest : rest[..plain]);
                rest = plain < 0 ? default : rest[plain..];
                continue;
            }
            if (rest[0] == '<') rest = Tag(rest, text);
            else if (rest[0] == '&') rest = Reference(rest, text);
            else
            {
                Blank(text, ' ');
                rest = rest[1..];
            }
        }
        if (text.Length > limit) text.Length = limit;
        return text.ToString().Trim();
    }

    /// <summary>Where links and pictures lead (values of href and src), a line each; at most about <paramref name="limit"/>
    /// characters.</summary>
    public static string Links(string html, int limit)
    {
        var text = new StringBuilder();
        var rest = html.AsSpan();
        while (text.Length < limit && rest.IndexOf('=') is var at and >= 0)
        {
            var name = rest[..at].TrimEnd();
            rest = rest[(at + 1)..].TrimStart();
            if (rest.IsEmpty) break;
            if (!name.EndsWith("href", StringComparison.OrdinalIgnoreCase)
                && !name.EndsWith("src", StringComparison.OrdinalIgnoreCase)) continue;
            var quoted = rest[0] is '"' or '\'';
            var value = quoted ? rest[1..] : rest;
            var end = quoted ? value.IndexOf(rest[0]) : value.IndexOfAny(NameEnds);
            if (end < 0) end = value.Length;
            text.Append('\n').Append(WebUtility.HtmlDecode(value[..Math.Min(end, limit)].ToString()));
            rest = value[end..];
        }
        return text.ToString();
    }

    private static void Blank(StringBuilder text, char blank)
    {
        if (text.Length == 0) return;
        if (text[^1] is not (' ' or '\n')) text.Append(blank);
        else if (blank == '\n') text[^1] = '\n';
    }

    private static ReadOnlySpan<char> Reference(ReadOnlySpan<char> rest, StringBuilder text)
    {
        var near = rest[..Math.Min(rest.Length, LongestReference)];
        var end = near[1..].IndexOfAny("; <&\n");
        var length = end >= 0 && near[end + 1] == ';' ? end + 2 : 1;
        var decoded = length == 1 ? "&" : WebUtility.HtmlDecode(near[..length].ToString());
        if (decoded == "\u00A0") Blank(text, ' ');
        // Soft hyphens, joiners and marks of order pad previews and hide words from search.
        else if (decoded is not ("\u00AD" or "\u200B" or "\u200C" or "\u200D" or "\u034F" or "\uFEFF")) text.Append(decoded);
        return rest[length..];
    }

    private static ReadOnlySpan<char> Tag(ReadOnlySpan<char> rest, StringBuilder text)
    {
        if (rest.StartsWith("<!--", StringComparison.Ordinal)) return After(rest, "-->");
        if (rest.StartsWith("<!", StringComparison.Ordinal) || rest.StartsWith("<?", StringComparison.Ordinal)) return After(rest, ">");
        var start = rest.Length > 1 && rest[1] == '/' ? 2 : 1;
        if (rest.Length <= start || !char.IsAsciiLetter(rest[start]))
        {
            text.Append('<');
            return rest[1..];
        }
        var length = rest[start..].IndexOfAny(NameEnds);
        var name = length < 0 ? rest[start..] : rest.Slice(start, length);
        var after = AfterTag(rest[(start + name.Length)..]);
        if (name.Length <= 10 && Blocks.Contains(name.ToString())) Blank(text, '\n');
        else if (name is "td" or "TD" or "th" or "TH") Blank(text, ' ');
        return start == 1 ? SkipContent(name, after) : after;
    }

    // Attribute values may hold ">" in quotes.
    private static ReadOnlySpan<char> AfterTag(ReadOnlySpan<char> rest)
    {
        while (true)
        {
            var at = rest.IndexOfAny('>', '"', '\'');
            if (at < 0) return default;
            var mark = rest[at];
            var before = at == 0 ? ' ' : rest[..at].TrimEnd() is { Length: > 0 } seen ? seen[^1] : ' ';
            rest = rest[(at + 1)..];
            if (mark == '>') return rest;
            if (before != '=') continue;
            var close = rest.IndexOf(mark);
            if (close < 0) return default;
            rest = rest[(close + 1)..];
        }
    }

    private static ReadOnlySpan<char> SkipContent(ReadOnlySpan<char> name, ReadOnlySpan<char> rest)
    {
        foreach (var hidden in (ReadOnlySpan<string>)["script", "style", "template", "noscript"])
        {
            if (!name.Equals(hidden, StringComparison.OrdinalIgnoreCase)) continue;
            var end = rest.IndexOf("</" + hidden, StringComparison.OrdinalIgnoreCase);
            return end < 0 ? default : After(rest[end..], ">");
        }
        return rest;
    }

    private static ReadOnlySpan<char> After(ReadOnlySpan<char> rest, string mark)
    {
        var end = rest.IndexOf(mark, StringComparison.Ordinal);
        return end < 0 ? default : rest[(end + mark.Length)..];
    }
}
