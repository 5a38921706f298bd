using Aviso.Base;

namespace Aviso.ManageSieve;

/// <summary>Commands about the session alone.</summary>
internal static class SessionCommands
{
    // RFC 5804 §2.3
    public static ValueTask<Response> LogoutAsync(ManageSieveSession session, Command command)
    {
        if (!command.Arguments().End()) return new(Response.Syntax);
        session.Connection.End(Reason.Logout);
        session.Writer.Response(Response.Ok("Goodbye"));
        session.Over = true;
        return new(Response.Silent);
    }

    // RFC 5804 §2.4
    public static ValueTask<Response> CapabilityAsync(ManageSieveSession session, Command command)
    {
        if (!command.Arguments().End()) return new(Response.Syntax);
        Capabilities.Write(session);
        return new(Response.Ok("Done"));
    }

    // RFC 5804 §2.13: the string comes back as TAG, so that a client finds its place again.
    public static ValueTask<Response> NoopAsync(ManageSieveSession session, Command command)
    {
        var g = command.Arguments();
        if (g.End()) return new(Response.Ok("Done"));
        if (!g.Sp() || !g.String(out string tag) || !g.End()) return new(Response.Syntax);
        session.Writer.Bytes("OK (TAG "u8).String(tag).Bytes(") \"Done\"\r\n"u8);
        return new(Response.Silent);
    }

    // RFC 5804 §2.14.1
    public static ValueTask<Response> UnauthenticateAsync(ManageSieveSession session, Command command)
    {
        if (!command.Arguments().End()) return new(Response.Syntax);
        session.LogOut();
        return new(Response.Ok("Done"));
    }
}
