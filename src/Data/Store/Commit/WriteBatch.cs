using Aviso.Base;
using Aviso.Store.Blobs;
using Aviso.Store.Sqlite;

namespace Aviso.Store.Commit;

/// <summary>
/// The open transaction and the committing thread's memory. Counters are kept in <see cref="OpenAccount"/> and written
/// once at the end, however many messages came in. Only the committing thread touches any of it. When a
/// transaction is rolled back all memory goes: rows are the truth.
/// </summary>
internal sealed partial class WriteBatch(Connection db, IdSource ids, TimeProvider clock)
{
    private const int MostAccounts = 20_000;
    private readonly Dictionary<long, OpenAccount> _accounts = [];
    private readonly List<OpenAccount> _dirtyAccounts = [];
    private readonly List<(OpenAccount, OpenMailbox)> _dirtyMailboxes = [];
    private readonly Dictionary<int, long> _segmentEnds = [];
    private readonly Dictionary<int, long> _segmentDead = [];
    private long? _commits;

    public Connection Db => db;

    public IdSource Ids => ids;

    public JournalLines Journal { get; } = new();

    public Dictionary<long, MailboxDelta> Deltas { get; } = [];

    /// <summary>Accounts changed, and whether their mailbox tree was.</summary>
    public Dictionary<long, bool> Touched { get; } = [];

    /// <summary>Large bodies nobody holds any more: files to unlink after the commit.</summary>
    public List<long> DeadLarge { get; } = [];

    /// <summary>Unix seconds, the same for the whole transaction.</summary>
    public long Now { get; private set; }

    /// <summary>Number of this commit; what the journal and the database compare themselves by.</summary>
    public long Commit { get; private set; }

    public long Stored { get; set; }

    public long StoredOctets { get; set; }

    public void Start()
    {
        Now = clock.GetUtcNow().ToUnixTimeSeconds();
        Stored = StoredOctets = 0;
        Journal.Clear();
        Deltas.Clear();
        News = null;
        By = null;
        _left = null;
        Touched.Clear();
        DeadLarge.Clear();
        _segmentEnds.Clear();
        _segmentDead.Clear();
        _dirtyAccounts.Clear();
        _dirtyMailboxes.Clear();
        if (_accounts.Count > MostAccounts) _accounts.Clear();
    }

    /// <summary>After a rollback: what memory says may not be so.</summary>
    public void Forget()
    {
        _accounts.Clear();
        _commits = null;
        Start();
    }

    public void Forget(long account) => _accounts.Remove(account);

    public OpenAccount? Account(AccountId id)
    {
        if (_accounts.TryGetValue(id.Value, out var known)) return known;
        var loaded = LoadAccount(id.Value);
        if (loaded is not null) _accounts.Add(id.Value, loaded);
        return loaded;
    }

    public OpenMailbox? Mailbox(AccountId account, MailboxId mailbox) =>
        Account(account)?.ById.GetValueOrDefault(mailbox.Value);

    /// <summary>The account's next modseq; one for all a command changes.</summary>
    public long NextModSeq(OpenAccount account)
    {
        Touch(account);
        return ++account.ModSeq;
    }

    public void Touch(OpenAccount account, bool tree = false)
    {
        Touched[account.Id] = tree || Touched.GetValueOrDefault(account.Id);
        if (account.Dirty) return;
        account.Dirty = true;
        _dirtyAccounts.Add(account);
    }

    /// <summary>What this transaction changes in the mailbox; its counters are written at the end.</summary>
    public MailboxDelta Delta(OpenAccount account, OpenMailbox mailbox)
    {
        if (!mailbox.Dirty)
        {
            mailbox.Dirty = true;
            _dirtyMailboxes.Add((account, mailbox));
        }
        if (Deltas.TryGetValue(mailbox.Id, out var delta)) return delta;
        return Deltas[mailbox.Id] = new() { Account = account.Id, Mailbox = mailbox.Id };
    }

    public void BodyStored(BodyWrite body, int holders) => BodyStored(body.Record, body.Place, holders);

    public void BodyStored(BodyRecord record, BodyPlace place, int holders)
    {
        var (segment, at) = place;
        db.Use(Statements.InsertBody).Add(record.BodyId).Add(segment).Add(at).Add(record.Length)
            .Add(record.BodyLength).Add(holders).Run();
        SegmentEnd(place, record.Length);
    }

    /// <summary>The record got a new place; false when the body ended meanwhile.</summary>
    public bool BodyMoved(BodyWrite body, BodyPlace from)
    {
        var moved = db.Use(Statements.MoveBody).Add(body.Place.Segment).Add(body.Place.Offset).Add(body.Record.BodyId)
            .Add(from.Segment).Add(from.Offset).RunCounting() > 0;
        if (!moved)
        {
            BodyUnused(body);
            return false;
        }
        SegmentEnd(body.Place, body.Record.Length);
        SegmentDead(from.Segment, body.Record.Length);
        return true;
    }

    private void SegmentEnd(BodyPlace place, long length)
    {
        if (place.Segment == 0) return;
        var end = place.Offset + length;
        if (_segmentEnds.GetValueOrDefault(place.Segment) < end) _segmentEnds[place.Segment] = end;
    }

