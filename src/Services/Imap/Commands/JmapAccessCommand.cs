namespace Aviso.Imap;

/// <summary>RFC 9698: GETJMAPACCESS, where JMAP shows the same mail under the same ids (OBJECTID).</summary>
internal static class JmapAccessCommand
{
    public static ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        if (!command.Arguments(session.Utf8Names).End()) return new(Completion.Syntax);
        if (session.JmapSession is not { } url) return new(Completion.Bad("JMAP is not open to this login"));
        session.Writer.Bytes("* JMAPACCESS "u8).String(url).Line();
        return new(Completion.Ok("Done"));
    }
}
