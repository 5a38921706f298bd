using System.Globalization;
using System.Text;

namespace Aviso.Base;

/// <summary>
/// Unicode normalization form C (UAX 15). The process runs in invariant globalization mode, where string.Normalize leaves
/// text beyond ASCII as it is; mailbox names, subjects and search text need the real thing.
/// </summary>
public static partial class Nfc
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int Vowels = 21, Tails = 28, Leads = 19, HangulCount = Leads * Vowels * Tails;

    private static readonly Lazy<Tables> Data = new(Tables.Read);
    private static readonly Lazy<Dictionary<int, string>> Compatible = new(ReadCompatible);

    /// <summary>The text in form C; the same object when nothing changes. Lone surrogates stay as they are.</summary>
    public static string Normalize(string text)
    {
        // Everything below U+0300 is in form C already.
        if (!text.AsSpan().ContainsAnyInRange('\u0300', '\uFFFF')) return text;
        var points = Decompose(text);
        Order(points);
        Compose(points);
        var result = ToText(points);
        return result == text ? text : result;
    }

    /// <summary>The text in form KC: compatibility characters (full width letters, ligatures, circled digits) become what they stand
    /// for.</summary>
    public static string NormalizeCompatibility(string text)
    {
        // Everything below U+00A0 is in form KC already.
        return text.AsSpan().ContainsAnyInRange('\u00A0', '\uFFFF') ? Normalize(Plain(text)) : text;
    }

    /// <summary>The text in form KD: as <see cref="NormalizeCompatibility"/>, with accents as marks behind their letters.</summary>
    public static string DecomposeCompatibility(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\u00A0', '\uFFFF')) return text;
        var points = Decompose(Plain(text));
        Order(points);
        return ToText(points);
    }

    private static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (Compatible.Value.TryGetValue(rune.Value, out var stands)) plain.Append(stands);
            else plain.Append(rune.ToString());
        }
        return plain.ToString();
    }

    private static List<int> Decompose(string text)
    {
        var points = new List<int>(text.Length + 8);
        for (var i = 0; i < text.Length; i++)
        {
            var pair = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            Add(points, pair ? char.ConvertToUtf32(text[i], text[i + 1]) : text[i]);
            if (pair) i++;
        }
        return points;
    }

    private static void Add(List<int> points, int point)
    {
        var hangul = point - HangulBase;
        if (hangul is >= 0 and < HangulCount)
        {
            points.Add(LeadBase + (hangul / (Vowels * Tails)));
            points.Add(VowelBase + (hangul % (Vowels * Tails) / Tails));
            if (hangul % Tails > 0) points.Add(TailBase + (hangul % Tails));
        }
        else if (point >= 0xC0 && Data.Value.Parts.TryGetValue(point, out var parts))
        {
            Add(points, parts.First);
            if (parts.Second != 0) points.Add(parts.Second);
        }
        else points.Add(point);
    }

    // Canonical order: runs of marks sorted by class, stable.
    private static void Order(List<int> points)
    {
        for (var i = 0; i < points.Count; i++)
        {
            if (Class(points[i]) == 0) continue;
            var end = i + 1;
            while (end < points.Count && Class(points[end]) != 0) end++;
            if (end - i > 1)
            {
                var sorted = points.GetRange(i, end - i).OrderBy(Class).ToList();
                for (var k = i; k < end; k++) points[k] = sorted[k - i];
            }
            i = end;
        }
    }

    private static void Compose(List<int> points)
    {
        int starter = -1, kept = 0, lastClass = 0;
        for (var i = 0; i < points.Count; i++)
        {
            var point = points[i];
            var own = Class(point);
            // Blocked when a mark of the same or a higher class stands between.
            var adjacent = starter == kept - 1;
            if (starter >= 0 && (adjacent || (lastClass < own && lastClass != 0)) && Pair(points[starter], point) is > 0 and var composed)
            {
                points[starter] = composed;
                continue;
            }
            if (own == 0) starter = kept;
            lastClass = own;
            points[kept++] = point;
        }
        points.RemoveRange(kept, points.Count - kept);
    }

    private static int Pair(int first, int second)
    {
        if (first - LeadBase is >= 0 and < Leads && second - VowelBase is >= 0 and < Vowels)
            return HangulBase + ((((first - LeadBase) * Vowels) + second - VowelBase) * Tails);
        if (first - HangulBase is >= 0 and < HangulCount and var syllable && syllable % Tails == 0 && second - TailBase is > 0 and < Tails)
            return first + second - TailBase;
        return Data.Value.Pairs.TryGetValue((first, second), out var composed) ? composed : 0;
    }

    private static int Class(int point) => point >= 0x300 && Data.Value.Marks.TryGetValue(point, out var own) ? own : 0;

    private static string ToText(List<int> points)
    {
        var text = new StringBuilder(points.Count);
        foreach (var point in points)
        {
            if (point >= 0x10000) text.Append(char.ConvertFromUtf32(point));
            else text.Append((char)point);
        }
        return text.ToString();
    }

    private static Dictionary<int, string> ReadCompatible()
    {
        var table = new Dictionary<int, string>();
        foreach (var token in Compatibilities.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            var sides = token.Split('>');
            var ends = Array.ConvertAll(sides[0].Split('-'), Hex);
            var stands = Array.ConvertAll(sides[1].Split('+'), Hex);
            for (var point = ends[0]; point <= ends[^1]; point++)
                table[point] = string.Concat(stands.Select(p => char.ConvertFromUtf32(p + point - ends[0])));
        }
        return table;
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private sealed record Tables(
        Dictionary<int, (int First, int Second)> Parts, Dictionary<(int, int), int> Pairs, Dictionary<int, int> Marks)
    {
        public static Tables Read()
        {
            var tables = new Tables([], [], []);
            foreach (var token in Decompositions.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
            {
                var at = token.AsSpan().IndexOfAny('=', '>');
                var point = Hex(token[..at]);
                var parts = token[(at + 1)..].Split('+');
                var pair = (Hex(parts[0]), parts.Length > 1 ? Hex(parts[1]) : 0);
                tables.Parts[point] = pair;
                if (token[at] == '=') tables.Pairs[pair] = point;
            }
            foreach (var token in Classes.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)) tables.ReadClass(token);
            return tables;
        }

        private void ReadClass(string token)
        {
            var colon = token.IndexOf(':', StringComparison.Ordinal);
            var ends = token[..colon].Split('-');
            for (var point = Hex(ends[0]); point <= Hex(ends[^1]); point++)
                Marks[point] = int.Parse(token.AsSpan(colon + 1), CultureInfo.InvariantCulture);
        }
    }
}
