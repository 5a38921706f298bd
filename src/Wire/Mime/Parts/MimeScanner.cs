namespace Aviso.Mime;

/// <summary>
/// Finds the part tree of a message (RFC 5322, 2045, 2046) while its octets come in, in chunks of any size. Holds one header
/// block at a time and no body. Lines end with LF or CRLF; a lone CR or a NUL is ordinary content. Use one scanner for
/// one message; not thread-safe.
/// </summary>
/// <remarks>
/// This folder (Mime) owns the syntax and meaning of messages: headers, addresses, dates, the part tree, transfer encodings,
/// charsets, what IMAP shows of a message, and composing. It keeps no data and knows no connection. Rules in it: nothing a
/// stranger sends makes it throw; every octet is looked at a bounded number of times; offsets and lengths are octets.
/// </remarks>
public sealed class MimeScanner(MimeLimits? limits = null)
{
    private readonly MimeLimits _limits = limits ?? MimeLimits.Default;
    private readonly byte[] _pending = new byte[MimeLimits.BoundaryLine];
    private byte[] _header = new byte[4 * 1024];
    private int _headerLength;
    private int _headerLineStart;
    private OpenPart? _current;
    private OpenPart? _root;
    private Mode _mode;
    private long _position;
    private long _lines;
    private long _lineOctets;
    private bool _atLineStart = true;
    private bool _afterCr;
    private int _lineEnd;
    private int _openBoundaries;
    private int _parts;
    private int _envelopeOctets;

    private enum Mode
    {
        Header, Body, Opaque,
    }

    /// <summary>Octets taken so far.</summary>
    public long Position => _position;

    /// <summary>The next octets of the message.</summary>
    public void Append(ReadOnlySpan<byte> chunk)
    {
        if (_root is null) Begin();
        while (!chunk.IsEmpty)
        {
            var taken = _mode switch
            {
                Mode.Header => ScanHeader(chunk),
                Mode.Body when _openBoundaries > 0 => ScanBody(chunk),
                _ => Skip(chunk),
            };
            chunk = chunk[taken..];
        }
    }

    /// <summary>The message is whole: its root. The scanner is done.</summary>
    public MimePart Finish()
    {
        if (_root is null) Begin();
        if (_lineOctets > 0)
        {
            var line = _pending.AsSpan(0, (int)Math.Min(_lineOctets, _pending.Length));
            var total = _lineOctets;
            _lineOctets = 0;
            if (_mode == Mode.Header) EndHeaderLine(line, total, 0);
            else if (_mode == Mode.Body) TryBoundary(line, total, 0);
        }
        if (_mode == Mode.Header) EndHeader(descend: false);
        for (var open = _current; open is not null; open = open.Parent) End(open, _position, _lines);
        return _root!.Part;
    }

    private void Begin()
    {
        _root = _current = new OpenPart(new MimePart(), null);
        _parts = 1;
    }

    // No boundary can end what we are in: only lines are counted.
    private int Skip(ReadOnlySpan<byte> chunk)
    {
        Advance(chunk);
        return chunk.Length;
    }

    private void Advance(ReadOnlySpan<byte> octets)
    {
        _position += octets.Length;
        _lines += octets.Count((byte)'\n');
    }

    /// <summary>
    /// Takes a line, or what the chunk has of it, remembering its beginning until it is whole. False: more is needed.
    /// </summary>
    private bool TryLine(ReadOnlySpan<byte> chunk, out ReadOnlySpan<byte> line, out long total, out int taken)
    {
        var end = chunk.IndexOf((byte)'\n');
        taken = end < 0 ? chunk.Length : end + 1;
        if (_lineOctets == 0 && end >= 0)
        {
            line = chunk[..taken];
            total = taken;
            return true;
        }
        if (_lineOctets < _pending.Length)
        {
            var room = Math.Min(_pending.Length - (int)_lineOctets, taken);
            chunk[..room].CopyTo(_pending.AsSpan((int)_lineOctets));
        }
        _lineOctets += taken;
        total = _lineOctets;
        line = _pending.AsSpan(0, (int)Math.Min(total, _pending.Length));
        if (end >= 0) _lineOctets = 0;
        return end >= 0;
    }

    private int ScanHeader(ReadOnlySpan<byte> chunk)
    {
        var whole = TryLine(chunk, out var line, out var total, out var taken);
        Keep(chunk[..taken]);
        _position += taken;
        var lineEnd = LineEnd(chunk[..taken]);
        if (!whole) return taken;
        _lines++;
        EndHeaderLine(line, total, lineEnd);
        return taken;
    }

