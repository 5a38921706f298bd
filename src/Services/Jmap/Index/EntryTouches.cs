using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>Something happened to an entry: it is new, changed, hidden by \Deleted, or gone.</summary>
internal readonly record struct EntryTouch(EmailId Email, IndexedPlace Place, long ModSeq, bool IsSeen, bool IsGone);

/// <summary>What happened to the entries of an account between two pictures of it, email by email.</summary>
internal static class EntryTouches
{
    /// <summary>Sorted by email.</summary>
    public static List<EntryTouch> Between(IndexedMailboxes old, IndexedMailboxes now)
    {
        var touches = new List<EntryTouch>();
        foreach (var mailbox in now.All)
        {
            var before = old.Find(mailbox.Id)?.View;
            if (ReferenceEquals(before, mailbox.View)) continue;
            foreach (var (entry, isGone) in mailbox.View.NewsSince(before)) touches.Add(Touch(mailbox.Number, entry, isGone));
        }
        foreach (var mailbox in old.All)
        {
            if (now.Find(mailbox.Id) is not null) continue;
            for (var i = 0; i < mailbox.View.Count; i++) touches.Add(Touch(mailbox.Number, mailbox.View[i], isGone: true));
        }
        touches.Sort(static (a, b) => a.Email.Value.CompareTo(b.Email.Value));
        return touches;
    }

    private static EntryTouch Touch(ushort mailbox, in Entry entry, bool isGone) => new(
        entry.Email, new(mailbox, entry.Uid), entry.ModSeq, !isGone && (entry.Flags.System & SystemFlags.Deleted) == 0, isGone);
}
