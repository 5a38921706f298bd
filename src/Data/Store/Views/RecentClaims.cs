namespace Aviso.Store.Views;

/// <summary>
/// Up to which UID a session has claimed \Recent where no commit has written it down yet. Nobody waits for the disk to open a mailbox:
/// after a crash in between, the next session hears of these messages as recent again, which RFC 3501 §2.3.2 prefers to never.
/// </summary>
internal sealed class RecentClaims
{
    private readonly Lock _door = new();
    private readonly Dictionary<long, uint> _claimed = [];

    /// <summary>The first recent UID for who asks now; <paramref name="next"/> when all are claimed.</summary>
    /// <param name="first">As the mailbox was seen.</param>
    public uint Claim(long mailbox, uint first, uint next)
    {
        lock (_door)
        {
            first = Math.Max(first, _claimed.GetValueOrDefault(mailbox));
            if (first < next) _claimed[mailbox] = next;
            return Math.Min(first, next);
        }
    }

    /// <summary>The first recent UID of a mailbox whose row says <paramref name="written"/>.</summary>
    public uint Of(long mailbox, uint written)
    {
        lock (_door) return Math.Max(written, _claimed.GetValueOrDefault(mailbox));
    }

    public void Written(long mailbox, uint upTo)
    {
        lock (_door)
        {
            if (_claimed.GetValueOrDefault(mailbox) <= upTo) _claimed.Remove(mailbox);
        }
    }
}
