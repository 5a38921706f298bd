namespace Aviso.Mime;

/// <summary>Where HTML may end without ending inside a tag (RFC 8621 §4.2).</summary>
public static class HtmlCut
{
    /// <summary>How much of <paramref name="html"/> to keep: all of it, or what stands before the tag or comment it was cut in.</summary>
    public static int WholeTags(ReadOnlySpan<char> html)
    {
        var at = 0;
        while (html[at..].IndexOf('<') is var found and >= 0)
        {
            var tag = at + found;
            var length = TagLength(html[tag..]);
            if (length < 0) return tag;
            at = tag + length;
        }
        return html.Length;
    }

    // Of what begins with "<"; -1 when it does not end. A "<" that begins no tag is text, unless it is the last character.
    private static int TagLength(ReadOnlySpan<char> html)
    {
        if (html.Length == 1) return -1;
        if (html.StartsWith("<!--", StringComparison.Ordinal)) return Through(html, "-->");
        if (html[1] is '!' or '?') return Through(html, ">");
        if (html[1] != '/' && !char.IsAsciiLetter(html[1])) return 1;
        for (var at = 1; at < html.Length; at++)
        {
            if (html[at] == '>') return at + 1;
            // Values of attributes may hold ">" in quotes.
            if (html[at] is not ('"' or '\'') || html[at - 1] != '=') continue;
            var close = html[(at + 1)..].IndexOf(html[at]);
            if (close < 0) return -1;
            at += close + 1;
        }
        return -1;
    }

    private static int Through(ReadOnlySpan<char> html, string end) =>
        html.IndexOf(end, StringComparison.Ordinal) is var at and >= 0 ? at + end.Length : -1;
}
