using Aviso.Base;

namespace Aviso.Store.Commit;

/// <summary>A mailbox in a tree that is being thought out.</summary>
internal sealed class MailboxNode
{
    /// <summary>Null: it is not there yet.</summary>
    public OpenMailbox? Mailbox { get; init; }

    public required string Name { get; set; }

    public MailboxNode? Parent { get; set; }

    public MailboxNode? FirstParent { get; init; }

    public bool HasMoved => Parent != FirstParent;

    public SpecialUse Use { get; set; }

    public int SortOrder { get; set; }

    public bool Subscribed { get; set; }

    public bool IsInbox => Mailbox?.Use == SpecialUse.Inbox;

    /// <summary>As IMAP has it, all levels.</summary>
    public string Path => Parent is null ? MailboxName.Canonical(Name) : MailboxName.Canonical(Parent.Path + MailboxName.Separator + Name);

    public bool IsUnder(MailboxNode other)
    {
        for (var node = this; node is not null; node = node.Parent)
            if (node == other) return true;
        return false;
    }

    public int Depth => 1 + (Parent?.Depth ?? 0);
}

/// <summary>
/// The mailbox tree of an account as it would be: changes are made to it one after the other, and it says whether it may be so
/// (RFC 8621 §2: siblings have different names, one role has one mailbox, no loops).
/// </summary>
internal sealed class MailboxTree
{
    private readonly Dictionary<long, MailboxNode> _byId = [];
    private readonly MailboxNode?[] _created;
    private readonly MailboxSet _set;
    private readonly int _most;

    public MailboxTree(WriteBatch batch, OpenAccount account, MailboxSet set, int most)
    {
        (_set, _most, _created) = (set, most, new MailboxNode?[set.Create.Count]);
        foreach (var mailbox in account.ById.Values.OrderBy(mailbox => mailbox.Name, StringComparer.Ordinal))
        {
            var end = mailbox.Name.LastIndexOf(MailboxName.Separator);
            var parent = end < 0 ? null : account.ByName.GetValueOrDefault(mailbox.Name[..end]);
            var above = parent is null ? null : _byId[parent.Id];
            var node = new MailboxNode
            {
                Mailbox = mailbox,
                Name = parent is null ? mailbox.Name : mailbox.Name[(end + 1)..],
                Parent = above,
                FirstParent = above,
                Use = mailbox.Use,
                SortOrder = mailbox.SortOrder,
                Subscribed = batch.IsSubscribed(account, mailbox.Name),
            };
            _byId.Add(mailbox.Id, node);
            Nodes.Add(node);
        }
    }

    public HashSet<MailboxNode> Nodes { get; } = [];

    public MailboxNode? Created(int index) => _created[index];

    /// <summary>With all rules, for changes one after the other; without those that only the end must keep, for all at once.</summary>
    public MailboxProblem Create(int index, bool strict)
    {
        var made = _set.Create[index];
        MailboxNode? parent = null;
        if (made.Parent is { } named && (parent = Find(named)) is null) return MailboxProblem.NoParent;
        if (Nodes.Count >= _most) return MailboxProblem.TooMany;
        var node = new MailboxNode
        {
            Name = Nfc.Normalize(made.Name),
            Parent = parent,
            Use = made.Use,
            SortOrder = made.SortOrder,
            Subscribed = made.Subscribed,
        };
        if (Judge(node, strict) is var no and not MailboxProblem.None) return no;
        Nodes.Add(node);
        _created[index] = node;
        return MailboxProblem.None;
    }

    public MailboxProblem Update(MailboxUpdate update, bool strict)
    {
        if (Find(update.Mailbox) is not { } node) return MailboxProblem.NotFound;
        var before = (node.Name, node.Parent, node.Use, node.SortOrder, node.Subscribed);
        var no = Change(node, update);
        var isOther = before != (node.Name, node.Parent, node.Use, node.SortOrder, node.Subscribed);
        if (no == MailboxProblem.None && isOther) no = Judge(node, strict);
        if (no != MailboxProblem.None) (node.Name, node.Parent, node.Use, node.SortOrder, node.Subscribed) = before;
        return no;
    }

