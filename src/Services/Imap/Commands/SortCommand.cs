namespace Aviso.Imap;

/// <summary>RFC 5256 SORT, RFC 5957 DISPLAY keys, RFC 5267 ESORT.</summary>
internal static class SortCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.SortRequest(out var criteria, out var request) || !g.End()) return g.TooComplex ? Completion.TooComplex : Completion.Syntax;
        if (SearchCommand.Refuses(session, command, request) is { } no) return no;
        var box = session.Box!;
        var found = await new SearchRun(session, box, request.Key).RunAsync();
        var sorted = await SortRun.OrderAsync(session, box, found, criteria);
        var modSeq = SearchAnswer.HighestModSeq(box, request, sorted);
        SearchAnswer.Write(session, command, request.Return, sorted, modSeq, sort: true);
        SearchCommand.Keep(session, command, request, criteria, sorted);
        return Completion.Ok("Sorted");
    }
}
