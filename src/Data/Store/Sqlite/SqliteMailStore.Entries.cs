using Aviso.Store.Commit;
using Aviso.Store.Sqlite;
using Aviso.Store.Views;

namespace Aviso.Store;

public sealed partial class SqliteMailStore : IEntries
{
    /// <summary>Changed entries come from the view, whose chunks know their highest modseq, so only chunks with changes are looked
    /// into (an index by modseq would cost every delivery a page); expunges come from the log.</summary>
    public async Task<MailboxChanges> ChangesAsync(AccountId account, MailboxId mailbox, long since, CancellationToken cancel)
    {
        if (await ViewAsync(account, mailbox, cancel) is not ViewSnapshot view) return new([], [], true, 0);
        if (since >= view.HighestModSeq) return new([], [], true, view.HighestModSeq);
        // The log may already tell of later expunges than the view: they are cut at the view's modseq.
        var (floor, expunged) = await _reads.ReadAsync(
            db => ReadExpunged(db, account.Value, mailbox.Value, since, view.HighestModSeq), cancel);
        var complete = since >= floor;
        return new(view.ChangedSince(since), complete ? expunged : view.Missing(), complete, view.HighestModSeq);
    }

    public async Task<uint> ClaimRecentAsync(AccountId account, MailboxId mailbox, CancellationToken cancel)
    {
        if (await ViewAsync(account, mailbox, cancel) is not { } view) return 0;
        var first = _recent.Claim(mailbox.Value, view.FirstRecentUid, view.UidNext);
        if (first == view.UidNext) return first;
        _views.Follow([new MailboxDelta { Account = account.Value, Mailbox = mailbox.Value, FirstRecent = view.UidNext }]);
        _ = WriteClaimAsync(account, mailbox, view.UidNext);
        return first;
    }

    private async Task WriteClaimAsync(AccountId account, MailboxId mailbox, uint upTo)
    {
        var isWritten = await ChangeAsync(
            batch =>
            {
                if (batch.Mailbox(account, mailbox) is not { } claimed || claimed.FirstRecent >= upTo) return true;
                batch.Delta(batch.Account(account)!, claimed);
                claimed.FirstRecent = upTo;
                return true;
            },
            static _ => false);
        if (isWritten) _recent.Written(mailbox.Value, upTo);
    }

    public Task<Outcome<FlagsStored>> StoreFlagsAsync(
        AccountId account, MailboxId mailbox, IReadOnlyList<uint> uids, FlagChange change, long? unchangedSince,
        CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync<FlagsStored>(batch =>
        {
            if (batch.Mailbox(account, mailbox) is not { } box) return StoreError.NotFound;
            var owner = batch.Account(account)!;
            var entries = FindEntries(batch, owner, box, uids);
            if (entries.Count == 0) return new FlagsStored([], [], box.HighestModSeq);
            if (!batch.TryKeywords(owner, box, change.Keywords, add: change.Operation != FlagOperation.Remove, out var mask))
                return StoreError.LimitReached;
            return ApplyFlags(batch, owner, box, entries, change, mask, unchangedSince);
        });
    }

    public Task<Outcome<EntriesCopied>> CopyAsync(
        AccountId account, MailboxId from, IReadOnlyList<uint> uids, MailboxId to, bool move, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync<EntriesCopied>(batch =>
        {
            if (batch.Mailbox(account, from) is not { } source || batch.Mailbox(account, to) is not { } target)
                return StoreError.NotFound;
            var owner = batch.Account(account)!;
            var entries = FindEntries(batch, owner, source, uids);
            if (entries.Count == 0) return new EntriesCopied(target.UidValidity, [], [], target.HighestModSeq);
            if (!move && owner.IsOver(entries.Sum(entry => entry.Size))) return StoreError.OverQuota;
            if (!TryMapKeywords(batch, owner, source, target, entries, out var map)) return StoreError.LimitReached;
            return Copy(batch, owner, source, target, entries, map, move);
        });
    }

    public Task<Outcome<Expunged>> ExpungeAsync(
        AccountId account, MailboxId mailbox, IReadOnlyList<uint>? uids, bool onlyDeleted, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync<Expunged>(batch =>
        {
            if (batch.Mailbox(account, mailbox) is not { } box) return StoreError.NotFound;
            var owner = batch.Account(account)!;
            var entries = uids is null ? Candidates(batch, owner, box, onlyDeleted) : FindEntries(batch, owner, box, uids);
            if (onlyDeleted) entries.RemoveAll(static entry => (entry.Flags.System & SystemFlags.Deleted) == 0);
            if (entries.Count == 0) return new Expunged([], box.HighestModSeq);
            var modSeq = batch.NextModSeq(owner);
            foreach (var entry in entries) batch.RemoveEntry(owner, box, entry, modSeq);
            return new Expunged([.. entries.Select(static entry => entry.Uid)], modSeq);
        });
    }

