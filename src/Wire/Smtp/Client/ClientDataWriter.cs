namespace Aviso.Smtp;

/// <summary>
/// Octets of a message made fit for DATA (RFC 5321 §4.5.2): a dot at the start of a line doubled, and the end of data after a
/// line end. §2.3.8: CR and LF only ever leave as CRLF; a lone one in a stored message becomes CRLF, so no peer can read an end
/// of data into it.
/// </summary>
internal struct ClientDataWriter()
{
    private bool _lineStart = true;
    private bool _afterCr;

    /// <summary>At most this many octets come of <paramref name="octets"/> of input.</summary>
    public static int MaxOutput(int octets) => octets * 2 + 5;

    /// <summary>Returns octets written.</summary>
    public int Write(ReadOnlySpan<byte> from, Span<byte> into)
    {
        var at = 0;
        while (!from.IsEmpty)
        {
            if (_afterCr) at = AfterCr(ref from, into, at);
            if (from.IsEmpty) break;
            if (_lineStart && from[0] == '.') into[at++] = (byte)'.';
            var special = from.IndexOfAny((byte)'\r', (byte)'\n');
            var plain = special < 0 ? from.Length : special;
            from[..plain].CopyTo(into[at..]);
            at += plain;
            if (plain > 0) _lineStart = false;
            if (special < 0) break;
            if (from[special] == '\r') _afterCr = true;
            else at = EndLine(into, at);
            from = from[(special + 1)..];
        }
        return at;
    }

    /// <summary>The last line's end if it is missing, and the final dot.</summary>
    public int Finish(Span<byte> into)
    {
        var at = 0;
        if (_afterCr || !_lineStart) at = EndLine(into, at);
        ".\r\n"u8.CopyTo(into[at..]);
        return at + 3;
    }

    private int AfterCr(ref ReadOnlySpan<byte> from, Span<byte> into, int at)
    {
        _afterCr = false;
        if (from[0] == '\n') from = from[1..];
        return EndLine(into, at);
    }

    private int EndLine(Span<byte> into, int at)
    {
        "\r\n"u8.CopyTo(into[at..]);
        _lineStart = true;
        return at + 2;
    }
}
