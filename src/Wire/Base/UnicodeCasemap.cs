namespace Aviso.Base;

/// <summary>
/// The collation i;unicode-casemap (RFC 5051): letters without regard to case, then taken apart, so that "ähre" stands beside "apfel" and
/// not behind "zebra".
/// </summary>
public static class UnicodeCasemap
{
    /// <summary>
    /// What two texts are compared by, ordinally: equal keys are equal texts. Capitals rather than title case: they differ for four
    /// digraphs only, which then compare like the two letters they are made of.
    /// </summary>
    public static string Key(string text)
    {
        var upper = text.ToUpperInvariant();
        return System.Text.Ascii.IsValid(upper) ? upper : Nfc.DecomposeCompatibility(upper);
    }

    /// <summary>RFC 5255 §4.3: is the one text within the other. What is there letter for letter needs no table.</summary>
    public static bool Contains(string text, string wanted) =>
        text.Contains(wanted, StringComparison.OrdinalIgnoreCase) ||
        (!(System.Text.Ascii.IsValid(text) && System.Text.Ascii.IsValid(wanted)) &&
            Key(text).Contains(Key(wanted), StringComparison.Ordinal));
}
