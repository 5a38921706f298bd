using Aviso.Store.Sqlite;

namespace Aviso.Store.Commit;

/// <summary>What every entry of an email carries: its thread, and the modseq at which it came to be seen.</summary>
internal readonly record struct EmailOrigin(long Thread, long Created);

/// <summary>Emails and their entries: every change of an entry goes through here, so that counters, log and views agree.</summary>
internal sealed partial class WriteBatch
{
    public const int MostKeywords = 128;

    /// <summary>The keywords' numbers in this mailbox as a mask, giving new names numbers. False when there is no number left;
    /// then nothing was given.</summary>
    public bool TryKeywords(OpenAccount account, OpenMailbox mailbox, IReadOnlyList<string> names, bool add, out UInt128 mask)
    {
        mask = 0;
        if (names.Count == 0) return true;
        var fresh = 0;
        for (var i = 0; i < names.Count; i++)
        {
            if (FindKeyword(mailbox, names[i]) < 0 && !IsRepeated(names, i)) fresh++;
        }
        if (add && mailbox.Keywords.Count + fresh > MostKeywords) return false;
        foreach (var name in names)
        {
            var number = FindKeyword(mailbox, name);
            if (number < 0 && !add) continue;
            if (number < 0) number = NewKeyword(account, mailbox, name);
            mask |= UInt128.One << number;
        }
        return true;
    }

    /// <summary>Puts a new email into a mailbox: its row, its thread and its first entry.</summary>
    public AppendedEntry AddEmail(
        OpenAccount account, OpenMailbox mailbox, long email, long body, Rendered rendered, ReadOnlySpan<byte> prefix,
        long bodyLength, EntryFlags flags, long internalDate, long modSeq)
    {
        var origin = AddEmailRow(account, email, body, rendered, prefix, bodyLength, flags, modSeq);
        return AddFirstEntry(
            account, mailbox, new(0, flags, modSeq, new(email), internalDate, Now, prefix.Length + bodyLength), origin);
    }

    /// <summary>A new email's row and thread, counting the entry with these flags that must follow.</summary>
    public EmailOrigin AddEmailRow(
        OpenAccount account, long email, long body, Rendered rendered, ReadOnlySpan<byte> prefix, long bodyLength, EntryFlags flags,
        long modSeq)
    {
        var thread = ThreadKeys.Join(db, account.Id, email, rendered);
        var size = prefix.Length + bodyLength;
        var row = db.Use(Statements.InsertEmail).Add(email).Add(account.Id).Add(thread).Add(body).Add(size).Add(prefix);
        RenderedColumns.Bind(row, rendered);
        row.Add(IsHidden(flags)).Add(modSeq).Run();
        Stored++;
        StoredOctets += size;
        return new(thread, modSeq);
    }

    /// <summary>Adds an entry under the mailbox's next UID (the one in <paramref name="entry"/> is not looked at).</summary>
    public AppendedEntry AddEntry(OpenAccount account, OpenMailbox mailbox, Entry entry, EmailOrigin origin)
    {
        var added = AddFirstEntry(account, mailbox, entry, origin);
        EntryAdded(account, mailbox, entry with { Uid = added.Uid });
        return added;
    }

    /// <summary>As above, for an email that nobody has seen before.</summary>
    public AppendedEntry AddFirstEntry(OpenAccount account, OpenMailbox mailbox, Entry entry, EmailOrigin origin)
    {
        var delta = Delta(account, mailbox);
        entry = entry with { Uid = mailbox.UidNext++ };
        InsertRow(account.Id, mailbox.Id, entry, origin);
        mailbox.Count(entry.Flags.System, entry.Size, 1);
        mailbox.HighestModSeq = entry.ModSeq;
        account.Octets += entry.Size;
        account.Messages++;
        delta.Added.Add(entry);
        Journal.Entry(account.Id, mailbox.Id, entry);
        return new(new(mailbox.Id), mailbox.UidValidity, entry.Uid, entry.Email, entry.ModSeq);
    }

