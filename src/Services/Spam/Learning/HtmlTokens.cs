using System.Buffers;

namespace Aviso.Spam;

/// <summary>Tokens of HTML: which tags, attributes and styles it is made of; not where its links lead.</summary>
internal static class HtmlTokens
{
    private const int MostPairs = 3000;
    private const int LongestTag = 600;
    private const int LongestValue = 20;

    private static readonly SearchValues<char> NameEnds = SearchValues.Create(" \t\r\n\f/>=:;\"'<");
    private static readonly SearchValues<char> ValueEnds = SearchValues.Create(" \t\r\n\f\"'>;");

    public static void Read(MessageContent content, TokenSet into)
    {
        var left = MostPairs;
        foreach (var part in content.Texts)
        {
            if (part.Page is null) continue;
            Tags(part.Text, into, ref left);
        }
    }

    private static void Tags(ReadOnlySpan<char> html, TokenSet into, ref int left)
    {
        Span<char> name = stackalloc char[16];
        while (left > 0 && html.IndexOf('<') is var open and >= 0)
        {
            html = html[(open + 1)..];
            if (html.IsEmpty || !char.IsAsciiLetter(html[0])) continue;
            var inside = html[..Math.Min(html.Length, LongestTag)];
            if (inside.IndexOf('>') is var close and >= 0) inside = inside[..close];
            var length = inside.IndexOfAny(NameEnds);
            var tag = Lower(length < 0 ? inside : inside[..length], name);
            left--;
            into.Add(TokenGroup.Structure, "tag ", tag);
            if (length > 0) Pairs(inside[length..], into, ref left);
            html = html[inside.Length..];
        }
    }

    // name=value of attributes and name:value of styles alike.
    private static void Pairs(ReadOnlySpan<char> inside, TokenSet into, ref int left)
    {
        Span<char> name = stackalloc char[16];
        Span<char> value = stackalloc char[LongestValue];
        while (left > 0 && inside.IndexOfAny('=', ':') is var at and >= 0)
        {
            var word = LastWord(inside[..at]);
            inside = inside[(at + 1)..].TrimStart(" \t\r\n\"'");
            var end = inside.IndexOfAny(ValueEnds);
            if (end < 0) end = inside.Length;
            if (word.IsEmpty || word.Length > name.Length) continue;
            left--;
            var attribute = Lower(word, name);
            if (LeadsElsewhere(attribute))
            {
                inside = inside[end..];
                continue;
            }
            into.Add(TokenGroup.Structure, "has ", attribute);
            if (end is > 0 and <= LongestValue) into.Add(TokenGroup.Structure, "has ", attribute, Lower(inside[..end], value));
            // A style holds pairs of its own: go on inside it.
            if (!attribute.SequenceEqual("style")) inside = inside[end..];
        }
    }

    // What differs in every message, or belongs to links.
    private static bool LeadsElsewhere(ReadOnlySpan<char> name) =>
        name is "href" or "src" or "http" or "https" or "alt" or "title" or "id" or "name" or "action" or "background" or "value" or "mailto" or "content";

    private static ReadOnlySpan<char> LastWord(ReadOnlySpan<char> text)
    {
        text = text.TrimEnd(" \t\r\n");
        var start = text.Length;
        while (start > 0 && (char.IsAsciiLetter(text[start - 1]) || text[start - 1] == '-')) start--;
        return text[start..];
    }

    private static ReadOnlySpan<char> Lower(ReadOnlySpan<char> text, Span<char> room)
    {
        var length = Math.Min(text.Length, room.Length);
        for (var i = 0; i < length; i++) room[i] = char.ToLowerInvariant(text[i]);
        return room[..length];
    }
}
