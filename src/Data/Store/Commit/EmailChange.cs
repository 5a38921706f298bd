using Aviso.Store.Blobs;

namespace Aviso.Store.Commit;

/// <summary>What one <see cref="EmailSet"/> does to each email, all under one modseq. An email that fails is left as it was.</summary>
internal sealed class EmailChange(WriteBatch batch, OpenAccount account)
{
    private long _modSeq;

    private long ModSeq => _modSeq == 0 ? _modSeq = batch.NextModSeq(account) : _modSeq;

    public Outcome<CreatedEmail> Create(NewEmail made, long email, BodyWrite body)
    {
        var mailboxes = made.Mailboxes.Distinct().Select(id => account.ById.GetValueOrDefault(id.Value)).ToArray();
        if (mailboxes.Length == 0 || Array.Exists(mailboxes, mailbox => mailbox is null)) return StoreError.NoSuchMailbox;
        var size = body.Record.BodyLength;
        if (account.IsOver(size * mailboxes.Length)) return StoreError.OverQuota;
        var flags = new EntryFlags[mailboxes.Length];
        for (var i = 0; i < flags.Length; i++)
        {
            if (!batch.TryKeywords(account, mailboxes[i]!, made.Keywords, add: true, out var mask)) return StoreError.LimitReached;
            flags[i] = new(made.Flags, mask);
        }
        batch.BodyStored(body, 1);
        var origin = batch.AddEmailRow(account, email, body.Record.BodyId, made.Rendered, default, size, flags[0], ModSeq);
        for (var i = 0; i < flags.Length; i++)
        {
            if (i > 0) batch.HoldEmail(new(email), flags[i], ModSeq);
            batch.AddFirstEntry(account, mailboxes[i]!, new(0, flags[i], ModSeq, new(email), made.ReceivedAt, batch.Now, size), origin);
        }
        return new CreatedEmail(new(email), new(origin.Thread), size);
    }

    public StoreError Destroy(IReadOnlyList<PlacedEntry> entries)
    {
        if (!entries.Any(static entry => entry.IsSeen)) return StoreError.NotFound;
        foreach (var (mailbox, entry) in entries) batch.RemoveEntry(account, mailbox, entry, ModSeq);
        return StoreError.None;
    }

    public StoreError Update(EmailUpdate update, IReadOnlyList<PlacedEntry> entries)
    {
        var seen = entries.Where(static entry => entry.IsSeen).ToArray();
        if (seen.Length == 0) return StoreError.NotFound;
        var have = seen.Select(static entry => entry.Mailbox).Distinct().ToArray();
        if (!TryMailboxes(update.Mailboxes, have, out var want)) return StoreError.NoSuchMailbox;
        if (want.Count == 0) return StoreError.NotPermitted;
        var added = want.Except(have).ToArray();
        // A mailbox that the email leaves loses all its entries there, also those that nobody sees.
        var removed = entries.Where(entry => have.Contains(entry.Mailbox) && !want.Contains(entry.Mailbox)).ToArray();
        var more = added.Length - removed.Length;
        if (more > 0 && account.IsOver(seen[0].Entry.Size * more)) return StoreError.OverQuota;
        var kept = entries.Except(removed).ToArray();
        if (!TryFlags(update.Keywords, seen, kept, added, out var keptFlags, out var addedFlags)) return StoreError.LimitReached;
        for (var i = 0; i < kept.Length; i++)
        {
            if (keptFlags[i] != kept[i].Entry.Flags) batch.ChangeFlags(account, kept[i].Mailbox, kept[i].Entry, keptFlags[i], ModSeq);
        }
        Place(seen[0].Entry, added, addedFlags, removed);
        return StoreError.None;
    }

