using Aviso.Store.Blobs;

namespace Aviso.Store.Commit;

/// <summary>Frozen: the numbers are on disk.</summary>
internal enum JournalKind : byte
{
    Account = 1, AccountGone = 2, Mailbox = 3, MailboxGone = 4, Entry = 5, Flags = 6, Expunged = 7, Keyword = 8,
    Subscription = 9, QueueDone = 10, Mark = 11, QueueMark = 12, QueueLeft = 13, EmailRefused = 14,
}

/// <summary>
/// What a transaction says to the journal. Every line states how things are now, not what was done, so lines may be
/// repeated and a snapshot may overlap what follows it.
/// </summary>
internal sealed class JournalLines
{
    private readonly FieldWriter _lines = new(4096);

    public ReadOnlySpan<byte> Written => _lines.Written;

    public int Length => _lines.Length;

    public void Clear() => _lines.Clear();

    public void Account(AccountRow row)
    {
        _lines.Byte((byte)JournalKind.Account);
        _lines.Long(row.Id.Value);
        _lines.Text(row.Address);
        _lines.Byte((byte)row.State);
        _lines.Byte(row.Declared ? (byte)1 : (byte)0);
        _lines.Long(row.QuotaOctets);
        _lines.Long(row.CreatedAt);
    }

    public void AccountGone(long account) => Begin(JournalKind.AccountGone, account);

    public void Mailbox(long account, long mailbox, string name, SpecialUse use, uint uidValidity)
    {
        Begin(JournalKind.Mailbox, account, mailbox);
        _lines.Text(name);
        _lines.Byte((byte)use);
        _lines.Long(uidValidity);
    }

    public void MailboxGone(long account, long mailbox) => Begin(JournalKind.MailboxGone, account, mailbox);

    public void Entry(long account, long mailbox, in Entry entry)
    {
        Begin(JournalKind.Entry, account, mailbox);
        _lines.Long(entry.Uid);
        _lines.Long(entry.Email.Value);
        WriteFlags(entry.Flags);
        _lines.Long(entry.InternalDate);
        _lines.Long(entry.SaveDate);
    }

    public void Flags(long account, long mailbox, in Entry entry)
    {
        Begin(JournalKind.Flags, account, mailbox);
        _lines.Long(entry.Uid);
        WriteFlags(entry.Flags);
    }

    public void Expunged(long account, long mailbox, uint uid)
    {
        Begin(JournalKind.Expunged, account, mailbox);
        _lines.Long(uid);
    }

    public void Keyword(long account, long mailbox, int number, string name)
    {
        Begin(JournalKind.Keyword, account, mailbox);
        _lines.Int(number);
        _lines.Text(name);
    }

    public void Subscription(long account, string name, bool subscribed)
    {
        Begin(JournalKind.Subscription, account);
        _lines.Text(name);
        _lines.Byte(subscribed ? (byte)1 : (byte)0);
    }

    public void QueueDone(long queue, int number)
    {
        Begin(JournalKind.QueueDone, queue);
        _lines.Int(number);
    }

    /// <summary>In a base: an email with an id up to this one that the base does not name has no entry any more.</summary>
    public void Mark(long email) => Begin(JournalKind.Mark, email);

    /// <summary>Its octets are in a record, but its mailbox did not take it and the peer was told so.</summary>
    public void EmailRefused(long email) => Begin(JournalKind.EmailRefused, email);

    /// <summary>In a base: recipients of messages with an id up to this one are done unless the base names them as left.</summary>
    public void QueueMark(long queue) => Begin(JournalKind.QueueMark, queue);

    public void QueueLeft(long queue, int number)
    {
        Begin(JournalKind.QueueLeft, queue);
        _lines.Int(number);
    }

    private void Begin(JournalKind kind, long first)
    {
        _lines.Byte((byte)kind);
        _lines.Long(first);
    }

    private void Begin(JournalKind kind, long account, long mailbox)
    {
        Begin(kind, account);
        _lines.Long(mailbox);
    }

    private void WriteFlags(EntryFlags flags)
    {
        _lines.Byte((byte)flags.System);
        _lines.Long((long)(ulong)flags.Keywords);
        _lines.Long((long)(ulong)(flags.Keywords >> 64));
    }
}
