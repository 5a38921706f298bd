using System.Runtime.CompilerServices;
using Aviso.Base;
using Aviso.Store.Blobs;
using Aviso.Store.Sqlite;

namespace Aviso.Store;

public sealed partial class SqliteMailStore
{
    private const int BodiesARead = 500;

    public async IAsyncEnumerable<StoreFinding> CheckAsync(
        StoreCheckDepth depth, [EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (var finding in await _reads.ReadAsync(db => StoreCheck.Rows(db, depth), cancel)) yield return finding;
        foreach (var finding in await CheckLargeFilesAsync(cancel)) yield return finding;
        long after = 0;
        while (true)
        {
            var bodies = await _reads.ReadAsync(db => StoreCheck.Bodies(db, after, BodiesARead), cancel);
            foreach (var body in bodies)
            {
                cancel.ThrowIfCancellationRequested();
                if (CheckBody(body, depth) is { } finding && await IsStillThereAsync(body, cancel)) yield return finding;
            }
            if (bodies.Count < BodiesARead) break;
            after = bodies[^1].Id;
        }
    }

    private StoreFinding? CheckBody(CheckedBody body, StoreCheckDepth depth)
    {
        var where = body.Segment == 0
            ? $"body {IdText.Format(body.Id)} in its own file"
            : $"body {IdText.Format(body.Id)} at {body.At} of segment {body.Segment}";
        if (_segments.Rent(body.Segment, body.Id) is not { } file) return new("body-file-missing", where + ": the file is missing");
        try
        {
            var header = new byte[BodyRecord.HeaderLength];
            if (RandomAccess.Read(file, header, body.At) < header.Length
                || !BodyRecord.TryRead(header, body.Segment, body.At, out var record) || record.BodyId != body.Id)
            {
                return new("body-record-missing", where + ": there is no such record");
            }
            if (record.Length != body.Record || record.BodyLength != body.Length || RandomAccess.GetLength(file) < body.At + record.Length)
                return new("body-record-length", where + ": the record has another length than its row");
            return depth == StoreCheckDepth.Bodies && !RecordCheck.IsWhole(file, body.At, record)
                ? new("body-checksum", where + ": the octets do not have their checksum")
                : null;
        }
        finally
        {
            SegmentFolder.Return(file, body.Segment);
        }
    }

    /// <summary>Compaction or expiry may have moved it between row and file.</summary>
    private async Task<bool> IsStillThereAsync(CheckedBody body, CancellationToken cancel) =>
        await _reads.ReadAsync(
            db =>
            {
                using var row = db.Use(Statements.GetBody).Add(body.Id);
                return row.Step() && row.Int(0) == body.Segment && row.Int(1) == body.At;
            },
            cancel);

    private async Task<IReadOnlyList<StoreFinding>> CheckLargeFilesAsync(CancellationToken cancel)
    {
        // Listed before the rows are read; a file whose row comes later is younger than the newest row then.
        var files = _segments.ListLarge().ToArray();
        return await _reads.ReadAsync(
            db =>
            {
                long newest = 0;
                db.Query("SELECT max(body_id) FROM body", row => newest = row.Int(0));
                var findings = new List<StoreFinding>();
                foreach (var id in files)
                {
                    using var row = db.Use(Statements.GetBody).Add(id);
                    if (id < newest && !row.Step() && _largeWriters.CurrentCount == 4 && File.Exists(_segments.LargePath(id)))
                        findings.Add(new("large-file-orphaned", $"{_segments.LargePath(id)} belongs to no message"));
                }
                return findings;
            },
            cancel);
    }
}

internal readonly record struct CheckedBody(long Id, int Segment, long At, long Record, long Length);

/// <summary>The rows' half of the self-check: each query lists what must not be. Runs on one snapshot.</summary>
internal static class StoreCheck
{
    private const int MostFindings = 100;

