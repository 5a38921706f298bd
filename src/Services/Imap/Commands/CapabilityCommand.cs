namespace Aviso.Imap;

/// <summary>RFC 9051 §6.1.1.</summary>
internal static class CapabilityCommand
{
    public static ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        if (!command.Arguments(session.Utf8Names).End()) return new(Completion.Syntax);
        session.Writer.Bytes("* "u8);
        Capabilities.Write(session.Writer, session);
        session.Writer.Line();
        return new(Completion.Ok("Done"));
    }
}
