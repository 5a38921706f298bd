using Aviso.Store;

namespace Aviso.Pop3;

/// <summary>RFC 1939 §6: the UPDATE state. This is the only place where POP3 removes a message; what is removed stays in the store's
/// window of undelete like everything else.</summary>
internal static class QuitCommand
{
    public static async ValueTask<Reply> RunAsync(Pop3Session session, Command command)
    {
        if (!command.IsBare) return Reply.Syntax;
        session.Over = true;
        var reply = await UpdateAsync(session);
        // Whoever reads the reply may log in again at once, so the maildrop is free before it.
        await session.LeaveAsync();
        return reply;
    }

    private static async ValueTask<Reply> UpdateAsync(Pop3Session session)
    {
        if (session.Drop is not { } drop || drop.Deleted is not { Count: > 0 } deleted) return Reply.Ok("Goodbye");
        if (!session.HasDrop) return Reply.No("IN-USE", "Another session took the maildrop over; nothing was removed");
        var outcome = await session.Server.Store.ExpungeAsync(session.Account, drop.Inbox, deleted, onlyDeleted: false, session.Cancel);
        if (outcome is not { Ok: true, Value: { } removed })
            return Reply.No(outcome.Error is StoreError.DiskFull ? "SYS/TEMP" : "SYS/PERM", "Some deleted messages were not removed");
        Pop3Meters.Removed.Add(removed.Uids.Count);
        Pop3Log.Removed(session.Server.Log, session.Connection.Id, session.Who?.Address ?? "", removed.Uids.Count);
        return Reply.Ok("Goodbye");
    }
}