    private static readonly (string Code, string Text, string Sql)[] Queries =
    [
        ("entry-without-email", "entry {0} of mailbox {1} has no email",
            "SELECT n.uid, n.mailbox_id FROM entry n LEFT JOIN email e ON e.email_id = n.email_id AND e.account_id = n.account_id WHERE e.email_id IS NULL"),
        ("entry-without-mailbox", "entry {0} is in no mailbox ({1})",
            "SELECT n.uid, n.mailbox_id FROM entry n LEFT JOIN mailbox m ON m.account_id = n.account_id AND m.mailbox_id = n.mailbox_id WHERE m.mailbox_id IS NULL"),
        ("entry-size", "entry {0} of mailbox {1} has another size than its email",
            "SELECT n.uid, n.mailbox_id FROM entry n JOIN email e ON e.email_id = n.email_id WHERE e.size <> n.size"),
        ("entry-uid", "entry {0} of mailbox {1} is not below UIDNEXT",
            "SELECT n.uid, n.mailbox_id FROM entry n JOIN mailbox m ON m.account_id = n.account_id AND m.mailbox_id = n.mailbox_id WHERE n.uid >= m.uid_next OR n.uid < 1"),
        ("entry-modseq", "entry {0} of mailbox {1} has a modseq above the mailbox's",
            "SELECT n.uid, n.mailbox_id FROM entry n JOIN mailbox m ON m.account_id = n.account_id AND m.mailbox_id = n.mailbox_id WHERE n.modseq > m.highest_modseq"),
        ("mailbox-modseq", "mailbox {0} has a modseq above its account's ({1})",
            "SELECT m.mailbox_id, m.account_id FROM mailbox m LEFT JOIN account a ON a.account_id = m.account_id WHERE a.account_id IS NULL OR m.highest_modseq > a.modseq"),
        ("email-entries", "email {0} counts {1} entries, there are others",
            "SELECT e.email_id, e.entries FROM email e LEFT JOIN kept k ON k.email_id = e.email_id WHERE e.entries <> coalesce(k.entries, 0)"),
        ("email-without-body", "email {0} has no body {1}",
            "SELECT e.email_id, e.body_id FROM email e LEFT JOIN body b ON b.body_id = e.body_id WHERE b.body_id IS NULL"),
        ("email-size", "email {0} has another size than prefix and body {1}",
            "SELECT e.email_id, e.body_id FROM email e JOIN body b ON b.body_id = e.body_id WHERE e.size <> length(e.prefix) + b.length"),
        ("email-without-account", "email {0} has no account {1}",
            "SELECT e.email_id, e.account_id FROM email e LEFT JOIN account a ON a.account_id = e.account_id WHERE a.account_id IS NULL"),
        ("email-not-in-undelete", "email {0} has no entry and does not wait for its end ({1})",
            "SELECT e.email_id, e.account_id FROM email e WHERE e.entries = 0 AND e.email_id NOT IN (SELECT email_id FROM undelete)"),
        ("undelete-without-email", "email {0} waits for its end but is live or gone ({1})",
            "SELECT u.email_id, u.account_id FROM undelete u LEFT JOIN email e ON e.email_id = u.email_id WHERE e.email_id IS NULL OR e.entries <> 0"),
        ("body-holders", "body {0} counts {1} holders, there are others",
            "SELECT b.body_id, b.holders FROM body b LEFT JOIN held h ON h.body_id = b.body_id WHERE b.holders <> coalesce(h.holders, 0)"),
        ("queue-without-body", "queued message {0} has no body {1}",
            "SELECT q.queue_id, q.body_id FROM queue_message q LEFT JOIN body b ON b.body_id = q.body_id WHERE b.body_id IS NULL"),
        ("queue-recipients", "queued message {0} counts {1} recipients, there are others",
            "SELECT q.queue_id, q.recipients FROM queue_message q WHERE q.recipients <> (SELECT count(*) FROM queue_recipient r WHERE r.queue_id = q.queue_id) OR q.recipients = 0"),
        ("queue-destination", "recipient {1} of {0} waits and would never be looked at",
            "SELECT r.queue_id, r.number FROM queue_recipient r LEFT JOIN queue_destination d ON d.destination = r.destination WHERE r.state = 0 AND (d.next_due IS NULL OR d.next_due > r.due_at)"),
        ("queue-recipient-alone", "recipient {1} of {0} has no message",
            "SELECT r.queue_id, r.number FROM queue_recipient r LEFT JOIN queue_message q ON q.queue_id = r.queue_id WHERE q.queue_id IS NULL"),
        ("keyword-unknown", "an entry of mailbox {1} carries a keyword without a name ({0})",
            "SELECT n.uid, n.mailbox_id FROM entry n LEFT JOIN (SELECT account_id, mailbox_id, count(*) AS names FROM keyword GROUP BY 1, 2) k ON k.account_id = n.account_id AND k.mailbox_id = n.mailbox_id WHERE (n.keywords_low <> 0 OR n.keywords_high <> 0) AND (k.names IS NULL OR (k.names < 64 AND (n.keywords_high <> 0 OR n.keywords_low >> k.names <> 0)) OR (k.names > 64 AND k.names < 128 AND n.keywords_high >> (k.names - 64) <> 0))"),
        ("expunged-but-live", "entry {0} of mailbox {1} is in the expunge log",
            "SELECT n.uid, n.mailbox_id FROM expunge x JOIN entry n ON n.account_id = x.account_id AND n.mailbox_id = x.mailbox_id AND n.uid = x.uid"),
        ("mailbox-counters", "mailbox {0} of account {1}: its counters are not those of its entries",
            "SELECT m.mailbox_id, m.account_id FROM mailbox m LEFT JOIN totals t ON t.account_id = m.account_id AND t.mailbox_id = m.mailbox_id WHERE m.entries <> coalesce(t.entries, 0) OR m.unseen <> coalesce(t.unseen, 0) OR m.deleted <> coalesce(t.deleted, 0) OR m.octets <> coalesce(t.octets, 0)"),
        ("account-counters", "account {0}: its {1} octets or its messages are not those of its mailboxes",
            "SELECT a.account_id, a.octets FROM account a WHERE a.octets <> (SELECT coalesce(sum(octets), 0) FROM mailbox m WHERE m.account_id = a.account_id) OR a.messages <> (SELECT coalesce(sum(entries), 0) FROM mailbox m WHERE m.account_id = a.account_id)"),
        ("inbox-missing", "account {0} has no INBOX ({1})",
            "SELECT a.account_id, a.state FROM account a WHERE NOT EXISTS (SELECT 1 FROM mailbox m WHERE m.account_id = a.account_id AND m.name = 'INBOX')"),
        ("segment-known-end", "segment {0} ends before a stored body ({1})",
            "SELECT b.segment, b.body_id FROM body b LEFT JOIN segment s ON s.segment = b.segment WHERE b.segment <> 0 AND (s.segment IS NULL OR s.known_end < b.at + b.record)"),
    ];

