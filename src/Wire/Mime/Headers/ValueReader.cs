using System.Buffers;

namespace Aviso.Mime;

/// <summary>The lexical tokens of structured fields: RFC 5322 §3.2 and RFC 2045 §5.1. Never throws, never goes back.</summary>
internal ref struct ValueReader(ReadOnlySpan<byte> value)
{
    private static readonly SearchValues<byte> TokenEnds = SearchValues.Create("()<>@,;:\\\"/[]?= \t\r\n"u8);
    private static readonly SearchValues<byte> NotBlank = SearchValues.Create(" \t\r\n"u8);
    private ReadOnlySpan<byte> _rest = value;

    public readonly bool AtEnd => _rest.IsEmpty;

    public readonly byte Peek => _rest.IsEmpty ? (byte)0 : _rest[0];

    /// <summary>Octets from the reader's place on.</summary>
    public readonly int Left => _rest.Length;

    public bool Take(byte c)
    {
        if (_rest.IsEmpty || _rest[0] != c) return false;
        _rest = _rest[1..];
        return true;
    }

    public void Skip() => _rest = _rest[1..];

    /// <summary>RFC 5322 §3.2.2: CFWS, nested comments included; an open comment ends with the field.</summary>
    public void SkipCfws()
    {
        while (true)
        {
            var text = _rest.IndexOfAnyExcept(NotBlank);
            _rest = text < 0 ? default : _rest[text..];
            if (_rest.IsEmpty || _rest[0] != '(') return;
            SkipComment();
        }
    }

    /// <summary>As <see cref="SkipCfws"/>; the last comment goes to <paramref name="comment"/>.</summary>
    public void SkipCfwsKeeping(ref ReadOnlySpan<byte> comment)
    {
        while (true)
        {
            var text = _rest.IndexOfAnyExcept(NotBlank);
            _rest = text < 0 ? default : _rest[text..];
            if (_rest.IsEmpty || _rest[0] != '(') return;
            comment = SkipComment();
        }
    }

    /// <summary>The comment at the reader's place: its text between the parentheses, still quoted.</summary>
    public ReadOnlySpan<byte> SkipComment()
    {
        var start = _rest;
        var depth = 0;
        var at = 0;
        while (at < start.Length)
        {
            var found = start[at..].IndexOfAny((byte)'(', (byte)')', (byte)'\\');
            if (found < 0) break;
            at += found;
            if (start[at] == '\\') at++;
            else if (start[at] == '(') depth++;
            else if (--depth == 0)
            {
                _rest = start[(at + 1)..];
                return start[1..at];
            }
            at++;
        }
        _rest = default;
        return start[1..];
    }

    /// <summary>RFC 2045 §5.1 token, high octets allowed (RFC 6532); empty when there is none.</summary>
    public ReadOnlySpan<byte> Token()
    {
        var end = _rest.IndexOfAny(TokenEnds);
        var token = end < 0 ? _rest : _rest[..end];
        _rest = _rest[token.Length..];
        return token;
    }

    /// <summary>What stands before the next of <paramref name="ends"/>.</summary>
    public ReadOnlySpan<byte> Until(ReadOnlySpan<byte> ends)
    {
        var end = _rest.IndexOfAny(ends);
        var text = end < 0 ? _rest : _rest[..end];
        _rest = _rest[text.Length..];
        return text;
    }

    /// <summary>As <see cref="Until(ReadOnlySpan{byte})"/>, looking at no more than <paramref name="most"/> octets.</summary>
    public ReadOnlySpan<byte> Until(ReadOnlySpan<byte> ends, int most)
    {
        var near = _rest[..Math.Min(_rest.Length, most)];
        var end = near.IndexOfAny(ends);
        var text = end < 0 ? near : near[..end];
        _rest = _rest[text.Length..];
        return text;
    }

    /// <summary>RFC 5322 §3.2.4 quoted-string at the reader's place, unquoted and unfolded; an open one ends with the field.</summary>
    public byte[] QuotedString()
    {
        var end = 1;
        var plain = true;
        while (end < _rest.Length && _rest[end] != '"')
        {
            var c = _rest[end];
            if (c is (byte)'\\' or (byte)'\r' or (byte)'\n') plain = false;
            end += c == '\\' ? 2 : 1;
        }
        end = Math.Min(end, _rest.Length);
        var content = _rest[1..Math.Max(end, 1)];
        _rest = end < _rest.Length ? _rest[(end + 1)..] : default;
        return plain ? content.ToArray() : Unquote(content);
    }

    /// <summary>Undoes quoted-pairs and folding.</summary>
    public static byte[] Unquote(ReadOnlySpan<byte> content)
    {
        var text = new byte[content.Length];
        var length = 0;
        for (var i = 0; i < content.Length; i++)
        {
            var c = content[i];
            if (c is (byte)'\r' or (byte)'\n') continue;
            if (c == '\\' && i + 1 < content.Length) c = content[++i];
            text[length++] = c;
        }
        return text[..length];
    }
}
