using System.Globalization;
using System.Text.RegularExpressions;

namespace Aviso.Spam;

/// <summary>
/// Reads a file of rules, line by line:
/// <code>
/// # a comment
/// NAME 1.5 What it says of a message
///     subject: free money | cheap loan*
///     body 3: next of kin | the sum of | beneficiary
///     not header x-mailer: some mailer
///     url: login | signin => /[a-z0-9]{20,}/
/// OTHER 2.0 Both, without a third
///     when: NAME &amp; HTML_FORM &amp; !(DMARC_PASS | DKIM_VALID)
/// score SPF_FAIL 0.5
/// </code>
/// All conditions of a rule must hold; a number asks for so many different phrases; words are whole unless "*" stands at an end; a regular
/// expression is tried only where one of the phrases is; "score" gives a symbol of ours another score. Fields: subject, body, text (both),
/// from, replyto, url, file (names of attachments), header NAME.
/// A name that begins with "_" is a part for expressions and never shown.
/// </summary>
public static class RuleFile
{
    private static readonly System.Buffers.SearchValues<char> NameLetters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    private const int MostRules = 5000;
    private const int MostPhrases = 2000;

    /// <summary>What a file says.</summary>
    public sealed record Result(IReadOnlyList<Rule> Rules, Dictionary<string, double> Scores, IReadOnlyList<RuleProblem> Problems);

    /// <summary>Never throws; a line that cannot be read is a problem and its rule is left out.</summary>
    public static Result Parse(string text)
    {
        var reader = new Reader();
        var number = 0;
        foreach (var line in text.AsSpan().EnumerateLines()) reader.Line(line, ++number);
        return reader.Finish();
    }

    private sealed class Reader
    {
        private readonly List<Rule> _rules = [];
        private readonly Dictionary<string, double> _scores = new(StringComparer.Ordinal);
        private readonly List<RuleProblem> _problems = [];
        private readonly HashSet<string> _names = new(StringComparer.Ordinal);
        private Rule? _open;
        private List<RuleCondition> _conditions = [];
        private int _openLine;

        public void Line(ReadOnlySpan<char> line, int number)
        {
            var text = line.Trim();
            if (text.IsEmpty || text[0] == '#' || _problems.Count > 20) return;
            if (char.IsWhiteSpace(line[0])) Condition(text, number);
            else Head(text, number);
        }

        public Result Finish()
        {
            Close();
            return new(_rules, _scores, _problems);
        }

        private void Problem(int line, string text) => _problems.Add(new(line, text));

        private void Head(ReadOnlySpan<char> text, int number)
        {
            Close();
            var word = Word(ref text);
            var isScore = word is "score";
            var name = (isScore ? Word(ref text) : word).ToString();
            if (name.Length is 0 or > 60 || name.AsSpan().IndexOfAnyExcept(NameLetters) >= 0)
                Problem(number, $"'{name}' is no name: capital letters, digits and '_'");
            else if (!double.TryParse(Word(ref text), NumberStyles.Float, CultureInfo.InvariantCulture, out var score)
                || !(Math.Abs(score) <= 1000))
                Problem(number, $"{name} needs a score such as 1.5 after its name");
            else if (isScore) _scores[name] = score;
            else if (!_names.Add(name)) Problem(number, $"{name} stands here twice");
            else if (_rules.Count == MostRules) Problem(number, $"more than {MostRules} rules");
            else
            {
                _open = new(name, score, text.Trim().ToString(), [], null);
                _openLine = number;
            }
        }

        private void Close()
        {
            if (_open is not { } rule) return;
            if (_conditions.Count == 0 && rule.When is null) Problem(_openLine, $"{rule.Name} has no condition");
            else _rules.Add(rule with { Conditions = _conditions });
            _open = null;
            _conditions = [];
        }

