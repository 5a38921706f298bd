using System.Globalization;
using System.Text;

namespace Aviso.Base;

/// <summary>
/// RFC 5893: in which order the labels of a name are read is plain only when each keeps to one direction. A name with a label from right to
/// left keeps the rule in all its labels, or it is none. Without ICU the runtime looks at less than this.
/// </summary>
public static partial class BidiRule
{
    // The bidirectional classes as far as the rule tells them apart: R and AL are allowed in the same places, so are ES, CS, ET, ON and BN.
    private enum Class
    {
        LeftToRight, RightToLeft, EuropeanNumber, ArabicNumber, Mark, Neutral, Never,
    }

    private static readonly Lazy<(int[] Starts, Class[] Classes)> Table = new(Read);

    /// <param name="name">U-labels, mapped and normalized.</param>
    public static bool Allows(string name)
    {
        // RFC 5893 §1.4: a Bidi domain name is one with at least one RTL label.
        if (!name.EnumerateRunes().Any(r => ClassOf(r) is Class.RightToLeft or Class.ArabicNumber)) return true;
        return name.Split('.').All(AllowsLabel);
    }

    private static bool AllowsLabel(string label)
    {
        var classes = label.EnumerateRunes().Select(ClassOf).ToList();
        if (classes.Count == 0) return true;
        // RFC 5893 §2 rule 1.
        return classes[0] switch
        {
            Class.RightToLeft => IsRightToLeft(classes),
            Class.LeftToRight => IsLeftToRight(classes),
            _ => false,
        };
    }

    // Rules 2, 3 and 4.
    private static bool IsRightToLeft(List<Class> classes) =>
        !classes.Exists(c => c is Class.LeftToRight or Class.Never)
        && classes.FindLast(c => c != Class.Mark) is Class.RightToLeft or Class.EuropeanNumber or Class.ArabicNumber
        && !(classes.Contains(Class.EuropeanNumber) && classes.Contains(Class.ArabicNumber));

    // Rules 5 and 6.
    private static bool IsLeftToRight(List<Class> classes) =>
        !classes.Exists(c => c is Class.RightToLeft or Class.ArabicNumber or Class.Never)
        && classes.FindLast(c => c != Class.Mark) is Class.LeftToRight or Class.EuropeanNumber;

    private static Class ClassOf(Rune rune)
    {
        var (starts, classes) = Table.Value;
        var at = Array.BinarySearch(starts, rune.Value);
        return classes[at >= 0 ? at : ~at - 1];
    }

    private static (int[] Starts, Class[] Classes) Read()
    {
        var words = Classes.Split((char[])[' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return ([.. words.Select(w => int.Parse(w.AsSpan(0, w.Length - 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))],
            [.. words.Select(w => Of(w[^1]))]);
    }

    private static Class Of(char letter) => letter switch
    {
        'l' => Class.LeftToRight,
        'r' => Class.RightToLeft,
        'g' => Class.EuropeanNumber,
        'h' => Class.ArabicNumber,
        'm' => Class.Mark,
        'o' => Class.Neutral,
        _ => Class.Never,
    };
}
