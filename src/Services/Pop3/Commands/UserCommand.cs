namespace Aviso.Pop3;

/// <summary>RFC 1939 §7: whoever it is, PASS tells.</summary>
internal static class UserCommand
{
    public static ValueTask<Reply> RunAsync(Pop3Session session, Command command)
    {
        if (Logins.RefusedInTheClear(session) is { } refused) return new(refused);
        if (command.IsBare) return new(Reply.Syntax);
        session.User = command.Rest;
        return new(Reply.Ok("Go on"));
    }
}