    /// <summary>Writes new flags and modseq of a live entry.</summary>
    public Entry ChangeFlags(OpenAccount account, OpenMailbox mailbox, Entry entry, EntryFlags flags, long modSeq)
    {
        var delta = Delta(account, mailbox);
        mailbox.CountFlags(entry.Flags.System, -1);
        mailbox.CountFlags(flags.System, 1);
        mailbox.HighestModSeq = modSeq;
        var before = entry.Flags;
        entry = entry with { Flags = flags, ModSeq = modSeq };
        db.Use(Statements.FlagEntry).Add((long)flags.System).Add((long)(ulong)flags.Keywords)
            .Add((long)(ulong)(flags.Keywords >> 64)).Add(modSeq).Add(account.Id).Add(mailbox.Id).Add(entry.Uid).Run();
        if (IsHidden(before) != IsHidden(flags)) ChangeSight(account, mailbox, entry, modSeq);
        delta.Changed.Add(entry);
        Journal.Flags(account.Id, mailbox.Id, entry);
        EntryFlagged(account, mailbox, entry, before.System);
        return entry;
    }

    /// <summary>Removes a live entry. With its last entry the email waits for the end of the undelete window, unless it only
    /// moved.</summary>
    public EmailOrigin RemoveEntry(OpenAccount account, OpenMailbox mailbox, Entry entry, long modSeq, bool keepsEmail = false)
    {
        var delta = Delta(account, mailbox);
        EmailOrigin origin;
        using (var row = db.Use(Statements.DeleteEntry).Add(account.Id).Add(mailbox.Id).Add(entry.Uid))
        {
            if (!row.Step()) throw new InvalidOperationException($"entry {entry.Uid} is not there");
            origin = new(row.Int(0) == 0 ? entry.Email.Value : row.Int(0), row.Int(1));
        }
        db.Use(Statements.InsertExpunge).Add(account.Id).Add(mailbox.Id).Add(modSeq).Add(entry.Uid)
            .Add(entry.Email.Value).Add(Now).Run();
        mailbox.Count(entry.Flags.System, entry.Size, -1);
        mailbox.HighestModSeq = modSeq;
        account.Octets -= entry.Size;
        account.Messages--;
        delta.Removed.Add(entry.Uid);
        Journal.Expunged(account.Id, mailbox.Id, entry.Uid);
        EntryRemoved(account, mailbox, entry, keepsEmail);
        if (!keepsEmail) DropEmail(account.Id, mailbox, entry, modSeq);
        return origin;
    }

    /// <summary>The email has an entry less.</summary>
    public void DropEmail(long account, OpenMailbox mailbox, Entry entry, long modSeq)
    {
        long entries, hidden;
        EmailOrigin origin;
        using (var row = db.Use(Statements.DropEmail).Add(IsHidden(entry.Flags)).Add(modSeq).Add(entry.Email.Value))
        {
            if (!row.Step()) return;
            (entries, hidden, origin) = (row.Int(0), row.Int(1), new(row.Int(2), row.Int(3)));
        }
        if (!IsHidden(entry.Flags) && entries == hidden) EmailGone(account, entry.Email.Value, origin, modSeq);
        if (entries != 0) return;
        db.Use(Statements.InsertUndelete).Add(Now).Add(entry.Email.Value).Add(account).Add(mailbox.Id)
            .Add((long)entry.Flags.System).Add(entry.InternalDate).Add(string.Join(' ', mailbox.KeywordNames(entry.Flags.Keywords)))
            .Add(mailbox.Name).Add(By?.ToString() ?? "").Run();
    }

    /// <summary>An email that waits for its end.</summary>
    /// <param name="Size">With its prefix, octets.</param>
    public sealed record ExpungedRow(
        long ExpungedAt, long Email, long Mailbox, string MailboxName, SystemFlags Flags, IReadOnlyList<string> Keywords, long InternalDate,
        long Size);

    /// <summary>RFC 9051 §9: a keyword is an atom, so that a space sets two of them off.</summary>
    public static string[] KeywordsOf(string names) => names.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Null: it has a mailbox, or is gone for good.</summary>
    public ExpungedRow? FindExpunged(OpenAccount account, EmailId email)
    {
        using var row = db.Use(Statements.ExpungedEmail).Add(email.Value).Add(account.Id);
        return row.Step()
            ? new(row.Int(0), email.Value, row.Int(1), row.Text(2), (SystemFlags)row.Int(3), KeywordsOf(row.Text(4)), row.Int(5),
                row.Int(6))
            : null;
    }

