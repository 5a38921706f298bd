namespace Aviso.Sieve;

/// <summary>Looking for text in text in time that is the sum of both.</summary>
internal static class Substring
{
    // The vectorised search of the runtime multiplies in the worst case; up to this many characters that is cheap.
    private const int Short = 128;

    public static bool IsIn(string text, string key)
    {
        if (key.Length <= Short || key.Length > text.Length) return text.Contains(key, StringComparison.Ordinal);
        var borders = Borders(key);
        var matched = 0;
        foreach (var c in text)
        {
            while (matched > 0 && key[matched] != c) matched = borders[matched - 1];
            if (key[matched] == c && ++matched == key.Length) return true;
        }
        return false;
    }

    // Knuth, Morris, Pratt: length of the longest proper prefix that is also a suffix, for every prefix.
    private static int[] Borders(string key)
    {
        var borders = new int[key.Length];
        for (int i = 1, length = 0; i < key.Length; i++)
        {
            while (length > 0 && key[length] != key[i]) length = borders[length - 1];
            if (key[length] == key[i]) length++;
            borders[i] = length;
        }
        return borders;
    }
}
