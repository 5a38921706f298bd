using Aviso.Store;

namespace Aviso.Imap;

[Flags]
internal enum StatusItems
{
    None = 0, Messages = 1, UidNext = 2, UidValidity = 4, Unseen = 8, Deleted = 16, Size = 32, Recent = 64, HighestModSeq = 128,
    AppendLimit = 256, MailboxId = 512, DeletedStorage = 1024,
}

internal ref partial struct Grammar
{
    // RFC 6154 §6: create-param =/ "USE" SP "(" [use-attr *(SP use-attr)] ")"
    public bool CreateParameters(out SpecialUse? use)
    {
        use = SpecialUse.None;
        if (AtEnd) return true;
        if (!Sp() || !Char((byte)'(') || !Word("USE"u8) || !Sp() || !Char((byte)'(')) return false;
        for (var count = 0; !Char((byte)')'); count++)
        {
            if ((count > 0 && !Sp()) || !Char((byte)'\\') || !Atom(out var name)) return false;
            // One mailbox has one use here.
            use = count == 0 ? SpecialUses.Find(name) : null;
        }
        return Char((byte)')');
    }

    // status-att list in parentheses
    public bool StatusItems(out StatusItems items)
    {
        items = Imap.StatusItems.None;
        if (!Char((byte)'(')) return false;
        do
        {
            if (!StatusItem(out var item)) return false;
            items |= item;
        }
        while (Sp());
        return Char((byte)')');
    }

    private bool StatusItem(out StatusItems item)
    {
        item =
            Word("MESSAGES"u8) ? Imap.StatusItems.Messages
            : Word("UIDNEXT"u8) ? Imap.StatusItems.UidNext
            : Word("UIDVALIDITY"u8) ? Imap.StatusItems.UidValidity
            : Word("UNSEEN"u8) ? Imap.StatusItems.Unseen
            : Word("DELETED-STORAGE"u8) ? Imap.StatusItems.DeletedStorage
            : Word("DELETED"u8) ? Imap.StatusItems.Deleted
            : Word("SIZE"u8) ? Imap.StatusItems.Size
            : Word("RECENT"u8) ? Imap.StatusItems.Recent
            : Word("HIGHESTMODSEQ"u8) ? Imap.StatusItems.HighestModSeq
            : Word("APPENDLIMIT"u8) ? Imap.StatusItems.AppendLimit
            : Word("MAILBOXID"u8) ? Imap.StatusItems.MailboxId
            : Imap.StatusItems.None;
        return item != Imap.StatusItems.None;
    }
}

/// <summary>RFC 6154 §2 attributes.</summary>
internal static class SpecialUses
{
    /// <summary>Null for what a client cannot give.</summary>
    public static SpecialUse? Find(ReadOnlySpan<byte> name) => Grammar.AsAscii(name).ToUpperInvariant() switch
    {
        "DRAFTS" => SpecialUse.Drafts,
        "SENT" => SpecialUse.Sent,
        "JUNK" => SpecialUse.Junk,
        "TRASH" => SpecialUse.Trash,
        "ARCHIVE" => SpecialUse.Archive,
        "IMPORTANT" => SpecialUse.Important,
        _ => null,
    };

    /// <summary>The attribute, or empty.</summary>
    public static ReadOnlySpan<byte> Attribute(SpecialUse use) => use switch
    {
        SpecialUse.Drafts => "\\Drafts"u8,
        SpecialUse.Sent => "\\Sent"u8,
        SpecialUse.Junk => "\\Junk"u8,
        SpecialUse.Trash => "\\Trash"u8,
        SpecialUse.Archive => "\\Archive"u8,
        SpecialUse.All => "\\All"u8,
        SpecialUse.Flagged => "\\Flagged"u8,
        SpecialUse.Important => "\\Important"u8,
        _ => default,
    };
}