    public MailboxProblem Destroy(MailboxRef mailbox)
    {
        if (Find(mailbox) is not { } node) return MailboxProblem.NotFound;
        if (node.IsInbox) return MailboxProblem.IsInbox;
        if (Nodes.Any(child => child.Parent == node)) return MailboxProblem.HasChild;
        // Entries with \Deleted are not seen (RFC 8621 §4.1.1): they hold nothing up.
        if (!_set.DestroyRemovesEmails && node.Mailbox is { } there && there.Entries > there.Deleted) return MailboxProblem.HasEmail;
        Nodes.Remove(node);
        return MailboxProblem.None;
    }

    /// <summary>May the tree be as it is.</summary>
    public bool IsValid()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var uses = new HashSet<SpecialUse>();
        foreach (var node in Nodes)
        {
            if (HasLoop(node) || !names.Add(node.Path) || !MailboxName.IsValid(node.Path)) return false;
            if (node.Parent is { } parent && !Nodes.Contains(parent)) return false;
            if (node.Use != SpecialUse.None && !uses.Add(node.Use)) return false;
        }
        return true;
    }

    private MailboxNode? Find(MailboxRef mailbox)
    {
        var node = mailbox.Created < 0 ? _byId.GetValueOrDefault(mailbox.Id.Value) : _created[mailbox.Created];
        return node is not null && Nodes.Contains(node) ? node : null;
    }

    private MailboxProblem Change(MailboxNode node, MailboxUpdate update)
    {
        if (update.Name is { } name)
        {
            if (node.IsInbox && !node.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) return MailboxProblem.IsInbox;
            if (!node.IsInbox) node.Name = Nfc.Normalize(name);
        }
        if (update.Move is { } move)
        {
            MailboxNode? parent = null;
            if (move.To is { } named && (parent = Find(named)) is null) return MailboxProblem.NoParent;
            if (node.IsInbox && parent is not null) return MailboxProblem.IsInbox;
            node.Parent = parent;
        }
        if (update.Use is { } use && use != node.Use)
        {
            if (node.IsInbox || use == SpecialUse.Inbox) return MailboxProblem.IsInbox;
            node.Use = use;
        }
        node.SortOrder = update.SortOrder ?? node.SortOrder;
        node.Subscribed = update.Subscribed ?? node.Subscribed;
        return MailboxProblem.None;
    }

    private MailboxProblem Judge(MailboxNode node, bool strict)
    {
        if (!IsName(node.Name)) return MailboxProblem.BadName;
        if (node.Use == SpecialUse.Inbox && !node.IsInbox) return MailboxProblem.IsInbox;
        if (HasLoop(node)) return strict ? MailboxProblem.Loop : MailboxProblem.None;
        if (!strict) return MailboxProblem.None;
        foreach (var below in Nodes.Where(other => other.IsUnder(node)).Append(node))
        {
            if (below.Depth > MailboxName.MaxDepth) return MailboxProblem.TooDeep;
            if (!MailboxName.IsValid(below.Path)) return MailboxProblem.BadName;
        }
        var path = node.Path;
        if (Nodes.Any(other => other != node && other.Path == path)) return MailboxProblem.NameTaken;
        return node.Use != SpecialUse.None && Nodes.Any(other => other != node && other.Use == node.Use)
            ? MailboxProblem.UseTaken : MailboxProblem.None;
    }

    private static bool HasLoop(MailboxNode node)
    {
        var steps = 0;
        for (var at = node.Parent; at is not null; at = at.Parent)
            if (at == node || ++steps > 10_000) return true;
        return false;
    }

    // RFC 5198 §2: no control characters, the C1 ones included; NFC is made where the name comes in.
    private static bool IsName(string name) =>
        name.Length > 0 && !name.Contains(MailboxName.Separator, StringComparison.Ordinal) && !name.Any(char.IsControl)
        && name.AsSpan().Trim().Length > 0;
}
