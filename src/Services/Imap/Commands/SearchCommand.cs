namespace Aviso.Imap;

/// <summary>RFC 9051 §6.4.4, with WITHIN, SEARCHRES, CONDSTORE, OBJECTID, SAVEDATE, FUZZY and PARTIAL keys and options.</summary>
internal static class SearchCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.SearchRequest(out var request) || !g.End()) return g.TooComplex ? Completion.TooComplex : Completion.Syntax;
        if (Refuses(session, request) is { } no) return no;
        var box = session.Box!;
        var found = await new SearchRun(session, box, request.Key).RunAsync();
        SearchAnswer.Write(session, command, request.Return, found, SearchAnswer.HighestModSeq(box, request, found), sort: false);
        return Completion.Ok("Searched");
    }

    /// <summary>What is wrong with a search before it runs; also used by SORT and THREAD.</summary>
    public static Completion? Refuses(ImapSession session, SearchRequest request)
    {
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
