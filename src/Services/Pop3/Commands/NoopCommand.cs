namespace Aviso.Pop3;

/// <summary>RFC 1939 §5.</summary>
internal static class NoopCommand
{
    public static ValueTask<Reply> RunAsync(Pop3Session session, Command command) =>
        new(command.IsBare ? Reply.Ok("Still here") : Reply.Syntax);
}
