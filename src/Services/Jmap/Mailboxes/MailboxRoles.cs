using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>RFC 8621 §2: a role is a special use of IMAP (RFC 6154, RFC 8457) in lower case.</summary>
internal static class MailboxRoles
{
    /// <summary>Null: none.</summary>
    public static string? Of(SpecialUse use) => use switch
    {
        SpecialUse.Inbox => "inbox",
        SpecialUse.Drafts => "drafts",
        SpecialUse.Sent => "sent",
        SpecialUse.Junk => "junk",
        SpecialUse.Trash => "trash",
        SpecialUse.Archive => "archive",
        SpecialUse.All => "all",
        SpecialUse.Flagged => "flagged",
        SpecialUse.Important => "important",
        _ => null,
    };

    /// <summary>False for one that no mailbox here can have.</summary>
    public static bool TryParse(string? role, out SpecialUse use)
    {
        use = SpecialUse.None;
        if (role is null) return true;
        for (var one = SpecialUse.Inbox; one <= SpecialUse.Important; one++)
        {
            if (Of(one) != role) continue;
            use = one;
            return true;
        }
        return false;
    }
}
