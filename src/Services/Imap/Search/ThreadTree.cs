namespace Aviso.Imap;

/// <summary>What THREAD compares of one message.</summary>
/// <param name="Date">RFC 5256 §2.2: of the Date field, else INTERNALDATE; Unix seconds.</param>
internal sealed record ThreadRow(int Index, long Date, TextKey Subject, bool IsReply, TextKey MessageId, TextKey[] References);

/// <summary>A place in a thread; <see cref="Row"/> is null where the message is not among those searched.</summary>
internal sealed class ThreadNode(ThreadRow? row)
{
    public ThreadRow? Row { get; set; } = row;

    public ThreadNode? Parent { get; set; }

    public List<ThreadNode> Children { get; set; } = [];

    /// <summary>RFC 5256 §3 step 4: a dummy sorts by its first child.</summary>
    public (long Date, int Index) Order => Row is { } row ? (row.Date, row.Index) : Children.Count > 0 ? Children[0].Order : (0, 0);

    /// <summary>True when <paramref name="other"/> is this node or stands above it; also when that takes too long to see.</summary>
    public bool IsBelow(ThreadNode other)
    {
        var steps = 0;
        for (var node = this; node is not null; node = node.Parent)
        {
            if (ReferenceEquals(node, other) || ++steps > ThreadTree.MaxDepth) return true;
        }
        return false;
    }
}

/// <summary>RFC 5256 §3. No tree is deeper than <see cref="MaxDepth"/>: what is written here recurses.</summary>
internal static class ThreadTree
{
    /// <summary>Deeper replies hang from the last level: a forged chain must not cost more than its length.</summary>
    public const int MaxDepth = 200;

    public static List<ThreadNode> ByOrderedSubject(List<ThreadRow> rows)
    {
        var roots = new List<ThreadNode>();
        foreach (var group in rows.GroupBy(r => r.Subject))
        {
            var sorted = group.OrderBy(r => r.Date).ThenBy(r => r.Index).ToList();
            var root = new ThreadNode(sorted[0]);
            foreach (var row in sorted.Skip(1)) root.Children.Add(new(row) { Parent = root });
            roots.Add(root);
        }
        return [.. roots.OrderBy(r => r.Order)];
    }

    public static List<ThreadNode> ByReferences(List<ThreadRow> rows)
    {
        var byId = new Dictionary<TextKey, ThreadNode>();
        var all = new List<ThreadNode>(rows.Count);
        foreach (var row in rows) all.Add(Link(byId, row));
        var roots = new List<ThreadNode>();
        foreach (var node in all.Concat(byId.Values).Distinct())
        {
            if (node.Parent is null) roots.Add(node);
            else node.Parent.Children.Add(node);
        }
        Flatten(roots);
        roots = Prune(roots);
        roots = GatherSubjects(roots);
        foreach (var root in roots) SortChildren(root, 0);
        return [.. roots.OrderBy(r => r.Order)];
    }

    // Step 1: link each message below what it refers to.
    private static ThreadNode Link(Dictionary<TextKey, ThreadNode> byId, ThreadRow row)
    {
        ThreadNode node;
        if (row.MessageId != TextKey.None && byId.TryGetValue(row.MessageId, out var known) && known.Row is null)
        {
            node = known;
            node.Row = row;
        }
        else
        {
            node = new(row);
            // RFC 5256 §3 (1)(A): a second message with the same id counts as one with an id of its own.
            if (row.MessageId != TextKey.None) byId.TryAdd(row.MessageId, node);
        }
        ThreadNode? parent = null;
        foreach (var id in row.References)
        {
            if (!byId.TryGetValue(id, out var next)) byId[id] = next = new(null);
            // (1)(A): keep links that are there, make no loop.
            if (parent is not null && next.Parent is null && !parent.IsBelow(next)) next.Parent = parent;
            parent = next;
        }
        // (1)(B): the last reference is the parent, or nobody; what was guessed before is broken even when the new link would make a loop.
        node.Parent = null;
        if (parent is not null && !parent.IsBelow(node)) node.Parent = parent;
        return node;
    }

    // No recursion further down may go deeper than MaxDepth.
    private static void Flatten(List<ThreadNode> roots)
    {
        var open = new Stack<(ThreadNode Node, int Depth)>(roots.Select(r => (r, 1)));
        while (open.TryPop(out var at))
        {
            if (at.Depth == MaxDepth) at.Node.Children = Below(at.Node);
            else foreach (var child in at.Node.Children) open.Push((child, at.Depth + 1));
        }
    }

