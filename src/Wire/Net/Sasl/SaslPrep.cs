using System.Globalization;
using System.Text;

namespace Aviso.Net;

/// <summary>RFC 4013 as far as it matters: spaces and invisible characters mapped, NFKC, controls and non-characters refused.</summary>
public static class SaslPrep
{
    /// <summary>The prepared text, or null when it holds what is prohibited (RFC 4013 §2.3) or nothing.</summary>
    public static string? Prepare(string text)
    {
        if (text.Length > 0 && !text.AsSpan().ContainsAnyExceptInRange(' ', '~')) return text;
        var mapped = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsMappedToNothing(rune.Value)) continue;
            mapped.Append(Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator ? " " : rune.ToString());
        }
        var normal = Aviso.Base.Nfc.NormalizeCompatibility(mapped.ToString());
        foreach (var rune in normal.EnumerateRunes())
        {
            if (rune.Value == 0xFFFD || (rune.Value & 0xFFFE) == 0xFFFE) return null;
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Format) return null;
        }
        return normal.Length == 0 ? null : normal;
    }

    // RFC 3454 table B.1
    private static bool IsMappedToNothing(int c) => c is 0xAD or 0x34F or 0x1806 or (>= 0x180B and <= 0x180D)
        or (>= 0x200B and <= 0x200D) or 0x2060 or (>= 0xFE00 and <= 0xFE0F) or 0xFEFF;
}
