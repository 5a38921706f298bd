namespace Aviso.Jmap;

/// <summary>What a Mailbox object counts (RFC 8621 §2).</summary>
/// <param name="ChangedAt">The account's state when any of them last changed, as far as this picture was carried on.</param>
internal readonly record struct MailboxCounts(int TotalEmails, int UnreadEmails, int TotalThreads, int UnreadThreads, long ChangedAt)
{
    public bool Equal(MailboxCounts other) => this == other with { ChangedAt = ChangedAt };
}

/// <summary>Counts by number of mailbox, while threads are added and taken away.</summary>
internal sealed class MailboxCounting(IReadOnlyList<MailboxCounts> before, int mailboxes, int trash)
{
    /// <summary>Number of the mailbox with the role trash, or -1.</summary>
    public int Trash { get; set; } = trash;

    private readonly MailboxCounts[] _counts = [.. before, .. new MailboxCounts[mailboxes - before.Count]];
    private readonly int[] _lastThread = new int[mailboxes];
    private readonly List<ushort> _in = [];
    private int _thread;

    /// <summary>Adds (1) or takes away (-1) a thread with all its emails.</summary>
    public void Count(AccountMail mail, IEnumerable<int> slots, int sign)
    {
        _thread++;
        _in.Clear();
        bool unreadOutside = false, unreadInTrash = false;
        foreach (var slot in slots)
        {
            ref readonly var row = ref mail.Rows[slot];
            var unread = row.IsUnread;
            if (row.Mailbox != EmailRow.Several) Email(row.Mailbox, unread);
            else
            {
                foreach (var number in mail.NumbersOf(row)) Email(number, unread);
            }
        }
        // RFC 8621 §2: what is only in the trash counts there alone, and what is not in it counts elsewhere.
        foreach (var number in _in)
        {
            ref var counts = ref _counts[number];
            counts = counts with
            {
                TotalThreads = counts.TotalThreads + sign,
                UnreadThreads = counts.UnreadThreads + ((number == Trash ? unreadInTrash : unreadOutside) ? sign : 0),
            };
        }

        void Email(ushort number, bool unread)
        {
            ref var counts = ref _counts[number];
            counts = counts with
            {
                TotalEmails = counts.TotalEmails + sign,
                UnreadEmails = counts.UnreadEmails + (unread ? sign : 0),
            };
            if (unread && number == Trash) unreadInTrash = true;
            if (unread && number != Trash) unreadOutside = true;
            if (_lastThread[number] == _thread) return;
            _lastThread[number] = _thread;
            _in.Add(number);
        }
    }

    /// <summary>The counts, each with when it changed.</summary>
    public MailboxCounts[] Finish(long state)
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            if (!_counts[i].Equal(i < before.Count ? before[i] : default)) _counts[i] = _counts[i] with { ChangedAt = state };
        }
        return _counts;
    }
}
