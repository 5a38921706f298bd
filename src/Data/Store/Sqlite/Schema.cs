namespace Aviso.Store.Sqlite;

/// <summary>
/// The tables as SQLite wants them. Mailbox data is keyed by account first. `email`, `body` and `queue_message` are keyed by
/// ids that grow with time, so that deliveries to many accounts write the same last page. Nothing uses the rowid as such:
/// every key is made by the application, every time is an integer. Steps only ever get added at the end.
/// </summary>
internal static class Schema
{
    public static int Version => Steps.Length;

    private static readonly string[] Steps = [First, DueByDestination, Documents, WholeAccounts, WayBack];

    private const string First = """
        CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE account (
            account_id INTEGER NOT NULL PRIMARY KEY, address TEXT NOT NULL, state INTEGER NOT NULL, declared INTEGER NOT NULL,
            quota_octets INTEGER NOT NULL, created_at INTEGER NOT NULL,
            modseq INTEGER NOT NULL, octets INTEGER NOT NULL, messages INTEGER NOT NULL) STRICT;
        CREATE UNIQUE INDEX account_address ON account (address);
        CREATE TABLE mailbox (
            account_id INTEGER NOT NULL, mailbox_id INTEGER NOT NULL, name TEXT NOT NULL, special_use INTEGER NOT NULL,
            uid_validity INTEGER NOT NULL, uid_next INTEGER NOT NULL, first_recent_uid INTEGER NOT NULL,
            highest_modseq INTEGER NOT NULL, expunge_floor INTEGER NOT NULL,
            entries INTEGER NOT NULL, unseen INTEGER NOT NULL, deleted INTEGER NOT NULL, octets INTEGER NOT NULL,
            PRIMARY KEY (account_id, mailbox_id)) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX mailbox_name ON mailbox (account_id, name);
        CREATE TABLE keyword (
            account_id INTEGER NOT NULL, mailbox_id INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,
            PRIMARY KEY (account_id, mailbox_id, number)) STRICT, WITHOUT ROWID;
        CREATE TABLE subscription (
            account_id INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (account_id, name)) STRICT, WITHOUT ROWID;
        CREATE TABLE metadata (
            account_id INTEGER NOT NULL, mailbox_id INTEGER NOT NULL, entry TEXT NOT NULL, value BLOB NOT NULL,
            PRIMARY KEY (account_id, mailbox_id, entry)) STRICT, WITHOUT ROWID;
        CREATE TABLE entry (
            account_id INTEGER NOT NULL, mailbox_id INTEGER NOT NULL, uid INTEGER NOT NULL,
            flags INTEGER NOT NULL, keywords_low INTEGER NOT NULL, keywords_high INTEGER NOT NULL,
            modseq INTEGER NOT NULL, email_id INTEGER NOT NULL,
            internal_date INTEGER NOT NULL, save_date INTEGER NOT NULL, size INTEGER NOT NULL,
            PRIMARY KEY (account_id, mailbox_id, uid)) STRICT, WITHOUT ROWID;
        CREATE TABLE expunge (
            account_id INTEGER NOT NULL, mailbox_id INTEGER NOT NULL, modseq INTEGER NOT NULL, uid INTEGER NOT NULL,
            email_id INTEGER NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (account_id, mailbox_id, modseq, uid)) STRICT, WITHOUT ROWID;
        CREATE TABLE email (
            email_id INTEGER NOT NULL PRIMARY KEY, account_id INTEGER NOT NULL, thread_id INTEGER NOT NULL,
            body_id INTEGER NOT NULL, entries INTEGER NOT NULL, size INTEGER NOT NULL, prefix BLOB NOT NULL,
            version INTEGER NOT NULL, envelope BLOB NOT NULL, structure BLOB NOT NULL, short_structure BLOB NOT NULL,
            parts BLOB NOT NULL, preview TEXT NOT NULL, message_id TEXT NOT NULL, refs TEXT NOT NULL,
            base_subject TEXT NOT NULL, sent_date INTEGER, header_size INTEGER NOT NULL) STRICT;
        CREATE TABLE undelete (
            expunged_at INTEGER NOT NULL, email_id INTEGER NOT NULL, account_id INTEGER NOT NULL, mailbox_id INTEGER NOT NULL,
            flags INTEGER NOT NULL, internal_date INTEGER NOT NULL,
            PRIMARY KEY (expunged_at, email_id)) STRICT, WITHOUT ROWID;
        CREATE TABLE thread_key (
            account_id INTEGER NOT NULL, hash INTEGER NOT NULL, thread_id INTEGER NOT NULL,
            PRIMARY KEY (account_id, hash)) STRICT, WITHOUT ROWID;
        CREATE TABLE body (
            body_id INTEGER NOT NULL PRIMARY KEY, segment INTEGER NOT NULL, at INTEGER NOT NULL, record INTEGER NOT NULL,
            length INTEGER NOT NULL, holders INTEGER NOT NULL) STRICT;
        CREATE TABLE segment (
            segment INTEGER NOT NULL PRIMARY KEY, known_end INTEGER NOT NULL, dead INTEGER NOT NULL) STRICT;
        CREATE TABLE queue_message (
            queue_id INTEGER NOT NULL PRIMARY KEY, sender TEXT NOT NULL, account_id INTEGER, envelope_id TEXT NOT NULL,
            dsn_return INTEGER NOT NULL, needs INTEGER NOT NULL, priority INTEGER NOT NULL, prefix BLOB NOT NULL,
            arrived_at INTEGER NOT NULL, size INTEGER NOT NULL, message_id TEXT NOT NULL, body_id INTEGER NOT NULL,
            recipients INTEGER NOT NULL) STRICT;
        CREATE TABLE queue_recipient (
            queue_id INTEGER NOT NULL, number INTEGER NOT NULL, address TEXT NOT NULL, destination TEXT NOT NULL,
            notify INTEGER NOT NULL, original TEXT NOT NULL, state INTEGER NOT NULL, hold_reason TEXT NOT NULL,
            attempts INTEGER NOT NULL, due_at INTEGER NOT NULL, leased_until INTEGER NOT NULL, last_reply TEXT NOT NULL,
            last_attempt_at INTEGER NOT NULL, delay_notified INTEGER NOT NULL,
            PRIMARY KEY (queue_id, number)) STRICT, WITHOUT ROWID;
        CREATE INDEX queue_due ON queue_recipient (state, due_at);
        CREATE TABLE relay_use (
            relay TEXT NOT NULL, at INTEGER NOT NULL, queue_id INTEGER NOT NULL, number INTEGER NOT NULL,
            PRIMARY KEY (relay, at, queue_id, number)) STRICT, WITHOUT ROWID;
        CREATE TABLE credential (
            account_id INTEGER NOT NULL PRIMARY KEY, record TEXT NOT NULL, declared BLOB NOT NULL,
            changed_at INTEGER NOT NULL) STRICT;
        CREATE TABLE fact (
            kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, changed_at INTEGER NOT NULL,
            PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID;
        """;

