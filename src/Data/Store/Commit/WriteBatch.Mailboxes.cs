using Aviso.Store.Sqlite;

namespace Aviso.Store.Commit;

/// <summary>Changes of the mailbox tree.</summary>
internal sealed partial class WriteBatch
{
    public OpenMailbox CreateMailbox(OpenAccount account, string name, SpecialUse use)
    {
        var mailbox = new OpenMailbox
        {
            Id = ids.Next(),
            Name = name,
            Use = use,
            UidValidity = NextUidValidity(),
            HighestModSeq = NextModSeq(account),
        };
        Touch(account, tree: true);
        db.Use(Statements.InsertMailbox).Add(account.Id).Add(mailbox.Id).Add(name).Add((long)use).Add(mailbox.UidValidity)
            .Add(mailbox.HighestModSeq).Add(0).Run();
        account.Add(mailbox);
        Journal.Mailbox(account.Id, mailbox.Id, name, use, mailbox.UidValidity);
        return mailbox;
    }

    /// <summary>A mailbox as it was before a rebuild: id and UIDVALIDITY stay. What a client heard up to the account's modseq is told
    /// anew: below it nothing is known of expunges.</summary>
    public OpenMailbox RestoreMailbox(OpenAccount account, long id, string name, SpecialUse use, uint uidValidity)
    {
        var mailbox = new OpenMailbox { Id = id, Name = name, Use = use, UidValidity = uidValidity, HighestModSeq = account.ModSeq };
        Touch(account, tree: true);
        db.Use(Statements.InsertMailbox).Add(account.Id).Add(id).Add(name).Add((long)use).Add(uidValidity)
            .Add(account.ModSeq).Add(account.ModSeq).Run();
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

    public void RenameMailbox(OpenAccount account, OpenMailbox mailbox, string name)
    {
        Touch(account, tree: true);
        NextModSeq(account);
        account.ByName.Remove(mailbox.Name);
        mailbox.Name = name;
        account.ByName.Add(name, mailbox);
        db.Use(Statements.RenameMailbox).Add(name).Add(account.Id).Add(mailbox.Id).Run();
        Journal.Mailbox(account.Id, mailbox.Id, name, mailbox.Use, mailbox.UidValidity);
    }

    public void SetSpecialUse(OpenAccount account, OpenMailbox mailbox, SpecialUse use)
    {
        Touch(account, tree: true);
        NextModSeq(account);
        mailbox.Use = use;
        db.Use(Statements.SetSpecialUse).Add((long)use).Add(account.Id).Add(mailbox.Id).Run();
        Journal.Mailbox(account.Id, mailbox.Id, mailbox.Name, use, mailbox.UidValidity);
    }

    /// <summary>The mailbox goes with its entries; their emails wait for the end of the undelete window.</summary>
    public void DeleteMailbox(OpenAccount account, OpenMailbox mailbox)
    {
        Touch(account, tree: true);
        NextModSeq(account);
        foreach (var entry in Entries(account, mailbox)) DropEmail(account.Id, mailbox.Id, entry);
        account.Octets -= mailbox.Octets;
        account.Messages -= mailbox.Entries;
        db.Use(Statements.DeleteEntriesOf).Add(account.Id).Add(mailbox.Id).Run();
        db.Use(Statements.DeleteExpungesOf).Add(account.Id).Add(mailbox.Id).Run();
        db.Use(Statements.DeleteKeywords).Add(account.Id).Add(mailbox.Id).Run();
        db.Use(Statements.DeleteMetadata).Add(account.Id).Add(mailbox.Id).Run();
        db.Use(Statements.DeleteMailbox).Add(account.Id).Add(mailbox.Id).Run();
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
