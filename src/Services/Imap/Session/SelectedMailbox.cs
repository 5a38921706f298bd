using Aviso.Store;

namespace Aviso.Imap;

/// <summary>What a client believes about one message's flags after an answer that went ahead of the view.</summary>
internal readonly record struct Believed(EntryFlags Flags, long ModSeq);

/// <summary>
/// A session's selected mailbox: the view its sequence numbers refer to, and what it was told beyond that view. The view is
/// replaced only by <see cref="NewsReport"/>.
/// </summary>
internal sealed class SelectedMailbox(MailboxInfo info, MailboxView view, bool readOnly)
{
    private readonly List<NumberRange> _recent = [];
    private Dictionary<uint, Believed>? _believed;

    public MailboxId Id => info.Id;

    public string Name => info.Name;

    public bool ReadOnly => readOnly;

    public MailboxView View { get; private set; } = view;

    /// <summary>How many keywords the last FLAGS response named.</summary>
    public int KeywordsTold { get; set; } = view.Keywords.Count;

    /// <summary>EXISTS as the client last heard it.</summary>
    public int ExistsTold { get; set; } = view.Count;

    /// <summary>Expunges wait to be told: HIGHESTMODSEQ was said lower than what was told otherwise.</summary>
    public bool NewsHeld { get; set; }

    /// <summary>RFC 5182 "$": UIDs in growing order.</summary>
    public IReadOnlyList<uint> Saved { get; set; } = [];

    /// <summary>Searches whose changes the client asked for (RFC 5267).</summary>
    public List<SearchContext> Contexts { get; } = [];

    /// <summary>The newest view seen for names of keywords; may be ahead of <see cref="View"/>.</summary>
    public IReadOnlyList<string> Keywords { get; set; } = view.Keywords;

    public void AddRecent(uint first, uint uidNext)
    {
        if (first < uidNext) _recent.Add(new(first, uidNext - 1));
    }

    public bool IsRecent(uint uid)
    {
        for (var i = _recent.Count - 1; i >= 0; i--)
        {
            if (uid >= _recent[i].First && uid <= _recent[i].Last) return true;
        }
        return false;
    }

    public int RecentCount()
    {
        if (_recent.Count == 0) return 0;
        var count = 0;
        foreach (var (first, last) in SequenceSet.Of([.. _recent]).Resolve(View, uid: true)) count += last - first + 1;
        return count;
    }

    /// <summary>The client knows these flags of this message (it was told, or it asked for them with .SILENT).</summary>
    public void Tell(uint uid, EntryFlags flags, long modSeq) => (_believed ??= [])[uid] = new(flags, modSeq);

    public Believed BelievedOf(in Entry entry) =>
        _believed is not null && _believed.TryGetValue(entry.Uid, out var told) ? told : new(entry.Flags, entry.ModSeq);

    public bool HasBeliefs => _believed is { Count: > 0 };

    public void MoveTo(MailboxView next)
    {
        View = next;
        Keywords = next.Keywords;
        _believed = null;
    }

    /// <summary>Message set to index ranges in the present view; "$" is the saved result.</summary>
    public List<(int First, int Last)> Resolve(SequenceSet set, bool uid) =>
        set.IsSaved ? SequenceSet.OfSorted(Saved).Resolve(View, uid: true) : set.Resolve(View, uid);

    public List<uint> Uids(List<(int First, int Last)> indexes)
    {
        var uids = new List<uint>();
        foreach (var (first, last) in indexes)
        {
            for (var i = first; i <= last; i++) uids.Add(View[i].Uid);
        }
        return uids;
    }
}
