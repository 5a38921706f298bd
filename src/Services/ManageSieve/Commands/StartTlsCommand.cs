using Aviso.Base;

namespace Aviso.ManageSieve;

/// <summary>RFC 5804 §2.2. Octets sent in the clear after STARTTLS end the connection: they could be an attacker's.</summary>
internal static class StartTlsCommand
{
    public static async ValueTask<Response> RunAsync(ManageSieveSession session, Command command)
    {
        if (!command.Arguments().End()) return Response.Syntax;
        if (!session.Connection.CanStartTls) return Response.Bad("TLS is not available here");
        if (session.Connection.HasBuffered) return Response.Bye(Reason.ClearAfterStartTls, "Commands were sent before TLS was agreed");
        session.Writer.Response(Response.Ok("Begin TLS"));
        await session.Writer.FlushAsync();
        // RFC 5804 §2.2: after TLS the server tells its capabilities unasked.
        if (await session.Connection.StartTlsAsync(session.Cancel)) session.Greet();
        else session.Over = true;
        return Response.Silent;
    }
}
