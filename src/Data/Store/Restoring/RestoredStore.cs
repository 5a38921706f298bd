using Aviso.Base;
using Aviso.Store.Copying;
using Aviso.Store.Sqlite;

namespace Aviso.Store.Restoring;

/// <summary>Octets of a file of bodies that are wanted.</summary>
public readonly record struct FileStretch(string Name, long From, long Until);

/// <summary>Which messages of a restored database are meant; null stands for all.</summary>
/// <param name="Mailbox">With those below it.</param>
public sealed record MessageChoice(string? Account = null, string? Mailbox = null, EmailId? Email = null);

/// <summary>A message that octets belong to, for people.</summary>
/// <param name="Mailbox">Empty where it is in none any more; "(queue)" for mail on its way out.</param>
public sealed record NamedMessage(string Account, string Mailbox, long Uid, EmailId Email)
{
    public override string ToString() => Mailbox.Length == 0 ? $"{Account}: email {Email}, deleted"
        : Uid == 0 ? $"{Account} {Mailbox}: {Email}" : $"{Account} {Mailbox} UID {Uid}: email {Email}";
}

/// <summary>A data folder in which a database has been put together and no store is open: what else it wants, and what must be done before
/// clients see it.</summary>
public static class RestoredStore
{
    /// <summary>Added to counters whose later values may have been given out.</summary>
    public const int SafeDistance = 1_000_000;

    private const uint LastUidWithRoom = uint.MaxValue - (100 * SafeDistance);

    /// <summary>Nobody else may use the folder until this is disposed.</summary>
    /// <exception cref="StoreOpenException">A server does.</exception>
    public static IDisposable Hold(string folder) => SqliteMailStore.LockIfThere(folder);

    /// <summary>What of the bodies' files the database points at: whole segments up to their known end, or stretches of some
    /// messages.</summary>
    public static IReadOnlyList<FileStretch> Wants(string folder, MessageChoice? choice = null)
    {
        using var db = Open(folder);
        var wants = new List<FileStretch>();
        if (choice is not null)
        {
            db.Query($"SELECT DISTINCT b.body_id, b.segment, b.at, b.record {Chosen(choice)}", row => wants.Add(Stretch(row)));
            return wants;
        }
        db.Query(Statements.ListSegments, row => wants.Add(new(CopiedFile.SegmentName((int)row.Int(0)), 0, row.Int(1))));
        db.Query("SELECT body_id, segment, at, record FROM body WHERE segment = 0 ORDER BY body_id", row => wants.Add(Stretch(row)));
        return wants;
    }

    /// <summary>Lengths that segments must have, so that nothing is written into them.</summary>
    public static IReadOnlyList<CopiedFile> Segments(string folder)
    {
        using var db = Open(folder);
        var files = new List<CopiedFile>();
        db.Query(Statements.ListSegments, row => files.Add(new(CopiedFile.SegmentName((int)row.Int(0)), row.Int(1))));
        return files;
    }

    /// <summary>Messages whose octets lie in this stretch; none when nothing points there.</summary>
    public static IReadOnlyList<NamedMessage> MessagesIn(string folder, FileStretch stretch)
    {
        using var db = Open(folder);
        var parts = stretch.Name.Split('/', '.');
        var isLarge = parts[0] == "large";
        long id = 0;
        if (isLarge ? !IdText.TryParse(parts[1], out id) : !long.TryParse(parts[1], out id)) return [];
        var where = isLarge ? $"b.body_id = {id}" : $"b.segment = {id} AND b.at < {stretch.Until} AND b.at + b.record > {stretch.From}";
        var named = new List<NamedMessage>();
        db.Query(
            "SELECT a.address, coalesce(m.name, ''), coalesce(n.uid, 0), e.email_id FROM body b JOIN email e ON e.body_id = b.body_id "
            + "LEFT JOIN account a ON a.account_id = e.account_id LEFT JOIN entry n ON n.account_id = e.account_id AND n.email_id = "
            + "e.email_id "
            + $"LEFT JOIN mailbox m ON m.account_id = n.account_id AND m.mailbox_id = n.mailbox_id WHERE {where} ORDER BY 1, 2, 3",
            row => named.Add(new(row.Text(0), row.Text(1), row.Int(2), new(row.Int(3)))));
        db.Query(
            $"SELECT q.sender, q.queue_id FROM body b JOIN queue_message q ON q.body_id = b.body_id WHERE {where} ORDER BY 2",
            row => named.Add(new(row.Text(0), "(queue)", 0, new(row.Int(1)))));
        return named;
    }