    private static Outcome<FlagsStored> ApplyFlags(
        WriteBatch batch, OpenAccount owner, OpenMailbox box, List<Entry> entries, FlagChange change, UInt128 mask, long? unchangedSince)
    {
        List<uint> modified = [];
        List<Entry> changed = [];
        long modSeq = 0;
        foreach (var entry in entries)
        {
            if (unchangedSince is { } limit && entry.ModSeq > limit)
            {
                modified.Add(entry.Uid);
                continue;
            }
            var flags = Changed(entry.Flags, change, mask);
            if (flags == entry.Flags) continue;
            if (modSeq == 0) modSeq = batch.NextModSeq(owner);
            changed.Add(batch.ChangeFlags(owner, box, entry, flags, modSeq));
        }
        return new FlagsStored(changed, modified, box.HighestModSeq);
    }

    private static EntryFlags Changed(EntryFlags flags, FlagChange change, UInt128 mask) => change.Operation switch
    {
        FlagOperation.Add => new(flags.System | change.System, flags.Keywords | mask),
        FlagOperation.Remove => new(flags.System & ~change.System, flags.Keywords & ~mask),
        _ => new(change.System, mask),
    };

    private static EntriesCopied Copy(
        WriteBatch batch, OpenAccount owner, OpenMailbox source, OpenMailbox target, List<Entry> entries, int[] map, bool move)
    {
        var modSeq = batch.NextModSeq(owner);
        var destination = new uint[entries.Count];
        for (var i = 0; i < destination.Length; i++)
        {
            var entry = entries[i];
            var origin = move ? batch.RemoveEntry(owner, source, entry, modSeq, keepsEmail: true)
                : batch.HoldEmail(entry.Email, entry.Flags, modSeq);
            var flags = new EntryFlags(entry.Flags.System, Mapped(entry.Flags.Keywords, map));
            var moved = entry with { ModSeq = modSeq, Flags = flags, SaveDate = batch.Now };
            destination[i] = batch.AddEntry(owner, target, moved, origin).Uid;
        }
        return new(target.UidValidity, [.. entries.Select(static entry => entry.Uid)], destination, modSeq);
    }

    /// <summary>Number in the target by number in the source, for the keywords these entries carry.</summary>
    private static bool TryMapKeywords(
        WriteBatch batch, OpenAccount owner, OpenMailbox source, OpenMailbox target, List<Entry> entries, out int[] map)
    {
        UInt128 used = 0;
        foreach (var entry in entries) used |= entry.Flags.Keywords;
        map = new int[source.Keywords.Count];
        if (!batch.TryKeywords(owner, target, source.KeywordNames(used), add: true, out _)) return false;
        for (var number = 0; number < map.Length; number++)
        {
            map[number] = target.Keywords.FindIndex(
                name => name.Equals(source.Keywords[number], StringComparison.OrdinalIgnoreCase));
        }
        return true;
    }

    private static UInt128 Mapped(UInt128 keywords, int[] map)
    {
        UInt128 mapped = 0;
        for (var number = 0; keywords != 0 && number < map.Length; number++, keywords >>= 1)
            if ((keywords & 1) != 0) mapped |= UInt128.One << map[number];
        return mapped;
    }

    private static List<Entry> Candidates(WriteBatch batch, OpenAccount owner, OpenMailbox box, bool onlyDeleted)
    {
        if (!onlyDeleted) return batch.Entries(owner, box);
        var entries = new List<Entry>(box.Deleted);
        if (box.Deleted == 0) return entries;
        using var row = batch.Db.Use(Statements.DeletedEntries).Add(owner.Id).Add(box.Id);
        while (row.Step()) entries.Add(EntryColumns.Read(row));
        return entries;
    }

    /// <summary>Those of these UIDs that are live, ascending, each once.</summary>
    private static List<Entry> FindEntries(WriteBatch batch, OpenAccount owner, OpenMailbox box, IReadOnlyList<uint> uids)
    {
        if (uids.Count > 64 && uids.Count > box.Entries / 4)
        {
            var wanted = uids.ToHashSet();
            var all = batch.Entries(owner, box);
            all.RemoveAll(entry => !wanted.Contains(entry.Uid));
            return all;
        }
        var entries = new List<Entry>(uids.Count);
        foreach (var uid in uids.Distinct().Order())
            if (batch.FindEntry(owner, box, uid) is { } entry) entries.Add(entry);
        return entries;
    }

    private static (long Floor, List<uint> Expunged) ReadExpunged(Connection db, long account, long mailbox, long since, long until)
    {
        long floor;
        using (var row = db.Use(Statements.MailboxById).Add(account).Add(mailbox))
        {
            floor = row.Step() ? row.Int(7) : 0;
        }
        var gone = new List<uint>();
        if (since >= floor)
        {
            using var row = db.Use(Statements.ExpungesSince).Add(account).Add(mailbox).Add(since).Add(until);
            while (row.Step()) gone.Add((uint)row.Int(0));
            gone.Sort();
        }
        return (floor, gone);
    }
}
