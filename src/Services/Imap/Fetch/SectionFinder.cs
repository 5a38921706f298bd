using System.Buffers;
using System.Text;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Imap;

/// <summary>Where a section's octets are.</summary>
/// <param name="Exists">False: NIL.</param>
/// <param name="Offset">In the stored octets, prefix included.</param>
/// <param name="Made">Octets that had to be put together (HEADER.FIELDS); null: read from the body.</param>
/// <param name="Encoding">For BINARY: what has to be undone.</param>
internal readonly record struct FoundSection(bool Exists, long Offset, long Length, byte[]? Made, string Encoding, bool UnknownEncoding);

/// <summary>
/// RFC 9051 §6.4.5.1 part numbers against the part index. Its offsets are relative to the body; our prefix of trace fields
/// belongs to the header of the whole message.
/// </summary>
internal static class SectionFinder
{
    /// <summary>HEADER.FIELDS looks at this much of a header.</summary>
    public const int MaxHeader = 1024 * 1024;

    public static FoundSection Find(FetchSection section, Rendered rendered, StoredBody body)
    {
        var headerEnd = body.PrefixLength + rendered.HeaderSize;
        if (section.Part.Length == 0)
        {
            return section.Text switch
            {
                SectionText.Whole => new(true, 0, body.Length, null, "", false),
                SectionText.Text => new(true, headerEnd, Math.Max(body.Length - headerEnd, 0), null, "", false),
                SectionText.Header => new(true, 0, headerEnd, null, "", false),
                _ => Made(section, Header(rendered, body, withPrefix: true)),
            };
        }
        if (FindPart(PartIndex.Read(rendered.Parts), section.Part) is not { } part) return default;
        return InPart(section, part, body);
    }

    private static FoundSection InPart(FetchSection section, MimePart part, StoredBody body)
    {
        switch (section.Text)
        {
            case SectionText.Mime:
                return At(body, part.HeaderOffset, part.HeaderLength);
            case SectionText.Whole when section.Kind == SectionKind.Body:
                return At(body, part.BodyOffset, part.BodyLength);
            case SectionText.Whole:
                // RFC 3516 §4.1: multiparts and messages have nothing to undo.
                var encoding = part.Children.Count > 0 || part.Message is not null ? "" : part.Encoding;
                return At(body, part.BodyOffset, part.BodyLength) with { Encoding = encoding, UnknownEncoding = !TransferDecoder.Knows(encoding) };
        }
        // RFC 9051 §6.4.5.1: HEADER and TEXT of a part only where it is a message.
        if (part.Message is not { } message) return default;
        return section.Text switch
        {
            SectionText.Header => At(body, message.HeaderOffset, message.HeaderLength),
            SectionText.Text => At(body, message.BodyOffset, message.BodyLength),
            _ => Made(section, Read(body, body.PrefixLength + message.HeaderOffset, message.HeaderLength)),
        };
    }

    private static FoundSection At(StoredBody body, long offset, long length) =>
        new(true, body.PrefixLength + offset, length, null, "", false);

    private static MimePart? FindPart(MimePart root, int[] numbers)
    {
        var part = root;
        for (var depth = 0; depth < numbers.Length; depth++)
        {
            // A message inside: its parts are numbered below the part that holds it.
            var holder = depth > 0 && part.Message is { } inner ? inner : part;
            if (holder.Shown is { Count: > 0 } shown)
            {
                if (numbers[depth] > shown.Count) return null;
                part = shown[numbers[depth] - 1];
            }
            else
            {
                // "Every message has at least one part number": 1 is the body of a message that is no multipart.
                var isMessage = depth == 0 || !ReferenceEquals(holder, part);
                if (!isMessage || numbers[depth] != 1) return null;
                part = holder;
                if (depth + 1 < numbers.Length && part.Message is null) return null;
            }
        }
        return part;
    }

    /// <summary>The header of the whole message, at most 1 MiB.</summary>
    public static byte[] Header(Rendered rendered, StoredBody body, bool withPrefix)
    {
        var from = withPrefix ? 0 : body.PrefixLength;
        return Read(body, from, body.PrefixLength + rendered.HeaderSize - from);
    }

    private static byte[] Read(StoredBody body, long offset, long length)
    {
        var octets = new byte[Math.Min(length, MaxHeader)];
        var read = ReadFully(body, offset, octets);
        return read == octets.Length ? octets : octets[..read];
    }

    public static int ReadFully(StoredBody body, long offset, Span<byte> into)
    {
        var total = 0;
        while (total < into.Length)
        {
            var count = body.Read(offset + total, into[total..]);
            if (count == 0) break;
            total += count;
        }
        return total;
    }

    private static FoundSection Made(FetchSection section, byte[] header)
    {
        var wanted = section.Text == SectionText.HeaderFields;
        var text = new ArrayBufferWriter<byte>(256);
        foreach (var field in new HeaderFields(header))
        {
            if (Named(section.Fields, field.Name) == wanted) text.Write(header.AsSpan(field.Offset, field.Length));
        }
        // RFC 9051 §6.4.5.1: the empty line is always there.
        text.Write("\r\n"u8);
        var octets = text.WrittenSpan.ToArray();
        return new(true, 0, octets.Length, octets, "", false);
    }

    private static bool Named(byte[][] names, ReadOnlySpan<byte> name)
    {
        foreach (var wanted in names)
        {
            if (Ascii.EqualsIgnoreCase(wanted, name)) return true;
        }
        return false;
    }
}
