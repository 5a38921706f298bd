using Aviso.Base;
using Aviso.Store.Blobs;
using Aviso.Store.Commit;
using Aviso.Store.Sqlite;

namespace Aviso.Store.Rebuild;

/// <summary>
/// `aviso store rebuild`: makes the database anew from body records and journal, beside the old one, and swaps them at the end. The old
/// database and journal are kept aside. Mailboxes keep their UIDVALIDITY: UIDs and modseqs go on a million above anything that can have
/// been given out, so that clients keep what they have and hear of every message anew (RFC 9051 §2.3.1.1, RFC 7162 §3.1.2.2).
/// </summary>
public sealed partial class StoreRebuild
{
    /// <summary>Added to counters whose last value is known but for the journal's lost end.</summary>
    private const int SafeDistance = 1_000_000;

    private const int EntriesAChange = 500;
    private const string FileName = "store.db.rebuild";

    private readonly StoreOptions _options;
    private readonly RebuildWishes _wishes;
    private readonly Knowledge _known;
    private readonly BodyCatalogue _bodies;
    private readonly SegmentFolder _folder;
    private readonly BodySpool _spool;
    private readonly Connection _db;
    private readonly WriteBatch _batch;
    private readonly IdSource _ids;
    private readonly RebuildFindings _findings = new();
    private int _pending;

    private StoreRebuild(StoreOptions options, RebuildWishes wishes, SegmentFolder folder, Connection db, CancellationToken cancel)
    {
        (_options, _wishes, _folder, _db) = (options, wishes, folder, db);
        _known = Knowledge.Read(options.DataFolder);
        _bodies = BodyCatalogue.Read(folder, cancel);
        _spool = new(Path.Combine(options.DataFolder, "spool"), options.SpoolBudget);
        _ids = new(options.Clock, options.Node);
        _ids.Seed(_bodies.Bodies.Count == 0 ? 0 : _bodies.Bodies.Keys.Last());
        _ids.Seed(_bodies.Emails.Count == 0 ? 0 : _bodies.Emails.Keys.Max());
        foreach (var (id, account) in _known.State.Accounts) _ids.Seed(Math.Max(id, account.Mailboxes.Keys.DefaultIfEmpty().Max()));
        _batch = new(db, _ids, options.Clock);
    }

    private JournalState State => _known.State;

    /// <summary>Runs with the store closed; throws <see cref="StoreOpenException"/> when a server has it open.</summary>
    public static RebuildReport Run(StoreOptions options, RebuildWishes wishes, CancellationToken cancel)
    {
        var folder = options.DataFolder;
        using var held = SqliteMailStore.Lock(folder);
        using var database = File.Exists(Path.Combine(folder, "store.db")) ? SqliteMailStore.LockDatabase(Path.Combine(folder, "store.db")) : null;
        var fresh = Path.Combine(folder, FileName);
        foreach (var left in (string[])[fresh, fresh + "-wal", fresh + "-shm"]) File.Delete(left);   // of a rebuild that was cut off
        using var segments = new SegmentFolder(folder);
        RebuildReport report;
        using (SqliteMailStore.LockDatabase(fresh))
        using (var db = new Connection(fresh, writes: true, cacheKibibytes: 64 * 1024))
        {
            Schema.Migrate(db);
            report = new StoreRebuild(options, wishes, segments, db, cancel).Run(cancel);
            db.Checkpoint(truncate: true);
        }
        var aside = RebuildSwap.Run(options, fresh);
        return report with { Aside = aside };
    }

