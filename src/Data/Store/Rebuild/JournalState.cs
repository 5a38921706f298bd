using Aviso.Store.Blobs;
using Aviso.Store.Commit;

namespace Aviso.Store.Rebuild;

/// <summary>What the journal says about an entry.</summary>
internal sealed record JournalEntry(long Email, long InternalDate, long SaveDate)
{
    public EntryFlags Flags { get; set; }
}

internal sealed class JournalMailbox
{
    public string Name { get; set; } = "";

    public SpecialUse Use { get; set; }

    public uint UidValidity { get; set; }

    public int SortOrder { get; set; }

    /// <summary>Above every UID that is known to have been given out.</summary>
    public uint UidNext { get; set; } = 1;

    public SortedDictionary<uint, JournalEntry> Entries { get; } = [];

    public SortedDictionary<int, string> Keywords { get; } = [];

    public Dictionary<string, byte[]> Metadata { get; } = new(StringComparer.Ordinal);
}

internal sealed class JournalAccount
{
    public AccountRow? Row { get; set; }

    /// <summary>The last modseq known to have been given out; null where nothing counted it.</summary>
    public long? ModSeq { get; set; }

    /// <summary>Grows with each time the account was named: of two with one address the later is the living one.</summary>
    public int NamedAt { get; set; }

    public Dictionary<long, JournalMailbox> Mailboxes { get; } = [];

    public SortedSet<string> Subscriptions { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, byte[]> Metadata { get; } = new(StringComparer.Ordinal);

    public CredentialRow? Credential { get; set; }
}

/// <summary>Journal lines, replayed: how things were at the last line.</summary>
internal sealed class JournalState
{
    public Dictionary<long, JournalAccount> Accounts { get; } = [];

    public HashSet<long> GoneAccounts { get; } = [];

    /// <summary>Every email that ever had an entry: one without a live entry was expunged.</summary>
    public HashSet<long> SeenEmails { get; } = [];

    public Dictionary<DocumentKey, Document> Documents { get; } = [];

    public Dictionary<(string Kind, string Key), FactRow> Facts { get; } = [];

    public JournalQueue Queue { get; } = new();

    /// <summary>An email with an id up to this one that is not named was expunged.</summary>
    public long Mark { get; set; }

    public long HighestUidValidity { get; private set; }

    private int _named;

    public void Replay(ReadOnlySpan<byte> block)
    {
        var from = new FieldReader(block);
        while (!from.AtEnd && !from.Bad) ReplayLine(ref from);
    }

    private void ReplayLine(ref FieldReader from)
    {
        var kind = (JournalKind)from.Byte();
        var first = from.Long();
        switch (kind)
        {
            case JournalKind.Account or JournalKind.AccountGone or JournalKind.Counters or JournalKind.Credential or JournalKind.Subscription:
                ReplayAccount(kind, first, ref from);
                break;
            case JournalKind.Mailbox or JournalKind.MailboxGone or JournalKind.UidNext or JournalKind.Keyword or JournalKind.Metadata
                or JournalKind.SortOrder:
                ReplayMailbox(kind, first, from.Long(), ref from);
                break;
            case JournalKind.Entry or JournalKind.Flags or JournalKind.Expunged:
                ReplayEntry(kind, Mailbox(first, from.Long()), ref from);
                break;
            case JournalKind.Document or JournalKind.DocumentGone:
                ReplayDocument(kind, new(new(first), from.Text(), from.Text()), ref from);
                break;
            case JournalKind.Fact:
                var fact = new FactRow(from.Text(), from.Text(), from.Text(), first);
                if (!from.Bad) Facts[(fact.Kind, fact.Key)] = fact;
                break;
            case JournalKind.FactGone:
                Facts.Remove((from.Text(), from.Text()));
                break;
            case JournalKind.EmailRefused:
                SeenEmails.Add(first);
                break;
            case JournalKind.Mark:
                Mark = Math.Max(Mark, first);
                break;
            case JournalKind.QueueDone or JournalKind.QueueMark or JournalKind.QueueLeft:
                Queue.Replay(kind, first, ref from);
                break;
            case JournalKind.Commit:
                from.Long();
                break;
            default:
                from = new([]);   // written by a version we do not know: leave the rest of the block
                break;
        }
    }

