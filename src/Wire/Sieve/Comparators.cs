using System.Text;
using Aviso.Base;

namespace Aviso.Sieve;

internal enum Comparator
{
    AsciiCasemap, Octet, AsciiNumeric, UnicodeCasemap,
}

/// <summary>RFC 4790 collations and RFC 5051. Text is compared in folded form: equal characters fold to equal characters.</summary>
internal static class Comparators
{
    private static readonly string[] Names = ["i;ascii-casemap", "i;octet", "i;ascii-numeric", "i;unicode-casemap"];

    public static IEnumerable<string> Known => Names;

    /// <summary>RFC 5228 §2.7.3: these two need no require.</summary>
    public static bool IsBuiltIn(string name) => name is "i;octet" or "i;ascii-casemap";

    public static bool TryFind(string name, out Comparator comparator)
    {
        comparator = (Comparator)Array.IndexOf(Names, name);
        return comparator >= 0;
    }

    public static string NameOf(Comparator comparator) => Names[(int)comparator];

    /// <summary>RFC 4790 §9.1: i;ascii-numeric has no substrings.</summary>
    public static bool HasSubstrings(Comparator comparator) => comparator != Comparator.AsciiNumeric;

    /// <summary>The same length as <see cref="Prepare"/>'s result, character for character.</summary>
    public static string Fold(Comparator comparator, string text) => comparator switch
    {
        Comparator.AsciiCasemap => FoldAscii(text),
        Comparator.UnicodeCasemap => text.ToUpperInvariant(),
        _ => text,
    };

    /// <summary>
    /// RFC 5051 §2: decomposed text, compatibility characters among it, which decides order and what is part of what. Where a wildcard
    /// stands for a letter and its accent together (:matches), and captures are taken, it is composed again: for equality that is as good.
    /// </summary>
    public static string Prepare(MatchRule rule, string text) => rule.Comparator != Comparator.UnicodeCasemap || Ascii.IsValid(text) ? text
        : rule.Type is MatchType.Matches or MatchType.Regex ? Nfc.NormalizeCompatibility(text) : Nfc.DecomposeCompatibility(text);

    public static bool AreEqual(Comparator comparator, string a, string b) => Compare(comparator, a, b) == 0;

    /// <summary>Negative, zero, positive.</summary>
    public static int Compare(Comparator comparator, string a, string b)
    {
        if (comparator == Comparator.AsciiNumeric) return CompareNumbers(a, b);
        if (comparator == Comparator.UnicodeCasemap) return CompareOctets(UnicodeCasemap.Key(a), UnicodeCasemap.Key(b));
        if (comparator == Comparator.AsciiCasemap && string.Equals(a, b, StringComparison.Ordinal)) return 0;
        return CompareOctets(Fold(comparator, a), Fold(comparator, b));
    }

    // RFC 4790 §9.1: digits at the start count; without any the value is larger than every number.
    private static int CompareNumbers(string a, string b)
    {
        var x = Digits(a);
        var y = Digits(b);
        if (x.IsEmpty || y.IsEmpty) return x.IsEmpty == y.IsEmpty ? 0 : x.IsEmpty ? 1 : -1;
        x = x.TrimStart('0');
        y = y.TrimStart('0');
        return x.Length != y.Length ? x.Length.CompareTo(y.Length) : x.SequenceCompareTo(y);
    }

    private static ReadOnlySpan<char> Digits(string text)
    {
        var end = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text : text.AsSpan(0, end);
    }

    // The order of UTF-8 octets, which is that of code points; UTF-16 differs for surrogates.
    private static int CompareOctets(string a, string b)
    {
        var same = a.AsSpan().CommonPrefixLength(b);
        if (same == a.Length || same == b.Length) return a.Length.CompareTo(b.Length);
        var (x, y) = (a[same], b[same]);
        return char.IsSurrogate(x) == char.IsSurrogate(y) ? x.CompareTo(y) : char.IsSurrogate(x) ? 1 : -1;
    }

    private static string FoldAscii(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('A', 'Z')) return text;
        return string.Create(text.Length, text, static (into, from) =>
        {
            for (var i = 0; i < into.Length; i++) into[i] = from[i] is >= 'A' and <= 'Z' ? (char)(from[i] | 0x20) : from[i];
        });
    }
}
