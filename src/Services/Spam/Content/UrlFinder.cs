using System.Buffers;

namespace Aviso.Spam;

/// <summary>Finds http and https URLs as mail clients make them links: in text by "://" and "www.", in pages where tags name
/// them.</summary>
public static class UrlFinder
{
    private const int Longest = 2000;
    private static readonly SearchValues<char> Ends =
        SearchValues.Create(" \t\r\n\f\v<>\"'`{}|\\^\u00A0\u3000\u201C\u201D\u2018\u2019\u00AB\u00BB");
    private static readonly SearchValues<string> Marks = SearchValues.Create(["://", "www."], StringComparison.OrdinalIgnoreCase);

    /// <summary>URLs in readable text, in order, until the list holds <paramref name="most"/>.</summary>
    public static void InText(ReadOnlySpan<char> text, int most, List<FoundUrl> into)
    {
        var seen = Seen(into);
        for (var at = 0; into.Count < most && text[at..].IndexOfAny(Marks) is var found and >= 0;)
        {
            at += found;
            var start = Start(text, at);
            if (start < 0)
            {
                at += 3;
                continue;
            }
            var end = text[start..].IndexOfAny(Ends);
            var url = Trim(end < 0 ? text[start..] : text.Slice(start, end));
            Add(url[..Math.Min(url.Length, Longest)], UrlSource.Text, "", seen, into);
            at = Math.Max(at + 3, start + url.Length);
        }
    }

    /// <summary>Links, pictures and forms of a page, and what stands in its text.</summary>
    public static void InPage(HtmlPage page, int most, List<FoundUrl> into)
    {
        var seen = Seen(into);
        foreach (var link in page.Links)
        {
            if (into.Count >= most) return;
            Add(link.Href, UrlSource.Link, link.Text, seen, into);
        }
        foreach (var form in page.Forms)
        {
            if (into.Count < most) Add(form, UrlSource.Form, "", seen, into);
        }
        if (page.Refresh.Length > 0) Add(page.Refresh, UrlSource.Link, "", seen, into);
        foreach (var image in page.Images)
        {
            if (into.Count < most) Add(image.Source, UrlSource.Image, "", seen, into);
        }
        if (page.Visible.Length > 0) InText(page.Visible, most, into);
    }

    private static HashSet<(string, UrlSource)> Seen(List<FoundUrl> into)
    {
        var seen = new HashSet<(string, UrlSource)>();
        foreach (var url in into) seen.Add((url.Raw, url.Source));
        return seen;
    }

    // Where the URL begins whose mark is found; -1 when it is of another scheme or inside a word.
    private static int Start(ReadOnlySpan<char> text, int mark)
    {
        if (text[mark] != ':') return mark == 0 || !char.IsLetterOrDigit(text[mark - 1]) && text[mark - 1] is not ('.' or '/' or '@' or '-')
            ? mark : -1;
        if (mark >= 5 && text.Slice(mark - 5, 5).Equals("https", StringComparison.OrdinalIgnoreCase)) return mark - 5;
        return mark >= 4 && text.Slice(mark - 4, 4).Equals("http", StringComparison.OrdinalIgnoreCase) ? mark - 4 : -1;
    }

    // What ends a sentence is no part of a URL; a closing parenthesis is when it was opened inside.
    private static ReadOnlySpan<char> Trim(ReadOnlySpan<char> url)
    {
        while (!url.IsEmpty)
        {
            var last = url[^1];
            var isEnd = last is '.' or ',' or ';' or ':' or '!' or '?' or '*' or ']' || (last == ')' && url.Count('(') < url.Count(')'));
            if (!isEnd) break;
            url = url[..^1];
        }
        return url;
    }

    private static void Add(
        ReadOnlySpan<char> text, UrlSource source, string linkText, HashSet<(string, UrlSource)> seen, List<FoundUrl> into)
    {
        if (!UrlParser.TryParse(text, source, linkText, out var url) || !seen.Add((url.Raw, source))) return;
        into.Add(url);
    }
}
