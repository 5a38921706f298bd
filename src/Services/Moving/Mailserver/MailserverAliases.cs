using Aviso.Accounts;

namespace Aviso.Moving;

/// <summary>Who gets whose mail: postfix-virtual.cf and postfix-regexp.cf.</summary>
internal static class MailserverAliases
{
    public static IReadOnlyList<MoveAlias> Read(string config, IReadOnlyList<MoveAccount> accounts, List<MoveNote> notes)
    {
        var aliases = new List<MoveAlias>();
        foreach (var line in ConfigLines.Read(config, "postfix-virtual.cf", continues: true)) Virtual(line, accounts, aliases, notes);
        foreach (var line in ConfigLines.Read(config, "postfix-regexp.cf")) Regexp(line, aliases, notes);
        return aliases;
    }

    private static void Virtual(ConfigLine line, IReadOnlyList<MoveAccount> accounts, List<MoveAlias> aliases, List<MoveNote> notes)
    {
        var reading = VirtualList.Parse(line.Text, line.File);
        if (reading.Items is not { } items)
        {
            notes.Add(new(NoteKind.Lost, line.Place, $"{line.Text}: {Told(reading.Problem!, line.File)}"));
            return;
        }
        foreach (var item in items)
        {
            var to = item.To.ToList();
            if (accounts.Any(account => account.Address.Equals(item.Address, StringComparison.OrdinalIgnoreCase))
                && !to.Contains(item.Address, StringComparer.OrdinalIgnoreCase))
            {
                notes.Add(new(NoteKind.Lost, line.Place,
                    $"{item.Address} is an account, and this alias takes all its mail away; here that is a contradiction. To keep the mail "
                        + $"and "
                    + $"send copies: aviso account set {item.Address} "
                    + $"{string.Join(' ', to.Select(address => "--forward-to " + address))}"));
                continue;
            }
            var known = aliases.FindIndex(alias => alias.Address.Equals(item.Address, StringComparison.OrdinalIgnoreCase));
            if (known < 0) aliases.Add(new(item.Address, to, line.Place));
            else aliases[known] = aliases[known] with { To = [.. aliases[known].To.Union(to, StringComparer.OrdinalIgnoreCase)] };
        }
    }

    // "/^test[0-9]*@example\.org$/ user@example.org"
    private static void Regexp(ConfigLine line, List<MoveAlias> aliases, List<MoveNote> notes)
    {
        var end = line.Text.LastIndexOf('/');
        var rest = end > 0 ? line.Text[(end + 1)..] : "";
        var space = rest.IndexOfAny([' ', '\t']);
        if (end <= 0 || space < 0)
        {
            notes.Add(new(NoteKind.Damaged, line.Place, "is no line /EXPRESSION/ ADDRESS"));
            return;
        }
        var to = rest[space..].Split([' ', '\t', ','], StringSplitOptions.RemoveEmptyEntries);
        var patterns = RegexpAlias.Patterns(line.Text[..(end + 1)] + rest[..space], out var note);
        if (to.Length == 0 || to.Any(address => address.Contains('$', StringComparison.Ordinal) || !AddressKey.TryParse(address, out _)))
            notes.Add(new(NoteKind.Lost, line.Place, $"{line.Text}: the target is no address"));
        else if (patterns.Count == 0) notes.Add(new(NoteKind.Lost, line.Place, $"{line.Text}: the expression {note}"));
        else
        {
            if (note is not null) notes.Add(new(NoteKind.Changed, line.Place,
                $"{line.Text} becomes {string.Join(", ", patterns)}: the expression {note}"));
            aliases.AddRange(patterns.Where(pattern => !aliases.Exists(alias => alias.Address == pattern)).Select(pattern =>
                new MoveAlias(pattern, to, line.Place)));
        }
    }

    private static string Told(string problem, string file) =>
        problem.StartsWith(file, StringComparison.Ordinal) && problem.IndexOf(": ", file.Length,
            StringComparison.Ordinal) is > 0 and var at ? problem[(at + 2)..] : problem;
}
