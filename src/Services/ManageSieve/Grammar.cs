using System.Buffers.Text;
using System.Text;

namespace Aviso.ManageSieve;

/// <summary>
/// RFC 5804 §4 over one complete command, literals in place. Never throws and never reads past the end; a rule that fails leaves the
/// position where it was wanted.
/// </summary>
internal ref struct Grammar(ReadOnlySpan<byte> octets)
{
    /// <summary>RFC 5804 §4: quoted = 0*1024 octets.</summary>
    public const int QuotedLimit = 1024;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _octets = octets;

    public int Position { get; private set; }

    public readonly bool AtEnd => Position == _octets.Length;

    // command = ... CRLF; the line end is gone when we come here.
    public readonly bool End() => AtEnd;

    public bool Sp()
    {
        if (AtEnd || _octets[Position] != ' ') return false;
        Position++;
        return true;
    }

    // auth-type and command names: ASCII letters, digits, "-" and "_"; upper-cased.
    public bool Atom(out string name)
    {
        name = "";
        var rest = _octets[Position..];
        var length = 0;
        while (length < rest.Length && (char.IsAsciiLetterOrDigit((char)rest[length]) || rest[length] is (byte)'-' or (byte)'_')) length++;
        if (length is 0 or > 64) return false;
        name = Encoding.ASCII.GetString(rest[..length]).ToUpperInvariant();
        Position += length;
        return true;
    }

    // number = 0..4294967295
    public bool Number(out long number)
    {
        number = 0;
        var rest = _octets[Position..];
        if (rest.IsEmpty || !char.IsAsciiDigit((char)rest[0])) return false;
        if (!Utf8Parser.TryParse(rest, out number, out var used) || number > uint.MaxValue) return false;
        Position += used;
        return true;
    }

    // string = quoted / literal-c2s
    public bool String(out ReadOnlySpan<byte> value)
    {
        value = default;
        if (AtEnd) return false;
        return _octets[Position] == '"' ? Quoted(out value) : _octets[Position] == '{' && Literal(out value);
    }

    /// <summary>As <see cref="String(out ReadOnlySpan{byte})"/>, and UTF-8.</summary>
    public bool String(out string text)
    {
        text = "";
        var at = Position;
        if (!String(out ReadOnlySpan<byte> value)) return false;
        if (AsText(value) is { } read)
        {
            text = read;
            return true;
        }
        Position = at;
        return false;
    }

    // quoted = DQUOTE *1024QUOTED-CHAR DQUOTE; only DQUOTE and "\" may follow "\".
    private bool Quoted(out ReadOnlySpan<byte> value)
    {
        value = default;
        var rest = _octets[(Position + 1)..];
        var escapes = 0;
        for (var i = 0; i < rest.Length; i++)
        {
            switch (rest[i])
            {
                case (byte)'"':
                    if (i - escapes > QuotedLimit) return false;
                    value = escapes == 0 ? rest[..i] : Unescaped(rest[..i], escapes);
                    Position += i + 2;
                    return true;
                case (byte)'\\':
                    if (i + 1 == rest.Length || rest[i + 1] is not ((byte)'"' or (byte)'\\')) return false;
                    escapes++;
                    i++;
                    break;
                case 0 or (byte)'\r' or (byte)'\n':
                    return false;
            }
        }
        return false;
    }

    private static byte[] Unescaped(ReadOnlySpan<byte> quoted, int escapes)
    {
        var plain = new byte[quoted.Length - escapes];
        for (int i = 0, at = 0; i < quoted.Length; i++)
        {
            if (quoted[i] == '\\') i++;
            plain[at++] = quoted[i];
        }
        return plain;
    }

    // literal-c2s = "{" number "+}" CRLF *OCTET
    private bool Literal(out ReadOnlySpan<byte> value)
    {
        value = default;
        var rest = _octets[Position..];
        var close = rest[..Math.Min(rest.Length, 16)].IndexOf("+}"u8);
        if (close < 2 || !Utf8Parser.TryParse(rest[1..close], out uint size, out var used) || used != close - 1) return false;
        rest = rest[(close + 2)..];
        if (!rest.StartsWith("\r\n"u8) || rest.Length - 2 < size) return false;
        value = rest.Slice(2, (int)size);
        Position += close + 4 + (int)size;
        return true;
    }

    /// <summary>Null when the octets are not UTF-8.</summary>
    public static string? AsText(ReadOnlySpan<byte> octets)
    {
        try
        {
            return Strict.GetString(octets);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>Does the line end in "{n+}" outside of a quoted string? <paramref name="waits"/>: in "{n}", which RFC 5804 lets no client
    /// send.</summary>
    public static bool EndsInLiteral(ReadOnlySpan<byte> line, out long size, out bool waits)
    {
        (size, waits) = (0, false);
        if (line.Length < 3 || line[^1] != '}') return false;
        var tail = line[^Math.Min(line.Length, 16)..];
        var open = tail.LastIndexOf((byte)'{');
        if (open < 0) return false;
        var inside = tail[(open + 1)..^1];
        waits = inside.IsEmpty || inside[^1] != '+';
        if (!waits) inside = inside[..^1];
        return inside.Length > 0 && char.IsAsciiDigit((char)inside[0]) && Utf8Parser.TryParse(inside, out size, out var used)
            && used == inside.Length && size <= uint.MaxValue;
    }
}
