using Aviso.Net;
namespace Aviso.Imap;

/// <summary>RFC 9051 §6.2.3.</summary>
internal static class LoginCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.AString(out var user) || !g.Sp() || !g.AString(out var password) || !g.End()) return Completion.Syntax;
        // RFC 9051 §7.1: PRIVACYREQUIRED, said before the password is looked at.
        if (!Capabilities.MayLogIn(session)) return Completion.No("PRIVACYREQUIRED", "Log in under TLS only");
        var (name, secret) = (Grammar.AsText(user), Grammar.AsText(password));
        var attempt = Attempt(session, "LOGIN");
        var who = await session.Server.Authenticator.CheckPasswordAsync(attempt, name, secret, session.Cancel);
        return who is null ? await FailedAsync(session, "wrong", attempt.Notes.Advice) : await SucceededAsync(session, who);
    }

    public static LoginAttempt Attempt(ImapSession session, string mechanism) =>
        new(session.Connection.Id, session.Connection.Origin.Kind, session.Connection.Origin.Remote.Address, mechanism);

    public static async ValueTask<Completion> SucceededAsync(ImapSession session, Principal who)
    {
        var naming = await MailboxNaming.LoadAsync(session.Store, new(who.Account), session.Cancel);
        var address = session.Connection.Origin.Remote.Address;
        if (!session.Server.Places.TryEnter(who.Account, address))
        {
            ImapLog.TooManySessions(session.Server.Log, session.Connection.Id, who.Address, address);
            ImapMeters.Logins.Add(1, new KeyValuePair<string, object?>("result", "limit"));
            return Completion.No("LIMIT", "Too many sessions of this user from this address");
        }
        session.LogIn(who, naming);
        ImapMeters.Logins.Add(1, new KeyValuePair<string, object?>("result", "ok"));
        ImapLog.LoggedIn(session.Server.Log, session.Connection.Id, who.Address, address);
        return Completion.Ok("Welcome", Capabilities.AsText(session));
    }

    /// <param name="advice">For a client that proved who it is and still does not get in.</param>
    public static async ValueTask<Completion> FailedAsync(ImapSession session, string result, LoginAdvice? advice)
    {
        ImapMeters.Logins.Add(1, new KeyValuePair<string, object?>("result", result));
        if (session.Options.FailedLoginDelay > TimeSpan.Zero)
        {
            await session.Writer.FlushAsync();
            await Task.Delay(session.Options.FailedLoginDelay, session.Server.Clock, session.Cancel);
        }
        session.FailsOnceTooOften();
        return advice switch
        {
            null => Completion.No("AUTHENTICATIONFAILED", "User or password is wrong"),
            // RFC 5530 §3: EXPIRED asks for a new passphrase, UNAVAILABLE for patience.
            { Kind: LoginAdviceKind.Expired } => Completion.No("EXPIRED", advice.Text),
            { Kind: LoginAdviceKind.Unavailable } => Completion.No("UNAVAILABLE", advice.Text),
            _ => Completion.No("AUTHENTICATIONFAILED", advice.Text),
        };
    }
}
