using Aviso.Store.Commit;
using Aviso.Store.Judging;

namespace Aviso.Store.Sqlite;

/// <summary>
/// The whole state as journal lines, read from one snapshot. Marks ("what is not named is gone") come last, so that who reads only a
/// part of it takes nothing for gone.
/// </summary>
internal static class JournalBase
{
    private const int BlockOctets = 64 * 1024;

    /// <summary>Ten minutes in ids: what was still on its way when the base was read is named by what follows.</summary>
    public const long InFlight = 600_000L << 22;

    /// <summary>Blocks of lines; a block is valid until the next is asked for.</summary>
    /// <param name="queueMark">Everything queued with an id up to this one is in the database or done.</param>
    public static IEnumerable<ReadOnlyMemory<byte>> Blocks(Connection db, long queueMark)
    {
        var lines = new JournalLines();
        lines.Commit(DatabaseLook.Meta(db, "commit"), DatabaseLook.Meta(db, "committed_at"));
        foreach (var section in Sections(db, lines))
        {
            foreach (var _ in section)
            {
                if (lines.Length < BlockOctets) continue;
                yield return lines.Written.ToArray();
                lines.Clear();
            }
        }
        Marks(db, lines, queueMark);
        yield return lines.Written.ToArray();
    }

    /// <summary>Its parts, each readable without the others; every step adds lines.</summary>
    public static IEnumerable<IEnumerable<int>> Sections(Connection db, JournalLines lines) =>
    [
        Accounts(db, lines), Facts(db, lines), Credentials(db, lines), Documents(db, lines), Queue(db, lines), Trees(db, lines),
        Entries(db, lines), SortOrders(db, lines),
    ];

    public static void Marks(Connection db, JournalLines lines, long queueMark)
    {
        long newest = 0;
        db.Query("SELECT max(email_id) FROM email", row => newest = row.Int(0));
        lines.Mark(Math.Max(0, newest - InFlight));
        lines.QueueMark(Math.Max(0, queueMark));
    }

    private static IEnumerable<int> Queue(Connection db, JournalLines lines)
    {
        using var row = db.Use(Statements.AllRecipients);
        while (row.Step())
        {
            lines.QueueLeft(row.Int(0), (int)row.Int(1));
            yield return 0;
        }
    }

    private static IEnumerable<int> Accounts(Connection db, JournalLines lines)
    {
        using var row = db.Use(Statements.AllAccounts);
        while (row.Step())
        {
            lines.Account(new(new(row.Int(0)), row.Text(1), (AccountState)row.Int(2), row.Bool(3), row.Int(4), row.Int(5)));
            lines.Counters(row.Int(0), row.Int(6));
            yield return 0;
        }
    }

    private static IEnumerable<int> Facts(Connection db, JournalLines lines)
    {
        using var row = db.Use(Statements.AllFacts);
        while (row.Step())
        {
            lines.Fact(new(row.Text(0), row.Text(1), row.Text(2), row.Int(3)));
            yield return 0;
        }
    }

    private static IEnumerable<int> Credentials(Connection db, JournalLines lines)
    {
        using var row = db.Use(Statements.ListCredentials);
        while (row.Step())
        {
            lines.Credential(new(new(row.Int(0)), row.Text(1), row.Bytes(2), row.Int(3)));
            yield return 0;
        }
    }

    private static IEnumerable<int> Documents(Connection db, JournalLines lines)
    {
        using var row = db.Use(Statements.AllDocuments);
        while (row.Step())
        {
            lines.Document(new(new(new(row.Int(0)), row.Text(1), row.Text(2)), row.Bytes(3), row.Int(4), row.Int(5)));
            yield return 0;
        }
    }

    private static IEnumerable<int> Trees(Connection db, JournalLines lines)
    {
        using (var row = db.Use(Statements.AllMailboxes))
        {
            while (row.Step())
            {
                lines.Mailbox(row.Int(0), row.Int(1), row.Text(2), (SpecialUse)row.Int(3), (uint)row.Int(4));
                lines.UidNext(row.Int(0), row.Int(1), (uint)row.Int(5));
                yield return 0;
            }
        }
        using (var row = db.Use(Statements.AllKeywords))
        {
            while (row.Step())
            {
                lines.Keyword(row.Int(0), row.Int(1), (int)row.Int(2), row.Text(3));
                yield return 0;
            }
        }
        using (var row = db.Use(Statements.AllSubscriptions))
        {
            while (row.Step())
            {
                lines.Subscription(row.Int(0), row.Text(1), true);
                yield return 0;
            }
        }
        using var note = db.Use(Statements.AllMetadata);
        while (note.Step())
        {
            lines.Metadata(note.Int(0), note.Int(1), note.Text(2), note.Bytes(3));
            yield return 0;
        }
    }

    /// <summary>By themselves, since a database that an older server wrote has none.</summary>
    private static IEnumerable<int> SortOrders(Connection db, JournalLines lines)
    {
        if (!Schema.HasWholeAccounts(db)) yield break;
        using var row = db.Use(Statements.AllSortOrders);
        while (row.Step())
        {
            lines.SortOrder(row.Int(0), row.Int(1), (int)row.Int(2));
            yield return 0;
        }
    }

    private static IEnumerable<int> Entries(Connection db, JournalLines lines)
    {
        using var row = db.Use(Statements.AllEntries);
        while (row.Step())
        {
            lines.Entry(row.Int(9), row.Int(10), EntryColumns.Read(row));
            yield return 0;
        }
        // Known to be expunged, though they are too young for the mark.
        using var gone = db.Use(Statements.AllUndelete);
        while (gone.Step())
        {
            lines.EmailRefused(gone.Int(0));
            yield return 0;
        }
    }
}