    /// <summary>Gives an email that waits for its end an entry again.</summary>
    public AppendedEntry BringBack(OpenAccount account, OpenMailbox mailbox, ExpungedRow gone, long modSeq)
    {
        // Without room for a new name it comes back with the keywords the mailbox knows.
        if (!TryKeywords(account, mailbox, gone.Keywords, add: true, out var keywords))
            TryKeywords(account, mailbox, gone.Keywords, add: false, out keywords);
        var flags = new EntryFlags(gone.Flags & ~SystemFlags.Deleted, keywords);
        db.Use(Statements.DeleteUndelete).Add(gone.ExpungedAt).Add(gone.Email).Run();
        var origin = HoldEmail(new(gone.Email), flags, modSeq);
        return AddEntry(account, mailbox, new(0, flags, modSeq, new(gone.Email), gone.InternalDate, Now, gone.Size), origin);
    }

    /// <summary>Ends an email whose undelete window is over.</summary>
    public void ForgetEmail(long expungedAt, long email)
    {
        db.Use(Statements.DeleteUndelete).Add(expungedAt).Add(email).Run();
        var body = db.Use(Statements.DeleteEmail).Add(email).Number();
        if (body is { } held) ReleaseBody(held);
    }

    /// <summary>The email has an entry more, with these flags.</summary>
    public EmailOrigin HoldEmail(EmailId email, EntryFlags flags, long modSeq)
    {
        using var row = db.Use(Statements.HoldEmail).Add(IsHidden(flags)).Add(modSeq).Add(email.Value);
        if (!row.Step()) throw new InvalidOperationException($"email {email} is not there");
        return new(row.Int(0), row.Int(1));
    }

    public Entry? FindEntry(OpenAccount account, OpenMailbox mailbox, uint uid)
    {
        using var row = db.Use(Statements.EntryByUid).Add(account.Id).Add(mailbox.Id).Add(uid);
        return row.Step() ? EntryColumns.Read(row) : null;
    }

    /// <summary>\Deleted came to an entry or left it (RFC 8621 §4.1.1: such an email is not seen).</summary>
    private void ChangeSight(OpenAccount account, OpenMailbox mailbox, in Entry entry, long modSeq)
    {
        if (!IsHidden(entry.Flags))
        {
            var created = db.Use(Statements.ShowEmail).Add(modSeq).Add(entry.Email.Value).Number() ?? modSeq;
            db.Use(Statements.EntryCreated).Add(created).Add(account.Id).Add(mailbox.Id).Add(entry.Uid).Run();
            return;
        }
        bool isGone;
        EmailOrigin origin;
        using (var row = db.Use(Statements.HideEmail).Add(entry.Email.Value))
        {
            if (!row.Step()) return;
            (isGone, origin) = (row.Int(0) == row.Int(1), new(row.Int(2), row.Int(3)));
        }
        if (isGone) EmailGone(account.Id, entry.Email.Value, origin, modSeq);
    }

    private void EmailGone(long account, long email, EmailOrigin origin, long modSeq) =>
        db.Use(Statements.InsertEmailGone).Add(account).Add(modSeq).Add(email).Add(origin.Thread).Add(origin.Created).Add(Now).Run();

    private static bool IsHidden(EntryFlags flags) => (flags.System & SystemFlags.Deleted) != 0;

    private void InsertRow(long account, long mailbox, in Entry entry, EmailOrigin origin) =>
        db.Use(Statements.InsertEntry).Add(account).Add(mailbox).Add(entry.Uid).Add((long)entry.Flags.System)
            .Add((long)(ulong)entry.Flags.Keywords).Add((long)(ulong)(entry.Flags.Keywords >> 64)).Add(entry.ModSeq)
            .Add(entry.Email.Value).Add(entry.InternalDate).Add(entry.SaveDate).Add(entry.Size)
            .Add(origin.Thread == entry.Email.Value ? 0 : origin.Thread).Add(origin.Created).Run();

    private int NewKeyword(OpenAccount account, OpenMailbox mailbox, string name)
    {
        var number = mailbox.Keywords.Count;
        db.Use(Statements.InsertKeyword).Add(account.Id).Add(mailbox.Id).Add(number).Add(name).Run();
        mailbox.Keywords.Add(name);
        Delta(account, mailbox).Keywords = [.. mailbox.Keywords];
        Journal.Keyword(account.Id, mailbox.Id, number, name);
        return number;
    }

    /// <summary>RFC 9051 §2.3.2: keywords compare without regard to case.</summary>
    private static int FindKeyword(OpenMailbox mailbox, string name) =>
        mailbox.Keywords.FindIndex(known => known.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static bool IsRepeated(IReadOnlyList<string> names, int index)
    {
        for (var i = 0; i < index; i++)
            if (names[i].Equals(names[index], StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
