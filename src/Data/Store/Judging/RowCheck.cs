using System.Globalization;
using Aviso.Store.Sqlite;

namespace Aviso.Store.Judging;

/// <summary>The rows' half of the self-check: each query lists what must not be. Runs on one snapshot.</summary>
internal static class RowCheck
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
            "SELECT m.mailbox_id, m.account_id FROM mailbox m LEFT JOIN account a ON a.account_id = m.account_id "
            + "WHERE a.account_id IS NULL OR max(m.highest_modseq, m.tree_modseq, m.created_modseq) > a.modseq"),
        ("email-entries", "email {0} counts {1} entries, there are others",
            "SELECT e.email_id, e.entries FROM email e LEFT JOIN kept k ON k.email_id = e.email_id WHERE e.entries <> coalesce(k.entries, 0)"),
        ("email-hidden", "email {0} counts {1} entries with \\Deleted, there are others",
            "SELECT e.email_id, e.hidden FROM email e LEFT JOIN kept k ON k.email_id = e.email_id WHERE e.hidden <> coalesce(k.hidden, 0)"),
        ("entry-origin", "entry {0} of mailbox {1} has another thread or age than its email",
            "SELECT n.uid, n.mailbox_id FROM entry n JOIN email e ON e.email_id = n.email_id "
            + "WHERE e.thread_id <> CASE n.thread_id WHEN 0 THEN n.email_id ELSE n.thread_id END "
            + "OR (n.flags & 8 = 0 AND n.created_modseq <> e.created_modseq)"),
        ("email-changes", "email {0} changed in a future of its account {1}",
            "SELECT e.email_id, e.account_id FROM email e JOIN account a ON a.account_id = e.account_id "
            + "WHERE max(e.created_modseq, e.left_modseq) > a.modseq"),
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

    public static IReadOnlyList<StoreFinding> Run(Connection db, StoreCheckDepth depth)
    {
        var findings = new List<StoreFinding>();
        try
        {
            db.Query(depth == StoreCheckDepth.Bodies ? "PRAGMA integrity_check(20)" : "PRAGMA quick_check(20)", row =>
            {
                if (row.Text(0) is var said && said != "ok") findings.Add(Damaged(said));
            });
            foreach (var query in Queries) Run(db, query, findings);
        }
        catch (SqliteException damaged)
        {
            findings.Add(Damaged(damaged.Message));
        }
        return findings;
    }

    /// <summary>With what to do about it.</summary>
    public static StoreFinding Damaged(string reason) => new("database-damaged",
        $"store.db is damaged ({reason}): stop the server and run `aviso store rebuild`, which makes it anew and keeps the old one aside");

    private static void Run(Connection db, (string Code, string Text, string Sql) query, List<StoreFinding> findings)
    {
        var found = 0;
        db.Query(With + query.Sql, row =>
        {
            if (found++ < MostFindings) findings.Add(new(query.Code, string.Format(CultureInfo.InvariantCulture, query.Text, row.Int(0), row.Int(1))));
        });
        if (found > MostFindings) findings.Add(new(query.Code, $"and {found - MostFindings} more"));
    }

    /// <summary>Derived tables are computed once a query, so that no query is quadratic.</summary>
    private const string With = """
        WITH kept AS MATERIALIZED (SELECT email_id, count(*) AS entries, sum(flags & 8 <> 0) AS hidden FROM entry GROUP BY 1),
        held AS MATERIALIZED (
            SELECT body_id, count(*) AS holders FROM (SELECT body_id FROM email UNION ALL SELECT body_id FROM queue_message) GROUP BY 1),
        totals AS MATERIALIZED (
            SELECT account_id, mailbox_id, count(*) AS entries, sum(flags & 1 = 0) AS unseen, sum(flags & 8 <> 0) AS deleted,
            sum(size) AS octets FROM entry GROUP BY 1, 2)

        """;

}
