namespace Aviso.Store.Commit;

/// <summary>What is told of a commit; nothing is noted while nobody listens.</summary>
internal sealed partial class WriteBatch
{
    // An entry that was taken out and whose email has not come up elsewhere yet.
    private (long Email, string Mailbox)? _left;

    /// <summary>Somebody listens.</summary>
    public bool TellsNews { get; set; }

    /// <summary>Of this transaction; null when there is none.</summary>
    public CommitNews? News { get; private set; }

    /// <summary>Who asked for the operation that is being applied.</summary>
    public Actor? By { get; set; }

    public void MessageMade(Acceptance acceptance, Accepted accepted, long size)
    {
        if (!TellsNews || acceptance.Origin is not { } origin) return;
        (News ??= new()).Made.Add(new(origin, acceptance, accepted, size));
    }

    private void EntryFlagged(OpenAccount account, OpenMailbox mailbox, in Entry entry, SystemFlags before)
    {
        var now = entry.Flags.System;
        if (!TellsNews || before == now) return;
        Tell(new(EntryDeed.Flagged, new(account.Id), mailbox.Name, By) { Set = now & ~before, Unset = before & ~now }, entry);
    }

    private void EntryRemoved(OpenAccount account, OpenMailbox mailbox, in Entry entry, bool keepsEmail)
    {
        if (!TellsNews) return;
        if (keepsEmail) _left = (entry.Email.Value, mailbox.Name);
        else Tell(new(EntryDeed.Expunged, new(account.Id), mailbox.Name, By), entry);
    }

    /// <summary>An email that was here before has an entry more.</summary>
    private void EntryAdded(OpenAccount account, OpenMailbox mailbox, in Entry entry)
    {
        if (!TellsNews) return;
        var from = _left is { } left && left.Email == entry.Email.Value ? left.Mailbox : null;
        _left = null;
        Tell(new(from is null ? EntryDeed.Copied : EntryDeed.Moved, new(account.Id), mailbox.Name, By) { From = from ?? "" }, entry);
    }

    // One deed on many messages is one change.
    private void Tell(EntryChange change, in Entry entry)
    {
        var changes = (News ??= new()).Changes;
        if (changes is not [.., var last] || !IsSame(last, change)) changes.Add(last = change);
        last.Emails.Add((entry.Email, entry.Uid));
    }

    private static bool IsSame(EntryChange one, EntryChange other) =>
        one.Deed == other.Deed && one.Account == other.Account && one.Mailbox == other.Mailbox && ReferenceEquals(one.By, other.By)
        && one.From == other.From && one.Set == other.Set && one.Unset == other.Unset;
}
