namespace Aviso.Pop3;

/// <summary>RFC 1939 §7: everything after the space is the password, spaces too.</summary>
internal static class PassCommand
{
    public static async ValueTask<Reply> RunAsync(Pop3Session session, Command command)
    {
        if (Logins.RefusedInTheClear(session) is { } refused) return refused;
        if (session.User is not { } user) return Reply.Bad("USER comes first");
        if (command.Rest is not { } password) return Reply.Syntax;
        session.User = null;
        var attempt = Logins.Attempt(session, "USER");
        var who = await session.Server.Authenticator.CheckPasswordAsync(attempt, user, password, session.Cancel);
        return who is null ? await Logins.FailedAsync(session, attempt.Notes.Advice) : await Logins.SucceededAsync(session, who);
    }
}
