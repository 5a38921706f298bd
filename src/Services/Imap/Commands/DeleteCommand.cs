using Aviso.Store;
namespace Aviso.Imap;

/// <summary>RFC 9051 §6.3.5.</summary>
internal static class DeleteCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.Mailbox(out var name) || !g.End()) return Completion.Syntax;
        if (name is null) return Completion.BadName;
        if (name == "INBOX") return Completion.No("CANNOT", "INBOX stays");
        if (await session.Mailboxes.FindMailboxAsync(session.Account, name, session.Cancel) is not { } info) return Completion.NoSuchMailbox;
        var error = await session.Mailboxes.DeleteMailboxAsync(session.Account, info.Id, session.Cancel);
        if (error == StoreError.Conflict) return Completion.No("HASCHILDREN", "Delete the mailboxes below it first");
        if (error != StoreError.None) return Completion.OfStore(error);
        if (session.Box?.Id == info.Id)
        {
            session.Select(null);
            session.Writer.Bytes("* OK [CLOSED] The selected mailbox was deleted\r\n"u8);
        }
        return Completion.Ok("Deleted");
    }
}
