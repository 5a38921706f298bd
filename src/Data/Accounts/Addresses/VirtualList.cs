namespace Aviso.Accounts;

/// <summary>
/// Postfix's virtual alias format (virtual(5)): "pattern target, target", '#' comments, lines that begin with white space
/// continue the one before. The pattern is an address or @domain; the targets are addresses, or @domain to map a whole domain.
/// </summary>
public static class VirtualList
{
    public const int MaxEntries = 100_000;

    /// <summary>All entries with their lines, or every problem found, each with its line.</summary>
    public static ListReading<DeclaredAlias> Parse(string text, string sourceName)
    {
        var aliases = new List<DeclaredAlias>();
        var problems = new List<string>();
        foreach (var (line, content) in Logical(text))
        {
            if (aliases.Count == MaxEntries) problems.Add($"{sourceName}:{line}: more than {MaxEntries} entries");
            if (problems.Count >= 20) break;
            if (Entry(content, new(sourceName, line), out var problem) is { } alias) aliases.Add(alias);
            else if (problem is not null) problems.Add($"{sourceName}:{line}: {problem}");
        }
        return problems.Count > 0 ? new(sourceName, null, string.Join("\n", problems)) : new(sourceName, aliases, null);
    }

    private static DeclaredAlias? Entry(string content, Source source, out string? problem)
    {
        var words = content.Split([' ', '\t', ','], StringSplitOptions.RemoveEmptyEntries);
        problem = Problem(words);
        return problem is null && words[0].Contains('@') ? new(words[0], words[1..], source) : null;
    }

    private static string? Problem(string[] words)
    {
        var pattern = words[0];
        // virtual(5): "example.org anything" only says that the domain is virtual; here `domains` says so.
        if (!pattern.Contains('@'))
            return AddressKey.TryDomain(pattern, out _) && pattern.Contains('.') ? null
                : $"`{pattern}` wants its domain: {pattern}@example.org";
        if (words.Length < 2) return $"`{pattern}` has no target";
        if (!IsAddressOrDomain(pattern)) return $"`{pattern}` is not an address";
        foreach (var target in words.AsSpan(1))
        {
            if (target.StartsWith('|') || target.StartsWith('/') || target.StartsWith(':'))
                return $"`{target}`: programs and files are no targets here";
            if (!target.Contains('@')) return $"`{target}` wants its domain: {target}@example.org";
            if (!IsAddressOrDomain(target)) return $"`{target}` is not an address";
        }
        return null;
    }

    private static bool IsAddressOrDomain(string text) =>
        text.StartsWith('@') ? AddressKey.TryDomain(text.AsSpan(1), out _) : AddressKey.TryParse(text, out _);

    private static IEnumerable<(int Line, string Content)> Logical(string text)
    {
        var (begun, content) = (0, "");
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var line = raw.TrimEnd('\r', ' ', '\t');
            if (line.AsSpan().TrimStart().StartsWith("#") || line.Length == 0) continue;
            if (begun > 0 && line[0] is ' ' or '\t')
            {
                content += line;
                continue;
            }
            if (begun > 0) yield return (begun, content);
            (begun, content) = (number, line.TrimStart());
        }
        if (begun > 0) yield return (begun, content);
    }
}
