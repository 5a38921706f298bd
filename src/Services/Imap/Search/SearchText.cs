using System.Text;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Imap;

/// <summary>
/// The decoded text of one message for SEARCH, read from the store in pieces; substrings without regard to case
/// (RFC 9051 §6.4.4). Not more than a piece is held.
/// </summary>
internal sealed class SearchText(Rendered rendered, StoredBody body)
{
    private byte[] _piece = [];
    private string? _header;
    private MimePart? _root;

    /// <summary>NFC; case is ignored when comparing.</summary>
    public static string Fold(string text) => Aviso.Base.Nfc.Normalize(text);

    public static bool Contains(string text, string wanted) => Fold(text).Contains(wanted, StringComparison.OrdinalIgnoreCase);

    /// <summary>Any field of this name holds the text; an empty text asks whether the field is there.</summary>
    public bool HeaderContains(string name, string wanted)
    {
        var field = Encoding.Latin1.GetBytes(name);
        foreach (var one in new HeaderFields(SectionFinder.Header(rendered, body, withPrefix: true)))
        {
            if (one.Is(field) && (wanted.Length == 0 || Contains(HeaderText.Decode(one.Value), wanted))) return true;
        }
        return false;
    }

    public bool AnywhereContains(string wanted) => Contains(Header, wanted) || BodyContains(wanted);

    public bool BodyContains(string wanted)
    {
        if (wanted.Length == 0) return true;
        return PartContains(_root ??= PartIndex.Read(rendered.Parts), wanted, 0);
    }

    private string Header => _header ??= SearchableText.Header(SectionFinder.Header(rendered, body, withPrefix: true));

    private bool PartContains(MimePart part, string wanted, int depth)
    {
        if (depth > 200) return false;
        if (part.Message is { } message)
        {
            var header = Read(message.HeaderOffset, (int)Math.Min(message.HeaderLength, SearchableText.HeaderLimit));
            return Contains(SearchableText.Header(header.Span), wanted) || PartContains(message, wanted, depth + 1);
        }
        foreach (var child in part.Children)
        {
            if (PartContains(child, wanted, depth + 1)) return true;
        }
        return SearchableText.IsSearched(part) && TextContains(part, wanted);
    }

    private bool TextContains(MimePart part, string wanted)
    {
        var markup = SearchableText.HasReferences(part);
        var tail = "";
        foreach (var piece in SearchableText.Pieces(part, Read))
        {
            var text = tail.Length == 0 ? piece : tail + piece;
            if (Contains(text, wanted) || (markup && text.Contains('&', StringComparison.Ordinal) &&
                Contains(System.Net.WebUtility.HtmlDecode(text), wanted))) return true;
            // What may be the beginning of a match across pieces; a character may be written as a reference of up to 10.
            tail = text[^Math.Min(text.Length, markup ? (wanted.Length * 10) + 32 : (wanted.Length * 3) + 16)..];
        }
        return false;
    }

    // Offsets as the part index has them: without our prefix. One piece at a time is held.
    private ReadOnlyMemory<byte> Read(long offset, int length)
    {
        if (_piece.Length < length) _piece = new byte[length];
        return _piece.AsMemory(0, SectionFinder.ReadFully(body, body.PrefixLength + offset, _piece.AsSpan(0, length)));
    }
}
