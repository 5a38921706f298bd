using Aviso.Store;

namespace Aviso.Imap;

/// <summary>An account's mailboxes by name, with the names that exist only because something is below them.</summary>
internal sealed class MailboxTree
{
    private readonly HashSet<string> _parents = new(StringComparer.Ordinal);

    private MailboxTree(SortedDictionary<string, MailboxInfo?> names, HashSet<string> subscribed)
    {
        Names = names;
        Subscribed = subscribed;
    }

    /// <summary>Sorted, INBOX first; null where no mailbox stands at the name.</summary>
    public SortedDictionary<string, MailboxInfo?> Names { get; }

    public HashSet<string> Subscribed { get; }

    public static async ValueTask<MailboxTree> ReadAsync(ImapSession session, bool subscriptions)
    {
        var mailboxes = await session.Mailboxes.ListMailboxesAsync(session.Account, session.Cancel);
        var names = new SortedDictionary<string, MailboxInfo?>(InboxFirst.Instance);
        foreach (var info in mailboxes) names[info.Name] = info;
        var subscribed = new HashSet<string>(StringComparer.Ordinal);
        if (subscriptions) subscribed.UnionWith(await session.Mailboxes.ListSubscriptionsAsync(session.Account, session.Cancel));
        var tree = new MailboxTree(names, subscribed);
        foreach (var info in mailboxes) tree.AddParents(info.Name, exists: true);
        return tree;
    }

    public bool HasChildren(string name) => _parents.Contains(name);

    /// <summary>Adds a name that no mailbox has (a subscription), and the levels above it.</summary>
    public void AddMissing(string name)
    {
        Names.TryAdd(name, null);
        AddParents(name, exists: false);
    }

    private void AddParents(string name, bool exists)
    {
        for (var at = name.LastIndexOf('/'); at > 0; at = name.LastIndexOf('/', at - 1))
        {
            var parent = name[..at];
            if (exists ? !_parents.Add(parent) : Names.ContainsKey(parent)) return;
            Names.TryAdd(parent, null);
        }
    }

    private sealed class InboxFirst : IComparer<string>
    {
        public static readonly InboxFirst Instance = new();

        public int Compare(string? a, string? b)
        {
            if (a == "INBOX" || b == "INBOX") return a == b ? 0 : a == "INBOX" ? -1 : 1;
            return string.CompareOrdinal(a, b);
        }
    }
}
