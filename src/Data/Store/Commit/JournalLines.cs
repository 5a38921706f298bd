using Aviso.Store.Blobs;

namespace Aviso.Store.Commit;

/// <summary>Frozen: the numbers are on disk.</summary>
internal enum JournalKind : byte
{
    Account = 1, AccountGone = 2, Mailbox = 3, MailboxGone = 4, Entry = 5, Flags = 6, Expunged = 7, Keyword = 8,
    Subscription = 9, QueueDone = 10, Mark = 11, QueueMark = 12, QueueLeft = 13, EmailRefused = 14, Commit = 15, Counters = 16,
    UidNext = 17, Document = 18, DocumentGone = 19, Fact = 20, FactGone = 21, Credential = 22, Metadata = 23, SortOrder = 24,
}

/// <summary>
/// What a transaction says to the journal. Every line states how things are now, not what was done, so lines may be
/// repeated and a snapshot may overlap what follows it.
/// </summary>
internal sealed class JournalLines
{
    public const byte LastKind = (byte)JournalKind.SortOrder;

    private readonly FieldWriter _lines = new(4096);

    public ReadOnlySpan<byte> Written => _lines.Written;

    public int Length => _lines.Length;

    public void Clear() => _lines.Clear();

    /// <summary>First in a block: which commit the lines belong to, and when it was (Unix seconds UTC).</summary>
    public static void Commit(FieldWriter to, long commit, long at)
    {
        to.Byte((byte)JournalKind.Commit);
        to.Long(commit);
        to.Long(at);
    }

    public void Commit(long commit, long at) => Commit(_lines, commit, at);

    /// <summary>The account's modseq: what was given out is never given out again.</summary>
    public void Counters(long account, long modSeq) => Begin(JournalKind.Counters, account, modSeq);

    /// <summary>In a base, and after a move-in: UIDs below were given out, also those of entries that are gone.</summary>
    public void UidNext(long account, long mailbox, uint next)
    {
        Begin(JournalKind.UidNext, account, mailbox);
        _lines.Long(next);
    }

    public void Document(Document document)
    {
        Key(JournalKind.Document, document.Key);
        _lines.Long(document.ChangedAt);
        _lines.Long(document.ExpiresAt);
        _lines.Octets(document.Value);
    }

    public void DocumentGone(DocumentKey key) => Key(JournalKind.DocumentGone, key);

    public void Fact(FactRow row)
    {
        Begin(JournalKind.Fact, row.ChangedAt);
        _lines.Text(row.Kind);
        _lines.Text(row.Key);
        _lines.Text(row.Value);
    }

    public void FactGone(string kind, string key)
    {
        Begin(JournalKind.FactGone, 0);
        _lines.Text(kind);
        _lines.Text(key);
    }

    public void Credential(CredentialRow row)
    {
        Begin(JournalKind.Credential, row.Account.Value);
        _lines.Text(row.Record);
        _lines.Octets(row.DeclaredFingerprint);
        _lines.Long(row.ChangedAt);
    }

    /// <summary>An annotation (RFC 5464); mailbox 0: of the account. Null: it is gone.</summary>
    public void Metadata(long account, long mailbox, string entry, byte[]? value)
    {
        Begin(JournalKind.Metadata, account, mailbox);
        _lines.Text(entry);
        _lines.Byte(value is null ? (byte)0 : (byte)1);
        _lines.Octets(value);
    }

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

    public void SortOrder(long account, long mailbox, int order)
    {
        Begin(JournalKind.SortOrder, account, mailbox);
        _lines.Int(order);
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

    private void Key(JournalKind kind, DocumentKey key)
    {
        Begin(kind, key.Owner.Value);
        _lines.Text(key.Kind);
        _lines.Text(key.Name);
    }

    private void WriteFlags(EntryFlags flags)
    {
        _lines.Byte((byte)flags.System);
        _lines.Long((long)(ulong)flags.Keywords);
        _lines.Long((long)(ulong)(flags.Keywords >> 64));
    }
}
