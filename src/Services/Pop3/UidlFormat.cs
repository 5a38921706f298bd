using System.Globalization;
using System.Text;

namespace Aviso.Pop3;

/// <summary>
/// How unique-ids (RFC 1939 §7 UIDL) are made of UID and UIDVALIDITY, written as Dovecot's pop3_uidl_format: %u and %v, with a width
/// (%8u), zeros (%08u) and X or x for hexadecimal (%08Xu); %% is a percent sign. A client that saw other ids fetches everything again, so
/// that an account that moved in keeps the format of its old server.
/// </summary>
public sealed class UidlFormat
{
    /// <summary>RFC 1939 §7.</summary>
    private const int Longest = 70;

    private readonly IReadOnlyList<Piece> _pieces;

    private UidlFormat(string text, IReadOnlyList<Piece> pieces) => (Text, _pieces) = (text, pieces);

    /// <summary>Dovecot's default.</summary>
    public static UidlFormat Default { get; } = Parse("%08Xu%08Xv", out _)!;

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>Null, and why, when ids of this format would break RFC 1939 or not be unique.</summary>
    public static UidlFormat? Parse(string text, out string why)
    {
        why = "";
        var pieces = new List<Piece>();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is <= ' ' or > '~') return Not("has a character that an id may not have", out why);
            if (text[i] != '%') pieces.Add(new(text[i], 0, false, '\0'));
            else if (!TryVariable(text, ref i, out var piece))
                return Not("has a % that is not followed by u, v, 08Xu or the like", out why);
            else pieces.Add(piece);
        }
        if (!pieces.Exists(p => p.Variable == 'u')) return Not("has no %u: ids would not be unique", out why);
        var format = new UidlFormat(text, pieces);
        return format.Of(uint.MaxValue, uint.MaxValue).Length <= Longest
            ? format : Not($"makes ids of more than {Longest} characters", out why);
    }

    /// <summary>The id of a message.</summary>
    public string Of(uint uid, uint uidValidity)
    {
        var text = new StringBuilder(Longest);
        foreach (var piece in _pieces)
        {
            if (piece.Variable is not ('u' or 'v')) text.Append(piece.Literal);
            else text.Append(piece.Write(piece.Variable == 'u' ? uid : uidValidity));
        }
        return text.ToString();
    }

    private static UidlFormat? Not(string what, out string why)
    {
        why = what;
        return null;
    }

    // "%" ["0"] [width] ["X" / "x"] ("u" / "v"), or "%%"
    private static bool TryVariable(string text, ref int at, out Piece piece)
    {
        piece = new('%', 0, false, '\0');
        if (++at < text.Length && text[at] == '%') return true;
        var zeros = at < text.Length && text[at] == '0';
        var width = 0;
        for (; at < text.Length && char.IsAsciiDigit(text[at]); at++) width = Math.Min((width * 10) + text[at] - '0', Longest + 1);
        var hex = at < text.Length && text[at] is 'X' or 'x' ? text[at++] : '\0';
        if (at >= text.Length || text[at] is not ('u' or 'v')) return false;
        piece = new(hex, width, zeros, text[at]);
        return true;
    }

    /// <param name="Literal">The character itself; of a variable X, x or nothing for its base.</param>
    private readonly record struct Piece(char Literal, int Width, bool Zeros, char Variable)
    {
        public string Write(uint value)
        {
            var digits = value.ToString(Literal switch { 'X' => "X", 'x' => "x", _ => "D" }, CultureInfo.InvariantCulture);
            // A space cannot stand in an id: what is not filled with zeros is not filled.
            return Zeros ? digits.PadLeft(Width, '0') : digits;
        }
    }
}
