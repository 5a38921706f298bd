namespace Aviso.Pop3;

/// <summary>RFC 1939 §7: the header, the empty line, and so many lines of the body. It does not make the message read.</summary>
internal static class TopCommand
{
    public static async ValueTask<Reply> RunAsync(Pop3Session session, Command command)
    {
        var numbers = new int[2];
        if (!command.TryNumbers(numbers)) return Reply.Syntax;
        return session.Drop!.TryFind(numbers[0], out var entry)
            ? await MessageReply.SendAsync(session, entry, bodyLines: numbers[1]) : Reply.NoSuchMessage;
    }
}