    private static List<ThreadNode> Below(ThreadNode node)
    {
        var all = new List<ThreadNode>();
        var open = new Stack<ThreadNode>(node.Children);
        while (open.TryPop(out var child))
        {
            foreach (var next in child.Children) open.Push(next);
            child.Children = [];
            all.Add(child);
        }
        return all;
    }

    // Step 3: drop dummies without children; put the children of others in their place.
    private static List<ThreadNode> Prune(List<ThreadNode> roots)
    {
        var kept = new List<ThreadNode>();
        foreach (var root in roots)
        {
            PruneChildren(root, 0);
            if (root.Row is not null || root.Children.Count > 1) kept.Add(root);
            else if (root.Children.Count == 1)
            {
                root.Children[0].Parent = null;
                kept.Add(root.Children[0]);
            }
        }
        return kept;
    }

    private static void PruneChildren(ThreadNode node, int depth)
    {
        if (depth > MaxDepth * 2) return;
        var kept = new List<ThreadNode>();
        foreach (var child in node.Children)
        {
            PruneChildren(child, depth + 1);
            if (child.Row is not null) kept.Add(child);
            else kept.AddRange(child.Children);
        }
        foreach (var child in kept) child.Parent = node;
        node.Children = kept;
    }

    // Step 5: roots of one base subject belong together.
    private static List<ThreadNode> GatherSubjects(List<ThreadNode> roots)
    {
        foreach (var root in roots) SortChildren(root, 0);
        var ordered = roots.OrderBy(r => r.Order).ToList();
        var table = new Dictionary<TextKey, ThreadNode>();
        foreach (var root in ordered)
        {
            var subject = SubjectOf(root);
            if (subject == TextKey.None) continue;
            if (!table.TryGetValue(subject, out var there) ||
                (root.Row is null && there.Row is not null) ||
                (there.Row is { IsReply: true } && root.Row is { IsReply: false })) table[subject] = root;
        }
        var gone = new HashSet<ThreadNode>();
        var replaced = new Dictionary<ThreadNode, ThreadNode>();
        foreach (var root in ordered)
        {
            var subject = SubjectOf(root);
            if (subject == TextKey.None || !table.TryGetValue(subject, out var there) || ReferenceEquals(there, root)) continue;
            table[subject] = Merge(there, root, gone, replaced);
        }
        return [.. ordered.Select(r => replaced.TryGetValue(r, out var dummy) ? dummy : r).Where(r => !gone.Contains(r)).Distinct()];
    }

    private static ThreadNode Merge(
        ThreadNode there, ThreadNode root, HashSet<ThreadNode> gone, Dictionary<ThreadNode, ThreadNode> replaced)
    {
        gone.Add(root);
        if (there.Row is null && root.Row is null)
        {
            foreach (var child in root.Children) child.Parent = there;
            there.Children.AddRange(root.Children);
            return there;
        }
        if (there.Row is null || root.Row is { IsReply: true } && there.Row is { IsReply: false })
        {
            root.Parent = there;
            there.Children.Add(root);
            return there;
        }
        var dummy = new ThreadNode(null);
        there.Parent = root.Parent = dummy;
        dummy.Children = [there, root];
        replaced[there] = dummy;
        return dummy;
    }

    private static TextKey SubjectOf(ThreadNode root) =>
        (root.Row ?? (root.Children.Count > 0 ? root.Children[0].Row : null))?.Subject ?? TextKey.None;

    private static void SortChildren(ThreadNode node, int depth)
    {
        if (node.Children.Count == 0 || depth > MaxDepth * 2) return;
        foreach (var child in node.Children) SortChildren(child, depth + 1);
        if (node.Children.Count > 1) node.Children = [.. node.Children.OrderBy(c => c.Order)];
    }

    /// <summary>thread-list = "(" (thread-members / thread-nested) ")"</summary>
    public static void Write(ResponseWriter writer, ThreadNode root, Func<int, uint> number)
    {
        writer.Byte('(');
        var node = root;
        var first = true;
        while (true)
        {
            if (node.Row is { } row)
            {
                if (!first) writer.Byte(' ');
                writer.Number(number(row.Index));
                first = false;
            }
            if (node.Children.Count != 1 || node.Row is null) break;
            node = node.Children[0];
        }
        if (node.Children.Count > 0 && !first) writer.Byte(' ');
        foreach (var child in node.Children) Write(writer, child, number);
        writer.Byte(')');
    }
}