    // Many due rows of one busy destination must not be stepped over one by one to find those of another.
    private const string DueByDestination = """
        DROP INDEX queue_due;
        CREATE INDEX queue_due ON queue_recipient (state, destination, due_at);
        CREATE TABLE queue_destination (destination TEXT NOT NULL PRIMARY KEY, next_due INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX queue_destination_due ON queue_destination (next_due);
        """;

    private const string Documents = """
        CREATE TABLE document (
            account_id INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL,
            changed_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
            PRIMARY KEY (account_id, kind, name)) STRICT, WITHOUT ROWID;
        CREATE INDEX document_kind ON document (kind, account_id, name);
        CREATE INDEX document_expiry ON document (expires_at) WHERE expires_at > 0;
        """;

    // What changed in an account as a whole (RFC 8620 §5.2). An email is seen while it has an entry without \Deleted, which is while
    // `entries` exceeds `hidden`; `left_modseq` is when it last left a mailbox and stayed in another. What these columns cost is paid where
    // something leaves: a delivery writes no row more than before. Entries carry their email's thread (0: the email's own id) and
    // created_modseq, so that a look at a whole account reads narrow rows. The past is not known: the floor says so.
    private const string WholeAccounts = """
        ALTER TABLE account ADD COLUMN gone_floor INTEGER NOT NULL DEFAULT 0;
        UPDATE account SET gone_floor = modseq;
        ALTER TABLE mailbox ADD COLUMN created_modseq INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE mailbox ADD COLUMN tree_modseq INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE mailbox ADD COLUMN sort_order INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE email ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE email ADD COLUMN created_modseq INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE email ADD COLUMN left_modseq INTEGER NOT NULL DEFAULT 0;
        UPDATE email SET hidden = d.hidden FROM (SELECT email_id, count(*) AS hidden FROM entry WHERE flags & 8 GROUP BY email_id) d
            WHERE d.email_id = email.email_id;
        CREATE INDEX email_left ON email (account_id, left_modseq) WHERE left_modseq > 0;
        ALTER TABLE entry ADD COLUMN thread_id INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE entry ADD COLUMN created_modseq INTEGER NOT NULL DEFAULT 0;
        UPDATE entry SET thread_id = e.thread_id FROM email e WHERE e.email_id = entry.email_id AND e.thread_id <> e.email_id;
        CREATE TABLE email_gone (
            account_id INTEGER NOT NULL, modseq INTEGER NOT NULL, email_id INTEGER NOT NULL, thread_id INTEGER NOT NULL,
            created_modseq INTEGER NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (account_id, modseq, email_id)) STRICT, WITHOUT ROWID;
        CREATE TABLE mailbox_gone (
            account_id INTEGER NOT NULL, modseq INTEGER NOT NULL, mailbox_id INTEGER NOT NULL, created_modseq INTEGER NOT NULL,
            at INTEGER NOT NULL, PRIMARY KEY (account_id, modseq, mailbox_id)) STRICT, WITHOUT ROWID;
        """;

