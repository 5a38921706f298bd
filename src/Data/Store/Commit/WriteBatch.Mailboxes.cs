using Aviso.Store.Sqlite;

namespace Aviso.Store.Commit;

/// <summary>Changes of the mailbox tree.</summary>
internal sealed partial class WriteBatch
{
    /// <param name="uidValidity">As another server had it; null: a new one.</param>
    public OpenMailbox CreateMailbox(OpenAccount account, string name, SpecialUse use, uint? uidValidity = null)
    {
        var modSeq = NextModSeq(account);
        var mailbox = new OpenMailbox
        {
            Id = ids.Next(),
            Name = name,
            Use = use,
            UidValidity = uidValidity is { } given ? TakeUidValidity(given) : NextUidValidity(),
            HighestModSeq = modSeq,
            CreatedModSeq = modSeq,
            TreeModSeq = modSeq,
        };
        Touch(account, tree: true);
        db.Use(Statements.InsertMailbox).Add(account.Id).Add(mailbox.Id).Add(name).Add((long)use).Add(mailbox.UidValidity)
            .Add(modSeq).Add(0).Add(modSeq).Add(modSeq).Add(0).Run();
        account.Add(mailbox);
        Journal.Mailbox(account.Id, mailbox.Id, name, use, mailbox.UidValidity);
        return mailbox;
    }

    /// <summary>A mailbox as it was before a rebuild: id and UIDVALIDITY stay. What a client heard up to the account's modseq is told
    /// anew: below it nothing is known of expunges.</summary>
    public OpenMailbox RestoreMailbox(OpenAccount account, long id, string name, SpecialUse use, uint uidValidity, int sortOrder)
    {
        var mailbox = new OpenMailbox
        {
            Id = id,
            Name = name,
            Use = use,
            UidValidity = uidValidity,
            HighestModSeq = account.ModSeq,
            CreatedModSeq = account.ModSeq,
            TreeModSeq = account.ModSeq,
            SortOrder = sortOrder,
        };
        Touch(account, tree: true);
        db.Use(Statements.InsertMailbox).Add(account.Id).Add(id).Add(name).Add((long)use).Add(uidValidity)
            .Add(account.ModSeq).Add(account.ModSeq).Add(account.ModSeq).Add(account.ModSeq).Add(sortOrder).Run();
        account.Add(mailbox);
        Journal.Mailbox(account.Id, id, name, use, uidValidity);
        return mailbox;
    }

    /// <summary>Creates the levels above the name that do not exist.</summary>
    public void CreateParents(OpenAccount account, string name)
    {
        for (var at = name.IndexOf(MailboxName.Separator); at > 0; at = name.IndexOf(MailboxName.Separator, at + 1))
        {
            var parent = name[..at];
            if (!account.ByName.ContainsKey(parent)) CreateMailbox(account, parent, SpecialUse.None);
        }
    }

    /// <param name="below">Only a level above has another name: the mailbox keeps its own and its parent (RFC 8621 §2), and changes only
    /// where a subscription of either name makes it.</param>
    public void RenameMailbox(OpenAccount account, OpenMailbox mailbox, string name, bool below = false)
    {
        if (!below || IsSubscribed(account, mailbox.Name) != IsSubscribed(account, name)) mailbox.TreeModSeq = NextModSeq(account);
        PutName(account, mailbox, name);
    }

    /// <summary>A new name that is not told as a change of the mailbox.</summary>
    public void PutName(OpenAccount account, OpenMailbox mailbox, string name)
    {
        account.ByName.Remove(mailbox.Name);
        mailbox.Name = name;
        account.ByName.Add(name, mailbox);
        WriteTree(account, mailbox);
    }

    public void SetSpecialUse(OpenAccount account, OpenMailbox mailbox, SpecialUse use)
    {
        mailbox.Use = use;
        TellTree(account, mailbox);
    }

    public void SetSortOrder(OpenAccount account, OpenMailbox mailbox, int order)
    {
        mailbox.SortOrder = order;
        TellTree(account, mailbox);
        Journal.SortOrder(account.Id, mailbox.Id, order);
    }

    /// <summary>False when it was so already. A name need not have a mailbox; where it has one, the mailbox changes.</summary>
    public bool SetSubscribed(OpenAccount account, string name, bool subscribed)
    {
        if (db.Use(subscribed ? Statements.Subscribe : Statements.Unsubscribe).Add(account.Id).Add(name).RunCounting() == 0) return false;
        Journal.Subscription(account.Id, name, subscribed);
        Touch(account, tree: true);
        if (account.ByName.TryGetValue(name, out var mailbox)) TellTree(account, mailbox);
        return true;
    }

    /// <summary>What the mailbox is called or shown as has changed.</summary>
    public void TellTree(OpenAccount account, OpenMailbox mailbox)
    {
        mailbox.TreeModSeq = NextModSeq(account);
        WriteTree(account, mailbox);
    }

    public bool IsSubscribed(OpenAccount account, string name) =>
        db.Use(Statements.IsSubscribed).Add(account.Id).Add(name).Number() is not null;

    private void WriteTree(OpenAccount account, OpenMailbox mailbox)
    {
        Touch(account, tree: true);
        db.Use(Statements.SetTree).Add(mailbox.Name).Add((long)mailbox.Use).Add(mailbox.SortOrder).Add(mailbox.TreeModSeq)
            .Add(account.Id).Add(mailbox.Id).Run();
        Journal.Mailbox(account.Id, mailbox.Id, mailbox.Name, mailbox.Use, mailbox.UidValidity);
    }

    /// <summary>The mailbox goes with its entries; their emails wait for the end of the undelete window.</summary>
    public void DeleteMailbox(OpenAccount account, OpenMailbox mailbox)
    {
        Touch(account, tree: true);
        var modSeq = NextModSeq(account);
        foreach (var entry in Entries(account, mailbox))
        {
            DropEmail(account.Id, mailbox, entry, modSeq);
            EntryRemoved(account, mailbox, entry, keepsEmail: false);
        }
        account.Octets -= mailbox.Octets;
        account.Messages -= mailbox.Entries;
        db.Use(Statements.DeleteEntriesOf).Add(account.Id).Add(mailbox.Id).Run();
        db.Use(Statements.DeleteExpungesOf).Add(account.Id).Add(mailbox.Id).Run();
        db.Use(Statements.DeleteKeywords).Add(account.Id).Add(mailbox.Id).Run();
        db.Use(Statements.DeleteMetadata).Add(account.Id).Add(mailbox.Id).Run();
        db.Use(Statements.DeleteMailbox).Add(account.Id).Add(mailbox.Id).Run();
        db.Use(Statements.InsertMailboxGone).Add(account.Id).Add(modSeq).Add(mailbox.Id).Add(mailbox.CreatedModSeq).Add(Now).Run();
        Delta(account, mailbox).Gone = true;
        account.ByName.Remove(mailbox.Name);
        account.ById.Remove(mailbox.Id);
        Journal.MailboxGone(account.Id, mailbox.Id);
    }

    public List<Entry> Entries(OpenAccount account, OpenMailbox mailbox)
    {
        var entries = new List<Entry>(mailbox.Entries);
        using var row = db.Use(Statements.EntriesOf).Add(account.Id).Add(mailbox.Id);
        while (row.Step()) entries.Add(EntryColumns.Read(row));
        return entries;
    }
}
