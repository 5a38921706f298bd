using System.Buffers;

namespace Aviso.Spam;

/// <summary>DDE where it is written as text.</summary>
internal static class DdeWords
{
    /// <summary>A Word field that asks another program (ECMA-376 part 1 §17.16.5.16).</summary>
    public static bool IsField(ReadOnlySpan<char> code)
    {
        code = code.TrimStart(" \t\r\n\"\\\u0001");
        return code.StartsWith("DDE ", StringComparison.OrdinalIgnoreCase) || code.StartsWith("DDEAUTO", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A cell like =cmd|'/c x'!A0: a formula in which a program's name, a bar, a topic, "!" and an item stand together.</summary>
    public static bool IsCell(ReadOnlySpan<char> cell)
    {
        cell = cell.Trim(" \t\"");
        if (cell.IsEmpty || cell[0] is not ('=' or '+' or '-' or '@')) return false;
        var bar = cell.IndexOf('|');
        if (bar < 0 || !IsProgram(cell[..bar])) return false;
        var rest = cell[(bar + 1)..];
        // Excel reads the topic in quotes, or without blanks.
        var mark = rest.StartsWith("'") && rest[1..].IndexOf('\'') is var end and >= 0 ? end + 2 : rest.IndexOfAny("! |\t");
        if (mark <= 0 || mark >= rest.Length || rest[mark] != '!') return false;
        var item = rest[(mark + 1)..];
        return !item.IsEmpty && !item.Contains('|') && (char.IsAsciiLetterOrDigit(item[0]) || item[0] is '\'' or '"' or '_' or '$');
    }

    private static readonly SearchValues<char> BeforeProgram = SearchValues.Create("=+-*/@(&, ");

    // The last word before the bar, of two characters or more, that begins with a letter: "=cmd", "-2+3+cmd", "=C:\x\cmd.exe".
    private static bool IsProgram(ReadOnlySpan<char> before)
    {
        var from = before.LastIndexOfAny(BeforeProgram) + 1;
        var word = before[from..].Trim('\'');
        if (word.Length < 2 || !char.IsAsciiLetter(word[0])) return false;
        foreach (var c in word)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '\\' or ':')) return false;
        }
        return true;
    }

    public static string Short(string code) => code.Length <= 60 ? code.Trim() : code[..60].Trim();
}
