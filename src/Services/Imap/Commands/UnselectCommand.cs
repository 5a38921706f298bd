namespace Aviso.Imap;

/// <summary>RFC 9051 §6.4.2.</summary>
internal static class UnselectCommand
{
    public static ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        if (!command.Arguments(session.Utf8Names).End()) return new(Completion.Syntax);
        session.Select(null);
        return new(Completion.Ok("Unselected"));
    }
}
