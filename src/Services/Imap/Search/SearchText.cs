using System.Buffers;
using System.Text;
using Aviso.Base;
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

    /// <summary>Any field of this name holds the text; an empty text asks whether the field is there.</summary>
    public bool HeaderContains(string name, string wanted)
    {
        var field = Encoding.Latin1.GetBytes(name);
        foreach (var one in new HeaderFields(SectionFinder.Header(rendered, body, withPrefix: true)))
        {
            if (one.Is(field) && (wanted.Length == 0 || UnicodeCasemap.Contains(HeaderText.Decode(one.Value), wanted))) return true;
        }
        return false;
    }

    public bool AnywhereContains(string wanted) => UnicodeCasemap.Contains(Header, wanted) || BodyContains(wanted);

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
        // The header of the message itself is not its body; those of its parts, and of messages within, are.
        if (depth > 0 && UnicodeCasemap.Contains(MessageText.Header(part, Read), wanted)) return true;
        if (part.Message is { } message) return PartContains(message, wanted, depth + 1);
        foreach (var child in part.Children)
        {
            if (PartContains(child, wanted, depth + 1)) return true;
        }
        if (part.Children.Count > 0 || !part.IsText) return false;
        // The same text that the index holds: of HTML what a reader sees and where the links lead, never the tags.
        return part.Subtype is "html" or "xhtml"
            ? UnicodeCasemap.Contains(MessageText.Searchable(part, Read, MostHtml), wanted) : TextContains(part, wanted);
    }

    private ReadOnlyMemory<byte> Read(long offset, int length)
    {
        var octets = new byte[length];
        return octets.AsMemory(0, SectionFinder.ReadFully(body, body.PrefixLength + offset, octets));
    }

    // As Charsets.Decode reads it for the index: no charset, or US-ASCII, is UTF-8 if it is that and Windows-1252 if not.
    private bool TextContains(MimePart part, string wanted)
    {
        var found = new FoundSection(true, body.PrefixLength + part.BodyOffset, part.BodyLength, null, part.Encoding, false);
        if (part.Charset is { Length: > 0 } charset && Charsets.TryGet(charset, out var encoding) && encoding.CodePage != 20127)
            return TextContains(found, encoding, wanted, out _);
        if (TextContains(found, Encoding.UTF8, wanted, out var broken)) return true;
        return broken && Charsets.TryGet("windows-1252", out var western) && TextContains(found, western, wanted, out _);
    }

    /// <param name="broken">Octets that this encoding does not have were seen.</param>
    private bool TextContains(FoundSection found, Encoding encoding, string wanted, out bool broken)
    {
        broken = false;
        var decoder = encoding.GetDecoder();
        var chars = ArrayPool<char>.Shared.Rent(40 * 1024);
        var tail = "";
        foreach (var piece in SectionWriter.Decoded(found, body))
        {
            for (var at = 0; at < piece.Length;)
            {
                decoder.Convert(piece.Span[at..], chars, flush: false, out var used, out var count, out _);
                if (used == 0 && count == 0) break;
                at += used;
                var text = tail + new string(chars, 0, count);
                if (UnicodeCasemap.Contains(text, wanted))
                {
                    ArrayPool<char>.Shared.Return(chars);
                    return true;
                }
                broken |= text.Contains('\uFFFD', StringComparison.Ordinal);
                // What may be the beginning of a match across pieces.
                tail = text[^Math.Min(text.Length, wanted.Length + 16)..];
            }
        }
        ArrayPool<char>.Shared.Return(chars);
        return false;
    }
}
