namespace Aviso.Spam;

/// <summary>Holds the rules in force; a reload puts others in their place between two messages.</summary>
public sealed class RulesInForce(RuleSet rules)
{
    private RuleSet _rules = rules;

    public RuleSet Rules
    {
        get => Volatile.Read(ref _rules);
        set => Volatile.Write(ref _rules, value);
    }
}

/// <summary>The rules of words: every field is walked once for all phrases of all rules.</summary>
public sealed class RulesCheck(RulesInForce inForce) : ISpamCheck
{
    internal const int LongestPatternText = 64 * 1024;

    public string Name => "rules";

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        var rules = inForce.Rules;
        var hits = new Hits(rules);
        var content = context.Content;
        Look(rules, content.Subject, RuleField.Subject, "", ref hits);
        Look(rules, content.Plain, RuleField.Body, "", ref hits);
        foreach (var from in content.Header.From) Look(rules, $"{from.DisplayName} <{from.Address}>", RuleField.From, "", ref hits);
        foreach (var to in content.Header.ReplyTo) Look(rules, to.Address, RuleField.ReplyTo, "", ref hits);
        foreach (var url in content.Urls) Look(rules, url.Raw, RuleField.Url, "", ref hits);
        foreach (var file in content.Files) Look(rules, file.Name, RuleField.File, "", ref hits);
        foreach (var name in rules.Headers)
        {
            foreach (var line in content.Header.All(name)) Look(rules, line.Text, RuleField.Header, name, ref hits);
        }
        for (var i = 0; i < rules.Rules.Count; i++)
        {
            var rule = rules.Rules[i];
            if (rule.When is null && hits.Holds(i)) Say(context, rule, hits.First(i));
        }
        return default;
    }

    private static void Look(RuleSet rules, string text, RuleField field, string header, ref Hits hits)
    {
        if (text.Length == 0) return;
        hits.Begin(text, field, header);
        rules.Search.Search(text, ref hits);
        hits.Patterns(text.AsSpan(0, Math.Min(text.Length, LongestPatternText)));
    }

    internal static void Say(SpamContext context, Rule rule, string found)
    {
        if (rule.IsPart) context.Mark(rule.Name);
        else context.Add(rule.Name, rule.Score, found.Length == 0 ? rule.Description : $"{rule.Description}: {found}");
    }

    /// <summary>What was found, by condition: how many phrases, and whether the pattern matched.</summary>
    private struct Hits(RuleSet rules) : IPhraseHit
    {
        private readonly bool[] _seen = new bool[rules.UseCount];
        private Dictionary<(int Rule, int Condition), int>? _counts;
        private HashSet<(int Rule, int Condition)>? _matched;
        private HashSet<(int Rule, int Condition)>? _pending;
        private Dictionary<int, string>? _first;
        private string _text = "";
        private RuleField _field;
        private string _header = "";

        public void Begin(string text, RuleField field, string header)
        {
            (_text, _field, _header) = (text, field, header);
            _pending?.Clear();
        }

        public void At(int phrase, int end)
        {
            foreach (var use in rules.UsesOf(phrase))
            {
                var condition = rules.Rules[use.Rule].Conditions[use.Condition];
                if ((condition.Field & _field) == 0 || (_field == RuleField.Header && condition.Header != _header)) continue;
                var key = (use.Rule, use.Condition);
                if (condition.Pattern is not null) (_pending ??= []).Add(key);
                if (_seen[use.Id]) continue;
                _seen[use.Id] = true;
                _counts ??= [];
                _counts[key] = _counts.GetValueOrDefault(key) + 1;
                if (!condition.IsNot) (_first ??= []).TryAdd(use.Rule, Around(_text, end));
            }
        }

        public void Patterns(ReadOnlySpan<char> text)
        {
            if (_pending is null) return;
            foreach (var key in _pending)
            {
                if (_matched is not null && _matched.Contains(key)) continue;
                if (rules.Rules[key.Rule].Conditions[key.Condition].Pattern!.IsMatch(text)) (_matched ??= []).Add(key);
            }
        }

        public readonly bool Holds(int rule)
        {
            var conditions = rules.Rules[rule].Conditions;
            for (var i = 0; i < conditions.Count; i++)
            {
                var key = (rule, i);
                var found = _counts is not null && _counts.GetValueOrDefault(key) >= conditions[i].AtLeast
                    && (conditions[i].Pattern is null || (_matched is not null && _matched.Contains(key)));
                if (found == conditions[i].IsNot) return false;
            }
            return true;
        }

        public readonly string First(int rule) => _first is not null && _first.TryGetValue(rule, out var text) ? text : "";

        private static string Around(string text, int end)
        {
            var start = Math.Max(0, end - 40);
            return "\"" + text[start..end].Trim() + "\"";
        }
    }
}

/// <summary>The rules over other symbols, in the order of the file, so that one may use those above it.</summary>
public sealed class CompositesCheck(RulesInForce inForce) : ISpamCheck
{
    public string Name => "composites";

    public SpamPhase Phase => SpamPhase.Combine;

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        foreach (var rule in inForce.Rules.Rules)
        {
            if (rule.When is { } when && when.Holds(context.Has)) RulesCheck.Say(context, rule, "");
        }
        return default;
    }
}
