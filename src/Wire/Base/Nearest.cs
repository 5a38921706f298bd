namespace Aviso.Base;

/// <summary>Finds what was meant by a misspelt name, in settings, scripts and paths alike.</summary>
public static class Nearest
{
    private const int LongestCompared = 64;

    /// <summary>The candidate with the fewest edits, if they are few for its length; else null.</summary>
    public static string? Of(string name, IEnumerable<string> candidates)
    {
        if (name.Length is 0 or > LongestCompared) return null;
        var folded = Fold(name);
        string? best = null;
        // Two edits of three letters leave nothing that was written.
        var fewest = (name.Length <= 3 ? 1 : Math.Max(2, name.Length / 3)) + 1;
        foreach (var candidate in candidates)
        {
            var edits = Distance(folded, Fold(candidate));
            if (edits >= fewest || edits >= candidate.Length) continue;
            (best, fewest) = (candidate, edits);
        }
        return best;
    }

    /// <summary>", did you mean `x`?" or nothing.</summary>
    public static string Hint(string name, IEnumerable<string> candidates) =>
        Of(name, candidates) is { } best ? $", did you mean `{best}`?" : "";

    /// <summary>Edits between two words; a swap of neighbours is one (optimal string alignment).</summary>
    public static int Distance(string a, string b)
    {
        var before = new int[b.Length + 1];
        var last = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++) last[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            var row = new int[b.Length + 1];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = a[i - 1] == b[j - 1] ? 0 : 1;
                row[j] = Math.Min(Math.Min(row[j - 1] + 1, last[j] + 1), last[j - 1] + change);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
            }
            (before, last) = (last, row);
        }
        return last[b.Length];
    }

    private static string Fold(string name) => name.ToLowerInvariant().Replace('-', '_');
}
