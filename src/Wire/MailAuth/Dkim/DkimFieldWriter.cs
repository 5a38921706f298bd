using System.Text;

namespace Aviso.MailAuth;

/// <summary>
/// Writes a signature field. Words are joined by one space or one fold, which relaxed canonicalization cannot tell apart, so
/// what is signed is known before the lines are broken; only the base64 of b= is folded without a space of its own, and that
/// value is not signed.
/// </summary>
internal sealed class DkimFieldWriter(string name)
{
    private const int LineLength = 76;

    private readonly List<string> _words = [];
    private int _octets = -1;

    /// <summary>Adds <c>tag=value</c>; a semicolon stands between tags.</summary>
    public DkimFieldWriter Tag(string tag, string value)
    {
        EndTag();
        _words.Add(tag + "=" + value);
        return this;
    }

    /// <summary>Adds h= with the names, folded after colons where it is long.</summary>
    public DkimFieldWriter Names(IReadOnlyList<string> names)
    {
        EndTag();
        var word = new StringBuilder("h=");
        for (var i = 0; i < names.Count; i++)
        {
            var piece = i + 1 < names.Count ? names[i] + ":" : names[i];
            if (word.Length + piece.Length > LineLength - 2)
            {
                _words.Add(word.ToString());
                word.Clear();
            }
            word.Append(piece);
        }
        _words.Add(word.ToString());
        return this;
    }

    /// <summary>The place of b=.</summary>
    public DkimFieldWriter Octets()
    {
        EndTag();
        _octets = _words.Count;
        _words.Add("b=");
        return this;
    }

    /// <summary>The field in relaxed form with b= empty and without CRLF: the last of what is signed.</summary>
    public byte[] Canonical() => Encoding.UTF8.GetBytes($"{name.ToLowerInvariant()}:{string.Join(' ', _words)}");

    /// <summary>The field with its signature, folded, with CRLF.</summary>
    public string Finish(byte[] signature)
    {
        var text = new StringBuilder(name).Append(':');
        var column = text.Length;
        for (var i = 0; i < _words.Count; i++)
        {
            if (i != _octets)
            {
                Append(text, ref column, " ", _words[i]);
                continue;
            }
            // "b=" or "b=;": the base64 goes before the semicolon.
            Append(text, ref column, " ", "b=");
            var base64 = Convert.ToBase64String(signature) + _words[i][2..];
            for (var at = 0; at < base64.Length;)
            {
                var room = LineLength - column;
                if (room <= 1)
                {
                    text.Append("\r\n\t");
                    column = 1;
                    continue;
                }
                var take = Math.Min(room, base64.Length - at);
                text.Append(base64, at, take);
                at += take;
                column += take;
            }
        }
        return text.Append("\r\n").ToString();
    }

    private static void Append(StringBuilder text, ref int column, string space, string word)
    {
        if (column + space.Length + word.Length > LineLength && column > 1)
        {
            text.Append("\r\n\t");
            column = 1;
        }
        else
        {
            text.Append(space);
            column += space.Length;
        }
        text.Append(word);
        column += word.Length;
    }

    private void EndTag()
    {
        if (_words.Count > 0) _words[^1] += ";";
    }
}
