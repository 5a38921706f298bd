namespace Aviso.Mime;

/// <summary>One field of a header block, a view into it.</summary>
public readonly ref struct HeaderField
{
    internal HeaderField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, int offset, int length)
    {
        Name = name;
        Value = value;
        Offset = offset;
        Length = length;
    }

    /// <summary>As sent, without white space; empty for a line that is no field (an mbox "From " line, garbage).</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>What stands after the colon, still folded, without the last line end. For a line that is no field: the line.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>First octet of the field within the header block.</summary>
    public int Offset { get; }

    /// <summary>Octets of the field with its continuation lines and line end.</summary>
    public int Length { get; }

    /// <summary>Compares the name, ASCII without regard to case (RFC 5322 §1.2.2).</summary>
    public bool Is(ReadOnlySpan<byte> name) => System.Text.Ascii.EqualsIgnoreCase(Name, name);
}

/// <summary>
/// Walks the fields of a header block in order: <c>foreach (var field in new HeaderFields(header))</c>. Lines end with CRLF or
/// LF; the walk ends at the empty line. Each octet is looked at a fixed number of times.
/// </summary>
public ref struct HeaderFields(ReadOnlySpan<byte> header)
{
    private readonly ReadOnlySpan<byte> _header = header;
    private int _next;

    public HeaderField Current { get; private set; }

    public readonly HeaderFields GetEnumerator() => this;

    public bool MoveNext()
    {
        var rest = _header[_next..];
        if (rest.IsEmpty || rest[0] == '\n' || rest.StartsWith("\r\n"u8)) return false;
        var length = FieldLength(rest);
        Current = Read(rest[..length], _next);
        _next += length;
        return true;
    }

    /// <summary>Value of the first field called <paramref name="name"/>; false when there is none.</summary>
    public static bool TryFind(ReadOnlySpan<byte> header, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (var field in new HeaderFields(header))
        {
            if (!field.Is(name)) continue;
            value = field.Value;
            return true;
        }
        value = default;
        return false;
    }

    /// <summary>Octets of the header of <paramref name="message"/> with the empty line that ends it; 0 when that line is not
    /// there.</summary>
    public static int LengthOf(ReadOnlySpan<byte> message)
    {
        for (var at = 0; at < message.Length;)
        {
            var line = message[at..];
            if (line[0] == '\n') return at + 1;
            if (line.StartsWith("\r\n"u8)) return at + 2;
            var end = line.IndexOf((byte)'\n');
            if (end < 0) return 0;
            at += end + 1;
        }
        return 0;
    }

    // RFC 5322 §2.2.3: a line that begins with white space continues the field.
    private static int FieldLength(ReadOnlySpan<byte> rest)
    {
        var at = 0;
        while (true)
        {
            var line = rest[at..].IndexOf((byte)'\n');
            if (line < 0) return rest.Length;
            at += line + 1;
            if (at >= rest.Length || rest[at] is not ((byte)' ' or (byte)'\t')) return at;
        }
    }

    private static HeaderField Read(ReadOnlySpan<byte> field, int offset)
    {
        var content = field;
        if (content.EndsWith("\n"u8)) content = content[..^1];
        if (content.EndsWith("\r"u8)) content = content[..^1];
        var colon = content.IndexOf((byte)':');
        var name = colon < 0 ? default : content[..colon].TrimEnd(" \t"u8);
        // RFC 5322 §3.6.8: ftext = %d33-57 / %d59-126; RFC 6532 leaves names in ASCII.
        return name.IsEmpty || name.ContainsAnyExceptInRange((byte)33, (byte)126)
            ? new(default, content, offset, field.Length)
            : new(name, content[(colon + 1)..], offset, field.Length);
    }
}
