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

    public SortedDictionary<uint, JournalEntry> Entries { get; } = [];

    public SortedDictionary<int, string> Keywords { get; } = [];
}

internal sealed class JournalAccount
{
    public AccountRow? Row { get; set; }

    public Dictionary<long, JournalMailbox> Mailboxes { get; } = [];

    public SortedSet<string> Subscriptions { get; } = new(StringComparer.Ordinal);
}

/// <summary>Journal lines, replayed.</summary>
internal sealed class JournalState
{
    public Dictionary<long, JournalAccount> Accounts { get; } = [];

    public HashSet<long> GoneAccounts { get; } = [];

    /// <summary>Every email that ever had an entry: one without a live entry was expunged.</summary>
    public HashSet<long> SeenEmails { get; } = [];

    private readonly HashSet<(long Queue, int Number)> _queueDone = [];
    private readonly HashSet<(long Queue, int Number)> _queueLeft = [];
    private long _queueMark;

    /// <summary>Has this recipient of a queued message still to be served?</summary>
    public bool IsLeft(long queue, int number) =>
        !_queueDone.Contains((queue, number)) && (queue > _queueMark || _queueLeft.Contains((queue, number)));

    /// <summary>An email with an id up to this one that is not named was expunged.</summary>
    public long Mark { get; private set; }

    public long HighestUidValidity { get; private set; }

    public static JournalState Read(string dataFolder)
    {
        var state = new JournalState();
        foreach (var file in Journal.FilesToReplay(dataFolder))
            foreach (var block in Journal.Read(file)) state.Replay(block);
        return state;
    }

    private void Replay(ReadOnlySpan<byte> block)
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
            case JournalKind.Account:
                var row = new AccountRow(
                    new(first), from.Text(), (AccountState)from.Byte(), from.Byte() != 0, from.Long(), from.Long());
                if (!from.Bad) Account(first).Row = row;
                break;
            case JournalKind.AccountGone:
                Accounts.Remove(first);
                GoneAccounts.Add(first);
                break;
            case JournalKind.Mailbox:
                var mailbox = Mailbox(first, from.Long());
                mailbox.Name = from.Text();
                mailbox.Use = (SpecialUse)from.Byte();
                HighestUidValidity = Math.Max(HighestUidValidity, from.Long());
                break;
            case JournalKind.MailboxGone:
                Account(first).Mailboxes.Remove(from.Long());
                break;
            case JournalKind.Entry:
                ReplayEntry(first, ref from);
                break;
            case JournalKind.Flags:
                var changed = Mailbox(first, from.Long());
                var known = changed.Entries.GetValueOrDefault((uint)from.Long());
                var flags = ReadFlags(ref from);
                if (known is not null && !from.Bad) known.Flags = flags;
                break;
            case JournalKind.Expunged:
                Mailbox(first, from.Long()).Entries.Remove((uint)from.Long());
                break;
            case JournalKind.Keyword:
                var named = Mailbox(first, from.Long());
                named.Keywords[from.Int()] = from.Text();
                break;
            case JournalKind.Subscription:
                var name = from.Text();
                if (from.Byte() != 0) Account(first).Subscriptions.Add(name);
                else Account(first).Subscriptions.Remove(name);
                break;
            case JournalKind.QueueDone:
                _queueDone.Add((first, from.Int()));
                break;
            case JournalKind.EmailRefused:
                SeenEmails.Add(first);
                break;
            case JournalKind.QueueMark:
                _queueMark = Math.Max(_queueMark, first);
                break;
            case JournalKind.QueueLeft:
                _queueLeft.Add((first, from.Int()));
                break;
            case JournalKind.Mark:
                Mark = Math.Max(Mark, first);
                break;
            default:
                from = new([]);   // written by a version we do not know: leave the rest of the block
                break;
        }
    }

    private void ReplayEntry(long account, ref FieldReader from)
    {
        var mailbox = Mailbox(account, from.Long());
        var uid = (uint)from.Long();
        var email = from.Long();
        var flags = ReadFlags(ref from);
        var entry = new JournalEntry(email, from.Long(), from.Long()) { Flags = flags };
        if (from.Bad) return;
        mailbox.Entries[uid] = entry;
        SeenEmails.Add(email);
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
