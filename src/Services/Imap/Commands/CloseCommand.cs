namespace Aviso.Imap;

/// <summary>RFC 9051 §6.4.1: removes \Deleted messages without EXPUNGE responses.</summary>
internal static class CloseCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        if (!command.Arguments(session.Utf8Names).End()) return Completion.Syntax;
        var box = session.Box!;
        session.Select(null);
        if (box.ReadOnly) return Completion.Ok("Closed");
        var done = await session.Store.ExpungeAsync(session.Account, box.Id, null, onlyDeleted: true, session.Cancel);
        return done.Ok || done.Error == Store.StoreError.NotFound ? Completion.Ok("Closed") : Completion.OfStore(done.Error);
    }
}
