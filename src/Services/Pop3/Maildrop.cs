using Aviso.Store;

namespace Aviso.Pop3;

/// <summary>
/// INBOX as it was when the session began (RFC 1939 §4): message n is the n-th of that picture, whatever others do meanwhile. What DELE
/// marks is only remembered here until QUIT.
/// </summary>
/// <param name="inbox">Whose picture it is.</param>
internal sealed class Maildrop(MailboxId inbox, MailboxView view)
{
    private readonly HashSet<int> _deleted = [];
    private readonly HashSet<uint> _fetched = [];

    public MailboxId Inbox => inbox;

    public uint UidValidity => view.UidValidity;

    /// <summary>The highest message number.</summary>
    public int Last => view.Count;

    /// <summary>Messages that are not marked.</summary>
    public int Count => view.Count - _deleted.Count;

    /// <summary>UIDs of what DELE marked, growing.</summary>
    public IReadOnlyList<uint> Deleted => [.. _deleted.Order().Select(n => view[n - 1].Uid)];

    /// <summary>Octets of the messages that are not marked.</summary>
    public long Octets()
    {
        var octets = 0L;
        for (var n = 1; n <= Last; n++)
        {
            if (!_deleted.Contains(n)) octets += view[n - 1].Size;
        }
        return octets;
    }

    /// <summary>Message <paramref name="number"/>, 1 or more; false when there is none or it is marked as deleted.</summary>
    public bool TryFind(int number, out Entry entry)
    {
        entry = default;
        if (number < 1 || number > Last || _deleted.Contains(number)) return false;
        entry = view[number - 1];
        return true;
    }

    public bool Delete(int number) => TryFind(number, out _) && _deleted.Add(number);

    /// <summary>RSET: no mark is left.</summary>
    public void Undelete() => _deleted.Clear();

    /// <summary>The client has all of it.</summary>
    public void Fetched(Entry entry)
    {
        if (!entry.Flags.System.HasFlag(SystemFlags.Seen)) _fetched.Add(entry.Uid);
    }

    /// <summary>UIDs that became read since this was asked last, growing.</summary>
    public IReadOnlyList<uint> TakeFetched()
    {
        IReadOnlyList<uint> uids = [.. _fetched.Order()];
        _fetched.Clear();
        return uids;
    }
}
