using Aviso.Base;
using Aviso.Store.Blobs;
using Aviso.Store.Commit;
using Aviso.Store.Sqlite;

namespace Aviso.Store.Rebuild;

/// <summary>What a rebuild brought back, and what it cannot know.</summary>
public sealed record RebuildReport(
    int Accounts, int Mailboxes, int Entries, int QueuedMessages, int LeftOut, int Damaged, IReadOnlyList<string> Unknown);

/// <summary>
/// `aviso store rebuild`: makes the database anew from body records and journal. The old database is put aside, never removed.
/// Every mailbox gets a new UIDVALIDITY, so clients fetch anew.
/// </summary>
public sealed class StoreRebuild
{
    private const int EntriesAChange = 500;

    private readonly StoreOptions _options;
    private readonly JournalState _journal;
    private readonly BodyCatalogue _bodies;
    private readonly SegmentFolder _folder;
    private readonly BodySpool _spool;
    private readonly Connection _db;
    private readonly WriteBatch _batch;
    private readonly IdSource _ids;
    private readonly HashSet<long> _storedBodies = [];
    private readonly HashSet<long> _storedEmails = [];
    private int _pending;
    private int _entries;
    private int _queued;
    private int _leftOut;

    private StoreRebuild(StoreOptions options, SegmentFolder folder, Connection db, CancellationToken cancel)
    {
        (_options, _folder, _db) = (options, folder, db);
        _journal = JournalState.Read(options.DataFolder);
        _bodies = BodyCatalogue.Read(folder, cancel);
        _spool = new(Path.Combine(options.DataFolder, "spool"), options.SpoolBudget);
        _ids = new(options.Clock, options.Node);
        _ids.Seed(_bodies.Bodies.Count == 0 ? 0 : _bodies.Bodies.Keys.Last());
        _ids.Seed(_bodies.Emails.Count == 0 ? 0 : _bodies.Emails.Keys.Max());
        _batch = new(db, _ids, options.Clock);
    }

    /// <summary>Runs with the store closed; throws <see cref="StoreOpenException"/> when a server has it open.</summary>
    public static RebuildReport Run(StoreOptions options, CancellationToken cancel)
    {
        using var held = SqliteMailStore.Lock(options.DataFolder);
        PutAside(options);
        using var folder = new SegmentFolder(options.DataFolder);
        var file = Path.Combine(options.DataFolder, "store.db");
        using (var db = new Connection(file, writes: true, cacheKibibytes: 64 * 1024))
        {
            Schema.Migrate(db);
            var rebuild = new StoreRebuild(options, folder, db, cancel);
            var report = rebuild.Run(cancel);
            db.Checkpoint(truncate: true);
            Posix.SyncFolder(options.DataFolder);
            return report;
        }
    }

    private RebuildReport Run(CancellationToken cancel)
    {
        Begin();
        _db.Use(Statements.SetMeta).Add("uidvalidity").Add(_journal.HighestUidValidity).Run();
        RestoreAccounts();
        foreach (var (id, account) in _journal.Accounts)
        {
            foreach (var (mailbox, state) in account.Mailboxes)
            {
                cancel.ThrowIfCancellationRequested();
                RestoreMailbox(new(id), mailbox, state);
            }
        }
        foreach (var (email, (record, target)) in _bodies.Emails.OrderBy(pair => pair.Key))
        {
            cancel.ThrowIfCancellationRequested();
            RestoreUnnamed(email, record, target);
        }
        foreach (var record in _bodies.Bodies.Values) RestoreQueue(record);
        KnowSegments();
        End();
        WriteJournal();
        return Report();
    }

