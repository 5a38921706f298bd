using System.Buffers;

namespace Aviso.Mime;

/// <summary>
/// Content-Transfer-Encoding as octets come in (RFC 2045 §6.7, §6.8): lines of at most 76 octets ended by CRLF.
/// Quoted-printable takes text: LF and CRLF are line breaks, a lone CR is data.
/// </summary>
public sealed class TransferEncoder
{
    private const int LineLength = 76;
    private readonly bool _base64;
    private readonly byte[] _group = new byte[3];
    private int _groupCount;
    private int _column;
    private byte _held;

    private TransferEncoder(bool base64) => _base64 = base64;

    public static TransferEncoder Base64() => new(base64: true);

    public static TransferEncoder QuotedPrintable() => new(base64: false);

    /// <summary>All of it at once; "base64", "quoted-printable", or anything else for the octets as they are.</summary>
    public static byte[] EncodeAll(string encoding, ReadOnlySpan<byte> octets)
    {
        if (encoding is not ("base64" or "quoted-printable")) return octets.ToArray();
        var into = new ArrayBufferWriter<byte>((octets.Length * 3 / 2) + 16);
        var encoder = new TransferEncoder(encoding == "base64");
        encoder.Encode(octets, into);
        encoder.Finish(into);
        return into.WrittenSpan.ToArray();
    }

    public void Encode(ReadOnlySpan<byte> octets, IBufferWriter<byte> into)
    {
        foreach (var c in octets)
        {
            if (!_base64) Text(c, into);
            else
            {
                _group[_groupCount++] = c;
                if (_groupCount == 3) Group(into);
            }
        }
    }

    /// <summary>Writes what is held back. Base64 ends with CRLF, quoted-printable as the text ends.</summary>
    public void Finish(IBufferWriter<byte> into)
    {
        if (!_base64)
        {
            // RFC 2045 §6.7 (3): a blank may not end a line.
            if (_held != 0) Escape(_held, into);
            _held = 0;
            return;
        }
        if (_groupCount > 0) Group(into);
        if (_column > 0) into.Write("\r\n"u8);
        _column = 0;
    }

    private void Group(IBufferWriter<byte> into)
    {
        var output = into.GetSpan(6);
        System.Buffers.Text.Base64.EncodeToUtf8(_group.AsSpan(0, _groupCount), output, out _, out var written);
        into.Advance(written);
        _groupCount = 0;
        _column += 4;
        if (_column < LineLength) return;
        into.Write("\r\n"u8);
        _column = 0;
    }

    // _held is a blank or a CR whose meaning the next octet decides.
    private void Text(byte c, IBufferWriter<byte> into)
    {
        var held = _held;
        _held = 0;
        if (c == '\n')
        {
            if (held is (byte)' ' or (byte)'\t') Escape(held, into);
            into.Write("\r\n"u8);
            _column = 0;
            return;
        }
        if (held is (byte)' ' or (byte)'\t' && c != '\r') Plain(held, into);
        else if (held != 0) Escape(held, into);
        if (c is (byte)' ' or (byte)'\t' or (byte)'\r') _held = c;
        // A dot alone or "From " at the start of a line is changed by some mail systems.
        else if (c is < 33 or > 126 or (byte)'=' || (_column == 0 && c is ((byte)'.' or (byte)'F'))) Escape(c, into);
        else Plain(c, into);
    }

    private void Plain(byte c, IBufferWriter<byte> into)
    {
        SoftBreak(1, into);
        into.Write([c]);
        _column++;
    }

    private void Escape(byte c, IBufferWriter<byte> into)
    {
        SoftBreak(3, into);
        into.Write([(byte)'=', "0123456789ABCDEF"u8[c >> 4], "0123456789ABCDEF"u8[c & 15]]);
        _column += 3;
    }

    private void SoftBreak(int need, IBufferWriter<byte> into)
    {
        if (_column + need < LineLength) return;
        into.Write("=\r\n"u8);
        _column = 0;
    }
}
