using System.Globalization;
using System.Text;
using Aviso.Imap;

namespace Aviso.Moving;

/// <summary>Names of folders on disk as names of mailboxes, and back.</summary>
internal static class FolderName
{
    /// <summary>One level of a folder's name: modified UTF-7 (RFC 3501 §5.1.3), or UTF-8 where it is none; escapes of the listescape plugin
    /// are undone.</summary>
    /// <param name="problem">How the name had to be changed, or null.</param>
    public static string Decode(string level, out string? problem)
    {
        problem = null;
        var text = level;
        if (Ascii.IsValid(level))
        {
            if (ModifiedUtf7.TryDecode(Encoding.ASCII.GetBytes(level), out var decoded)) text = decoded;
            else if (level.Contains('&', StringComparison.Ordinal)) problem = "is no modified UTF-7; the name is taken as it stands";
        }
        var clean = Clean(Unescaped(text), out var unclean);
        problem = unclean ?? problem;
        return clean;
    }

    /// <summary>One level of a name as it can be here.</summary>
    public static string Clean(string text, out string? problem)
    {
        problem = null;
        var clean = new StringBuilder(text.Length);
        foreach (var c in text) clean.Append(c is '/' or '%' or '*' or '\uFFFD' or '\u2028' or '\u2029' || char.IsControl(c) ? '_' : c);
        if (clean.Length > 0 && clean[0] == '#') clean[0] = '_';
        if (clean.ToString() != text) problem = $"holds a character that names have not here; it becomes {clean}";
        return clean.Length == 0 ? "_" : clean.ToString();
    }

    // "\2e" of the listescape plugin.
    private static string Unescaped(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal)) return text;
        var plain = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 2 < text.Length
                && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
                    && code is > 31 and < 127)
            {
                plain.Append((char)code);
                i += 2;
            }
            else plain.Append(text[i]);
        }
        return plain.ToString();
    }

    /// <summary>A level as a Maildir++ folder; null when it cannot be one.</summary>
    public static string? Encode(string level) =>
        level.Contains('.', StringComparison.Ordinal) || level.Contains('\0', StringComparison.Ordinal) ? null : ModifiedUtf7.Encode(level);
}
