namespace Aviso.Spam;

/// <summary>An expression over symbols: names, "!", "&amp;", "|", parentheses; "&amp;" binds closer than "|".</summary>
public sealed class RuleExpression
{
    private const int Deepest = 50;
    private readonly char _kind;
    private readonly string _name = "";
    private readonly RuleExpression? _left;
    private readonly RuleExpression? _right;

    private RuleExpression(string name) => (_kind, _name) = ('a', name);

    private RuleExpression(char kind, RuleExpression left, RuleExpression? right) => (_kind, _left, _right) = (kind, left, right);

    /// <summary>True when it holds for the symbols <paramref name="has"/> knows.</summary>
    public bool Holds(Func<string, bool> has) => _kind switch
    {
        'a' => has(_name),
        '!' => !_left!.Holds(has),
        '&' => _left!.Holds(has) && _right!.Holds(has),
        _ => _left!.Holds(has) || _right!.Holds(has),
    };

    /// <summary>Null and where it went wrong (from 0) when <paramref name="text"/> is no expression.</summary>
    public static RuleExpression? Parse(string text, out int wrongAt)
    {
        var parser = new Parser(text);
        var expression = parser.Or(0);
        wrongAt = parser.At;
        return expression is not null && parser.AtEnd ? expression : null;
    }

    // or = and *( "|" and ) ; and = not *( "&" not ) ; not = ["!"] ( name / "(" or ")" )
    private ref struct Parser(ReadOnlySpan<char> text)
    {
        private readonly ReadOnlySpan<char> _text = text;

        public int At { get; private set; }

        public bool AtEnd
        {
            get
            {
                Blanks();
                return At == _text.Length;
            }
        }

        public RuleExpression? Or(int depth)
        {
            var left = And(depth);
            while (left is not null && Take('|')) left = And(depth) is { } right ? new('|', left, right) : null;
            return left;
        }

        private RuleExpression? And(int depth)
        {
            var left = Not(depth);
            while (left is not null && Take('&')) left = Not(depth) is { } right ? new('&', left, right) : null;
            return left;
        }

        private RuleExpression? Not(int depth)
        {
            if (depth > Deepest) return null;
            if (Take('!')) return Not(depth + 1) is { } inner ? new('!', inner, null) : null;
            if (Take('(')) return Or(depth + 1) is { } inner && Take(')') ? inner : null;
            Blanks();
            var start = At;
            while (At < _text.Length && (char.IsAsciiLetterOrDigit(_text[At]) || _text[At] == '_')) At++;
            return At > start ? new(_text[start..At].ToString()) : null;
        }

        private bool Take(char c)
        {
            Blanks();
            if (At == _text.Length || _text[At] != c) return false;
            At++;
            return true;
        }

        private void Blanks()
        {
            while (At < _text.Length && _text[At] is ' ' or '\t') At++;
        }
    }
}
