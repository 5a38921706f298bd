using Aviso.Store.Commit;

namespace Aviso.Store.Sqlite;

/// <summary>The whole state as journal lines, read from one snapshot.</summary>
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
        long newest = 0;
        db.Query("SELECT max(email_id) FROM email", row => newest = row.Int(0));
        lines.Mark(Math.Max(0, newest - InFlight));
        lines.QueueMark(Math.Max(0, queueMark));
        using (var row = db.Use(Statements.AllRecipients))
        {
            while (row.Step())
            {
                lines.QueueLeft(row.Int(0), (int)row.Int(1));
                if (lines.Length < BlockOctets) continue;
                yield return lines.Written.ToArray();
                lines.Clear();
            }
        }
        var accounts = new List<long>();
        using (var row = db.Use(Statements.ListAccounts))
        {
            while (row.Step())
            {
                accounts.Add(row.Int(0));
                lines.Account(new(new(row.Int(0)), row.Text(1), (AccountState)row.Int(2), row.Bool(3), row.Int(4), row.Int(5)));
            }
        }
        foreach (var account in accounts)
        {
            var mailboxes = Tree(db, lines, account);
            foreach (var mailbox in mailboxes)
            {
                using var row = db.Use(Statements.EntriesOf).Add(account).Add(mailbox);
                while (row.Step())
                {
                    lines.Entry(account, mailbox, EntryColumns.Read(row));
                    if (lines.Length < BlockOctets) continue;
                    yield return lines.Written.ToArray();
                    lines.Clear();
                }
            }
        }
        if (lines.Length > 0) yield return lines.Written.ToArray();
    }

    private static List<long> Tree(Connection db, JournalLines lines, long account)
    {
        var mailboxes = new List<long>();
        using (var row = db.Use(Statements.MailboxesOf).Add(account))
        {
            while (row.Step())
            {
                mailboxes.Add(row.Int(0));
                lines.Mailbox(account, row.Int(0), row.Text(1), (SpecialUse)row.Int(2), (uint)row.Int(3));
            }
        }
        using (var row = db.Use(Statements.KeywordsOfAccount).Add(account))
        {
            while (row.Step()) lines.Keyword(account, row.Int(0), (int)row.Int(1), row.Text(2));
        }
        using (var row = db.Use(Statements.Subscriptions).Add(account))
        {
            while (row.Step()) lines.Subscription(account, row.Text(0), true);
        }
        return mailboxes;
    }
}
