using Aviso.Store.Commit;
using Aviso.Store.Sqlite;

namespace Aviso.Store;

public sealed partial class SqliteMailStore : IMailboxes, IMailboxWrites
{
    private const int MostMailboxes = 10_000;
    private const int MostMetadata = 1_000;
    private const int MetadataOctets = 64 * 1024;

    public async Task<IReadOnlyList<MailboxInfo>> ListMailboxesAsync(AccountId account, CancellationToken cancel) =>
        await _reads.ReadAsync(db => ReadMailboxes(db, account), cancel);

    private List<MailboxInfo> ReadMailboxes(Connection db, AccountId account)
    {
        var subscribed = ReadSubscriptions(db, account).ToHashSet(StringComparer.Ordinal);
        var keywords = ReadAllKeywords(db, account);
        var mailboxes = new List<MailboxInfo>();
        using var row = db.Use(Statements.MailboxesOf).Add(account.Value);
        while (row.Step())
            mailboxes.Add(ReadInfo(row, account, subscribed.Contains(row.Text(1)), keywords.GetValueOrDefault(row.Int(0)) ?? []));
        mailboxes.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return mailboxes;
    }

    public async Task<MailboxInfo?> FindMailboxAsync(AccountId account, string name, CancellationToken cancel)
    {
        name = Canonical(name);
        return await _reads.ReadAsync(
            db =>
            {
                using var row = db.Use(Statements.MailboxByName).Add(account.Value).Add(name);
                return row.Step() ? ReadInfo(db, row, account) : null;
            },
            cancel);
    }

    public Task<Outcome<MailboxInfo>> CreateMailboxAsync(
        AccountId account, string name, SpecialUse use, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        name = Canonical(name);
        return ChangeAsync<MailboxInfo>(batch =>
        {
            if (batch.Account(account) is not { } owner) return StoreError.NotFound;
            if (!MailboxName.IsValid(name)) return StoreError.NotPermitted;
            if (owner.ByName.ContainsKey(name)) return StoreError.AlreadyExists;
            if (use != SpecialUse.None && owner.ById.Values.Any(mailbox => mailbox.Use == use)) return StoreError.Conflict;
            if (owner.ById.Count + name.AsSpan().Count(MailboxName.Separator) >= MostMailboxes) return StoreError.LimitReached;
            batch.CreateParents(owner, name);
            return Info(account, batch.CreateMailbox(owner, name, use), subscribed: false);
        });
    }

    public Task<StoreError> DeleteMailboxAsync(AccountId account, MailboxId mailbox, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync(
            batch =>
            {
                if (batch.Mailbox(account, mailbox) is not { } gone) return StoreError.NotFound;
                if (gone.Use == SpecialUse.Inbox) return StoreError.NotPermitted;
                var owner = batch.Account(account)!;
                if (owner.ByName.Keys.Any(name => MailboxName.IsBelow(name, gone.Name))) return StoreError.Conflict;
                batch.DeleteMailbox(owner, gone);
                return StoreError.None;
            },
            static no => no);
    }

    public Task<StoreError> RenameMailboxAsync(AccountId account, MailboxId mailbox, string newName, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        newName = Canonical(newName);
        return ChangeAsync(
            batch =>
            {
                if (batch.Mailbox(account, mailbox) is not { } moved) return StoreError.NotFound;
                var owner = batch.Account(account)!;
                if (!MailboxName.IsValid(newName) || MailboxName.IsBelow(newName, moved.Name)) return StoreError.NotPermitted;
                if (owner.ByName.ContainsKey(newName)) return StoreError.AlreadyExists;
                if (owner.ById.Count + newName.AsSpan().Count(MailboxName.Separator) >= MostMailboxes) return StoreError.LimitReached;
                if (moved.Use == SpecialUse.Inbox) return RenameInbox(batch, owner, moved, newName);
                var below = owner.ById.Values.Where(child => MailboxName.IsBelow(child.Name, moved.Name)).ToArray();
                if (below.Any(child => !FitsUnder(child, moved, newName, owner))) return StoreError.AlreadyExists;
                batch.CreateParents(owner, newName);
                var oldName = moved.Name;
                batch.RenameMailbox(owner, moved, newName);
                foreach (var child in below) batch.RenameMailbox(owner, child, newName + child.Name[oldName.Length..], below: true);
                return StoreError.None;
            },
            static no => no);
    }

