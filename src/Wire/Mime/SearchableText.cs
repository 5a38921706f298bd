using System.Buffers;
using System.Net;
using System.Text;

namespace Aviso.Mime;

/// <summary>
/// The text that a search for a substring looks into (RFC 9051 §6.4.4): header fields and text parts, decoded, markup kept. The
/// index is made of it and the search that verifies reads it, so that the index never hides what the search would find.
/// </summary>
public static class SearchableText
{
    /// <summary>No more of one header is looked at.</summary>
    public const int HeaderLimit = 1024 * 1024;

    private const int PieceSize = 32 * 1024;

    /// <summary>"Name: value" lines, values unfolded and decoded.</summary>
    public static string Header(ReadOnlySpan<byte> header)
    {
        var text = new StringBuilder(header.Length);
        foreach (var field in new HeaderFields(header))
            text.Append(Encoding.Latin1.GetString(field.Name)).Append(": ").Append(HeaderText.Decode(field.Value)).Append('\n');
        return text.ToString();
    }

    /// <summary>
    /// A text part in pieces that follow one another without a gap; no character is cut. <paramref name="read"/> gives octets of
    /// the message by offset and length.
    /// </summary>
    public static IEnumerable<string> Pieces(MimePart part, Func<long, int, ReadOnlyMemory<byte>> read)
    {
        var decoder = EncodingOf(part, read).GetDecoder();
        var chars = ArrayPool<char>.Shared.Rent(PieceSize);
        try
        {
            foreach (var octets in Octets(part, read))
            {
                for (var at = 0; at < octets.Length;)
                {
                    decoder.Convert(octets.Span[at..], chars, flush: false, out var used, out var count, out _);
                    if (used == 0 && count == 0) break;
                    at += used;
                    if (count > 0) yield return new string(chars, 0, count);
                }
            }
        }
        finally
        {
            ArrayPool<char>.Shared.Return(chars);
        }
    }

    /// <summary>True when the text of this part may be written with character references.</summary>
    public static bool HasReferences(MimePart part) => part.Subtype is "html" or "xhtml" or "xml" or "xhtml+xml";

    /// <summary>
    /// Everything a search could find, at most <paramref name="limit"/> characters; exactly that many when there is more.
    /// Markup stands as it is, and once more with its character references decoded.
    /// </summary>
    public static string All(MimePart root, Func<long, int, ReadOnlyMemory<byte>> read, int limit)
    {
        var text = new StringBuilder(Math.Min(limit, 4096));
        Walk(root, read, limit, text, isMessage: true, depth: 0);
        if (text.Length > limit) text.Length = limit;
        return text.ToString();
    }

    /// <summary>May this part hold text that a search looks into?</summary>
    public static bool IsSearched(MimePart part) => part.Children.Count == 0 && part.Message is null && (part.IsText || part.IsMultipart);

    private static void Walk(MimePart part, Func<long, int, ReadOnlyMemory<byte>> read, int limit, StringBuilder text, bool isMessage, int depth)
    {
        if (text.Length >= limit || depth > 200) return;
        if (isMessage)
        {
            text.Append(Header(read(part.HeaderOffset, (int)Math.Min(part.HeaderLength, HeaderLimit)).Span)).Append('\n');
        }
        if (part.Message is { } message) Walk(message, read, limit, text, isMessage: true, depth + 1);
        foreach (var child in part.Children) Walk(child, read, limit, text, isMessage: false, depth + 1);
        if (IsSearched(part)) Body(part, read, limit, text);
    }

    private static void Body(MimePart part, Func<long, int, ReadOnlyMemory<byte>> read, int limit, StringBuilder text)
    {
        var start = text.Length;
        foreach (var piece in Pieces(part, read))
        {
            text.Append(piece);
            if (text.Length >= limit) return;
        }
        text.Append('\n');
        if (!HasReferences(part)) return;
        var markup = text.ToString(start, text.Length - start);
        if (markup.Contains('&', StringComparison.Ordinal)) text.Append(WebUtility.HtmlDecode(markup)).Append('\n');
    }

    // As Charsets.Decode, without holding the part.
    private static Encoding EncodingOf(MimePart part, Func<long, int, ReadOnlyMemory<byte>> read)
    {
        if (part.Charset is { Length: > 0 } charset && Charsets.TryGet(charset, out var encoding) && encoding.CodePage != 20127) return encoding;
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true).GetDecoder();
        try
        {
            foreach (var octets in Octets(part, read)) strict.GetCharCount(octets.Span, flush: false);
            return Encoding.UTF8;
        }
        catch (DecoderFallbackException)
        {
            return Charsets.Windows1252;
        }
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Octets(MimePart part, Func<long, int, ReadOnlyMemory<byte>> read)
    {
        var plain = part.Encoding is not ("base64" or "quoted-printable");
        var decoder = TransferDecoder.For(part.Encoding);
        var into = plain ? null : new ArrayBufferWriter<byte>(PieceSize);
        for (long at = 0; at < part.BodyLength;)
        {
            var octets = read(part.BodyOffset + at, (int)Math.Min(part.BodyLength - at, PieceSize));
            if (octets.IsEmpty) break;
            at += octets.Length;
            if (into is null)
            {
                yield return octets;
                continue;
            }
            into.ResetWrittenCount();
            decoder.Decode(octets.Span, into);
            if (into.WrittenCount > 0) yield return into.WrittenMemory;
        }
        if (into is null) yield break;
        into.ResetWrittenCount();
        decoder.Finish(into);
        if (into.WrittenCount > 0) yield return into.WrittenMemory;
    }
}