    /// <summary>Adds before it removes, so that the email is never gone in between; one that is seen and goes gives its place to one that
    /// comes, as MOVE does.</summary>
    private void Place(Entry like, OpenMailbox[] added, EntryFlags[] flags, PlacedEntry[] removed)
    {
        var moved = new Queue<PlacedEntry>(removed.Where(static entry => entry.IsSeen));
        for (var i = 0; i < added.Length; i++)
        {
            var origin = moved.TryDequeue(out var from) ? batch.RemoveEntry(account, from.Mailbox, from.Entry, ModSeq, keepsEmail: true)
                : batch.HoldEmail(like.Email, flags[i], ModSeq);
            batch.AddEntry(account, added[i], like with { Flags = flags[i], ModSeq = ModSeq, SaveDate = batch.Now }, origin);
        }
        foreach (var (mailbox, entry) in moved.Concat(removed.Where(static entry => !entry.IsSeen)))
            batch.RemoveEntry(account, mailbox, entry, ModSeq);
    }

    private bool TryMailboxes(MailboxesChange? change, OpenMailbox[] have, out HashSet<OpenMailbox> want)
    {
        want = change?.Whole == true ? [] : [.. have];
        if (change is null) return true;
        // One that is not there cannot be left: nothing to do (RFC 8620 §5.3: a no-op).
        want.RemoveWhere(mailbox => change.Remove.Contains(new(mailbox.Id)));
        foreach (var id in change.Add)
        {
            if (!account.ById.TryGetValue(id.Value, out var mailbox)) return false;
            want.Add(mailbox);
        }
        return true;
    }

    /// <summary>The flags of every entry that stays or comes. False when a mailbox has no number left for a keyword.</summary>
    private bool TryFlags(
        KeywordsChange? change, PlacedEntry[] seen, PlacedEntry[] kept, OpenMailbox[] added, out EntryFlags[] keptFlags,
        out EntryFlags[] addedFlags)
    {
        keptFlags = new EntryFlags[kept.Length];
        addedFlags = new EntryFlags[added.Length];
        for (var i = 0; i < kept.Length; i++)
        {
            if (!TryChange(change, kept[i], out keptFlags[i])) return false;
        }
        if (added.Length == 0) return true;
        var (system, names) = After(change, seen);
        for (var i = 0; i < added.Length; i++)
        {
            if (!batch.TryKeywords(account, added[i], names, add: true, out var mask)) return false;
            addedFlags[i] = new(system, mask);
        }
        return true;
    }

    private bool TryChange(KeywordsChange? change, PlacedEntry of, out EntryFlags flags)
    {
        flags = of.Entry.Flags;
        if (change is null) return true;
        if (!batch.TryKeywords(account, of.Mailbox, change.Add.Names, add: true, out var add)) return false;
        batch.TryKeywords(account, of.Mailbox, change.Remove.Names, add: false, out var remove);
        flags = new(System(change, flags.System), change.Whole ? add : (flags.Keywords & ~remove) | add);
        return true;
    }

    private static SystemFlags System(KeywordsChange change, SystemFlags before)
    {
        var kept = change.Whole ? before & SystemFlags.Deleted : before & ~(change.Remove.Flags & ~SystemFlags.Deleted);
        return kept | (change.Add.Flags & ~SystemFlags.Deleted);
    }

    /// <summary>What the email as a whole carries after the change: a keyword that any entry has, $seen when all are seen.</summary>
    private static (SystemFlags System, List<string> Names) After(KeywordsChange? change, PlacedEntry[] seen)
    {
        var (any, all) = (SystemFlags.None, SystemFlags.Seen);
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (mailbox, entry) in seen)
        {
            any |= entry.Flags.System & ~SystemFlags.Seen;
            all &= entry.Flags.System;
            names.UnionWith(mailbox.KeywordNames(entry.Flags.Keywords));
        }
        if (change is null) return (any | all, [.. names]);
        if (change.Whole) names.Clear();
        names.ExceptWith(change.Remove.Names);
        names.UnionWith(change.Add.Names);
        return (System(change, any | all), [.. names]);
    }
}
