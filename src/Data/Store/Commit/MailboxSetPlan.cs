namespace Aviso.Store.Commit;

/// <summary>One <see cref="MailboxSet"/>: thought out on a tree first, then written.</summary>
internal sealed class MailboxSetPlan(WriteBatch batch, OpenAccount account, MailboxSet set, int most)
{
    private readonly MailboxProblem[] _created = new MailboxProblem[set.Create.Count];
    private readonly MailboxProblem[] _updated = new MailboxProblem[set.Update.Count];
    private readonly MailboxProblem[] _destroyed = new MailboxProblem[set.Destroy.Count];

    public Outcome<MailboxesSet> Apply()
    {
        var old = account.ModSeq;
        if (set.IfInState is { } state && state != old) return StoreError.StateMismatch;
        var tree = Think(strict: false);
        if (!tree.IsValid()) tree = Think(strict: true);
        var made = Write(tree);
        return new MailboxesSet(
            old, account.ModSeq, [.. _created.Select((problem, i) => (problem, made[i]))], _updated, _destroyed);
    }

    private MailboxTree Think(bool strict)
    {
        var tree = new MailboxTree(batch, account, set, most);
        foreach (var i in InOrder()) _created[i] = tree.Create(i, strict);
        for (var i = 0; i < _updated.Length; i++) _updated[i] = tree.Update(set.Update[i], strict);
        Destroy(tree);
        return tree;
    }

    /// <summary>Creates, a parent before its children (RFC 8620 §5.3); those that name one another come last and find no parent.</summary>
    private List<int> InOrder()
    {
        var order = new List<int>(set.Create.Count);
        var done = new bool[set.Create.Count];
        for (var before = -1; order.Count > before;)
        {
            before = order.Count;
            for (var i = 0; i < done.Length; i++)
            {
                var parent = set.Create[i].Parent?.Created ?? -1;
                if (done[i] || (parent >= 0 && !done[parent])) continue;
                done[i] = true;
                order.Add(i);
            }
        }
        for (var i = 0; i < done.Length; i++)
            if (!done[i]) order.Add(i);
        return order;
    }

    /// <summary>Children go before their parents, in whatever order they are named.</summary>
    private void Destroy(MailboxTree tree)
    {
        Array.Fill(_destroyed, MailboxProblem.HasChild);
        for (var before = -1; Array.FindAll(_destroyed, problem => problem == MailboxProblem.None).Length is var gone && gone > before;)
        {
            before = gone;
            for (var i = 0; i < _destroyed.Length; i++)
                if (_destroyed[i] == MailboxProblem.HasChild) _destroyed[i] = tree.Destroy(set.Destroy[i]);
        }
    }

    private MailboxId[] Write(MailboxTree tree)
    {
        foreach (var gone in account.ById.Values.Except(tree.Nodes.Select(node => node.Mailbox).OfType<OpenMailbox>())
            .OrderByDescending(mailbox => mailbox.Name.Length).ToArray())
        {
            batch.SetSubscribed(account, gone.Name, subscribed: false);
            batch.DeleteMailbox(account, gone);
        }
        Rename([.. tree.Nodes.Where(node => node.Mailbox is { } mailbox && mailbox.Name != node.Path)]);
        foreach (var node in tree.Nodes)
        {
            if (node.Mailbox is { } mailbox && mailbox.Use != node.Use) batch.SetSpecialUse(account, mailbox, SpecialUse.None);
        }
        var made = new MailboxId[_created.Length];
        foreach (var i in InOrder())
            if (tree.Created(i) is { } node && tree.Nodes.Contains(node)) made[i] = Create(node);
        foreach (var node in tree.Nodes)
            if (node.Mailbox is { } mailbox) Show(node, mailbox);
        return made;
    }

    /// <summary>By way of names that nobody has, since two may change theirs. Subscriptions, which belong to names, go along.</summary>
    private void Rename(MailboxNode[] moved)
    {
        var before = moved.Select(node => node.Mailbox!.Name).ToArray();
        for (var i = 0; i < moved.Length; i++) batch.PutName(account, moved[i].Mailbox!, "\u0001" + i);
        foreach (var name in before) batch.SetSubscribed(account, name, subscribed: false);
        for (var i = 0; i < moved.Length; i++)
        {
            var (node, path) = (moved[i], moved[i].Path);
            batch.SetSubscribed(account, path, node.Subscribed);
            batch.PutName(account, node.Mailbox!, path);
            if (IsTold(before[i], node)) batch.TellTree(account, node.Mailbox!);
        }
    }

    /// <summary>RFC 8621 §2: a mailbox changes with its own name and its parent, not with the names above.</summary>
    private static bool IsTold(string before, MailboxNode node)
    {
        var end = before.LastIndexOf(MailboxName.Separator);
        return before[(end + 1)..] != node.Name || node.HasMoved;
    }

    private MailboxId Create(MailboxNode node)
    {
        var path = node.Path;
        batch.SetSubscribed(account, path, node.Subscribed);
        var mailbox = batch.CreateMailbox(account, path, node.Use);
        if (node.SortOrder != 0) batch.SetSortOrder(account, mailbox, node.SortOrder);
        return new(mailbox.Id);
    }

    private void Show(MailboxNode node, OpenMailbox mailbox)
    {
        if (mailbox.Use != node.Use) batch.SetSpecialUse(account, mailbox, node.Use);
        if (mailbox.SortOrder != node.SortOrder) batch.SetSortOrder(account, mailbox, node.SortOrder);
        if (batch.IsSubscribed(account, mailbox.Name) != node.Subscribed) batch.SetSubscribed(account, mailbox.Name, node.Subscribed);
    }
}