    /// <summary>
    /// Makes the store fit to be served again: clients keep their caches (UIDVALIDITY and UIDs stay), and hear of everything that they may
    /// have seen otherwise, since every modseq goes above what can have been given out since (RFC 9051 §2.3.1.1, RFC 7162 §3.1.2.2). JMAP
    /// states of before cannot be calculated.
    /// </summary>
    /// <param name="holdQueue">Mail on its way out waits for a person: it may have been sent since.</param>
    /// <param name="newUidValidity">Give every mailbox a new UIDVALIDITY instead.</param>
    /// <param name="now">For numbers and queue rows.</param>
    public static void Resume(string folder, bool holdQueue, bool newUidValidity, DateTimeOffset now)
    {
        using var db = new Connection(Path.Combine(folder, "store.db"), writes: true, cacheKibibytes: 8 * 1024);
        db.Execute("BEGIN IMMEDIATE");
        db.Execute($"""
            UPDATE account SET modseq = modseq + {SafeDistance};
            UPDATE account SET gone_floor = modseq;
            UPDATE entry SET modseq = (SELECT a.modseq FROM account a WHERE a.account_id = entry.account_id);
            UPDATE mailbox SET highest_modseq = a.modseq, expunge_floor = a.modseq, tree_modseq = a.modseq
                FROM account a WHERE a.account_id = mailbox.account_id;
            UPDATE mailbox SET uid_next = uid_next + {SafeDistance} WHERE uid_next < {LastUidWithRoom};
            UPDATE mailbox SET first_recent_uid = uid_next;
            DELETE FROM expunge;
            DELETE FROM email_gone;
            DELETE FROM mailbox_gone;
            """);
        RenewUidValidity(db, newUidValidity ? "1" : $"uid_next >= {LastUidWithRoom}", now);
        RaiseRecordLogs(db);
        if (holdQueue) db.Execute("UPDATE queue_recipient SET state = 1, hold_reason = 'restored: it may have been sent since' WHERE "
            + "state = 0");
        db.Execute("COMMIT");
        db.Checkpoint(truncate: true);
    }

    private static void RenewUidValidity(Connection db, string which, DateTimeOffset now)
    {
        var mailboxes = new List<(long Account, long Mailbox)>();
        db.Query($"SELECT account_id, mailbox_id FROM mailbox WHERE {which}", row => mailboxes.Add((row.Int(0), row.Int(1))));
        var next = Math.Max(db.Use(Statements.GetMeta).Add("uidvalidity").Number() ?? 0, now.ToUnixTimeSeconds());
        foreach (var (account, mailbox) in mailboxes)
            db.Execute($"UPDATE mailbox SET uid_validity = {++next} WHERE account_id = {account} AND mailbox_id = {mailbox}");
        db.Use(Statements.SetMeta).Add("uidvalidity").Add(next).Run();
    }

    /// <summary>States of contacts, scripts and the like (<see cref="RecordLog"/>).</summary>
    private static void RaiseRecordLogs(Connection db)
    {
        var logs = new List<(long Account, string Kind, string Name, byte[] Value)>();
        db.Query("SELECT account_id, kind, name, value FROM document WHERE kind LIKE '%-log'",
            row => logs.Add((row.Int(0), row.Text(1), row.Text(2), RecordLog.Read(row.Blob(3)).After(SafeDistance).Write())));
        foreach (var (account, kind, name, value) in logs)
        {
            db.Use("UPDATE document SET value = ? WHERE account_id = ? AND kind = ? AND name = ?")
                .Add(value).Add(account).Add(kind).Add(name).Run();
        }
    }

    private static Connection Open(string folder) => Connection.Look(Path.Combine(folder, "store.db"));

    private static FileStretch Stretch(Statement row) => row.Int(1) == 0
        ? new(CopiedFile.LargeName(row.Int(0)), 0, row.Int(3))
        : new(CopiedFile.SegmentName((int)row.Int(1)), row.Int(2), row.Int(2) + row.Int(3));

    private static string Chosen(MessageChoice choice)
    {
        var from = "FROM entry n JOIN email e ON e.email_id = n.email_id JOIN body b ON b.body_id = e.body_id "
            + "JOIN account a ON a.account_id = n.account_id JOIN mailbox m ON m.account_id = n.account_id AND m.mailbox_id = "
            + "n.mailbox_id WHERE 1";
        if (choice.Account is { } account) from += $" AND a.address = {Quoted(account)}";
        if (choice.Mailbox is { } box) from += $" AND (m.name = {Quoted(box)} OR substr(m.name, 1, {box.Length
            + 1}) = {Quoted(box + "/")})";
        if (choice.Email is { } email) from += $" AND n.email_id = {email.Value}";
        return from;
    }

    private static string Quoted(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
