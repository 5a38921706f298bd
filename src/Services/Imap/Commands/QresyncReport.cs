using Aviso.Store;
namespace Aviso.Imap;

/// <summary>RFC 7162 §3.2.5.2: what changed since the client's modseq, VANISHED (EARLIER) first.</summary>
internal static class QresyncReport
{
    public static async ValueTask WriteAsync(ImapSession session, SelectedMailbox box, QresyncKnown known)
    {
        if (known.UidValidity != box.View.UidValidity || known.ModSeq >= box.View.HighestModSeq) return;
        var changes = await session.Store.ChangesAsync(session.Account, box.Id, known.ModSeq, session.Cancel);
        WriteVanished(session.Writer, box, changes, known.KnownUids);
        foreach (var entry in changes.Changed)
        {
            if (known.KnownUids is { } uids && !uids.Contains(entry.Uid)) continue;
            var index = box.View.IndexOf(entry.Uid);
            if (index < 0) continue;
            NewsReport.FlagsOf(session.Writer, box, index, session.Modes, withUid: true);
            await session.Writer.BreatheAsync();
        }
    }

    /// <summary>VANISHED (EARLIER) for UIDs of the set that are gone from the view.</summary>
    public static void WriteVanished(ResponseWriter writer, SelectedMailbox box, MailboxChanges changes, SequenceSet? uids)
    {
        var gone = changes.Vanished.Where(uid =>
            uid < box.View.UidNext && box.View.IndexOf(uid) < 0 && (uids is null || uids.Contains(uid))).Order().ToList();
        if (gone.Count > 0) writer.Bytes("* VANISHED (EARLIER) "u8).Set(gone).Line();
    }
}
