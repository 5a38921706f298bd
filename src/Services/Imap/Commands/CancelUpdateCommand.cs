namespace Aviso.Imap;

/// <summary>RFC 5267 §4.3.5: "CANCELUPDATE" 1*(SP quoted), the tags of searches that need not be kept up to date any more.</summary>
internal static class CancelUpdateCommand
{
    public static ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        var tags = new List<string>();
        do
        {
            if (!g.Sp() || !g.Quoted(out var tag)) return new(Completion.Syntax);
            tags.Add(Grammar.AsAscii(tag));
        }
        while (!g.End());
        session.Box!.Contexts.RemoveAll(c => tags.Contains(c.Tag, StringComparer.Ordinal));
        return new(Completion.Ok("No further updates"));
    }
}
