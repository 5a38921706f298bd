namespace Aviso.Imap;

/// <summary>RFC 9051 §6.4.4, with WITHIN, SEARCHRES, CONDSTORE, OBJECTID, SAVEDATE, FUZZY and PARTIAL keys and options.</summary>
internal static class SearchCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.SearchRequest(out var request) || !g.End()) return g.TooComplex ? Completion.TooComplex : Completion.Syntax;
        if (Refuses(session, command, request) is { } no) return no;
        var box = session.Box!;
        var found = await new SearchRun(session, box, request.Key).RunAsync();
        SearchAnswer.Write(session, command, request.Return, found, SearchAnswer.HighestModSeq(box, request, found), sort: false);
        Keep(session, command, request, null, found);
        return Completion.Ok("Searched");
    }

    /// <summary>RFC 5267 §4.3: from now on changes of this result are told, if it was asked for and there is room.</summary>
    public static void Keep(ImapSession session, Command command, SearchRequest request, IReadOnlyList<SortCriterion>? criteria, List<int> found)
    {
        var box = session.Box!;
        if (request.Return is not { Update: true }) return;
        if (box.Contexts.Count < SearchContext.Most) box.Contexts.Add(SearchContext.Begin(box, command, request, criteria, found));
        else session.Writer.Bytes("* NO [NOUPDATE "u8).String(command.Tag).Bytes("] Too many searches are kept up to date\r\n"u8);
    }

    /// <summary>What is wrong with a search before it runs; also used by SORT and THREAD.</summary>
    public static Completion? Refuses(ImapSession session, Command command, SearchRequest request)
    {
        // RFC 5267 §4.3: the tag is what updates are told by.
        if (request.Return is { Update: true } && session.Box!.Contexts.Exists(c => c.Tag == command.Tag)) return Completion.Bad("That tag has a search already");
        if (request.BadCharset)
        {
            // RFC 5182 §2.1: a SEARCH SAVE that fails leaves the saved result empty.
            if (request.Return is { Save: true }) session.Box!.Saved = [];
            return SearchAnswer.BadCharset;
        }
        // RFC 6855 §3: with UTF8=ACCEPT all is UTF-8, and naming a charset is an error.
        if (request.HasCharset && session.Modes.Utf8Accept) return Completion.Bad("No CHARSET after ENABLE UTF8=ACCEPT");
        foreach (var key in request.Key.All())
        {
            if (key.Kind == SearchKind.ModSeq) EnableCommand.CondstoreOn(session);
            if (key.Kind != SearchKind.Numbers || key.Set!.IsSaved) continue;
            // A number beyond the last message finds nothing: clients ask for it, and other servers answer so.
            if (session.Modes.UidOnly) return Completion.Bad("Message numbers are off (UIDONLY)", "UIDREQUIRED");
        }
        return null;
    }
}
