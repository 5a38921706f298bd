namespace Aviso.Imap;

/// <summary>RFC 5465: news of several mailboxes without IDLE.</summary>
internal static class NotifyCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.NotifyRequest(out var request) || !g.End()) return Completion.Syntax;
        // RFC 5465 §5: an event the server does not know refuses the whole command and names what it does know.
        if (request.BadEvent)
            return Completion.No("BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange)", "Unknown event");
        if (session.Scope is { SearchOnly: true } && request.Groups?.Any(group => group.NewMessage is { ReadsBody: true }) == true) return Completion.NotAllowed;
        session.Notify?.Dispose();
        session.Notify = null;
        if (request.Groups is null) return Completion.Ok("Silent from now on");
        foreach (var group in request.Groups)
        {
            // RFC 5465 §5: MessageNew and MessageExpunge come together, and FlagChange needs them.
            var messages = group.Events & (NotifyEvents.MessageNew | NotifyEvents.MessageExpunge);
            if (messages is NotifyEvents.MessageNew or NotifyEvents.MessageExpunge ||
                (messages == NotifyEvents.None && group.Events.HasFlag(NotifyEvents.FlagChange)))
                return Completion.Bad("MessageNew and MessageExpunge belong together");
        }
        var watch = new NotifyWatch(session, request.Groups);
        session.Notify = watch;
        await watch.StartAsync(request.Status);
        return Completion.Ok("Watching");
    }
}