    private void EndHeaderLine(ReadOnlySpan<byte> line, long total, int lineEnd)
    {
        var empty = total == 1 ? line[0] == '\n' : total == 2 && line[0] == '\r' && line[1] == '\n';
        if (empty)
        {
            EndHeader(descend: true);
            return;
        }
        if (_openBoundaries > 0 && TryBoundary(line, total, lineEnd)) return;
        _headerLineStart = _headerLength;
        _lineEnd = lineEnd;
    }

    private void Keep(ReadOnlySpan<byte> octets)
    {
        var room = _limits.HeaderOctets - _headerLength;
        if (octets.Length > room)
        {
            if (room >= 0) LimitHit(_current!.Part, "header");
            octets = octets[..Math.Max(room, 0)];
        }
        if (_headerLength + octets.Length > _header.Length)
            Array.Resize(ref _header, Math.Max(_headerLength + octets.Length, _header.Length * 2));
        octets.CopyTo(_header.AsSpan(_headerLength));
        _headerLength += octets.Length;
    }

    // The empty line was read, or the message or a boundary cut the header short.
    private void EndHeader(bool descend)
    {
        var open = _current!;
        var part = open.Part;
        part.HeaderLength = _position - part.HeaderOffset;
        BeginBody(open);
        Analyse(open);
        _headerLength = _headerLineStart = 0;
        if (descend) Descend(open);
    }

    private void BeginBody(OpenPart open)
    {
        open.Part.BodyOffset = _position;
        open.BodyLine = _lines;
        _mode = Mode.Body;
        _atLineStart = true;
        _lineEnd = 0;
    }

    private void Analyse(OpenPart open)
    {
        var header = _header.AsSpan(0, _headerLength);
        ContentFields.Read(open.Part, header, open.Parent?.Part);
        if (open == _root) open.Part.Marks = EnvelopeMarkReader.Read(header, open.Part.LimitHit);
        if (open.Parent?.Part.Message != open.Part) return;
        var fields = ContentFields.EnvelopeOnly(header, _limits.EnvelopeOctets - _envelopeOctets);
        if (fields is null) LimitHit(open.Part, "envelopes");
        _envelopeOctets += fields?.Length ?? 0;
        open.Part.EnvelopeFields = fields ?? [];
    }

    private void Descend(OpenPart open)
    {
        var part = open.Part;
        if (part.IsMultipart && part.Parameter("boundary") is { } boundary)
        {
            if (open.Depth >= _limits.Depth) LimitHit(part, "depth");
            else
            {
                open.Boundary = ContentFields.BoundaryOctets(boundary);
                open.BlankBehind = boundary[^1] is ' ' or '\t';
                _openBoundaries++;
            }
        }
        // RFC 2046 §5.2.1 forbids an encoding here; RFC 6532 §3.7 allows it for message/global: that one stays closed.
        else if (part.IsMessage && part.Encoding is not ("base64" or "quoted-printable"))
        {
            if (open.Depth >= _limits.Depth) LimitHit(part, "depth");
            else if (_parts >= _limits.Parts) LimitHit(part, "parts");
            else
            {
                part.Message = new MimePart { HeaderOffset = _position };
                BeginPart(open, part.Message);
            }
        }
    }

    private void BeginPart(OpenPart parent, MimePart part)
    {
        _parts++;
        _current = new OpenPart(part, parent);
        _mode = Mode.Header;
        _headerLength = _headerLineStart = 0;
        _lineEnd = 0;
    }

    private int ScanBody(ReadOnlySpan<byte> chunk)
    {
        if (_lineOctets > 0 || (_atLineStart && chunk[0] == '-')) return ScanCandidate(chunk);
        var found = chunk.IndexOf("\n--"u8);
        var taken = found >= 0 ? found + 1 : chunk.Length;
        // The chunk ends in what may be a boundary's beginning: stop before the hyphen.
        if (found < 0 && chunk.EndsWith("\n-"u8)) taken--;
        Advance(chunk[..taken]);
        EndedWith(chunk[..taken]);
        return taken;
    }

    // A line that begins with a hyphen.
    private int ScanCandidate(ReadOnlySpan<byte> chunk)
    {
        var whole = TryLine(chunk, out var line, out var total, out var taken);
        _position += taken;
        var lineEnd = LineEnd(chunk[..taken]);
        _atLineStart = whole;
        if (whole)
        {
            _lines++;
            if (!TryBoundary(line, total, lineEnd)) _lineEnd = lineEnd;
        }
        else if (total >= _pending.Length) _lineOctets = 0;
        return taken;
    }

    private void EndedWith(ReadOnlySpan<byte> octets)
    {
        var lineEnd = LineEnd(octets);
        _atLineStart = lineEnd > 0;
        if (_atLineStart) _lineEnd = lineEnd;
    }

