using System.Text.RegularExpressions;

namespace Aviso.Spam;

/// <summary>Where a condition looks; several may be joined.</summary>
[Flags]
public enum RuleField
{
    None = 0, Subject = 1, Body = 2, From = 4, ReplyTo = 8, Url = 16, File = 32, Header = 64,
}

/// <summary>One line of a rule.</summary>
/// <param name="Header">Lower case, for <see cref="RuleField.Header"/>.</param>
/// <param name="AtLeast">So many different phrases of the list must be there.</param>
/// <param name="Pattern">Looked for only when one of the phrases is there; null for phrases alone.</param>
public sealed record RuleCondition(RuleField Field, string Header, IReadOnlyList<string> Phrases, int AtLeast, Regex? Pattern, bool IsNot);

/// <summary>A named rule: all its conditions hold, or its expression over other symbols does.</summary>
/// <param name="When">Null for a rule of conditions.</param>
public sealed record Rule(string Name, double Score, string Description, IReadOnlyList<RuleCondition> Conditions, RuleExpression? When)
{
    /// <summary>A building block: never shown, only used in expressions.</summary>
    public bool IsPart => Name[0] == '_';
}

/// <summary>
/// The rules in force, ready to run: every phrase of every condition stands in one <see cref="WordSearch"/>. Immutable.
/// </summary>
public sealed class RuleSet
{
    internal readonly record struct Use(int Rule, int Condition, int Id);

    private readonly Use[][] _uses;

    private RuleSet(IReadOnlyList<Rule> rules, IReadOnlyDictionary<string, double> scores)
    {
        Scores = scores;
        Rules = rules;
        var phrases = new Dictionary<string, List<Use>>(StringComparer.OrdinalIgnoreCase);
        foreach (var (rule, at) in rules.Select((r, i) => (r, i)))
        {
            foreach (var (condition, number) in rule.Conditions.Select((c, i) => (c, i)))
            {
                foreach (var phrase in condition.Phrases)
                {
                    if (!phrases.TryGetValue(phrase, out var uses)) phrases[phrase] = uses = [];
                    uses.Add(new(at, number, UseCount++));
                }
                if (condition.Field == RuleField.Header && !Headers.Contains(condition.Header)) Headers.Add(condition.Header);
            }
        }
        Search = new([.. phrases.Keys]);
        _uses = [.. phrases.Values.Select(v => v.ToArray())];
    }

    public IReadOnlyList<Rule> Rules { get; }

    /// <summary>Scores the administrator gives to symbols of ours.</summary>
    public IReadOnlyDictionary<string, double> Scores { get; }

    internal WordSearch Search { get; }

    internal List<string> Headers { get; } = [];

    internal int UseCount { get; }

    internal ReadOnlySpan<Use> UsesOf(int phrase) => _uses[phrase];

    /// <summary>The built-in rules.</summary>
    public static RuleSet BuiltIn { get; } = Load(BuiltInText(), null, out _)!;

    /// <summary>
    /// The built-in rules and those of an administrator's file, where a rule of the same name replaces ours; null and the problems when
    /// the file has any.
    /// </summary>
    public static RuleSet? WithFile(string text, out IReadOnlyList<RuleProblem> problems) => Load(BuiltInText(), text, out problems);

    /// <summary>Only the rules of <paramref name="text"/>; null and the problems when there are any.</summary>
    public static RuleSet? Parse(string text, out IReadOnlyList<RuleProblem> problems) => Load(text, null, out problems);

    private static RuleSet? Load(string text, string? more, out IReadOnlyList<RuleProblem> problems)
    {
        var file = RuleFile.Parse(text);
        var rules = file.Rules.ToDictionary(r => r.Name);
        var scores = file.Scores;
        problems = file.Problems;
        if (more is not null)
        {
            var own = RuleFile.Parse(more);
            foreach (var rule in own.Rules) rules[rule.Name] = rule;
            foreach (var (name, score) in own.Scores) scores[name] = score;
            problems = own.Problems;
        }
        if (problems.Count > 0) return null;
        foreach (var (name, score) in scores.ToList())
        {
            if (!rules.TryGetValue(name, out var rule)) continue;
            rules[name] = rule with { Score = score };
            scores.Remove(name);
        }
        try
        {
            return new([.. rules.Values], scores);
        }
        catch (ArgumentException e)
        {
            problems = [new(0, e.Message)];
            return null;
        }
    }

    private static string BuiltInText()
    {
        using var stream = typeof(RuleSet).Assembly.GetManifestResourceStream("Aviso.Spam.rules")
            ?? throw new InvalidOperationException("the built-in rules are not in the assembly");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

/// <param name="Line">From 1; 0 for the file as a whole.</param>
public sealed record RuleProblem(int Line, string Text);
