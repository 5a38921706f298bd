using System.Buffers;

namespace Aviso.Mime;

/// <summary>
/// Undoes a Content-Transfer-Encoding (RFC 2045 §6) as octets come in, in pieces of any size. Base64 skips what is not of its
/// alphabet and reads on after padding (RFC 2045 §6.8); quoted-printable keeps a broken escape as it is.
/// </summary>
public sealed class TransferDecoder
{
    private const int LongestBlanks = 1024;
    private static readonly sbyte[] Base64Values = MakeBase64Values();
    private readonly Kind _kind;
    private readonly byte[] _held = new byte[3];
    private readonly ArrayBufferWriter<byte> _blanks = new(16);
    private int _heldCount;
    private uint _bits;
    private int _bitCount;

    private TransferDecoder(Kind kind) => _kind = kind;

    private enum Kind
    {
        Identity, Base64, QuotedPrintable,
    }

    /// <summary>False for an encoding we cannot undo (RFC 3516: answer UNKNOWN-CTE).</summary>
    public static bool Knows(string encoding) => encoding is "7bit" or "8bit" or "binary" or "base64" or "quoted-printable" or "";

    /// <summary>A decoder for the lower-case name; an unknown one passes octets through.</summary>
    public static TransferDecoder For(string encoding) => new(encoding switch
    {
        "base64" => Kind.Base64,
        "quoted-printable" => Kind.QuotedPrintable,
        _ => Kind.Identity,
    });

    /// <summary>All of it at once.</summary>
    public static byte[] DecodeAll(string encoding, ReadOnlySpan<byte> octets)
    {
        var into = new ArrayBufferWriter<byte>(Math.Max(octets.Length, 16));
        var decoder = For(encoding);
        decoder.Decode(octets, into);
        decoder.Finish(into);
        return into.WrittenSpan.ToArray();
    }

    /// <summary>Writes what <paramref name="octets"/> give; some may be held back until more come.</summary>
    public void Decode(ReadOnlySpan<byte> octets, IBufferWriter<byte> into)
    {
        if (octets.IsEmpty) return;
        if (_kind == Kind.Identity) into.Write(octets);
        else if (_kind == Kind.Base64) Base64(octets, into);
        else QuotedPrintable(octets, into);
    }

    /// <summary>The part is whole: writes what was held back.</summary>
    public void Finish(IBufferWriter<byte> into)
    {
        if (_kind == Kind.Base64) EndBase64Group(into);
        if (_kind != Kind.QuotedPrintable) return;
        // RFC 2045 §6.7 (3): blanks at the end of a line are not content. An "=" at the very end is a soft line break.
        if (_heldCount > 1 && _held[1] != '\r') into.Write(_held.AsSpan(0, _heldCount));
        _heldCount = 0;
        _blanks.ResetWrittenCount();
    }

    private void Base64(ReadOnlySpan<byte> octets, IBufferWriter<byte> into)
    {
        var output = into.GetSpan((octets.Length * 3 / 4) + 8);
        var written = 0;
        foreach (var c in octets)
        {
            var value = Base64Values[c];
            if (value >= 0)
            {
                _bits = (_bits << 6) | (byte)value;
                if (++_bitCount < 4) continue;
                output[written++] = (byte)(_bits >> 16);
                output[written++] = (byte)(_bits >> 8);
                output[written++] = (byte)_bits;
                _bitCount = 0;
            }
            else if (c == '=' && _bitCount > 0)
            {
                into.Advance(written);
                EndBase64Group(into);
                output = into.GetSpan((octets.Length * 3 / 4) + 8);
                written = 0;
            }
        }
        into.Advance(written);
    }

    private void EndBase64Group(IBufferWriter<byte> into)
    {
        if (_bitCount == 2) into.Write([(byte)(_bits >> 4)]);
        if (_bitCount == 3) into.Write([(byte)(_bits >> 10), (byte)(_bits >> 2)]);
        _bitCount = 0;
    }

    private void QuotedPrintable(ReadOnlySpan<byte> octets, IBufferWriter<byte> into)
    {
        while (!octets.IsEmpty)
        {
            if (_heldCount > 0)
            {
                Escape(octets[0], into);
                octets = octets[1..];
                continue;
            }
            var plain = octets.IndexOfAny("= \t\r\n"u8);
            if (plain < 0) plain = octets.Length;
            if (plain > 0)
            {
                FlushBlanks(into);
                into.Write(octets[..plain]);
                octets = octets[plain..];
                continue;
            }
            var c = octets[0];
            octets = octets[1..];
            if (c is (byte)' ' or (byte)'\t' or (byte)'\r')
            {
                if (_blanks.WrittenCount >= LongestBlanks) FlushBlanks(into);
                _blanks.Write([c]);
            }
            else if (c == '\n') EndLine(into);
            else
            {
                FlushBlanks(into);
                _held[_heldCount++] = c;
            }
        }
    }

    private void EndLine(IBufferWriter<byte> into)
    {
        var blanks = _blanks.WrittenSpan;
        into.Write(blanks.EndsWith("\r"u8) ? "\r\n"u8 : "\n"u8);
        _blanks.ResetWrittenCount();
    }

    private void FlushBlanks(IBufferWriter<byte> into)
    {
        if (_blanks.WrittenCount == 0) return;
        into.Write(_blanks.WrittenSpan);
        _blanks.ResetWrittenCount();
    }

    // After "=": two digits, or a line end, perhaps after blanks, that is no content.
    private void Escape(byte c, IBufferWriter<byte> into)
    {
        if (_heldCount == 1 && c is (byte)' ' or (byte)'\t') return;
        if (_heldCount == 1 || (_heldCount == 2 && _held[1] != '\r'))
        {
            if (c == '\n' && _heldCount == 1)
            {
                _heldCount = 0;
                return;
            }
            _held[_heldCount++] = c;
            if (_heldCount < 3) return;
            _heldCount = 0;
            if (Hex.TryOctet(_held[1], _held[2], out var octet)) into.Write([octet]);
            else
            {
                into.Write("="u8);
                QuotedPrintable([_held[1], _held[2]], into);
            }
            return;
        }
        _heldCount = 0;
        if (c == '\n') return;
        QuotedPrintable([(byte)'\r', c], into);
    }

    private static sbyte[] MakeBase64Values()
    {
        var values = new sbyte[256];
        Array.Fill(values, (sbyte)-1);
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (var i = 0; i < alphabet.Length; i++) values[alphabet[i]] = (sbyte)i;
        return values;
    }
}
