namespace Aviso.Pop3;

/// <summary>RFC 1939 §5.</summary>
internal static class RetrCommand
{
    public static async ValueTask<Reply> RunAsync(Pop3Session session, Command command)
    {
        var number = 0;
        if (!command.TryNumbers(new Span<int>(ref number))) return Reply.Syntax;
        if (!session.Drop!.TryFind(number, out var entry)) return Reply.NoSuchMessage;
        var reply = await MessageReply.SendAsync(session, entry, bodyLines: null);
        if (reply.Status == ReplyStatus.Silent && !session.Writer.Broken) session.Drop.Fetched(entry);
        return reply;
    }
}