    private RebuildReport Run(CancellationToken cancel)
    {
        Begin();
        // Without a journal the last UIDVALIDITY is not known; it came from the clock, a little ahead when many mailboxes were made at once.
        var highest = State.HighestUidValidity > 0 ? State.HighestUidValidity : _batch.Now + 100_000;
        _db.Use(Statements.SetMeta).Add("uidvalidity").Add(highest).Run();
        RestoreAccounts();
        RestoreMailboxes(cancel);
        foreach (var (email, (record, target)) in _bodies.Emails.OrderBy(pair => pair.Key))
        {
            cancel.ThrowIfCancellationRequested();
            RestoreUnnamed(email, record, target);
        }
        foreach (var record in _bodies.Bodies.Values) RestoreQueue(record);
        KnowSegments();
        RestoreDocuments();
        End();
        Begin();
        _db.Use(Statements.SetMeta).Add("commit").Add(_known.Commit + 1).Run();
        _db.Use(Statements.SetMeta).Add("committed_at").Add(_batch.Now).Run();
        _db.Use(Statements.Commit).Run();
        return _findings.Report(_known, _bodies);
    }

    private void RestoreQueue(FoundRecord record)
    {
        if (record.Metadata.Queue is not { } queue) return;
        var id = record.Metadata.QueueId;
        var standing = queue.Recipients.Select((_, number) => State.Queue.Of(id, number)).ToArray();
        var left = Enumerable.Range(0, standing.Length).Where(number => standing[number] != QueueStanding.Done).ToArray();
        if (left.Length == 0) return;
        Hold(record);
        var account = queue.Account is { } sender && _accountOf.TryGetValue(sender.Value, out var canonical) ? new AccountId(canonical) : queue.Account;
        QueueWrites.Insert(
            _batch, id, queue with { Recipients = [.. left.Select(number => queue.Recipients[number])], Account = account }, record.Record,
            Render(record).MessageId, record.Metadata.ArrivedAt, left);
        foreach (var number in left.Where(number => standing[number] == QueueStanding.Doubtful))
        {
            var recipient = queue.Recipients[number];
            _db.Use(Statements.SetRecipientState).Add((long)QueueState.Held).Add("restored by a rebuild, may have been sent").Add(recipient.DueAt).Add(id).Add(number).Run();
            _findings.Held.Add($"{IdText.Format(id)} from <{queue.Sender}> to <{recipient.Address}>");
        }
        _findings.Queued++;
    }

    private void Hold(FoundRecord record)
    {
        if (_findings.Stored.Add(record.Record.BodyId)) _batch.BodyStored(record.Record, record.Place, 0);
        _db.Use(Statements.HoldBody).Add(record.Record.BodyId).Run();
    }

    /// <summary>Of a body that is cut short: what there is.</summary>
    private Rendered Render(FoundRecord record)
    {
        var file = _folder.Rent(record.Place.Segment, record.Record.BodyId) ?? throw new IOException("a body vanished during the rebuild");
        try
        {
            using var spooled = _spool.Begin();
            var piece = new byte[64 * 1024];
            var at = record.Place.Offset + record.Record.Length - record.Record.BodyLength;
            for (var left = record.Record.BodyLength; left > 0;)
            {
                var read = RandomAccess.Read(file, piece.AsSpan(0, (int)Math.Min(piece.Length, left)), at);
                if (read == 0) break;
                spooled.Write(piece.AsSpan(0, read));
                (at, left) = (at + read, left - read);
            }
            return _options.Reader.Render(spooled);
        }
        finally
        {
            SegmentFolder.Return(file, record.Place.Segment);
        }
    }

    /// <summary>What nobody holds is garbage for compaction; nothing is ever written below the end of a segment.</summary>
    private void KnowSegments()
    {
        foreach (var record in _bodies.Bodies.Values)
        {
            if (record.Place.Segment == 0) continue;
            _db.Use(Statements.SegmentEnd).Add(record.Place.Segment).Add(record.Place.Offset + record.Record.Length).Run();
            if (!_findings.Stored.Contains(record.Record.BodyId)) _batch.SegmentDead(record.Place.Segment, record.Record.Length);
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
        _batch.Flush(counts: false);
        _db.Use(Statements.Commit).Run();
        if (_db.WalFrames > 10_000) _db.Checkpoint();
    }
}
