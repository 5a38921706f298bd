namespace Aviso.Pop3;

/// <summary>RFC 2449 §5.</summary>
internal static class CapaCommand
{
    public static ValueTask<Reply> RunAsync(Pop3Session session, Command command)
    {
        if (!command.IsBare) return new(Reply.Syntax);
        session.Writer.Begin(Reply.Ok("Capabilities"));
        foreach (var capability in Capabilities.Of(session)) session.Writer.Line(capability);
        session.Writer.End();
        return new(Reply.Silent);
    }
}
