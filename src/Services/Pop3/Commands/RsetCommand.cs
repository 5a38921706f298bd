namespace Aviso.Pop3;

/// <summary>RFC 1939 §5: no message is marked any more.</summary>
internal static class RsetCommand
{
    public static ValueTask<Reply> RunAsync(Pop3Session session, Command command)
    {
        if (!command.IsBare) return new(Reply.Syntax);
        session.Drop!.Undelete();
        return new(Reply.Ok(StatCommand.InWords(session.Drop)));
    }
}
