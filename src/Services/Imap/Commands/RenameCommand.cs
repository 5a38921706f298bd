namespace Aviso.Imap;

/// <summary>RFC 9051 §6.3.6; renaming INBOX moves what is in it and leaves an empty INBOX.</summary>
internal static class RenameCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.Mailbox(out var from) || !g.Sp() || !g.Mailbox(out var to) || !g.End()) return Completion.Syntax;
        if (from is null || to is null) return Completion.BadName;
        if (to.EndsWith('/')) to = to[..^1];
        if (session.Scope?.Sees(to) == false) return Completion.NotAllowed;
        if (MailboxName.WhyNot(to) is { } reason) return Completion.No("CANNOT", reason);
        if (to == "INBOX" || to == from) return Completion.No("ALREADYEXISTS", "That mailbox exists");
        if (from != "INBOX" && to.StartsWith(from + "/", StringComparison.Ordinal))
            return Completion.No("CANNOT", "A mailbox cannot go below itself");
        if (await session.Mailboxes.FindMailboxAsync(session.Account, from, session.Cancel) is not { } info) return Completion.NoSuchMailbox;
        var error = await session.Mailboxes.RenameMailboxAsync(session.Account, info.Id, to, session.Cancel);
        return error == Store.StoreError.None ? Completion.Ok("Renamed") : Completion.OfStore(error);
    }
}
