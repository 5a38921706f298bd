namespace Aviso.Imap;

/// <summary>RFC 9051 §6.3.1. Names what was switched on now; unknown names are left out.</summary>
internal static class EnableCommand
{
    public static ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        var enabled = new List<string>();
        if (g.AtEnd) return new(Completion.Syntax);
        while (!g.AtEnd)
        {
            if (!g.Sp() || !g.Atom(out var name)) return new(Completion.Syntax);
            if (TryEnable(session, Grammar.AsAscii(name).ToUpperInvariant()) is { } known && !enabled.Contains(known, StringComparer.Ordinal))
                enabled.Add(known);
        }
        session.Writer.Bytes("* ENABLED"u8);
        foreach (var name in enabled) session.Writer.Byte(' ').Text(name);
        session.Writer.Line();
        session.Writer.Utf8 = session.Modes.Utf8;
        return new(Completion.Ok("Done"));
    }

    private static string? TryEnable(ImapSession session, string name)
    {
        var modes = session.Modes;
        switch (name)
        {
            case "CONDSTORE":
                if (!modes.Condstore) CondstoreOn(session);
                break;
            case "QRESYNC":
                // RFC 7162 §3.2.3: QRESYNC brings CONDSTORE.
                if (!modes.Condstore) CondstoreOn(session);
                modes.Qresync = true;
                break;
            case "UTF8=ACCEPT":
                modes.Utf8Accept = true;
                break;
            case "IMAP4REV2":
                modes.Rev2 = true;
                return "IMAP4rev2";
            case "UIDONLY":
                modes.UidOnly = true;
                break;
            default:
                return null;
        }
        return name;
    }

    /// <summary>RFC 7162 §3.1: a first CONDSTORE-enabling command in a selected mailbox is answered with HIGHESTMODSEQ.</summary>
    public static void CondstoreOn(ImapSession session)
    {
        if (session.Modes.Condstore) return;
        session.Modes.Condstore = true;
        if (session.Box is { } box)
            session.Writer.Bytes("* OK [HIGHESTMODSEQ "u8).Number(Math.Max(box.View.HighestModSeq, 1)).Bytes("] Modseqs are on\r\n"u8);
    }
}
