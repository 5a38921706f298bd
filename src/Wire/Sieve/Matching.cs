namespace Aviso.Sieve;

internal enum MatchType
{
    Is, Contains, Matches, Count, Value, Regex, List,
}

internal enum Relation
{
    None, Gt, Ge, Lt, Le, Eq, Ne,
}

internal enum AddressPart
{
    All, LocalPart, Domain, User, Detail,
}

/// <summary>Match type and comparator of one test (RFC 5228 §2.7, RFC 5231).</summary>
internal sealed record MatchRule(MatchType Type, Comparator Comparator, Relation Relation)
{
    public static readonly MatchRule Default = new(MatchType.Is, Comparator.AsciiCasemap, Relation.None);

    public bool Holds(int order) => Relation switch
    {
        Relation.Gt => order > 0,
        Relation.Ge => order >= 0,
        Relation.Lt => order < 0,
        Relation.Le => order <= 0,
        Relation.Eq => order == 0,
        _ => order != 0,
    };
}

/// <summary>Compares the values of one test with its keys; made once per evaluation.</summary>
internal sealed class Matcher(SieveRun run, Call call, MatchKeys keys)
{
    private readonly MatchRule _rule = call.Match;
    private int _count;

    /// <summary>True when one of the keys matches; :count only counts until <see cref="End"/>.</summary>
    public async ValueTask<bool> IsMatchAsync(string value)
    {
        if (_rule.Type == MatchType.Count)
        {
            _count++;
            return false;
        }
        if (_rule.Type == MatchType.List) return await IsListedAsync(value);
        var prepared = Comparators.Prepare(_rule, value);
        var folded = NeedsFolding ? run.Fold(_rule.Comparator, prepared) : prepared;
        for (var i = 0; i < keys.Count; i++)
        {
            if (!run.Spend(1 + (value.Length / 1024))) return false;
            if (One(i, prepared, folded)) return true;
        }
        return false;
    }

    /// <summary>The answer of :count (RFC 5231 §4.2); false for other types.</summary>
    public bool End()
    {
        if (_rule.Type != MatchType.Count) return false;
        var count = _count.ToString();
        for (var i = 0; i < keys.Count; i++)
        {
            if (_rule.Holds(Comparators.Compare(_rule.Comparator, count, keys[i]))) return true;
        }
        return false;
    }

    public async ValueTask<bool> AnyAsync(IEnumerable<string> values) => await AnyOfAsync(values) || (!run.Failed && End());

    /// <summary>As <see cref="AnyAsync"/>, and more may follow.</summary>
    public async ValueTask<bool> AnyOfAsync(IEnumerable<string> values)
    {
        foreach (var value in values)
        {
            if (run.Failed) return false;
            if (await IsMatchAsync(value)) return true;
        }
        return false;
    }

    private bool NeedsFolding => _rule.Type is MatchType.Contains or MatchType.Matches
        || (_rule.Type == MatchType.Is && _rule.Comparator != Comparator.AsciiNumeric);

    private bool One(int i, string prepared, string folded) => _rule.Type switch
    {
        MatchType.Is when _rule.Comparator == Comparator.AsciiNumeric => Comparators.AreEqual(_rule.Comparator, prepared, keys[i]),
        MatchType.Is => string.Equals(folded, keys.Folded(i), StringComparison.Ordinal),
        MatchType.Contains => Substring.IsIn(folded, keys.Folded(i)),
        MatchType.Value => _rule.Holds(Comparators.Compare(_rule.Comparator, prepared, keys[i])),
        MatchType.Regex => IsRegexMatch(i, prepared),
        _ => IsGlobMatch(i, prepared, folded),
    };

    private bool IsGlobMatch(int i, string prepared, string folded)
    {
        var captures = run.KeepsMatches ? new List<(int Start, int End)>() : null;
        var matched = keys.Glob(i).IsMatch(folded, ref run.MatchWork, captures);
        if (run.MatchWork < 0) run.Fail(call, "its wildcards are too costly for this text");
        if (matched && captures is not null)
            run.SetMatches(captures.Select(c => prepared[c.Start..c.End]).Prepend(prepared));
        return matched;
    }

    private bool IsRegexMatch(int i, string value)
    {
        if (run.Match(call, keys[i], value) is not { Success: true } match) return false;
        if (run.KeepsMatches) run.SetMatches(match.Groups.Values.Select(g => g.Value));
        return true;
    }

    // RFC 6134 §2.2
    private async ValueTask<bool> IsListedAsync(string value)
    {
        for (var i = 0; i < keys.Count; i++)
        {
            if (!run.Spend(10)) return false;
            if (await run.Host.IsInListAsync(keys[i], value, run.Cancel) is not { } listed)
            {
                run.Fail(call, $"there is no list `{keys[i]}`");
                return false;
            }
            if (!listed) continue;
            run.SetMatches([value]);
            return true;
        }
        return false;
    }
}
