using Aviso.Base;
using Aviso.Store.Blobs;
using Aviso.Store.Commit;

namespace Aviso.Store;

public sealed partial class SqliteMailStore : IEntries, IMoveInWrites
{
    public async Task<Outcome<IReadOnlyList<AppendedEntry>>> AppendAsync(
        AccountId account, MailboxId mailbox, IReadOnlyList<AppendMessage> messages, CancellationToken cancel)
    {
        if (await FindMailboxAsync(account, mailbox, cancel) is not { } info) return StoreError.NotFound;
        var plan = new AppendPlan(account, info, messages, _ids, _addresses.GetValueOrDefault(account.Value, ""));
        return await ChangeAsync<IReadOnlyList<AppendedEntry>>(plan.Apply, plan.Bodies, bringsMail: true);
    }

    public async Task<Outcome<AppendedEntry>> ReplaceAsync(
        AccountId account, MailboxId from, uint uid, MailboxId to, AppendMessage message, CancellationToken cancel)
    {
        if (await FindMailboxAsync(account, to, cancel) is not { } info) return StoreError.NotFound;
        var plan = new AppendPlan(account, info, [message], _ids, _addresses.GetValueOrDefault(account.Value, ""));
        return await ChangeAsync<AppendedEntry>(
            batch =>
            {
                if (batch.Mailbox(account, from) is not { } source || batch.FindEntry(batch.Account(account)!, source, uid) is not { } old)
                    return plan.GiveUp(batch, StoreError.NotFound);
                var appended = plan.Apply(batch, old.Size);
                if (!appended.Ok) return appended.Error;
                batch.RemoveEntry(batch.Account(account)!, source, old, appended.Value![0].ModSeq);
                return appended.Value[0];
            },
            plan.Bodies, bringsMail: true);
    }

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

    public Task<Outcome<EntriesCopied>> RenumberAsync(
        AccountId account, MailboxId mailbox, IReadOnlyList<uint> uids, Func<EntriesCopied, IReadOnlyList<Document>> notes,
        CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync<EntriesCopied>(batch =>
        {
            if (batch.Mailbox(account, mailbox) is not { } box) return StoreError.NotFound;
            var owner = batch.Account(account)!;
            var entries = FindEntries(batch, owner, box, uids);
            if (entries.Count == 0) return new EntriesCopied(box.UidValidity, [], [], box.HighestModSeq);
            var moved = Copy(batch, owner, box, box, entries, [.. Enumerable.Range(0, box.Keywords.Count)], move: true);
            foreach (var note in notes(moved)) Set(batch, note);
            return moved;
        });
    }

    public Task<StoreError> RaiseUidNextAsync(AccountId account, MailboxId mailbox, uint uidNext, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync(
            batch =>
            {
                if (batch.Mailbox(account, mailbox) is not { } box) return StoreError.NotFound;
                if (box.UidNext >= uidNext) return StoreError.None;
                if (uidNext > AppendPlan.LastUid) return StoreError.NotPermitted;
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

/// <summary>Messages appended to one mailbox, all or none (RFC 3502).</summary>
internal sealed class AppendPlan
{
    /// <summary>UIDs above are kept for what comes later: a number of another server must not be the last.</summary>
    public const uint LastUid = uint.MaxValue - (1 << 20);

    private readonly AccountId _account;
    private readonly MailboxId _mailbox;
    private readonly IReadOnlyList<AppendMessage> _messages;
    private readonly long[] _emails;
    private readonly string[] _keywords;
    private readonly IReadOnlyList<uint>? _uids;

    /// <param name="uids">Under which each comes in, growing; 0: the next one. Null: all under the next.</param>
    public AppendPlan(
        AccountId account, MailboxInfo mailbox, IReadOnlyList<AppendMessage> messages, IdSource ids, string address,
        IReadOnlyList<uint>? uids = null)
    {
        (_account, _mailbox, _messages, _uids) = (account, mailbox.Id, messages, uids);
        _emails = new long[messages.Count];
        Bodies = new BodyWrite[messages.Count];
        for (var i = 0; i < messages.Count; i++)
        {
            var message = messages[i];
            var body = ids.Next();
            _emails[i] = ids.Next();
            var target = new RecordTarget(
                account.Value, address, _emails[i], mailbox.Name, message.Flags, message.Keywords, message.InternalDate, default);
            Bodies[i] = new(body, message.Body, new([target], 0, null, message.InternalDate), message.InternalDate);
        }
        _keywords = [.. messages.SelectMany(message => message.Keywords).Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    public BodyWrite[] Bodies { get; }

    public Outcome<IReadOnlyList<AppendedEntry>> Apply(WriteBatch batch) => Apply(batch, 0);

    /// <param name="freed">Octets that the same change gives back.</param>
    public Outcome<IReadOnlyList<AppendedEntry>> Apply(WriteBatch batch, long freed)
    {
        if (batch.Account(_account) is not { } account || batch.Mailbox(_account, _mailbox) is not { } mailbox)
            return GiveUp(batch, StoreError.NotFound);
        if (!UidsFit(mailbox.UidNext)) return GiveUp(batch, StoreError.Conflict);
        if (account.IsOver(Bodies.Sum(body => body.Record.BodyLength) - freed)) return GiveUp(batch, StoreError.OverQuota);
        if (!batch.TryKeywords(account, mailbox, _keywords, add: true, out _)) return GiveUp(batch, StoreError.LimitReached);
        var modSeq = batch.NextModSeq(account);
        var appended = new AppendedEntry[Bodies.Length];
        for (var i = 0; i < Bodies.Length; i++)
        {
            var message = _messages[i];
            batch.TryKeywords(account, mailbox, message.Keywords, add: false, out var keywords);
            batch.BodyStored(Bodies[i], 1);
            if (_uids?[i] is > 0 and var uid) mailbox.UidNext = uid;
            appended[i] = batch.AddEmail(
                account, mailbox, _emails[i], Bodies[i].Record.BodyId, message.Rendered, default, Bodies[i].Record.BodyLength,
                new(message.Flags, keywords), message.InternalDate, modSeq);
        }
        return appended;
    }

    // RFC 9051 §2.3.1.1: a UID is given once, and they only grow.
    private bool UidsFit(uint next)
    {
        foreach (var uid in _uids ?? [])
        {
            if (uid == 0) next++;
            else if (uid < next || uid >= LastUid) return false;
            else next = uid + 1;
        }
        return true;
    }

    /// <summary>The bodies on disk are garbage.</summary>
    public StoreError GiveUp(WriteBatch batch, StoreError error)
    {
        foreach (var body in Bodies) batch.BodyUnused(body);
        foreach (var email in _emails) batch.Journal.EmailRefused(email);
        return error;
    }
}
