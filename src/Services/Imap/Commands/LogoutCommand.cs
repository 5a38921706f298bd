using Aviso.Base;

namespace Aviso.Imap;

/// <summary>RFC 9051 §6.1.3: BYE, then OK.</summary>
internal static class LogoutCommand
{
    public static ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        if (!command.Arguments(session.Utf8Names).End()) return new(Completion.Syntax);
        session.Bye(Reason.Logout, "Until next time");
        return new(Completion.Ok("Logged out"));
    }
}
