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
    private const int MostHtml = 4 * 1024 * 1024;

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

    private string Header => _header ??= DecodeHeader(SectionFinder.Header(rendered, body, withPrefix: true));

    private static string DecodeHeader(byte[] header)
    {
        var text = new StringBuilder(header.Length);
        foreach (var field in new HeaderFields(header))
            text.Append(Encoding.Latin1.GetString(field.Name)).Append(": ").Append(HeaderText.Decode(field.Value)).Append('\n');
        return text.ToString();
    }

    private bool PartContains(MimePart part, string wanted, int depth)
    {
        if (depth > 100) return false;
        if (part.Message is { } message)
        {
            var header = new byte[Math.Min(message.HeaderLength, SectionFinder.MaxHeader)];
            var read = SectionFinder.ReadFully(body, body.PrefixLength + message.HeaderOffset, header);
            return Contains(DecodeHeader(header[..read]), wanted) || PartContains(message, wanted, depth + 1);
        }
        foreach (var child in part.Children)
        {
            if (PartContains(child, wanted, depth + 1)) return true;
        }
        if (part.Children.Count > 0 || !part.IsText) return false;
        // The same text that the index holds: of HTML what a reader sees and where the links lead, never the tags.
        return part.Subtype is "html" or "xhtml"
            ? Contains(MessageText.Searchable(part, Read, MostHtml), wanted) : TextContains(part, wanted);
    }

    private ReadOnlyMemory<byte> Read(long offset, int length)
    {
        var octets = new byte[length];
        return octets.AsMemory(0, SectionFinder.ReadFully(body, body.PrefixLength + offset, octets));
    }

    // As Charsets.Decode reads it for the index, without holding the part: no charset, or US-ASCII, may be UTF-8 or Windows-1252.
    private Encoding EncodingOf(MimePart part, FoundSection found)
    {
        if (part.Charset is { Length: > 0 } charset && Charsets.TryGet(charset, out var encoding) && encoding.CodePage != 20127) return encoding;
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true).GetDecoder();
        var chars = new char[4 * 1024];
        try
        {
            foreach (var piece in SectionWriter.Decoded(found, body))
            {
                var rest = piece;
                while (!rest.IsEmpty)
                {
                    strict.Convert(rest.Span, chars, flush: false, out var used, out _, out _);
                    rest = rest[used..];
                }
            }
            return Encoding.UTF8;
        }
        catch (DecoderFallbackException)
        {
            return Charsets.TryGet("windows-1252", out var western) ? western : Encoding.Latin1;
        }
    }

    private bool TextContains(MimePart part, string wanted)
    {
        var found = new FoundSection(true, body.PrefixLength + part.BodyOffset, part.BodyLength, null, part.Encoding, false);
        var decoder = EncodingOf(part, found).GetDecoder();
        var chars = new char[40 * 1024];
        var tail = "";
        foreach (var piece in SectionWriter.Decoded(found, body))
        {
            for (var at = 0; at < piece.Length;)
            {
                decoder.Convert(piece.Span[at..], chars, flush: false, out var used, out var count, out _);
                if (used == 0 && count == 0) break;
                at += used;
                var text = tail + new string(chars, 0, count);
                if (Contains(text, wanted)) return true;
                // What may be the beginning of a match across pieces.
                tail = text[^Math.Min(text.Length, wanted.Length + 16)..];
            }
        }
        return false;
    }
}