    /// <summary>The record is on disk but nobody wants it.</summary>
    public void BodyUnused(BodyWrite body)
    {
        if (body.Place.Segment == 0) DeadLarge.Add(body.Record.BodyId);
        else SegmentDead(body.Place.Segment, body.Record.Length);
    }

    /// <summary>A UIDVALIDITY that no mailbox ever had (RFC 9051 §2.3.1.1): grows, and starts from the clock.</summary>
    public uint NextUidValidity()
    {
        var last = db.Use(Statements.GetMeta).Add("uidvalidity").Number() ?? 0;
        var next = Math.Max(last + 1, Now);
        db.Use(Statements.SetMeta).Add("uidvalidity").Add(next).Run();
        return (uint)next;
    }

    /// <summary>One that another server has given out: what is given out later here is above it.</summary>
    private uint TakeUidValidity(uint given)
    {
        var last = db.Use(Statements.GetMeta).Add("uidvalidity").Number() ?? 0;
        if (given > last) db.Use(Statements.SetMeta).Add("uidvalidity").Add(given).Run();
        return given;
    }

    /// <summary>One holder less; with the last the body is garbage.</summary>
    public void ReleaseBody(long bodyId)
    {
        long holders, segment, record;
        using (var dropped = db.Use(Statements.DropBody).Add(bodyId))
        {
            if (!dropped.Step()) return;
            (holders, segment, record) = (dropped.Int(0), dropped.Int(1), dropped.Int(2));
        }
        if (holders > 0) return;
        db.Use(Statements.DeleteBody).Add(bodyId).Run();
        if (segment == 0) DeadLarge.Add(bodyId);
        else SegmentDead((int)segment, record);
    }

    public void SegmentDead(int segment, long octets) => _segmentDead[segment] = _segmentDead.GetValueOrDefault(segment) + octets;

    /// <summary>Writes the counters; the last thing before COMMIT.</summary>
    /// <param name="counts">False for a commit that a rebuild need not know of (a canary): it gets no number.</param>
    public void Flush(bool counts = true)
    {
        foreach (var (account, mailbox) in _dirtyMailboxes) FlushMailbox(account, mailbox);
        foreach (var account in _dirtyAccounts)
        {
            account.Dirty = false;
            db.Use(Statements.CountAccount).Add(account.ModSeq).Add(account.Octets).Add(account.Messages).Add(account.Id).Run();
            Journal.Counters(account.Id, account.ModSeq);
        }
        foreach (var (segment, end) in _segmentEnds) db.Use(Statements.SegmentEnd).Add(segment).Add(end).Run();
        foreach (var (segment, dead) in _segmentDead) db.Use(Statements.SegmentDead).Add(segment).Add(dead).Run();
        if (counts) Number();
    }

    private void Number()
    {
        _commits ??= db.Use(Statements.GetMeta).Add("commit").Number() ?? 0;
        Commit = _commits.Value + 1;
        _commits = Commit;
        db.Use(Statements.SetMeta).Add("commit").Add(Commit).Run();
        db.Use(Statements.SetMeta).Add("committed_at").Add(Now).Run();
    }

    private void FlushMailbox(OpenAccount account, OpenMailbox mailbox)
    {
        mailbox.Dirty = false;
        var delta = Deltas[mailbox.Id];
        delta.UidNext = mailbox.UidNext;
        delta.FirstRecent = mailbox.FirstRecent;
        delta.HighestModSeq = mailbox.HighestModSeq;
        if (delta.Gone) return;
        db.Use(Statements.CountMailbox).Add(mailbox.UidNext).Add(mailbox.FirstRecent).Add(mailbox.HighestModSeq)
            .Add(mailbox.Entries).Add(mailbox.Unseen).Add(mailbox.Deleted).Add(mailbox.Octets)
            .Add(account.Id).Add(mailbox.Id).Run();
    }

    private OpenAccount? LoadAccount(long id)
    {
        OpenAccount account;
        using (var row = db.Use(Statements.GetAccount).Add(id))
        {
            if (!row.Step()) return null;
            account = new()
            {
                Row = new(
                    new(row.Int(0)), row.Text(1), (AccountState)row.Int(2), row.Bool(3), row.Int(4), row.Int(5)),
                ModSeq = row.Int(6),
                Octets = row.Int(7),
                Messages = row.Int(8),
            };
        }
        using (var row = db.Use(Statements.MailboxesOf).Add(id))
        {
            while (row.Step()) account.Add(ReadMailbox(row));
        }
        using (var row = db.Use(Statements.KeywordsOfAccount).Add(id))
        {
            while (row.Step()) account.ById[row.Int(0)].Keywords.Add(row.Text(2));
        }
        return account;
    }

    private static OpenMailbox ReadMailbox(Statement row) => new()
    {
        Id = row.Int(0),
        Name = row.Text(1),
        Use = (SpecialUse)row.Int(2),
        UidValidity = (uint)row.Int(3),
        UidNext = (uint)row.Int(4),
        FirstRecent = (uint)row.Int(5),
        HighestModSeq = row.Int(6),
        Entries = (int)row.Int(8),
        Unseen = (int)row.Int(9),
        Deleted = (int)row.Int(10),
        Octets = row.Int(11),
        CreatedModSeq = row.Int(12),
        TreeModSeq = row.Int(13),
        SortOrder = (int)row.Int(14),
    };
}