        private void Condition(ReadOnlySpan<char> text, int number)
        {
            if (_open is not { } rule)
            {
                if (_problems.Count == 0) Problem(number, "a condition without a rule above it; a rule begins at the start of a line");
                return;
            }
            var colon = text.IndexOf(':');
            if (colon < 0)
            {
                Problem(number, "a condition needs a colon, such as \"body: some words\"");
                return;
            }
            var head = text[..colon].Trim();
            var value = text[(colon + 1)..].Trim();
            if (head is "when") When(rule, value, number);
            else if (TryField(head, number, out var condition)) Phrases(condition, value, number);
        }

        private void When(Rule rule, ReadOnlySpan<char> value, int number)
        {
            if (_conditions.Count > 0 || rule.When is not null) Problem(number, "'when' stands alone in a rule");
            else if (RuleExpression.Parse(value.ToString(), out var at) is { } expression) _open = rule with { When = expression };
            else Problem(number, $"no expression at '{value[Math.Min(at, value.Length)..]}': names, &, |, ! and parentheses");
        }

        private bool TryField(ReadOnlySpan<char> head, int number, out RuleCondition condition)
        {
            var isNot = Word(ref head) is var word && word is "not";
            if (isNot) word = Word(ref head);
            var field = word switch
            {
                "subject" => RuleField.Subject,
                "body" => RuleField.Body,
                "text" => RuleField.Subject | RuleField.Body,
                "from" => RuleField.From,
                "replyto" => RuleField.ReplyTo,
                "url" => RuleField.Url,
                "file" => RuleField.File,
                "header" => RuleField.Header,
                _ => RuleField.None,
            };
            condition = new(field, "", [], 1, null, isNot);
            if (field == RuleField.None)
            {
                Problem(number, $"'{word}' is no field: subject, body, text, from, replyto, url, file, header NAME, or when");
                return false;
            }
            if (field == RuleField.Header) condition = condition with { Header = Word(ref head).ToString().ToLowerInvariant() };
            var least = Word(ref head);
            if (!least.IsEmpty && int.TryParse(least, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0) condition = condition with { AtLeast = count };
            else if (!least.IsEmpty || (field == RuleField.Header && condition.Header.Length == 0))
            {
                Problem(number, "after the field may stand how many phrases are needed, nothing else");
                return false;
            }
            return true;
        }

        private void Phrases(RuleCondition condition, ReadOnlySpan<char> value, int number)
        {
            Regex? pattern = null;
            var arrow = value.IndexOf("=> /");
            if (arrow >= 0)
            {
                if ((pattern = Pattern(value[(arrow + 3)..].Trim(), number)) is null) return;
                value = value[..arrow];
            }
            var phrases = new List<string>();
            foreach (var range in value.Split('|'))
            {
                var phrase = string.Join(' ', value[range].ToString().Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries));
                if (phrase.Trim('*', ' ').Length > 0) phrases.Add(phrase);
            }
            if (phrases.Count < condition.AtLeast || phrases.Count > MostPhrases || phrases.Exists(p => p.Length > 200))
                Problem(number,
                    $"{phrases.Count} phrases, where at least {condition.AtLeast} and at most {MostPhrases} of 200 characters belong");
            else _conditions.Add(condition with { Phrases = phrases, Pattern = pattern });
        }

        private Regex? Pattern(ReadOnlySpan<char> text, int number)
        {
            if (text.Length < 3 || text[0] != '/' || text[^1] != '/')
            {
                Problem(number, "a regular expression stands between slashes");
                return null;
            }
            try
            {
                return new(text[1..^1].ToString(), RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
            }
            catch (Exception e) when (e is ArgumentException or NotSupportedException)
            {
                Problem(number, $"no regular expression: {e.Message}");
                return null;
            }
        }

        private static ReadOnlySpan<char> Word(ref ReadOnlySpan<char> text)
        {
            text = text.TrimStart();
            var end = text.IndexOfAny(' ', '\t');
            var word = end < 0 ? text : text[..end];
            text = text[word.Length..];
            return word;
        }
    }
}