    private void RestoreAccounts()
    {
        foreach (var target in _bodies.Emails.Values.Select(pair => pair.Target))
        {
            if (_journal.GoneAccounts.Contains(target.Account) || target.Address.Length == 0) continue;
            if (!_journal.Accounts.TryGetValue(target.Account, out var account)) _journal.Accounts[target.Account] = account = new();
            account.Row ??= new(new(target.Account), target.Address, AccountState.Active, false, 0, _batch.Now);
        }
        foreach (var (id, account) in _journal.Accounts.ToArray())
        {
            if (account.Row is not { } row)
            {
                _journal.Accounts.Remove(id);
                continue;
            }
            _db.Use(Statements.InsertAccount).Add(id).Add(row.Address).Add((long)row.State).Add(row.Declared)
                .Add(row.QuotaOctets).Add(row.CreatedAt).Run();
            _batch.Journal.Account(row);
            var open = _batch.Account(row.Id)!;
            if (!account.Mailboxes.Values.Any(mailbox => mailbox.Name == "INBOX"))
                _batch.CreateMailbox(open, "INBOX", SpecialUse.Inbox);
            foreach (var name in account.Subscriptions)
            {
                _db.Use(Statements.Subscribe).Add(id).Add(name).Run();
                _batch.Journal.Subscription(id, name, true);
            }
        }
    }

    private void RestoreMailbox(AccountId id, long mailbox, JournalMailbox state)
    {
        var account = _batch.Account(id)!;
        // A name that the journal's lost end would have explained: keep the messages under a name of their own.
        var name = state.Name.Length > 0 && !account.ByName.ContainsKey(state.Name) ? state.Name : "Recovered " + IdText.Format(mailbox);
        var use = account.ById.Values.Any(other => other.Use == state.Use) ? SpecialUse.None : state.Use;
        var made = _batch.CreateMailbox(account, name, use);
        var keywords = new List<string>();
        foreach (var (number, keyword) in state.Keywords)
            if (number == keywords.Count) keywords.Add(keyword);
        _batch.TryKeywords(account, made, keywords, add: true, out _);
        foreach (var entry in state.Entries.Values)
        {
            if (!_bodies.Emails.TryGetValue(entry.Email, out var found))
            {
                _leftOut++;
                continue;
            }
            var named = keywords.Where((_, number) => ((entry.Flags.Keywords >> number) & 1) != 0).ToArray();
            Restore(id, made.Id, found.Record, found.Target, entry.Flags.System, named, entry.InternalDate);
        }
    }

    /// <summary>An email the journal never named: its line was lost, so it is where it was delivered, with the flags it came with.</summary>
    private void RestoreUnnamed(long email, FoundRecord record, RecordTarget target)
    {
        if (_storedEmails.Contains(email)) return;
        if (_journal.SeenEmails.Contains(email) || email <= _journal.Mark || _batch.Account(new(target.Account)) is not { } account)
        {
            _leftOut++;
            return;
        }
        var mailbox = account.Find(target.Mailbox) ?? account.Find("INBOX")!;
        Restore(new(target.Account), mailbox.Id, record, target, target.Flags, target.Keywords, target.InternalDate);
    }

    private void Restore(
        AccountId id, long mailboxId, FoundRecord record, RecordTarget target, SystemFlags flags, IReadOnlyList<string> keywords,
        long internalDate)
    {
        var account = _batch.Account(id)!;
        var mailbox = account.ById[mailboxId];
        _batch.TryKeywords(account, mailbox, keywords, add: true, out var mask);
        var modSeq = _batch.NextModSeq(account);
        if (!_storedEmails.Add(target.Email))
        {
            var size = target.Prefix.Length + record.Record.BodyLength;
            _batch.HoldEmail(new(target.Email));
            _batch.AddEntry(account, mailbox, new(0, new(flags, mask), modSeq, new(target.Email), internalDate, _batch.Now, size));
        }
        else
        {
            Hold(record);
            _batch.AddEmail(
                account, mailbox, target.Email, record.Record.BodyId, Render(record), target.Prefix.Span, record.Record.BodyLength,
                new(flags, mask), internalDate, modSeq);
        }
        _entries++;
        if (++_pending < EntriesAChange) return;
        End();
        Begin();
    }

