using System.Buffers;
using System.Text;

namespace Aviso.Mime;

/// <summary>What could not be made 7-bit. None means the written message is.</summary>
[Flags]
public enum DowngradeLoss
{
    None = 0,

    /// <summary>A signed or encrypted part holds 8-bit octets: re-encoding would break it, so it went out as it is.</summary>
    SignedPart = 1,

    /// <summary>A header holds octets that are not ASCII (RFC 6532): that needs SMTPUTF8, not 8BITMIME.</summary>
    Header = 2,
}

/// <summary>
/// RFC 6152 §3: a message for a next hop without 8BITMIME. Leaf parts with 8-bit octets become quoted-printable (text) or base64,
/// containers say 7bit, embedded messages are converted inside (RFC 2046 §5.2.1); all else is copied octet by octet.
/// </summary>
public sealed class EightBitDowngrade
{
    private const int Piece = 64 * 1024;
    private readonly Func<long, int, ReadOnlyMemory<byte>> _read;
    private readonly IBufferWriter<byte> _into;
    private long _at;
    private DowngradeLoss _loss;

    private EightBitDowngrade(Func<long, int, ReadOnlyMemory<byte>> read, IBufferWriter<byte> into) => (_read, _into) = (read, into);

    /// <summary>
    /// Writes the message of <paramref name="root"/> to <paramref name="into"/> in pieces. <paramref name="read"/> gives octets by offset
    /// and length, at most 64 KiB at a time, or one whole header.
    /// </summary>
    public static DowngradeLoss Write(MimePart root, Func<long, int, ReadOnlyMemory<byte>> read, IBufferWriter<byte> into)
    {
        var downgrade = new EightBitDowngrade(read, into) { _at = root.HeaderOffset };
        downgrade.Part(root, isMessage: true);
        return downgrade._loss;
    }

    private void Part(MimePart part, bool isMessage)
    {
        CopyOutside(part.HeaderOffset);
        // RFC 1847 §2.1: what is signed must not change.
        if (part.IsMultipart && part.Subtype is "signed" or "encrypted")
        {
            if (!IsSevenBit(part.HeaderOffset, part.EndOffset)) _loss |= DowngradeLoss.SignedPart;
            Copy(part.EndOffset, clean: false);
        }
        else if (part.Message is { } message && part.Subtype == "rfc822")
        {
            Header(part, part.Encoding is "8bit" or "binary" ? "7bit" : null, isMessage);
            Part(message, isMessage: true);
        }
        else if (part.Children.Count > 0)
        {
            Header(part, part.Encoding is "8bit" or "binary" ? "7bit" : null, isMessage);
            foreach (var child in part.Children) Part(child, isMessage: false);
        }
        else Leaf(part, isMessage);
        CopyOutside(part.EndOffset);
    }

    private void Leaf(MimePart part, bool isMessage)
    {
        if (part.Encoding is "base64" or "quoted-printable" || IsSevenBit(part.BodyOffset, part.EndOffset))
        {
            Header(part, part.Encoding is "8bit" or "binary" ? "7bit" : null, isMessage);
            Encoded(part);
            return;
        }
        var quoted = part.IsText && part.Encoding != "binary";
        Header(part, quoted ? "quoted-printable" : "base64", isMessage);
        var encoder = quoted ? TransferEncoder.QuotedPrintable() : TransferEncoder.Base64();
        ForEach(part.BodyOffset, part.EndOffset, octets => encoder.Encode(octets, _into));
        encoder.Finish(_into);
        _at = part.EndOffset;
    }

    // 8-bit octets in what claims to be encoded: decoders of quoted-printable take them as they are, those of base64 skip them.
    private void Encoded(MimePart part)
    {
        if (part.Encoding != "quoted-printable")
        {
            Copy(part.EndOffset, clean: true);
            return;
        }
        ForEach(part.BodyOffset, part.EndOffset, octets =>
        {
            while (octets.IndexOfAnyInRange((byte)128, (byte)255) is var high and >= 0)
            {
                _into.Write(octets[..high]);
                _into.Write(Encoding.ASCII.GetBytes($"={octets[high]:X2}"));
                octets = octets[(high + 1)..];
            }
            _into.Write(octets);
        });
        _at = part.EndOffset;
    }

    private void Header(MimePart part, string? encoding, bool isMessage)
    {
        if (!IsSevenBit(part.HeaderOffset, part.BodyOffset)) _loss |= DowngradeLoss.Header;
        if (encoding is null)
        {
            Copy(part.BodyOffset, clean: false);
            return;
        }
        var header = _read(part.HeaderOffset, (int)part.HeaderLength).Span;
        var end = 0;
        var versioned = false;
        var typed = false;
        foreach (var field in new HeaderFields(header))
        {
            end = field.Offset + field.Length;
            versioned |= field.Is("MIME-Version"u8);
            typed |= field.Is("Content-Type"u8);
            if (!field.Is("Content-Transfer-Encoding"u8)) _into.Write(header.Slice(field.Offset, field.Length));
        }
        if (isMessage && !versioned) _into.Write("MIME-Version: 1.0\r\n"u8);
        // RFC 1428 §3: text of which nobody said the charset.
        if (isMessage && !typed) _into.Write("Content-Type: text/plain; charset=unknown-8bit\r\n"u8);
        _into.Write(Encoding.ASCII.GetBytes($"Content-Transfer-Encoding: {encoding}\r\n"));
        _into.Write(end < header.Length ? header[end..] : "\r\n"u8);
        _at = part.BodyOffset;
    }

    // Preambles, boundaries, epilogues: octets that are no content and may be replaced.
    private void CopyOutside(long to) => Copy(to, clean: true);

    private void Copy(long to, bool clean)
    {
        if (to <= _at) return;
        ForEach(_at, to, octets =>
        {
            var span = _into.GetSpan(octets.Length);
            octets.CopyTo(span);
            for (var i = 0; clean && i < octets.Length; i++)
            {
                if (span[i] > 127) span[i] = (byte)'?';
            }
            _into.Advance(octets.Length);
        });
        _at = to;
    }

    private bool IsSevenBit(long from, long to)
    {
        var seven = true;
        ForEach(from, to, octets => seven = seven && Ascii.IsValid(octets) && !octets.Contains((byte)0));
        return seven;
    }

    private void ForEach(long from, long to, Action<ReadOnlySpan<byte>> each)
    {
        while (from < to)
        {
            var octets = _read(from, (int)Math.Min(Piece, to - from)).Span;
            if (octets.IsEmpty) return;
            each(octets);
            from += octets.Length;
        }
    }
}
