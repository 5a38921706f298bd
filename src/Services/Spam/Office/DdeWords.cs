namespace Aviso.Spam;

/// <summary>DDE where it is written as text.</summary>
internal static class DdeWords
{
    /// <summary>A Word field that asks another program (ECMA-376 part 1 §17.16.5.16).</summary>
    public static bool IsField(string code)
    {
        code = code.TrimStart(' ', '\t', '\r', '\n', '"', '\\', '\u0001');
        return code.StartsWith("DDE ", StringComparison.OrdinalIgnoreCase) || code.StartsWith("DDEAUTO", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A cell like =cmd|'/c x'!A0.</summary>
    public static bool IsCell(ReadOnlySpan<char> cell)
    {
        cell = cell.Trim(" \t\"");
        if (cell.IsEmpty || cell[0] is not ('=' or '+' or '-' or '@')) return false;
        var bar = cell.IndexOf('|');
        if (bar < 2 || cell[bar..].IndexOf('!') < 1) return false;
        foreach (var c in cell[1..bar])
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '\\' or '/' or ':' or '\'' or '(' or '+' or '-')) return false;
        }
        return true;
    }

    public static string Short(string code) => code.Length <= 60 ? code.Trim() : code[..60].Trim();
}
