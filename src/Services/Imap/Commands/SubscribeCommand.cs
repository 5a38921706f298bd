namespace Aviso.Imap;

/// <summary>RFC 9051 §6.3.7 SUBSCRIBE and §6.3.8 UNSUBSCRIBE: a name need not exist.</summary>
internal static class SubscribeCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.Mailbox(out var name) || !g.End()) return Completion.Syntax;
        if (name is null) return Completion.BadName;
        if (session.Scope?.Sees(name) == false) return Completion.NotAllowed;
        var subscribe = command.Entry!.Name == "SUBSCRIBE";
        if (subscribe && MailboxName.WhyNot(name) is { } reason) return Completion.No("CANNOT", reason);
        await session.Mailboxes.SetSubscribedAsync(session.Account, name, subscribe, session.Cancel);
        return Completion.Ok("Done");
    }
}
