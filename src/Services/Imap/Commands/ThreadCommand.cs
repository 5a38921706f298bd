namespace Aviso.Imap;

/// <summary>RFC 5256 THREAD: ORDEREDSUBJECT and REFERENCES.</summary>
internal static class ThreadCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.ThreadRequest(out var algorithm, out var request) || !g.End()) return g.TooComplex ? Completion.TooComplex : Completion.Syntax;
        if (SearchCommand.Refuses(session, command, request) is { } no) return no;
        var box = session.Box!;
        var found = await new SearchRun(session, box, request.Key).RunAsync();
        var rows = await RowsAsync(session, box.View, found);
        var roots = algorithm == ThreadAlgorithm.References ? ThreadTree.ByReferences(rows) : ThreadTree.ByOrderedSubject(rows);
        var writer = session.Writer.Bytes("* THREAD"u8);
        if (roots.Count > 0) writer.Byte(' ');
        foreach (var root in roots)
        {
            ThreadTree.Write(writer, root, index => command.Uid ? box.View[index].Uid : (uint)index + 1);
            await writer.BreatheAsync();
        }
        writer.Line();
        return Completion.Ok("Threaded");
    }

    private static async ValueTask<List<ThreadRow>> RowsAsync(ImapSession session, Store.MailboxView view, List<int> found)
    {
        var keys = await session.Server.Keys.OfAsync(session, view, found);
        var rows = new List<ThreadRow>(found.Count);
        for (var k = 0; k < keys.Length; k++)
        {
            var key = keys[k];
            rows.Add(new(found[k], key.SentDate ?? view[found[k]].InternalDate, key.Subject, key.IsReply, key.MessageId, key.References));
        }
        return rows;
    }
}
