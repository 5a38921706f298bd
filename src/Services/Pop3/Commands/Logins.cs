using Aviso.Base;
using Aviso.Net;

namespace Aviso.Pop3;

/// <summary>What the ways to log in have in common.</summary>
internal static class Logins
{
    public static LoginAttempt Attempt(Pop3Session session, string mechanism) =>
        new(session.Connection.Id, session.Connection.Origin.Kind, session.Connection.Origin.Remote.Address, mechanism);

    /// <summary>Said before a password is looked at.</summary>
    public static Reply? RefusedInTheClear(Pop3Session session)
    {
        if (Capabilities.MayLogIn(session)) return null;
        var reply = Reply.No("", "Log in under TLS only: give STLS first");
        session.Refused(reply);
        return reply;
    }

    public static async ValueTask<Reply> SucceededAsync(Pop3Session session, Principal who)
    {
        if (who.Scope is { } scope && (scope.SearchOnly || !scope.Sees("INBOX")))
        {
            Count("scope");
            return Reply.No("SYS/PERM", $"The app password {scope.Name} does not open the messages of the inbox");
        }
        if (await session.TryEnterAsync(who) is { } refused)
        {
            Count("limit");
            return refused;
        }
        Count("ok");
        return Reply.Ok(StatCommand.InWords(session.Drop!));
    }

    /// <param name="advice">For a client that proved who it is and still does not get in.</param>
    public static async ValueTask<Reply> FailedAsync(Pop3Session session, LoginAdvice? advice)
    {
        Count("wrong");
        if (session.Server.Options.FailedLoginDelay > TimeSpan.Zero)
        {
            await session.Writer.FlushAsync();
            await Task.Delay(session.Server.Options.FailedLoginDelay, session.Server.Clock, session.Cancel);
        }
        if (session.FailsOnceTooOften()) return Reply.Bye(Reason.FailedLogins, "User or password is wrong, too often", "AUTH");
        // RFC 3206 §4: AUTH says that the credentials are the trouble, SYS/TEMP that patience helps.
        return advice switch
        {
            null => Reply.No("AUTH", "User or password is wrong"),
            { Kind: LoginAdviceKind.Unavailable } => Reply.No("SYS/TEMP", advice.Text),
            _ => Reply.No("AUTH", advice.Text),
        };
    }

    private static void Count(string result) => Pop3Meters.Logins.Add(1, new KeyValuePair<string, object?>("result", result));
}