    public Task<Outcome<MailboxesSet>> SetMailboxesAsync(AccountId account, MailboxSet set, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync<MailboxesSet>(batch => batch.Account(account) is { } owner
            ? new MailboxSetPlan(batch, owner, set, MostMailboxes).Apply() : StoreError.NotFound);
    }

    public Task<StoreError> SetSpecialUseAsync(AccountId account, MailboxId mailbox, SpecialUse use, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync(
            batch =>
            {
                if (batch.Mailbox(account, mailbox) is not { } marked) return StoreError.NotFound;
                if (marked.Use == use) return StoreError.None;
                if (marked.Use == SpecialUse.Inbox || use == SpecialUse.Inbox) return StoreError.NotPermitted;
                var owner = batch.Account(account)!;
                if (use != SpecialUse.None && owner.ById.Values.Any(other => other.Use == use)) return StoreError.Conflict;
                batch.SetSpecialUse(owner, marked, use);
                return StoreError.None;
            },
            static no => no);
    }

    public Task SetSubscribedAsync(AccountId account, string name, bool subscribed, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        name = Canonical(name);
        return ChangeAsync(
            batch =>
            {
                if (batch.Account(account) is not { } owner) return 0;
                return batch.SetSubscribed(owner, name, subscribed) ? 1 : 0;
            },
            refused: null);
    }

    public async Task<IReadOnlyList<string>> ListSubscriptionsAsync(AccountId account, CancellationToken cancel) =>
        await _reads.ReadAsync(db => ReadSubscriptions(db, account), cancel);

    public async Task<IReadOnlyDictionary<string, byte[]>> GetMetadataAsync(
        AccountId account, MailboxId? mailbox, CancellationToken cancel) =>
        await _reads.ReadAsync(
            db =>
            {
                var entries = new Dictionary<string, byte[]>(StringComparer.Ordinal);
                using var row = db.Use(Statements.Metadata).Add(account.Value).Add(mailbox?.Value ?? 0);
                while (row.Step()) entries[row.Text(0)] = row.Bytes(1);
                return entries;
            },
            cancel);

    public Task<StoreError> SetMetadataAsync(
        AccountId account, MailboxId? mailbox, string entry, byte[]? value, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync(
            batch =>
            {
                if (batch.Account(account) is null) return StoreError.NotFound;
                if (mailbox is { } named && batch.Mailbox(account, named) is null) return StoreError.NotFound;
                var no = SetMetadata(batch, account, mailbox?.Value ?? 0, entry, value);
                if (no == StoreError.None && mailbox is { } changed) AnnotationChanged(batch, account, changed);
                return no;
            },
            static no => no);
    }

    private static StoreError SetMetadata(WriteBatch batch, AccountId account, long owner, string entry, byte[]? value)
    {
        if (value is null)
        {
            batch.Db.Use(Statements.RemoveMetadata).Add(account.Value).Add(owner).Add(entry).Run();
            batch.Journal.Metadata(account.Value, owner, entry, null);
            return StoreError.None;
        }
        if (value.Length > MetadataOctets) return StoreError.LimitReached;
        var count = batch.Db.Use(Statements.CountMetadata).Add(account.Value).Add(owner).Number() ?? 0;
        if (count >= MostMetadata) return StoreError.LimitReached;
        batch.Db.Use(Statements.SetMetadata).Add(account.Value).Add(owner).Add(entry).Add(value).Run();
        batch.Journal.Metadata(account.Value, owner, entry, value);
        return StoreError.None;
    }

    // RFC 7162 §3.2: an annotation that changes raises the mailbox's mod-sequence.
    private static void AnnotationChanged(WriteBatch batch, AccountId account, MailboxId mailbox)
    {
        var (owner, marked) = (batch.Account(account)!, batch.Mailbox(account, mailbox)!);
        marked.HighestModSeq = batch.NextModSeq(owner);
        batch.Delta(owner, marked);
    }

    public async Task<QuotaUse> GetQuotaAsync(AccountId account, CancellationToken cancel) =>
        await _reads.ReadAsync(
            db =>
            {
                using var row = db.Use(Statements.GetAccount).Add(account.Value);
                return row.Step() ? new QuotaUse(row.Int(7), row.Int(4), row.Int(8), 0) : new(0, 0, 0, 0);
            },
            cancel);