    /// <summary>2 when the octets taken end with CRLF, 1 with LF, else 0; a CR may have come in the chunk before.</summary>
    private int LineEnd(ReadOnlySpan<byte> octets)
    {
        var cr = octets.Length > 1 ? octets[^2] == '\r' : _afterCr;
        _afterCr = octets[^1] == '\r';
        return octets[^1] != '\n' ? 0 : cr ? 2 : 1;
    }

    // RFC 2046 §5.1.1: delimiter := "--" boundary; close := delimiter "--"; then transport padding. A line is a delimiter only
    // when nothing but padding follows, innermost part first: text such as "--footnote" never ends a part called "foo".
    private bool TryBoundary(ReadOnlySpan<byte> line, long total, int lineEnd)
    {
        if (total > MimeLimits.BoundaryLine || !line.StartsWith("--"u8)) return false;
        var text = line.TrimEnd(" \t\r\n"u8);
        for (var open = _current; open is not null; open = open.Parent)
        {
            if (open.Boundary is not { } boundary || !text.StartsWith(boundary)) continue;
            var rest = text[boundary.Length..];
            if (rest.IsEmpty) NextPart(open, total, lineEnd);
            else if (rest.SequenceEqual("--"u8) || (open.BlankBehind && rest.TrimStart(" \t"u8).SequenceEqual("--"u8))) CloseMultipart(open, total, lineEnd);
            else continue;
            return true;
        }
        return false;
    }

    private void NextPart(OpenPart multipart, long lineLength, int lineEnd)
    {
        EndInside(multipart, lineLength, lineEnd);
        var part = new MimePart { HeaderOffset = _position };
        (multipart.Part.ChildList ??= []).Add(part);
        if (_parts < _limits.Parts)
        {
            BeginPart(multipart, part);
            return;
        }
        // The rest is one opaque part that only the message's end ends.
        part.Type = "application";
        part.Subtype = "octet-stream";
        LimitHit(part, "parts");
        _current = new OpenPart(part, multipart);
        BeginBody(_current);
        _mode = Mode.Opaque;
    }

    private void CloseMultipart(OpenPart multipart, long lineLength, int lineEnd)
    {
        EndInside(multipart, lineLength, lineEnd);
        multipart.Boundary = null;
        _openBoundaries--;
        _mode = Mode.Body;
        _atLineStart = lineEnd > 0;
        _lineEnd = lineEnd;
    }

    /// <summary>Ends all parts inside <paramref name="multipart"/> before the boundary line just read.</summary>
    private void EndInside(OpenPart multipart, long lineLength, int lineEnd)
    {
        var end = _position - lineLength;
        var line = lineEnd > 0 ? _lines - 1 : _lines;
        if (_mode == Mode.Header) CutHeader(end, line);
        for (; _current != multipart; _current = _current!.Parent)
        {
            if (_current!.Boundary is not null) _openBoundaries--;
            // The line break before the boundary is the boundary's, unless it ended the header.
            if (end - _lineEnd < _current.Part.BodyOffset || _lineEnd == 0) End(_current, end, line);
            else End(_current, end - _lineEnd, line - 1);
        }
    }

    // A boundary stood where a header field was expected: the header, with its last line end, is all there is.
    private void CutHeader(long end, long line)
    {
        var (position, lines) = (_position, _lines);
        _headerLength = _headerLineStart;
        (_position, _lines) = (end, line);
        EndHeader(descend: false);
        (_position, _lines, _lineEnd) = (position, lines, 0);
    }

    private static void End(OpenPart open, long end, long line)
    {
        open.Part.BodyLength = Math.Max(0, end - open.Part.BodyOffset);
        open.Part.BodyLines = Math.Max(0, line - open.BodyLine);
    }

    private void LimitHit(MimePart part, string which)
    {
        if (!part.LimitHit) MimeMeters.Limit(which);
        part.LimitHit = _root!.Part.LimitHit = true;
    }

    /// <summary>A part whose end has not been seen.</summary>
    private sealed class OpenPart(MimePart part, OpenPart? parent)
    {
        public readonly MimePart Part = part;
        public readonly OpenPart? Parent = parent;
        public readonly int Depth = parent is null ? 1 : parent.Depth + 1;

        /// <summary>"--" and the boundary while the multipart is open; null for others and in its epilogue.</summary>
        public byte[]? Boundary;

        /// <summary>It was declared with the blank at its end that RFC 2046 §5.1.1 forbids: whoever did so writes it before the last two hyphens too.</summary>
        public bool BlankBehind;

        /// <summary>Lines before the body.</summary>
        public long BodyLine;
    }
}
