using System.Security.Cryptography;
using Aviso.Store.Copying;
using Aviso.Store.Judging;
using Aviso.Store.Sqlite;

namespace Aviso.Store.Restoring;

/// <summary>Reads a <see cref="StoreDigest"/> from a database.</summary>
public static class DigestReader
{
    /// <summary>UIDs, flags and places of messages, names and UIDVALIDITY of mailboxes, logins, keys, scripts, facts, the queue.</summary>
    private static readonly (string Table, string Columns, string Order)[] Looked =
    [
        ("account", "account_id, address, state, declared, quota_octets, created_at, modseq, octets, messages", "account_id"),
        ("mailbox", "account_id, mailbox_id, name, special_use, uid_validity, uid_next, highest_modseq, entries, unseen, deleted, octets",
            "account_id, mailbox_id"),
        ("keyword", "account_id, mailbox_id, number, name", "account_id, mailbox_id, number"),
        ("subscription", "account_id, name", "account_id, name"),
        ("metadata", "account_id, mailbox_id, entry, value", "account_id, mailbox_id, entry"),
        ("entry", "account_id, mailbox_id, uid, flags, keywords_low, keywords_high, modseq, email_id, internal_date, size",
            "account_id, mailbox_id, uid"),
        ("credential", "account_id, record, declared, changed_at", "account_id"),
        ("fact", "kind, name, value", "kind, name"),
        ("document", "account_id, kind, name, value", "account_id, kind, name"),
        ("queue_message", "queue_id, sender, recipients, size, body_id", "queue_id"),
        ("queue_recipient", "queue_id, number, address, state, hold_reason, attempts", "queue_id, number"),
    ];

    /// <summary>Of a data folder that no server has open.</summary>
    public static StoreDigest OfFolder(string folder)
    {
        using var db = Connection.Look(Path.Combine(folder, "store.db"));
        return Of(db);
    }

    internal static StoreDigest Of(Connection db)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var tables = new Dictionary<string, (long, string)>();
        foreach (var (table, columns, order) in Looked)
        {
            var rows = Append(hash, db, $"SELECT {columns} FROM {table} ORDER BY {order}", columns.Count(c => c == ',') + 1);
            tables.Add(table, (rows, Convert.ToHexStringLower(hash.GetHashAndReset())));
        }
        return new(DatabaseLook.Meta(db, "commit"), tables);
    }

    private static long Append(IncrementalHash hash, Connection db, string query, int columns)
    {
        var (octets, rows) = (new byte[sizeof(int)], 0L);
        db.Query(query, row =>
        {
            rows++;
            for (var i = 0; i < columns; i++)
            {
                var value = row.Blob(i);
                BitConverter.TryWriteBytes(octets, value.Length);
                hash.AppendData(octets);
                hash.AppendData(value);
            }
        });
        return rows;
    }
}