    // What is needed to put an expunged email back as it was; those of before come back without keywords.
    private const string WayBack = """
        ALTER TABLE undelete ADD COLUMN keywords TEXT NOT NULL DEFAULT '';
        ALTER TABLE undelete ADD COLUMN mailbox_name TEXT NOT NULL DEFAULT '';
        ALTER TABLE undelete ADD COLUMN gone_by TEXT NOT NULL DEFAULT '';
        CREATE INDEX undelete_of_account ON undelete (account_id, email_id);
        """;

    /// <summary>False for one that a server of before wrote, which a rebuild reads as it is.</summary>
    public static bool HasWholeAccounts(Connection db) => db.Use(PresentVersion).Number() >= Array.IndexOf(Steps, WholeAccounts) + 1;

    private const string PresentVersion = "SELECT max(version) FROM schema_version";

    /// <summary>Brings the database to this version; refuses one that a newer server wrote.</summary>
    public static void Migrate(Connection db, int upTo = int.MaxValue)
    {
        db.Execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY) STRICT");
        var present = (int)(db.Use(PresentVersion).Number() ?? 0);
        if (present > Version)
        {
            throw new StoreOpenException(
                $"the store has schema version {present}, this server knows up to {Version}: start the newer server, or restore a backup made by this one");
        }
        for (var step = present; step < Math.Min(Version, upTo); step++)
        {
            db.Execute("BEGIN IMMEDIATE");
            db.Execute(Steps[step]);
            db.Execute($"INSERT INTO schema_version VALUES ({step + 1})");
            db.Execute("COMMIT");
        }
    }
}
