using Aviso.Base;

namespace Aviso.Pop3;

/// <summary>RFC 2595 §4. Octets sent in the clear after STLS end the connection: they could be an attacker's.</summary>
internal static class StlsCommand
{
    public static async ValueTask<Reply> RunAsync(Pop3Session session, Command command)
    {
        if (!command.IsBare) return Reply.Syntax;
        // RFC 6856 §2.1: not after UTF8.
        if (!session.Connection.CanStartTls || session.Utf8) return Reply.Bad("TLS is not available now");
        if (session.Connection.HasBuffered) return Reply.Bye(Reason.ClearAfterStartTls, "Commands were sent before TLS was agreed");
        session.Writer.Reply(Reply.Ok("Begin TLS"));
        await session.Writer.FlushAsync();
        // RFC 2595 §4: what was said before is forgotten.
        session.User = null;
        if (!await session.Connection.StartTlsAsync(session.Cancel)) session.Over = true;
        return Reply.Silent;
    }
}
