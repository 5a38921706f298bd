using Aviso.Store.Commit;

namespace Aviso.Store;

public sealed partial class SqliteMailStore : IMoveInWrites
{
    /// <summary>So many UIDVALIDITYs are kept for mailboxes that are made later.</summary>
    private const uint KeptValidities = 1 << 20;

    public Task<Outcome<MailboxInfo>> TakeMailboxAsync(AccountId account, string name, uint uidValidity, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        name = Canonical(name);
        return ChangeAsync<MailboxInfo>(batch =>
        {
            if (batch.Account(account) is not { } owner) return StoreError.NotFound;
            if (!MailboxName.IsValid(name) || uidValidity is 0 or > uint.MaxValue - KeptValidities) return StoreError.NotPermitted;
            if (owner.Find(name) is { } there)
            {
                if (there.UidValidity != uidValidity && there.UidNext > 1) return StoreError.Conflict;
                if (there.UidValidity != uidValidity) there = Replace(batch, owner, there, uidValidity);
                return Info(account, there, batch.IsSubscribed(owner, name));
            }
            if (owner.ById.Count + name.AsSpan().Count(MailboxName.Separator) >= MostMailboxes) return StoreError.LimitReached;
            batch.CreateParents(owner, name);
            return Info(account, batch.CreateMailbox(owner, name, SpecialUse.None, uidValidity), batch.IsSubscribed(owner, name));
        });
    }

    // A UIDVALIDITY is a mailbox's for life: who has the old one open hears that it is gone.
    private static OpenMailbox Replace(WriteBatch batch, OpenAccount owner, OpenMailbox never, uint uidValidity)
    {
        batch.DeleteMailbox(owner, never);
        var made = batch.CreateMailbox(owner, never.Name, never.Use, uidValidity);
        if (never.SortOrder != 0) batch.SetSortOrder(owner, made, never.SortOrder);
        return made;
    }

    public async Task<Outcome<IReadOnlyList<AppendedEntry>>> TakeEntriesAsync(
        AccountId account, MailboxId mailbox, IReadOnlyList<AppendMessage> messages, IReadOnlyList<uint> uids,
        Func<IReadOnlyList<AppendedEntry>, IReadOnlyList<Document>> notes, CancellationToken cancel)
    {
        if (await FindMailboxAsync(account, mailbox, cancel) is not { } info) return StoreError.NotFound;
        var plan = new AppendPlan(account, info, messages, _ids, _addresses.GetValueOrDefault(account.Value, ""), uids);
        return await ChangeAsync<IReadOnlyList<AppendedEntry>>(
            batch =>
            {
                var appended = plan.Apply(batch);
                if (!appended.Ok) return appended;
                var box = batch.Mailbox(account, mailbox)!;
                box.FirstRecent = box.UidNext;
                foreach (var note in notes(appended.Value!)) Set(batch, note);
                return appended;
            },
            plan.Bodies, bringsMail: true);
    }

    public Task<StoreError> RaiseUidNextAsync(AccountId account, MailboxId mailbox, uint uidNext, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync(
            batch =>
            {
                if (batch.Mailbox(account, mailbox) is not { } box) return StoreError.NotFound;
                if (box.UidNext >= uidNext) return StoreError.None;
                var owner = batch.Account(account)!;
                batch.Delta(owner, box);
                batch.Touch(owner);
                if (box.FirstRecent == box.UidNext) box.FirstRecent = uidNext;
                box.UidNext = uidNext;
                batch.Journal.UidNext(account.Value, mailbox.Value, uidNext);
                return StoreError.None;
            },
            static no => no);
    }
}
