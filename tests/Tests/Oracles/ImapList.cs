using System.Globalization;
using System.Text;

namespace Aviso.Tests.Oracles;

/// <summary>
/// What a client reads of ENVELOPE and BODYSTRUCTURE (RFC 9051 §9), with a reader that shares nothing with the writer: a list, or a
/// text, or null for NIL. Numbers are texts.
/// </summary>
internal ref struct ImapList(ReadOnlySpan<byte> text)
{
    private readonly ReadOnlySpan<byte> _text = text;
    private int _at;

    public static List<object?> Read(ReadOnlySpan<byte> text)
    {
        var reader = new ImapList(text);
        var read = (List<object?>)reader.Value()!;
        if (reader._at != text.Length) throw new FormatException($"behind the list: {Encoding.UTF8.GetString(text[reader._at..])}");
        return read;
    }

    private object? Value()
    {
        switch (_text[_at])
        {
            case (byte)'(':
                _at++;
                var list = new List<object?>();
                while (_text[_at] != ')')
                {
                    // body-type-mpart has its parts without blanks between them, and addresses stand so too.
                    if (_text[_at] == ' ') _at++;
                    list.Add(Value());
                }
                _at++;
                return list;
            case (byte)'"':
                return Quoted();
            case (byte)'{':
                return Literal();
            default:
                var end = _at;
                while (end < _text.Length && !" ()"u8.Contains(_text[end])) end++;
                var atom = Encoding.ASCII.GetString(_text[_at..end]);
                _at = end;
                return atom == "NIL" ? null
                    : long.TryParse(atom, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? atom : throw new FormatException(atom);
        }
    }

    private string Quoted()
    {
        var octets = new List<byte>();
        for (_at++; _text[_at] != '"'; _at++)
        {
            if (_text[_at] == '\\') _at++;
            if (_text[_at] is (byte)'\r' or (byte)'\n' or 0) throw new FormatException("a quoted string holds a line end or NUL");
            octets.Add(_text[_at]);
        }
        _at++;
        return Encoding.UTF8.GetString(octets.ToArray());
    }

    private string Literal()
    {
        var close = _text[_at..].IndexOf("}\r\n"u8);
        var length = int.Parse(_text[(_at + 1)..(_at + close)], NumberStyles.None, CultureInfo.InvariantCulture);
        var from = _at + close + 3;
        _at = from + length;
        return Encoding.UTF8.GetString(_text[from.._at]);
    }
}
