using System.Text;
using Aviso.Base;

namespace Aviso.Jmap;

/// <summary>An order of texts of RFC 4790 §9 and RFC 5051: keys that compare by the octets of their UTF-8.</summary>
internal sealed class Collation
{
    /// <summary>i;unicode-casemap.</summary>
    public static readonly Collation Default = new(UnicodeCasemap.Key);

    private static readonly Collation AsciiCasemap = new(Upper);
    private static readonly Collation AsciiNumeric = new(Number);
    private static readonly Collation Octet = new(static text => text);

    private readonly Func<string, string> _key;

    private Collation(Func<string, string> key) => _key = key;

    /// <summary>By its name, which is one of <see cref="Capabilities.Collations"/>.</summary>
    public static Collation Find(string name) => name switch
    {
        "i;ascii-casemap" => AsciiCasemap,
        "i;ascii-numeric" => AsciiNumeric,
        "i;octet" => Octet,
        _ => Default,
    };

    public string Key(string text) => _key(text);

    /// <summary>Of two texts; who sorts many makes their keys once.</summary>
    public int CompareTexts(string a, string b) => Compare(Key(a), Key(b));

    /// <summary>Octets of UTF-8 stand like code points, which UTF-16 does not for those beyond 16 bits.</summary>
    public static int Compare(string a, string b)
    {
        var length = Math.Min(a.Length, b.Length);
        var same = a.AsSpan(0, length).CommonPrefixLength(b.AsSpan(0, length));
        if (same == length) return a.Length.CompareTo(b.Length);
        var (c, d) = (a[same], b[same]);
        return char.IsSurrogate(c) == char.IsSurrogate(d) ? c.CompareTo(d) : char.IsSurrogate(c) ? 1 : -1;
    }

    private static string Upper(string text) => string.Create(text.Length, text, static (into, from) =>
    {
        for (var i = 0; i < into.Length; i++) into[i] = char.IsAsciiLetterLower(from[i]) ? (char)(from[i] - 32) : from[i];
    });

    // RFC 4790 §9.1.1: the digits a text begins with; one that begins with none is greater than all numbers.
    private static string Number(string text)
    {
        var digits = text.AsSpan();
        var end = digits.IndexOfAnyExceptInRange('0', '9');
        if (end >= 0) digits = digits[..end];
        if (digits.IsEmpty) return "\uFFFF";
        digits = digits.TrimStart('0');
        // Their number first: what has more digits is greater. In two characters, neither of which is a surrogate.
        return new StringBuilder().Append((char)(digits.Length >> 15)).Append((char)(digits.Length & 0x7FFF)).Append(digits).ToString();
    }
}
