namespace Aviso.Pop3;

/// <summary>
/// A message as the lines of a multi-line reply (RFC 1939 §3): dots doubled, every line ended by CRLF. A line end of a message that came in
/// as a bare LF is written as CRLF, since some clients see a line end there, and a dot behind it would end the reply for them.
/// </summary>
/// <param name="into">Takes the octets.</param>
/// <param name="bodyLines">Lines after the empty line that ends the header (RFC 1939 §7 TOP); null: all.</param>
internal sealed class MessageLines(Action<ReadOnlyMemory<byte>> into, int? bodyLines = null)
{
    private static readonly byte[] Dot = [(byte)'.'];
    private static readonly byte[] Cr = [(byte)'\r'];
    private static readonly byte[] LineEnd = [(byte)'\r', (byte)'\n'];

    private bool _atStart = true, _inHeader = true, _heldCr;
    private int _lines;

    /// <summary>All lines that were asked for have been written.</summary>
    public bool IsFull => !_inHeader && bodyLines is { } most && _lines >= most;

    public void Write(ReadOnlyMemory<byte> octets)
    {
        while (!octets.IsEmpty && !IsFull)
        {
            if (_heldCr && octets.Span[0] != '\n') Put(Cr);
            _heldCr = false;
            var end = octets.Span.IndexOf((byte)'\n');
            var line = end < 0 ? octets : octets[..end];
            octets = end < 0 ? default : octets[(end + 1)..];
            if (line.Span is [.., (byte)'\r'])
            {
                line = line[..^1];
                _heldCr = end < 0;
            }
            if (!line.IsEmpty)
            {
                if (_atStart && line.Span[0] == '.') Put(Dot);
                Put(line);
            }
            if (end >= 0) EndLine();
        }
    }

    /// <summary>The end of the reply.</summary>
    public void Finish()
    {
        if (_heldCr && !IsFull) Put(Cr);
        if (!_atStart) into(LineEnd);
        into(Dot);
        into(LineEnd);
    }

    private void Put(ReadOnlyMemory<byte> octets)
    {
        into(octets);
        _atStart = false;
    }

    private void EndLine()
    {
        if (!_inHeader) _lines++;
        else if (_atStart) _inHeader = false;
        into(LineEnd);
        _atStart = true;
    }
}
