using System.Text;

namespace Aviso.Jmap;

/// <summary>One thing to look for.</summary>
/// <param name="Text">As the client wrote it, escapes undone.</param>
/// <param name="IsPhrase">These words one after the other and no longer ones; else the letters wherever they stand.</param>
internal sealed record SearchTerm(string Text, bool IsPhrase);

/// <summary>
/// What a String of a filter asks for (RFC 8621 §4.4.1): white space divides tokens, which must all be there in any order; quotes, single
/// or double, make a phrase, in which a backslash takes away the meaning of a quote or a backslash.
/// </summary>
internal static class SearchTerms
{
    /// <summary>More of one String are not looked for: each is looked for in every message.</summary>
    public const int Most = 32;

    /// <exception cref="MethodFailure">unsupportedFilter.</exception>
    public static IReadOnlyList<SearchTerm> Parse(string text)
    {
        var terms = new List<SearchTerm>();
        for (var at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at])) at++;
            else if (Phrase(text, at) is var (phrase, end) && end > 0)
            {
                Add(terms, new(phrase, IsPhrase: true));
                at = end;
            }
            else
            {
                var stop = at;
                while (stop < text.Length && !char.IsWhiteSpace(text[stop])) stop++;
                Add(terms, new(text[at..stop], IsPhrase: false));
                at = stop;
            }
        }
        return terms;
    }

    private static void Add(List<SearchTerm> terms, SearchTerm term)
    {
        if (term.Text.Length == 0 || terms.Contains(term)) return;
        if (terms.Count == Most) throw new MethodFailure("unsupportedFilter", $"more than {Most} words to look for at once");
        terms.Add(term);
    }

    // From a quote to the same quote; End is 0 when there is none, or a letter follows ("don't", 'tis).
    private static (string Text, int End) Phrase(string text, int at)
    {
        var quote = text[at];
        if (quote is not ('"' or '\'')) return ("", 0);
        var phrase = new StringBuilder();
        for (var i = at + 1; i < text.Length; i++)
        {
            if (text[i] == quote)
            {
                var isEnd = i + 1 == text.Length || !char.IsLetterOrDigit(text[i + 1]);
                return isEnd ? (string.Join(' ', phrase.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), i + 1)
                    : ("", 0);
            }
            if (text[i] == '\\' && i + 1 < text.Length && text[i + 1] is '"' or '\'' or '\\') i++;
            phrase.Append(text[i]);
        }
        return ("", 0);
    }
}
