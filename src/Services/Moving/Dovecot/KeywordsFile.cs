using System.Globalization;
using System.Text;

namespace Aviso.Moving;

/// <summary>`dovecot-keywords`: "0 $Forwarded" a line; letter a of a file's name is number 0.</summary>
internal static class KeywordsFile
{
    public const int MostOctets = 1 << 20;

    /// <summary>Names by number; null where a number has none.</summary>
    public static string?[] Parse(ReadOnlySpan<byte> octets)
    {
        var names = new string?[26];
        foreach (var line in Encoding.UTF8.GetString(octets).Split('\n'))
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0 && int.TryParse(line.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number < names.Length && Keyword.IsValid(line[(space + 1)..])) names[number] ??= line[(space + 1)..];
        }
        return names;
    }

    public static byte[] Write(IReadOnlyList<string> names)
    {
        var text = new StringBuilder();
        for (var i = 0; i < Math.Min(26, names.Count); i++) text.Append(CultureInfo.InvariantCulture, $"{i} {names[i]}\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}

/// <summary>What may be a keyword (RFC 9051 §9: flag-keyword is an atom).</summary>
internal static class Keyword
{
    public const int MostCharacters = 255;

    public static bool IsValid(string name)
    {
        if (name.Length is 0 or > MostCharacters || name[0] == '\\') return false;
        foreach (var c in name)
            if (c is <= ' ' or >= '\x7f' or '(' or ')' or '{' or '%' or '*' or '"' or '\\' or ']') return false;
        return true;
    }
}
