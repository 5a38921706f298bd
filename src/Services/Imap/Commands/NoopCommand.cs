namespace Aviso.Imap;

/// <summary>RFC 9051 §6.1.2 NOOP, and CHECK (RFC 3501 §6.4.1): everything is on disk already.</summary>
internal static class NoopCommand
{
    public static ValueTask<Completion> RunAsync(ImapSession session, Command command) =>
        new(command.Arguments(session.Utf8Names).End() ? Completion.Ok("Done") : Completion.Syntax);
}
