using System.Globalization;
using Aviso.Mime;

namespace Aviso.Spam;

/// <summary>
/// What the classifier sees of a message: words of the folded text, and how header, HTML, links and parts are made. Fields that a receiving
/// server writes (Received, Return-Path, Authentication-Results, List-*, X-Spam-*) are not looked at: they tell where mail was kept.
/// </summary>
internal static class MessageTokens
{
    // Measured: beyond this, more text made nothing better.
    private const int MostWords = 2000;
    private const int MostPairs = 1000;
    private const int MostUrls = 100;

    public static void Read(MessageContent content, MimePart root, TokenSet into)
    {
        HeaderTokens.Read(content, into);
        HtmlTokens.Read(content, into);
        Links(content, into);
        Parts(content, root, into);
        Words(content, into);
    }

    private static void Words(MessageContent content, TokenSet into)
    {
        Span<char> room = stackalloc char[WordReader.Longest + 8];
        Span<char> spaced = stackalloc char[WordReader.Longest];
        Span<char> before = stackalloc char[WordReader.Longest + 8];
        var (letters, left, pairs) = (0, MostWords, MostPairs);
        // The subject is text too: a word means the same in both.
        foreach (var text in (ReadOnlySpan<string>)[content.Subject, content.Plain])
        {
            var words = new WordReader(text, room);
            var last = 0;
            while (left-- > 0 && words.MoveNext())
            {
                var word = words.Current;
                into.Add(TokenGroup.Word, "", word);
                if (last > 0 && pairs-- > 0) into.Add(TokenGroup.Pair, "", before[..last], word);
                word.CopyTo(before);
                last = word.Length;
                if (words.IsMixed && word.Length > 3) Unmask(word, into);
                if (word.Length == 1 && char.IsLetter(word[0]))
                {
                    if (letters < spaced.Length) spaced[letters++] = word[0];
                    continue;
                }
                Spaced(spaced[..letters], into);
                letters = 0;
            }
            Spaced(spaced[..letters], into);
            letters = 0;
        }
        into.Add(TokenGroup.Structure, "text length ", Magnitude(content.Plain.Length));
    }

    // "v i a g r a" is a word.
    private static void Spaced(ReadOnlySpan<char> letters, TokenSet into)
    {
        if (letters.Length < 4) return;
        into.Add(TokenGroup.Word, "", letters);
        into.Add(TokenGroup.Structure, "", "spaced word");
    }

    // "v1agra" is one too.
    private static void Unmask(ReadOnlySpan<char> word, TokenSet into)
    {
        Span<char> plain = stackalloc char[WordReader.Longest + 8];
        for (var i = 0; i < word.Length; i++)
        {
            plain[i] = word[i] switch
            {
                '0' => 'o',
                '1' => 'i',
                '3' => 'e',
                '4' => 'a',
                '5' => 's',
                _ => word[i],
            };
        }
        into.Add(TokenGroup.Word, "", plain[..word.Length]);
    }

    private static void Links(MessageContent content, TokenSet into)
    {
        Span<char> room = stackalloc char[WordReader.Longest + 8];
        var urls = content.Urls;
        for (var i = 0; i < urls.Count && i < MostUrls; i++)
        {
            var url = urls[i];
            into.Add(TokenGroup.Structure, "link ", url.Scheme);
            if (url.Port != 0) into.Add(TokenGroup.Structure, "", "link with port");
            if (url.IsAddress) into.Add(TokenGroup.Structure, "", "link to address");
            else Domains("link host ", url.Host, into);
            Path(url.Rest, room, into);
        }
        into.Add(TokenGroup.Structure, "links ", Magnitude(urls.Count));
    }

    private static void Path(ReadOnlySpan<char> rest, Span<char> room, TokenSet into)
    {
        rest = rest[..Math.Min(rest.Length, 300)];
        var query = rest.IndexOf('?');
        var path = new WordReader(query < 0 ? rest : rest[..query], room);
        for (var i = 0; i < 8 && path.MoveNext(); i++) into.Add(TokenGroup.Structure, "link path ", path.Current);
        if (query < 0) return;
        into.Add(TokenGroup.Structure, "", "link with query");
        var names = 0;
        foreach (var pair in rest[(query + 1)..].Split('&'))
        {
            if (++names > 6) break;
            var name = rest[(query + 1)..][pair];
            var equals = name.IndexOf('=');
            if (equals > 0) into.Add(TokenGroup.Structure, "link query ", name[..Math.Min(equals, WordReader.Longest)]);
        }
    }

    /// <summary>The name and each name above it.</summary>
    public static void Domains(string mark, ReadOnlySpan<char> domain, TokenSet into, TokenGroup group = TokenGroup.Structure)
    {
        for (var i = 0; i < 6 && !domain.IsEmpty; i++)
        {
            into.Add(group, mark, domain[..Math.Min(domain.Length, 64)]);
            var dot = domain.IndexOf('.');
            if (dot < 0) return;
            domain = domain[(dot + 1)..];
        }
    }

    private static void Parts(MessageContent content, MimePart root, TokenSet into)
    {
        into.Add(TokenGroup.Structure, "part ", root.Type, root.Subtype);
        var count = 0;
        foreach (var part in content.Leaves())
        {
            count++;
            into.Add(TokenGroup.Structure, "part ", part.Type, part.Subtype);
            if (part.IsText)
            {
                into.Add(TokenGroup.Structure, "charset ", (part.Charset ?? "none").ToLowerInvariant());
                into.Add(TokenGroup.Structure, "encoding ", part.Encoding);
            }
            if (part.FileName is { } name) File(name, into);
        }
        into.Add(TokenGroup.Structure, "parts ", Magnitude(count));
    }

    private static void File(string name, TokenSet into)
    {
        into.Add(TokenGroup.Structure, "file type ", AttachedFile.ExtensionOf(name));
        Span<char> room = stackalloc char[WordReader.Longest + 8];
        var words = new WordReader(name, room);
        for (var i = 0; i < 6 && words.MoveNext(); i++) into.Add(TokenGroup.Structure, "file name ", words.Current);
    }

    /// <summary>Powers of two.</summary>
    public static string Magnitude(int count) => System.Numerics.BitOperations.Log2((uint)count + 1).ToString(CultureInfo.InvariantCulture);
}
