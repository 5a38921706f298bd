namespace Aviso.Imap;

/// <summary>RFC 3501 §6.3.9, for rev1 clients.</summary>
internal static class LsubCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.ListMailbox(out var reference) || !g.Sp() || !g.ListMailbox(out var text) || !g.End()) return Completion.Syntax;
        if (text is { Length: > ListPattern.MaxLength }) return Completion.Syntax;
        if (text is null) return Completion.Ok("Done");
        var pattern = new ListPattern(MailboxName.Canonical(reference + text));
        var subscribed = (await session.Mailboxes.ListSubscriptionsAsync(session.Account, session.Cancel)).Order(StringComparer.Ordinal)
            .ToList();
        var form = session.Utf8Names;
        var shown = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in subscribed.Where(n => pattern.Match(form.Whole(n)) == ListMatch.Yes)) Write(session, shown, name, "");
        // With "%" a level above a subscribed name is shown as \Noselect.
        foreach (var name in subscribed)
        {
            for (var at = name.LastIndexOf('/'); at > 0; at = name.LastIndexOf('/', at - 1))
            {
                if (text.EndsWith('%') && pattern.Match(form.Whole(name[..at])) == ListMatch.Yes)
                    Write(session, shown, name[..at], "\\Noselect");
            }
        }
        return Completion.Ok("Done");
    }

    private static void Write(ImapSession session, HashSet<string> shown, string name, string attribute)
    {
        if (!shown.Add(name)) return;
        session.Writer.Bytes("* LSUB ("u8).Text(attribute).Bytes(") "u8).Separator().Byte(' ').Name(name).Line();
    }
}
