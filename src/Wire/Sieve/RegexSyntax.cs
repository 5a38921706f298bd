using System.Text;
using System.Text.RegularExpressions;

namespace Aviso.Sieve;

/// <summary>
/// POSIX extended regular expressions (draft-ietf-sieve-regex) for the engine that does not backtrack, so time is linear in the text.
/// Back references are refused, as the draft has none. Alternatives are tried from the left where POSIX wants the longest.
/// </summary>
internal static class RegexSyntax
{
    private const int LongestPattern = 4096;
    private const int LargestRepeat = 255;

    private static readonly Dictionary<string, string> Classes = new(StringComparer.Ordinal)
    {
        ["alpha"] = "A-Za-z",
        ["digit"] = "0-9",
        ["alnum"] = "A-Za-z0-9",
        ["upper"] = "A-Z",
        ["lower"] = "a-z",
        ["space"] = " \\t\\n\\r\\f\\v",
        ["blank"] = " \\t",
        ["punct"] = "!-/:-@\\[-`{-~",
        ["cntrl"] = "\\x00-\\x1F\\x7F",
        ["print"] = " -~\\u0080-\\uFFFF",
        ["graph"] = "!-~\\u0080-\\uFFFF",
        ["xdigit"] = "0-9A-Fa-f",
    };

    /// <summary>Null and a sentence when the pattern cannot be used.</summary>
    public static Regex? Compile(string pattern, bool ignoreCase, TimeSpan time, out string wrong)
    {
        wrong = "";
        if (pattern.Length > LongestPattern) wrong = $"a regular expression has at most {LongestPattern} characters";
        else if (Translate(pattern, out wrong) is { } translated)
        {
            try
            {
                var options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline;
                if (ignoreCase) options |= RegexOptions.IgnoreCase;
                return new Regex(translated, options, time);
            }
            catch (Exception e) when (e is ArgumentException or NotSupportedException)
            {
                wrong = e is NotSupportedException
                    ? "this regular expression is too large" : $"this is no regular expression: {FirstSentence(e.Message)}";
            }
        }
        return null;
    }

    private static string FirstSentence(string text) => text.Split('\n')[0];

    private static string? Translate(string pattern, out string wrong)
    {
        var into = new StringBuilder(pattern.Length + 8);
        var groups = 0;
        wrong = "";
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '\\':
                    if (++i >= pattern.Length) wrong = "a regular expression cannot end with a backslash";
                    else Escape(pattern[i], into, ref wrong);
                    break;
                case '[':
                    i = Bracket(pattern, i, into, ref wrong);
                    break;
                case '(':
                    groups++;
                    into.Append('(');
                    // POSIX has no "(?"; here it would mean something else.
                    if (i + 1 < pattern.Length && pattern[i + 1] is '?' or '*' or '+') wrong = "a repeat has nothing in front of it";
                    break;
                case ')' when groups > 0:
                    groups--;
                    into.Append(')');
                    break;
                case ')':
                    into.Append("\\)");
                    break;
                case '{':
                    i = Repeat(pattern, i, into, ref wrong);
                    break;
                case '*' or '+' or '?':
                    into.Append(pattern[i]);
                    // "a*?" repeats the repeat; it is not lazy.
                    while (i + 1 < pattern.Length && pattern[i + 1] is '*' or '+' or '?') i++;
                    break;
                case '$':
                    into.Append("\\z");
                    break;
                case '#' or ' ':
                    into.Append('\\').Append(pattern[i]);
                    break;
                default:
                    into.Append(pattern[i]);
                    break;
            }
            if (wrong.Length > 0) return null;
        }
        if (groups > 0) wrong = "a ( in this regular expression has no )";
        return wrong.Length > 0 ? null : into.ToString();
    }

    private static void Escape(char c, StringBuilder into, ref string wrong)
    {
        if (char.IsAsciiDigit(c)) wrong = "regular expressions have no back references here";
        else if (c is 'w' or 'W' or 's' or 'S' or 'b' or 'B' or 'd' or 'D') into.Append('\\').Append(c);
        else if (c is '<' or '>') into.Append("\\b");
        else into.Append(Regex.Escape(c.ToString()));
    }

    // bracket-expression: "]" first is itself, a backslash is itself, [:class:], [=x=] and [.x.] inside.
    private static int Bracket(string pattern, int at, StringBuilder into, ref string wrong)
    {
        var i = at + 1;
        into.Append('[');
        if (i < pattern.Length && pattern[i] == '^')
        {
            into.Append('^');
            i++;
        }
        var first = true;
        while (i < pattern.Length && (first || pattern[i] != ']'))
        {
            first = false;
            if (pattern[i] == '[' && i + 1 < pattern.Length && pattern[i + 1] is ':' or '=' or '.')
            {
                var close = pattern.IndexOf(pattern[i + 1] + "]", i + 2, StringComparison.Ordinal);
                var name = close < 0 ? "" : pattern[(i + 2)..close];
                if (close >= 0 && pattern[i + 1] == ':' && Classes.TryGetValue(name, out var set)) into.Append(set);
                else if (close >= 0 && pattern[i + 1] != ':' && name.Length == 1) Member(name[0], into);
                else
                {
                    wrong = $"[{pattern[i + 1]}{name}{pattern[i + 1]}] is no class of characters";
                    return i;
                }
                i = close + 2;
                continue;
            }
            // A hyphen between two characters is a range; elsewhere itself.
            if (pattern[i] == '-' && into[^1] is not ('[' or '^') && i + 1 < pattern.Length && pattern[i + 1] != ']') into.Append('-');
            else Member(pattern[i], into);
            i++;
        }
        if (i >= pattern.Length) wrong = "a [ in this regular expression has no ]";
        into.Append(']');
        return i;
    }

    private static void Member(char c, StringBuilder into)
    {
        if (c is '\\' or '[' or ']' or '^' or '-') into.Append('\\');
        into.Append(c);
    }

    // "{" that begins no interval is itself.
    private static int Repeat(string pattern, int at, StringBuilder into, ref string wrong)
    {
        var end = pattern.IndexOf('}', at, Math.Min(pattern.Length - at, 16));
        var inside = end < 0 ? "" : pattern[(at + 1)..end];
        var parts = inside.Split(',');
        if (end < 0 || parts.Length > 2 || !int.TryParse(parts[0], out var low)
            || (parts.Length == 2 && parts[1].Length > 0 && !int.TryParse(parts[1], out _)))
        {
            into.Append("\\{");
            return at;
        }
        var high = parts.Length == 1 ? low : parts[1].Length == 0 ? low : int.Parse(parts[1]);
        if (low > LargestRepeat || high > LargestRepeat || high < low || low < 0) wrong =
            $"a repeat is from 0 to {LargestRepeat}, the smaller first";
        else if (into.Length == 0) wrong = "a repeat has nothing in front of it";
        else into.Append('{').Append(inside).Append('}');
        return end;
    }
}
