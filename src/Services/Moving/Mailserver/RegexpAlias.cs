using System.Text;
using Aviso.Base;

namespace Aviso.Moving;

/// <summary>
/// Aliases by regular expression (postfix regexp_table(5)) as patterns with `*`: only where the pattern takes exactly, or knowingly a
/// little
/// more than, what the expression takes. Everything else is said to be lost.
/// </summary>
internal static class RegexpAlias
{
    private const int MostPatterns = 32;

    /// <summary>Patterns that together mean the expression; none when there are none.</summary>
    /// <param name="note">How they differ from it, or why there are none; null: they do not differ.</param>
    public static IReadOnlyList<string> Patterns(string expression, out string? note)
    {
        note = "is more than a pattern with one `*` can say";
        if (expression.Length < 2 || expression[0] != '/') return [];
        var end = expression.LastIndexOf('/');
        if (end < 1) return [];
        var text = expression[1..end];
        if (expression[(end + 1)..].Trim() is not ("" or "i")) return [];
        var isOpenAhead = !text.StartsWith('^');
        var isOpenBehind = !text.EndsWith('$') || text.EndsWith("\\$", StringComparison.Ordinal);
        text = text[(isOpenAhead ? 0 : 1)..(isOpenBehind ? text.Length : text.Length - 1)];
        var patterns = new List<StringBuilder> { new(isOpenAhead ? "*" : "") };
        if (!TryRead(text, patterns, out var widened)) return [];
        var made = patterns.Select(pattern => pattern.ToString()).Distinct(StringComparer.Ordinal).ToList();
        if (made.Exists(pattern => !IsPattern(pattern))) return [];
        note = isOpenBehind ? "takes addresses that only begin so too; here they must end there"
            : widened ? "takes certain characters where the pattern here takes any" : null;
        return made;
    }

    private static bool IsPattern(string pattern) => MailAddress.TryCut(pattern, out var local, out var domain)
        && local.Length > 0 && domain.Length > 0 && !local.Contains('@') && !domain.Contains('*') && local.Count('*') <= 1;

    // Literals, escaped literals, `.*` and `.+`, classes that are repeated, and one level of (a|b).
    private static bool TryRead(string text, List<StringBuilder> patterns, out bool widened)
    {
        widened = false;
        for (var i = 0; i < text.Length;)
        {
            switch (text[i])
            {
                case '\\' when i + 1 < text.Length && !char.IsAsciiLetterOrDigit(text[i + 1]):
                    Append(patterns, text[i + 1].ToString());
                    i += 2;
                    break;
                case '.' when i + 1 < text.Length && text[i + 1] is '*' or '+':
                    Append(patterns, "*");
                    widened |= text[i + 1] == '+';
                    i += 2;
                    break;
                case '[' when text.IndexOf(']', Math.Min(i + 2, text.Length)) is > 0 and var close:
                    Append(patterns, "*");
                    widened = true;
                    i = close + 1;
                    while (i < text.Length && text[i] is '*' or '+' or '?') i++;
                    // A class that is repeated by hand, [0-9][0-9]*, is one `*`.
                    break;
                case '(' when text.IndexOf(')', i) is > 0 and var close:
                    if (!TryAlternatives(text[(i + 1)..close], patterns) || (close + 1 < text.Length
                        && text[close + 1] is '*' or '+' or '?')) return false;
                    i = close + 1;
                    break;
                // A bare dot in front of the top-level domain: everybody writes it, nobody means any character.
                case '.':
                    Append(patterns, ".");
                    i++;
                    break;
                case var c when char.IsAsciiLetterOrDigit(c) || c is '@' or '-' or '_' or '=' or '~' or '!' or '%' or '&':
                    if (i + 1 < text.Length && text[i + 1] is '*' or '?' or '+' or '{') return false;
                    Append(patterns, char.ToLowerInvariant(c).ToString());
                    i++;
                    break;
                default:
                    return false;
            }
        }
        return true;
    }

    private static bool TryAlternatives(string inside, List<StringBuilder> patterns)
    {
        var words = inside.Split('|');
        if (words.Length * patterns.Count > MostPatterns) return false;
        var next = new List<StringBuilder>();
        foreach (var word in words)
        {
            var plain = word.Replace("\\.", ".", StringComparison.Ordinal);
            if (plain.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_'))) return false;
            next.AddRange(patterns.Select(pattern => new StringBuilder(pattern.ToString()).Append(plain.ToLowerInvariant())));
        }
        patterns.Clear();
        patterns.AddRange(next);
        return true;
    }

    private static void Append(List<StringBuilder> patterns, string text)
    {
        foreach (var pattern in patterns)
            if (text != "*" || pattern.Length == 0 || pattern[^1] != '*') pattern.Append(text);
    }
}
