using System.Buffers;
using System.Globalization;
using System.Text;

namespace Aviso.Base;

/// <summary>
/// A domain name in both its forms, made once by one rule set, so that nobody compares or looks up the wrong one; or an address
/// literal (RFC 5321 §4.1.3). Two names are equal when their A-labels are. The default value is no name at all.
/// </summary>
public readonly struct DomainName : IEquatable<DomainName>
{
    /// <summary>Octets of the longest name: 255 on the wire (RFC 1035 §2.3.4) are 253 as text.</summary>
    public const int MaxLength = 253;

    private const int LongestLabel = 63;

    // Unassigned code points are let through: the domain may have been registered under a newer Unicode than the runtime's.
    private static readonly IdnMapping Idn = new() { AllowUnassigned = true, UseStd3AsciiRules = false };

    private static readonly SearchValues<char> Letters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    private readonly string? _ascii, _unicode;

    private DomainName(string ascii, string unicode) => (_ascii, _unicode) = (ascii, unicode);

    /// <summary>
    /// Lower case, A-labels, no last dot; "[...]" in lower case for a literal; empty for no name. For the DNS, the wire and every key.
    /// </summary>
    public string Ascii => _ascii ?? "";

    /// <summary>Lower case, U-labels where they lead back to the A-labels, else as <see cref="Ascii"/>. For people.</summary>
    public string Unicode => _unicode ?? "";

    public bool IsNone => Ascii.Length == 0;

    public bool IsLiteral => Ascii is ['[', ..];

    /// <summary>
    /// Reads a name of letters, digits, hyphens, underscores and U-labels, with or without its last dot; false for everything else,
    /// literals and the root too. Underscores are let through: the DNS has them, and hosts with one in their name send mail.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DomainName name)
    {
        name = default;
        // No name is so long; four characters may still become one octet of an A-label.
        if (text.Length is 0 or > MaxLength * 4) return false;
        return System.Text.Ascii.IsValid(text) ? TryAscii(text, out name) : TryUnicode(text.ToString(), out name);
    }

    /// <summary>Reads a name or an address literal.</summary>
    public static bool TryParseOrLiteral(ReadOnlySpan<char> text, out DomainName domain) =>
        text is ['[', ..] ? TryLiteral(text, out domain) : TryParse(text, out domain);

    /// <summary>True for <paramref name="other"/> itself and for every name below it.</summary>
    public bool IsWithin(DomainName other) => IsWithin(Ascii, other.Ascii);

    /// <summary>The same for names that are A-labels in lower case already.</summary>
    public static bool IsWithin(string name, string domain) => domain.Length > 0 && name.EndsWith(domain, StringComparison.Ordinal)
        && (name.Length == domain.Length || name[^(domain.Length + 1)] == '.');

    public bool Equals(DomainName other) => Ascii == other.Ascii;

    public override bool Equals(object? obj) => obj is DomainName other && Equals(other);

    public override int GetHashCode() => Ascii.GetHashCode(StringComparison.Ordinal);

    public static bool operator ==(DomainName left, DomainName right) => left.Equals(right);

    public static bool operator !=(DomainName left, DomainName right) => !left.Equals(right);

    /// <summary>The form for people.</summary>
    public override string ToString() => Unicode;

    private static bool TryAscii(ReadOnlySpan<char> text, out DomainName name)
    {
        name = default;
        if (text.EndsWith(".")) text = text[..^1];
        if (!HasLabels(text)) return false;
        var ascii = text.ContainsAnyInRange('A', 'Z') ? text.ToString().ToLowerInvariant() : text.ToString();
        name = new(ascii, ascii.Contains("xn--", StringComparison.Ordinal) ? Shown(ascii) : ascii);
        return true;
    }

    // UTS 46 §4, non-transitional, as far as it can be had: mapping, normalization, validity, then A-labels.
    private static bool TryUnicode(string text, out DomainName name)
    {
        name = default;
        var mapped = Mapped(text);
        if (System.Text.Ascii.IsValid(mapped)) return TryAscii(mapped, out name);
        if (mapped.EndsWith('.')) mapped = mapped[..^1];
        if (!IsValid(mapped)) return false;
        try
        {
            var ascii = Idn.GetAscii(mapped).ToLowerInvariant();
            if (!HasLabels(ascii)) return false;
            name = new(ascii, Shown(ascii));
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    // UTS 46 §4 steps 1 and 2. Lower case comes first: without ICU the runtime encodes capitals as they are, and the name would be another.
    private static string Mapped(string text)
    {
        var lower = text.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant();
        lower = Nfc.NormalizeCompatibility(lower).ToLowerInvariant();
        var mapped = new StringBuilder(lower.Length);
        foreach (var c in lower)
        {
            if (!IsIgnored(c)) mapped.Append(c == '\u3002' ? '.' : c);
        }
        return Nfc.Normalize(mapped.ToString());
    }

    // What UTS 46 maps to nothing: soft hyphen, grapheme joiner, variation selectors (Mongolian ones too), zero width space, word joiner, BOM.
    private static bool IsIgnored(char c) => c is '\u00AD' or '\u034F' or (>= '\u180B' and <= '\u180D') or '\u180F' or '\u200B' or '\u2060'
        or (>= '\uFE00' and <= '\uFE0F') or '\uFEFF';

    private static bool IsValid(string mapped)
    {
        foreach (var rune in mapped.EnumerateRunes())
        {
            if (rune.IsAscii)
            {
                if (rune.Value != '.' && !Letters.Contains((char)rune.Value)) return false;
            }
            // The joiners are the only invisible ones that a name may hold (RFC 5892 appendix A.1, A.2).
            else if (rune.Value is not (0x200C or 0x200D) && Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
                or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                || rune == Rune.ReplacementChar) return false;
        }
        return BidiRule.Allows(mapped);
    }

    private static bool HasLabels(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > MaxLength) return false;
        var label = 0;
        foreach (var c in name)
        {
            if (c == '.' ? label == 0 : !Letters.Contains(c)) return false;
            label = c == '.' ? 0 : label + 1;
            if (label > LongestLabel) return false;
        }
        return label > 0;
    }

    // RFC 5890 §2.3.2.1: an A-label is only one when it comes back from its U-label.
    private static string Shown(string ascii)
    {
        try
        {
            var unicode = Idn.GetUnicode(ascii);
            return IsValid(unicode) && Mapped(unicode) == unicode && Idn.GetAscii(unicode) == ascii ? unicode : ascii;
        }
        catch (ArgumentException)
        {
            return ascii;
        }
    }

    private static bool TryLiteral(ReadOnlySpan<char> text, out DomainName domain)
    {
        domain = default;
        if (text.Length is < 4 or > 255 || text[^1] != ']') return false;
        if (text[1..^1].ContainsAny("[]\\") || text.ContainsAnyExceptInRange('!', '~')) return false;
        var literal = text.ToString().ToLowerInvariant();
        domain = new(literal, literal);
        return true;
    }
}
