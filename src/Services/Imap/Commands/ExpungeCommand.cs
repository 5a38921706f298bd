namespace Aviso.Imap;

/// <summary>RFC 9051 §6.4.3 and UID EXPUNGE §6.4.9. The EXPUNGE responses are news like any other.</summary>
internal static class ExpungeCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        SequenceSet? set = null;
        if (command.Uid && (!g.Sp() || !g.Sequence(out set))) return Completion.Syntax;
        if (!g.End()) return Completion.Syntax;
        var box = session.Box!;
        if (box.ReadOnly) return Completion.ReadOnly;
        var uids = set is null ? null : box.Uids(box.Resolve(set, uid: true));
        if (uids is { Count: 0 }) return Completion.Ok("Nothing to expunge");
        var done = await session.Store.ExpungeAsync(session.Account, box.Id, uids, onlyDeleted: true, session.Cancel);
        if (!done.Ok) return Completion.OfStore(done.Error);
        // RFC 7162 §3.2.7: with QRESYNC the new HIGHESTMODSEQ comes with OK.
        return session.Modes.Qresync && done.Value!.Uids.Count > 0
            ? Completion.Ok("Expunged", $"HIGHESTMODSEQ {done.Value.ModSeq}") : Completion.Ok("Expunged");
    }
}
