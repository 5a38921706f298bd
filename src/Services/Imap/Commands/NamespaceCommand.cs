namespace Aviso.Imap;

/// <summary>RFC 9051 §6.3.10: one personal namespace; only an account that moved in has a prefix.</summary>
internal static class NamespaceCommand
{
    public static ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        if (!command.Arguments(session.Utf8Names).End()) return new(Completion.Syntax);
        session.Writer.Bytes("* NAMESPACE (("u8).String(session.Writer.Naming.Prefix).Byte(' ').Separator().Bytes(")) NIL NIL\r\n"u8);
        return new(Completion.Ok("Done"));
    }
}
