using Aviso.Store.Sqlite;

namespace Aviso.Store.Commit;

/// <summary>An entry and where it is.</summary>
internal readonly record struct PlacedEntry(OpenMailbox Mailbox, Entry Entry)
{
    public bool IsSeen => (Entry.Flags.System & SystemFlags.Deleted) == 0;
}

/// <summary>
/// Finds all entries of an email. No index says where they are, since it would cost every delivery a page: the caller's places are
/// tried, and where they are not all (something changed meanwhile), the account's entries are read once.
/// </summary>
internal sealed class EmailEntries(WriteBatch batch, OpenAccount account, EmailSet set)
{
    private Dictionary<long, List<PlacedEntry>>? _all;

    /// <summary>None when the email is gone, or not the account's.</summary>
    public IReadOnlyList<PlacedEntry> Of(EmailId email, IReadOnlyList<EntryPlace> seen)
    {
        var count = Count(email);
        if (count == 0) return [];
        var found = new List<PlacedEntry>(count);
        foreach (var place in seen)
        {
            if (account.ById.GetValueOrDefault(place.Mailbox.Value) is not { } mailbox) continue;
            if (batch.FindEntry(account, mailbox, place.Uid) is { } entry && entry.Email == email) found.Add(new(mailbox, entry));
        }
        if (found.Count == count) return found;
        _all ??= ReadAll();
        return _all.GetValueOrDefault(email.Value) ?? [];
    }

    private int Count(EmailId email)
    {
        using var row = batch.Db.Use(Statements.EmailOwner).Add(email.Value).Add(account.Id);
        return row.Step() ? (int)row.Int(1) : 0;
    }

    /// <summary>Entries of the emails of this change. None of them is changed twice, so what was read stays true while it runs.</summary>
    private Dictionary<long, List<PlacedEntry>> ReadAll()
    {
        var wanted = new HashSet<long>(set.Update.Select(update => update.Email.Value));
        wanted.UnionWith(set.Destroy.Select(destroy => destroy.Email.Value));
        var all = new Dictionary<long, List<PlacedEntry>>();
        using var row = batch.Db.Use(Statements.EntriesOfAccount).Add(account.Id);
        while (row.Step())
        {
            if (!wanted.Contains(row.Int(5))) continue;
            var entry = EntryColumns.Read(row);
            if (!all.TryGetValue(entry.Email.Value, out var entries)) all[entry.Email.Value] = entries = [];
            entries.Add(new(account.ById[row.Int(9)], entry));
        }
        return all;
    }
}