    public static IReadOnlyList<StoreFinding> Rows(Connection db, StoreCheckDepth depth)
    {
        var findings = new List<StoreFinding>();
        db.Query(depth == StoreCheckDepth.Bodies ? "PRAGMA integrity_check(20)" : "PRAGMA quick_check(20)", row =>
        {
            if (row.Text(0) is var said && said != "ok") findings.Add(new("database-damaged", said));
        });
        foreach (var (code, text, sql) in Queries)
        {
            var found = 0;
            db.Query(With + sql, row =>
            {
                if (found++ < MostFindings) findings.Add(new(code, string.Format(text, row.Int(0), row.Int(1))));
            });
            if (found > MostFindings) findings.Add(new(code, $"and {found - MostFindings} more"));
        }
        return findings;
    }

    /// <summary>Derived tables are computed once a query, so that no query is quadratic.</summary>
    private const string With = """
        WITH kept AS MATERIALIZED (SELECT email_id, count(*) AS entries FROM entry GROUP BY 1),
        held AS MATERIALIZED (
            SELECT body_id, count(*) AS holders FROM (SELECT body_id FROM email UNION ALL SELECT body_id FROM queue_message) GROUP BY 1),
        totals AS MATERIALIZED (
            SELECT account_id, mailbox_id, count(*) AS entries, sum(flags & 1 = 0) AS unseen, sum(flags & 8 <> 0) AS deleted,
            sum(size) AS octets FROM entry GROUP BY 1, 2)

        """;

    public static List<CheckedBody> Bodies(Connection db, long after, int limit)
    {
        var bodies = new List<CheckedBody>(limit);
        using var row = db.Use(Statements.BodiesAfter).Add(after).Add(limit);
        while (row.Step()) bodies.Add(new(row.Int(0), (int)row.Int(1), row.Int(2), row.Int(3), row.Int(4)));
        return bodies;
    }
}
