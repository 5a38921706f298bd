using Aviso.Store;

namespace Aviso.Imap;

/// <summary>
/// Untagged news between two views of a mailbox, in the order RFC 9051 §7.5 and RFC 7162 §3.2.10 need: expunges by
/// the old numbers, then counts, then flags by the new numbers.
/// </summary>
internal static class NewsReport
{
    /// <summary>Writes all news and moves the box to <paramref name="next"/>. With expunges that may not be told
    /// yet, nothing is told and false returned: the client keeps its numbers.</summary>
    public static bool Write(ResponseWriter writer, SelectedMailbox box, MailboxView next, SessionModes modes, bool expunges)
    {
        var old = box.View;
        var changed = new List<int>();
        var gone = new List<int>();
        Compare(box, old, next, modes, gone, changed);
        if (gone.Count > 0 && !expunges) return false;
        if (gone.Count > 0)
        {
            foreach (var context in box.Contexts) context.TellGone(writer, box, gone);
            Expunges(writer, old, gone, modes);
        }
        box.ExistsTold -= gone.Count;
        box.MoveTo(next);
        Keywords(writer, box);
        // Counts come before the flags of later messages, but a claim of \Recent may have to be made first: see WriteCounts.
        foreach (var index in changed) FlagsOf(writer, box, index, modes, withUid: true);
        return true;
    }

    /// <summary>EXISTS (and RECENT for rev1) when there is more than the client knows of.</summary>
    public static void WriteCounts(ResponseWriter writer, SelectedMailbox box, SessionModes modes)
    {
        if (box.ExistsTold == box.View.Count) return;
        box.ExistsTold = box.View.Count;
        writer.Bytes("* "u8).Number(box.View.Count).Bytes(" EXISTS\r\n"u8);
        if (!modes.Rev2) writer.Bytes("* "u8).Number(box.RecentCount()).Bytes(" RECENT\r\n"u8);
    }

    public static void Keywords(ResponseWriter writer, SelectedMailbox box)
    {
        if (box.Keywords.Count == box.KeywordsTold) return;
        box.KeywordsTold = box.Keywords.Count;
        FlagsLine(writer, box.Keywords);
        PermanentFlags(writer, box.Keywords, box.ReadOnly);
    }

    public static void FlagsLine(ResponseWriter writer, IReadOnlyList<string> keywords)
    {
        writer.Bytes("* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft"u8);
        foreach (var keyword in keywords) writer.Byte(' ').Text(keyword);
        writer.Bytes(")\r\n"u8);
    }

    public static void PermanentFlags(ResponseWriter writer, IReadOnlyList<string> keywords, bool readOnly)
    {
        writer.Bytes("* OK [PERMANENTFLAGS ("u8);
        if (!readOnly)
        {
            writer.Bytes("\\Answered \\Flagged \\Deleted \\Seen \\Draft"u8);
            foreach (var keyword in keywords) writer.Byte(' ').Text(keyword);
            // RFC 9051 §7.1: \* says that new keywords can be made; at 128 they cannot.
            if (keywords.Count < 128) writer.Bytes(" \\*"u8);
        }
        writer.Bytes(")] Flags that stay\r\n"u8);
    }

    /// <summary>"* n FETCH (" or, with UIDONLY, "* uid UIDFETCH (".</summary>
    public static void FetchHead(ResponseWriter writer, int index, uint uid, SessionModes modes, bool withUid)
    {
        if (modes.UidOnly)
        {
            writer.Bytes("* "u8).Number(uid).Bytes(" UIDFETCH ("u8);
            return;
        }
        writer.Bytes("* "u8).Number(index + 1).Bytes(" FETCH ("u8);
        if (withUid) writer.Bytes("UID "u8).Number(uid).Byte(' ');
    }

    public static void FlagsOf(ResponseWriter writer, SelectedMailbox box, int index, SessionModes modes, bool withUid)
    {
        var entry = box.View[index];
        FlagsOf(writer, box, index, entry, modes, withUid);
    }

    public static void FlagsOf(ResponseWriter writer, SelectedMailbox box, int index, in Entry entry, SessionModes modes, bool withUid)
    {
        FetchHead(writer, index, entry.Uid, modes, withUid);
        writer.Bytes("FLAGS "u8).Flags(entry.Flags, box.Keywords, !modes.Rev2 && box.IsRecent(entry.Uid));
        if (modes.Condstore) writer.Bytes(" MODSEQ ("u8).Number(entry.ModSeq).Byte(')');
        writer.Bytes(")\r\n"u8);
    }

    private static void Compare(
        SelectedMailbox box, MailboxView old, MailboxView next, SessionModes modes, List<int> gone, List<int> changed)
    {
        var beliefs = box.HasBeliefs;
        int i = 0, j = 0;
        for (int oldCount = old.Count, nextCount = next.Count; i < oldCount; i++)
        {
            var before = old[i];
            if (j >= nextCount || next[j].Uid != before.Uid)
            {
                gone.Add(i);
                continue;
            }
            var after = next[j];
            if (beliefs || after.ModSeq != before.ModSeq)
            {
                var told = box.BelievedOf(before);
                if (after.Flags != told.Flags || (modes.Condstore && after.ModSeq != told.ModSeq)) changed.Add(j);
            }
            j++;
        }
    }

    private static void Expunges(ResponseWriter writer, MailboxView old, List<int> gone, SessionModes modes)
    {
        // RFC 7162 §3.2.10, RFC 9586 §3.3: UIDs instead of numbers.
        if (modes.Qresync || modes.UidOnly)
        {
            writer.Bytes("* VANISHED "u8).Set(gone.Select(index => old[index].Uid)).Line();
            return;
        }
        // Highest first: no number shifts under the next one.
        for (var k = gone.Count - 1; k >= 0; k--) writer.Bytes("* "u8).Number(gone[k] + 1).Bytes(" EXPUNGE\r\n"u8);
    }
}
