using Aviso.Base;

namespace Aviso.Imap;

/// <summary>RFC 9051 §6.2.1. Octets sent in the clear after STARTTLS end the connection: they could be an attacker's.</summary>
internal static class StartTlsCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        if (!command.Arguments(session.Utf8Names).End()) return Completion.Syntax;
        if (!session.Connection.CanStartTls) return Completion.Bad("TLS is not available here");
        if (session.Connection.HasBuffered)
        {
            session.Connection.End(Reason.ClearAfterStartTls);
            session.Over = true;
            return Completion.Bad("Commands were sent before TLS was agreed");
        }
        session.Writer.Text(command.Tag).Bytes(" OK Begin TLS\r\n"u8);
        await session.Writer.FlushAsync();
        if (!await session.Connection.StartTlsAsync(session.Cancel)) session.Over = true;
        return Completion.Silent;
    }
}