    private void ReplayAccount(JournalKind kind, long id, ref FieldReader from)
    {
        switch (kind)
        {
            case JournalKind.Account:
                var row = new AccountRow(new(id), from.Text(), (AccountState)from.Byte(), from.Byte() != 0, from.Long(), from.Long());
                if (from.Bad) return;
                Account(id).Row = row;
                Account(id).NamedAt = ++_named;
                GoneAccounts.Remove(id);
                break;
            case JournalKind.AccountGone:
                Accounts.Remove(id);
                GoneAccounts.Add(id);
                foreach (var key in Documents.Keys.Where(key => key.Owner.Value == id).ToArray()) Documents.Remove(key);
                break;
            case JournalKind.Counters:
                var modSeq = from.Long();
                if (!from.Bad && Accounts.TryGetValue(id, out var counted)) counted.ModSeq = Math.Max(counted.ModSeq ?? 0, modSeq);
                break;
            case JournalKind.Credential:
                var credential = new CredentialRow(new(id), from.Text(), from.Octets().ToArray(), from.Long());
                if (!from.Bad) Account(id).Credential = credential;
                break;
            default:
                var name = from.Text();
                if (from.Byte() != 0) Account(id).Subscriptions.Add(name);
                else Account(id).Subscriptions.Remove(name);
                break;
        }
    }

    private void ReplayMailbox(JournalKind kind, long account, long id, ref FieldReader from)
    {
        switch (kind)
        {
            case JournalKind.Mailbox:
                var mailbox = Mailbox(account, id);
                mailbox.Name = from.Text();
                mailbox.Use = (SpecialUse)from.Byte();
                mailbox.UidValidity = (uint)from.Long();
                HighestUidValidity = Math.Max(HighestUidValidity, mailbox.UidValidity);
                break;
            case JournalKind.MailboxGone:
                Account(account).Mailboxes.Remove(id);
                break;
            case JournalKind.UidNext:
                var counted = Mailbox(account, id);
                counted.UidNext = Math.Max(counted.UidNext, (uint)from.Long());
                break;
            case JournalKind.SortOrder:
                var ordered = Mailbox(account, id);
                ordered.SortOrder = from.Int();
                break;
            case JournalKind.Keyword:
                var named = Mailbox(account, id);
                named.Keywords[from.Int()] = from.Text();
                break;
            default:
                var notes = id == 0 ? Account(account).Metadata : Mailbox(account, id).Metadata;
                var entry = from.Text();
                var isThere = from.Byte() != 0;
                var value = from.Octets().ToArray();
                if (isThere && !from.Bad) notes[entry] = value;
                else notes.Remove(entry);
                break;
        }
    }

    private void ReplayEntry(JournalKind kind, JournalMailbox mailbox, ref FieldReader from)
    {
        var uid = (uint)from.Long();
        switch (kind)
        {
            case JournalKind.Entry:
                var email = from.Long();
                var flags = ReadFlags(ref from);
                var entry = new JournalEntry(email, from.Long(), from.Long()) { Flags = flags };
                if (from.Bad) return;
                mailbox.Entries[uid] = entry;
                mailbox.UidNext = Math.Max(mailbox.UidNext, uid + 1);
                SeenEmails.Add(email);
                break;
            case JournalKind.Flags:
                var changed = ReadFlags(ref from);
                if (!from.Bad && mailbox.Entries.GetValueOrDefault(uid) is { } known) known.Flags = changed;
                break;
            default:
                mailbox.Entries.Remove(uid);
                break;
        }
    }

    private void ReplayDocument(JournalKind kind, DocumentKey key, ref FieldReader from)
    {
        if (from.Bad) return;
        if (kind == JournalKind.DocumentGone)
        {
            Documents.Remove(key);
            return;
        }
        var (changedAt, expiresAt, value) = (from.Long(), from.Long(), from.Octets().ToArray());
        if (!from.Bad) Documents[key] = new(key, value, changedAt, expiresAt);
    }

    private static EntryFlags ReadFlags(ref FieldReader from)
    {
        var system = (SystemFlags)from.Byte();
        var low = (ulong)from.Long();
        return new(system, new((ulong)from.Long(), low));
    }

    private JournalAccount Account(long id)
    {
        if (!Accounts.TryGetValue(id, out var account)) Accounts[id] = account = new();
        return account;
    }

    private JournalMailbox Mailbox(long account, long mailbox)
    {
        var mailboxes = Account(account).Mailboxes;
        if (!mailboxes.TryGetValue(mailbox, out var found)) mailboxes[mailbox] = found = new();
        return found;
    }
}