    private void RestoreQueue(FoundRecord record)
    {
        if (record.Metadata.Queue is not { } queue) return;
        var id = record.Metadata.QueueId;
        var left = Enumerable.Range(0, queue.Recipients.Count).Where(number => _journal.IsLeft(id, number)).ToArray();
        if (left.Length == 0) return;
        Hold(record);
        QueueWrites.Insert(
            _batch, id, queue with { Recipients = [.. left.Select(number => queue.Recipients[number])] }, record.Record,
            Render(record).MessageId, record.Metadata.ArrivedAt, left);
        _queued++;
    }

    private void Hold(FoundRecord record)
    {
        if (_storedBodies.Add(record.Record.BodyId)) _batch.BodyStored(record.Record, record.Place, 0);
        _db.Use(Statements.HoldBody).Add(record.Record.BodyId).Run();
    }

    private Rendered Render(FoundRecord record)
    {
        var file = _folder.Rent(record.Place.Segment, record.Record.BodyId) ?? throw new IOException("a body vanished during the rebuild");
        using var stored = new RecordBody(
            [], file, record.Place.Segment, record.Place.Offset + record.Record.Length - record.Record.BodyLength, record.Record.BodyLength);
        using var spooled = _spool.Begin();
        var piece = new byte[64 * 1024];
        for (long at = 0; stored.Read(at, piece) is var read and > 0; at += read) spooled.Write(piece.AsSpan(0, read));
        return _options.Reader.Render(spooled);
    }

    /// <summary>What nobody holds is garbage for compaction; nothing is ever written below the end of a segment.</summary>
    private void KnowSegments()
    {
        foreach (var record in _bodies.Bodies.Values)
        {
            if (record.Place.Segment == 0) continue;
            _db.Use(Statements.SegmentEnd).Add(record.Place.Segment).Add(record.Place.Offset + record.Record.Length).Run();
            if (!_storedBodies.Contains(record.Record.BodyId)) _batch.SegmentDead(record.Place.Segment, record.Record.Length);
        }
    }

    private void Begin()
    {
        _pending = 0;
        _batch.Start();
        _db.Use(Statements.Begin).Run();
    }

    private void End()
    {
        _batch.Flush();
        _db.Use(Statements.Commit).Run();
        if (_db.WalFrames > 10_000) _db.Checkpoint();
    }

    /// <summary>The old journal speaks of mailboxes that are no more: a base of its own replaces it.</summary>
    private void WriteJournal()
    {
        using var journal = new Journal(_options.DataFolder, _options.Log);
        journal.WriteBase(journal.Roll(), JournalBase.Blocks(_db, _ids.Next()));
    }

    private RebuildReport Report() => new(
        _journal.Accounts.Count, _journal.Accounts.Values.Sum(account => account.Mailboxes.Count), _entries, _queued, _leftOut,
        _bodies.Damaged,
        [
            "passwords and app passwords that were not declared in the settings file: set them again",
            "aliases, domains and grants made by verbs: add them again",
            "annotations of mailboxes (METADATA)",
            "expunged messages in the undelete window: they are left out, their octets stay until compaction",
            "attempts, replies and holds of queued messages: they are due at once; one whose end was not yet in the journal is sent again",
            "flags, moves and expunges of the last moments before the loss: the journal is not synced with each",
        ]);

    private static void PutAside(StoreOptions options)
    {
        var stamp = options.Clock.GetUtcNow().ToUnixTimeSeconds();
        foreach (var name in (string[])["store.db", "store.db-wal", "store.db-shm", "search.db", "search.db-wal", "search.db-shm"])
        {
            var path = Path.Combine(options.DataFolder, name);
            if (File.Exists(path)) File.Move(path, Path.Combine(options.DataFolder, $"before-rebuild-{stamp}-{name}"), overwrite: true);
        }
    }
}
