namespace Aviso.Pop3;

/// <summary>RFC 1939 §5: marked now, removed by QUIT.</summary>
internal static class DeleCommand
{
    public static ValueTask<Reply> RunAsync(Pop3Session session, Command command)
    {
        var number = 0;
        if (!command.TryNumbers(new Span<int>(ref number))) return new(Reply.Syntax);
        if (session.Who?.Scope is { MayChange: false } scope)
            return new(Reply.No("SYS/PERM", $"The app password {scope.Name} only reads: set the mail program to leave mail on the server"));
        return new(session.Drop!.Delete(number) ? Reply.Ok("Marked") : Reply.NoSuchMessage);
    }
}