    /// <summary>RFC 9051 §6.3.6: the messages move to a new mailbox, INBOX and what is below it stay.</summary>
    private static StoreError RenameInbox(WriteBatch batch, OpenAccount owner, OpenMailbox inbox, string newName)
    {
        batch.CreateParents(owner, newName);
        var target = batch.CreateMailbox(owner, newName, SpecialUse.None);
        var modSeq = batch.NextModSeq(owner);
        foreach (var entry in batch.Entries(owner, inbox))
        {
            batch.TryKeywords(owner, target, inbox.KeywordNames(entry.Flags.Keywords), add: true, out var keywords);
            var origin = batch.RemoveEntry(owner, inbox, entry, modSeq, keepsEmail: true);
            var moved = entry with { ModSeq = modSeq, Flags = new(entry.Flags.System, keywords), SaveDate = batch.Now };
            batch.AddEntry(owner, target, moved, origin);
        }
        return StoreError.None;
    }

    private static bool FitsUnder(OpenMailbox child, OpenMailbox moved, string newName, OpenAccount owner)
    {
        var name = newName + child.Name[moved.Name.Length..];
        return MailboxName.IsValid(name) && !owner.ByName.ContainsKey(name);
    }

    /// <summary>RFC 9051 §5.1: names in NFC.</summary>
    private static string Canonical(string name) =>
        MailboxName.Canonical(Base.Nfc.Normalize(name));

    private Task<MailboxInfo?> FindMailboxAsync(AccountId account, MailboxId mailbox, CancellationToken cancel) =>
        _reads.ReadAsync(
            db =>
            {
                using var row = db.Use(Statements.MailboxById).Add(account.Value).Add(mailbox.Value);
                return row.Step() ? ReadInfo(db, row, account) : null;
            },
            cancel).AsTask();

    private MailboxInfo ReadInfo(Connection db, Statement row, AccountId account)
    {
        var keywords = ReadKeywords(db, account.Value, row.Int(0));
        var name = row.Text(1);
        using var subscribed = db.Use(Statements.IsSubscribed).Add(account.Value).Add(name);
        return ReadInfo(row, account, subscribed.Step(), keywords);
    }

    private MailboxInfo ReadInfo(Statement row, AccountId account, bool subscribed, IReadOnlyList<string> keywords) => new(
        new(row.Int(0)), account, row.Text(1), (SpecialUse)row.Int(2), subscribed, (uint)row.Int(3), (uint)row.Int(4),
        row.Int(6), (int)row.Int(8), (int)row.Int(9), (int)row.Int(10), row.Int(11), keywords)
    {
        FirstRecentUid = _recent.Of(row.Int(0), (uint)row.Int(5)),
        CreatedModSeq = row.Int(12),
        TreeModSeq = row.Int(13),
        SortOrder = (int)row.Int(14),
    };

    private static MailboxInfo Info(AccountId account, OpenMailbox mailbox, bool subscribed) => new(
        new(mailbox.Id), account, mailbox.Name, mailbox.Use, subscribed, mailbox.UidValidity, mailbox.UidNext,
        mailbox.HighestModSeq, mailbox.Entries, mailbox.Unseen, mailbox.Deleted, mailbox.Octets, [.. mailbox.Keywords])
    {
        FirstRecentUid = mailbox.FirstRecent,
        CreatedModSeq = mailbox.CreatedModSeq,
        TreeModSeq = mailbox.TreeModSeq,
        SortOrder = mailbox.SortOrder,
    };

    private static List<string> ReadSubscriptions(Connection db, AccountId account)
    {
        var names = new List<string>();
        using var row = db.Use(Statements.Subscriptions).Add(account.Value);
        while (row.Step()) names.Add(row.Text(0));
        return names;
    }

    private static Dictionary<long, List<string>> ReadAllKeywords(Connection db, AccountId account)
    {
        var keywords = new Dictionary<long, List<string>>();
        using var row = db.Use(Statements.KeywordsOfAccount).Add(account.Value);
        while (row.Step())
        {
            if (!keywords.TryGetValue(row.Int(0), out var names)) keywords[row.Int(0)] = names = [];
            names.Add(row.Text(2));
        }
        return keywords;
    }
}
