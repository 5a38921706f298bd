using System.Text;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Jmap;

/// <summary>The words of one message that is open (RFC 8621 §4.4.1): header fields decoded, of HTML what a reader sees.</summary>
internal sealed class EmailText(MessageOctets octets)
{
    // As much of one part as IMAP's SEARCH looks at of HTML.
    private const int MostCharacters = 4 * 1024 * 1024;

    private string? _header;

    private string Header => _header ??= HeaderOf(octets.Header);

    /// <summary>Any field of this name holds every term.</summary>
    public bool FieldHas(string name, IReadOnlyList<SearchTerm> terms)
    {
        var field = Encoding.UTF8.GetBytes(name);
        foreach (var one in new HeaderFields(octets.Header))
        {
            if (one.Is(field) && HasAll(terms, HeaderText.Decode(one.Value))) return true;
        }
        return false;
    }

    /// <summary>Each term is in the text of some part.</summary>
    public bool BodyHas(IReadOnlyList<SearchTerm> terms) => HasAll(terms, BodyTexts());

    /// <summary>Each term is in the header or in the text of some part.</summary>
    public bool AnywhereHas(IReadOnlyList<SearchTerm> terms) => HasAll(terms, BodyTexts().Prepend(Header));

    /// <summary>Texts of the parts in their order, those of attached messages and their headers too.</summary>
    public IEnumerable<string> BodyTexts() => Texts(octets.Root, 0);

    /// <summary>Every term is in this text.</summary>
    public static bool HasAll(IReadOnlyList<SearchTerm> terms, string text) => HasAll(terms, [text]);

    private static bool HasAll(IReadOnlyList<SearchTerm> terms, IEnumerable<string> texts)
    {
        var wanted = terms.ToList();
        foreach (var text in texts)
        {
            if (wanted.Count == 0) return true;
            FoldedText? folded = null;
            wanted.RemoveAll(term => term.IsPhrase ? (folded ??= new(text)).Has(term) : UnicodeCasemap.Contains(text, term.Text));
        }
        return wanted.Count == 0;
    }

    private IEnumerable<string> Texts(MimePart part, int depth)
    {
        if (depth > MimeLimits.Default.Depth) yield break;
        if (depth > 0 && part.FileName is { } name) yield return name;
        if (part.Message is { } message)
        {
            yield return HeaderOf(octets.HeaderOf(message));
            foreach (var text in Texts(message, depth + 1)) yield return text;
            yield break;
        }
        foreach (var child in part.Readable)
        {
            foreach (var text in Texts(child, depth + 1)) yield return text;
        }
        if (part.IsText) yield return TextOf(part);
    }

    private string TextOf(MimePart part)
    {
        var text = Charsets.Decode(part.Charset, octets.Decode(part, MostCharacters * 4L).Span);
        if (part.Subtype is "html" or "xhtml") return HtmlText.Convert(text, MostCharacters);
        return text.Length > MostCharacters ? text[..MostCharacters] : text;
    }

    private static string HeaderOf(byte[] header)
    {
        var text = new StringBuilder(header.Length);
        foreach (var field in new HeaderFields(header))
            text.Append(Encoding.Latin1.GetString(field.Name)).Append(": ").Append(HeaderText.Decode(field.Value)).Append('\n');
        return text.ToString();
    }
}
