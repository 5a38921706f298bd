using System.Buffers;
using System.Text;

namespace Aviso.Sieve;

internal enum TokenKind
{
    End, Identifier, Tag, Number, String, Semicolon, Comma, LeftBrace, RightBrace, LeftBracket, RightBracket, LeftParenthesis,
    RightParenthesis, Wrong,
}

/// <summary>One token. <see cref="Text"/>: lower-case name, string content, or what is wrong.</summary>
internal readonly record struct Token(TokenKind Kind, int At, string Text, long Number = 0);

/// <summary>RFC 5228 §8.1. Every character is looked at a fixed number of times.</summary>
internal ref struct Lexer(ReadOnlySpan<char> script)
{
    private static readonly UInt128 Beyond = (UInt128)ulong.MaxValue + 1;

    private static readonly SearchValues<char> StringSpecials = SearchValues.Create("\"\\\r\n\0");
    private readonly ReadOnlySpan<char> _script = script;
    private int _at = script.Length > 0 && script[0] == '\uFEFF' ? 1 : 0;

    private readonly char Peek => _at < _script.Length ? _script[_at] : '\0';

    public Token Next()
    {
        if (SkipWhiteSpace() is { } wrong) return wrong;
        var at = _at;
        if (at >= _script.Length) return new(TokenKind.End, at, "");
        var c = _script[_at];
        if (char.IsAsciiLetter(c) || c == '_') return IdentifierOrText();
        if (char.IsAsciiDigit(c)) return Number();
        if (c == '"') return QuotedString();
        _at++;
        if (c == ':') return Tag(at);
        var kind = c switch
        {
            ';' => TokenKind.Semicolon,
            ',' => TokenKind.Comma,
            '{' => TokenKind.LeftBrace,
            '}' => TokenKind.RightBrace,
            '[' => TokenKind.LeftBracket,
            ']' => TokenKind.RightBracket,
            '(' => TokenKind.LeftParenthesis,
            ')' => TokenKind.RightParenthesis,
            _ => TokenKind.Wrong,
        };
        return new(kind, at, kind == TokenKind.Wrong ? $"unexpected character {Show(c)}" : c.ToString());
    }

    // white-space = 1*(SP / CRLF / HTAB) / comment. LF alone ends a line as well: scripts come from files too.
    private Token? SkipWhiteSpace()
    {
        while (true)
        {
            var c = Peek;
            if (_at >= _script.Length) return null;
            if (c is ' ' or '\t' or '\r' or '\n') _at++;
            else if (c == '#')
            {
                if (SkipLine() is { } nul) return nul;
            }
            else if (c == '/' && _at + 1 < _script.Length && _script[_at + 1] == '*')
            {
                var end = _script[(_at + 2)..].IndexOf("*/", StringComparison.Ordinal);
                if (end < 0)
                {
                    var at = _at;
                    _at = _script.Length;
                    return new Token(TokenKind.Wrong, at, "this comment has no closing */");
                }
                var nul = NulIn(_at, end + 4);
                _at += end + 4;
                if (nul is not null) return nul;
            }
            else return null;
        }
    }

    private Token? SkipLine()
    {
        var from = _at;
        var end = _script[_at..].IndexOf('\n');
        _at = end < 0 ? _script.Length : _at + end + 1;
        return NulIn(from, _at - from);
    }

    // octet-not-crlf and octet-not-star leave NUL out, in comments too.
    private readonly Token? NulIn(int from, int length)
    {
        var nul = _script.Slice(from, length).IndexOf('\0');
        return nul < 0 ? null : new Token(TokenKind.Wrong, from + nul, "a comment cannot hold the NUL character");
    }

    // identifier = (ALPHA / "_") *(ALPHA / DIGIT / "_")
    private ReadOnlySpan<char> Name()
    {
        var start = _at;
        while (char.IsAsciiLetterOrDigit(Peek) || Peek == '_') _at++;
        return _script[start.._at];
    }

    private Token IdentifierOrText()
    {
        var at = _at;
        var name = Name().ToString().ToLowerInvariant();
        if (name != "text" || Peek != ':') return new(TokenKind.Identifier, at, name);
        _at++;
        return MultiLine(at);
    }

    private Token Tag(int at)
    {
        var name = Name();
        return name.IsEmpty || char.IsAsciiDigit(name[0])
            ? new(TokenKind.Wrong, at, "a tag has a name after its colon")
            : new(TokenKind.Tag, at, name.ToString().ToLowerInvariant());
    }

    // number = 1*DIGIT [ QUANTIFIER ]; RFC 5228 §2.4.1 wants at least 31 bits, here it is 64.
    private Token Number()
    {
        var at = _at;
        UInt128 number = 0;
        for (; char.IsAsciiDigit(Peek); _at++) number = UInt128.Min((number * 10) + (uint)(Peek - '0'), Beyond);
        var shift = (Peek | 0x20) switch { 'k' => 10, 'm' => 20, 'g' => 30, _ => 0 };
        if (shift > 0) _at++;
        if (char.IsAsciiLetterOrDigit(Peek) || Peek == '_')
        {
            _ = Name();
            return new(TokenKind.Wrong, at, "a number ends with a digit, K, M or G");
        }
        number <<= shift;
        // Nothing that is counted here comes near to it: the highest bit can go.
        return number > ulong.MaxValue
            ? new(TokenKind.Wrong, at, $"this number is larger than {ulong.MaxValue}")
            : new(TokenKind.Number, at, "", (long)UInt128.Min(number, long.MaxValue));
    }

    // quoted-string; a line end inside is CRLF whatever the file has.
    private Token QuotedString()
    {
        var at = _at++;
        var text = new StringBuilder();
        while (true)
        {
            var rest = _script[_at..];
            var plain = rest.IndexOfAny(StringSpecials);
            if (plain < 0)
            {
                _at = _script.Length;
                return new(TokenKind.Wrong, at, "this string has no closing quote");
            }
            text.Append(rest[..plain]);
            _at += plain + 1;
            switch (rest[plain])
            {
                case '"':
                    return new(TokenKind.String, at, text.ToString());
                case '\\':
                    if (Peek is not ('\0' or '\r' or '\n')) text.Append(_script[_at++]);
                    break;
                case '\n':
                    text.Append("\r\n");
                    break;
                case '\r':
                    if (Peek != '\n') text.Append('\r');
                    break;
                default:
                    return SkipString(at, "a string cannot hold the NUL character");
            }
        }
    }

    private Token SkipString(int at, string wrong)
    {
        var end = _script[_at..].IndexOf('"');
        _at = end < 0 ? _script.Length : _at + end + 1;
        return new(TokenKind.Wrong, at, wrong);
    }

    // multi-line = "text:" *(SP / HTAB) (hash-comment / CRLF) *(multiline-literal / multiline-dotstart) "." CRLF
    private Token MultiLine(int at)
    {
        while (Peek is ' ' or '\t') _at++;
        if (Peek is '#' or '\r' or '\n')
        {
            if (SkipLine() is { } nul) return nul;
        }
        else return new(TokenKind.Wrong, at, "after text: the line ends");
        var text = new StringBuilder();
        while (_at < _script.Length)
        {
            var rest = _script[_at..];
            var end = rest.IndexOf('\n');
            var line = end < 0 ? rest : rest[..end];
            _at += end < 0 ? rest.Length : end + 1;
            if (line.EndsWith("\r", StringComparison.Ordinal)) line = line[..^1];
            if (line.SequenceEqual(".")) return new(TokenKind.String, at, text.ToString());
            if (line.Contains('\0')) return new(TokenKind.Wrong, at, "a string cannot hold the NUL character");
            // RFC 5228 §2.4.2: dots are stuffed as in SMTP.
            text.Append(line is ['.', ..] ? line[1..] : line).Append("\r\n");
        }
        return new(TokenKind.Wrong, at, "this text: has no line with a single dot at its end");
    }

    private static string Show(char c) => c is > ' ' and < '\u007F' || char.IsLetter(c) ? $"`{c}`" : $"U+{(int)c:X4}";
}
