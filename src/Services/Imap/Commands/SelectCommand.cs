using Aviso.Store;
namespace Aviso.Imap;

/// <summary>RFC 9051 §6.3.2 SELECT and §6.3.3 EXAMINE, with CONDSTORE and QRESYNC parameters (RFC 7162 §3.2.5).</summary>
internal static class SelectCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.Mailbox(out var name) || !g.SelectParameters(out var parameters) || !g.End()) return Completion.Syntax;
        // RFC 7162 §3.2.5: QRESYNC as a parameter only after ENABLE QRESYNC.
        if (parameters.Qresync is not null && !session.Modes.Qresync) return Completion.Bad("ENABLE QRESYNC first");
        // RFC 9051 §6.3.2: even a failing SELECT leaves the mailbox that was selected. RFC 7162 §3.2.11: CLOSED says so.
        if (session.Box is not null)
        {
            session.Select(null);
            session.Writer.Bytes("* OK [CLOSED] The last mailbox is closed\r\n"u8);
        }
        if (parameters.Condstore || parameters.Qresync is not null) session.Modes.Condstore = true;
        if (name is null) return Completion.BadName;
        if (await session.Mailboxes.FindMailboxAsync(session.Account, name, session.Cancel) is not { } info ||
            await session.Store.ViewAsync(session.Account, info.Id, session.Cancel) is not { } view) return Completion.NoSuchMailbox;
        var readOnly = command.Entry!.Name == "EXAMINE" || session.Scope is { MayChange: false };
        var box = new SelectedMailbox(info, view, readOnly);
        await ClaimRecentAsync(session, box);
        Describe(session, box, info);
        session.Select(box);
        if (parameters.Qresync is { } known) await QresyncReport.WriteAsync(session, box, known);
        return Completion.Ok("Done", readOnly ? "READ-ONLY" : "READ-WRITE");
    }

    // RFC 3501 §2.3.2: the first session to SELECT is told \Recent, EXAMINE takes it from nobody. rev2 has no \Recent.
    private static async ValueTask ClaimRecentAsync(ImapSession session, SelectedMailbox box)
    {
        if (session.Modes.Rev2 || box.View.FirstRecentUid >= box.View.UidNext) return;
        var first = box.ReadOnly
            ? box.View.FirstRecentUid
            : await session.Store.ClaimRecentAsync(session.Account, box.Id, session.Cancel);
        box.AddRecent(first, box.View.UidNext);
    }

    private static void Describe(ImapSession session, SelectedMailbox box, MailboxInfo info)
    {
        var writer = session.Writer;
        var view = box.View;
        NewsReport.FlagsLine(writer, view.Keywords);
        NewsReport.PermanentFlags(writer, view.Keywords, box.ReadOnly);
        writer.Bytes("* "u8).Number(view.Count).Bytes(" EXISTS\r\n"u8);
        if (!session.Modes.Rev2)
        {
            writer.Bytes("* "u8).Number(box.RecentCount()).Bytes(" RECENT\r\n"u8);
            if (view.FirstWithout(SystemFlags.Seen) is >= 0 and var unseen)
                writer.Bytes("* OK [UNSEEN "u8).Number(unseen + 1).Bytes("] First unseen\r\n"u8);
        }
        writer.Bytes("* OK [UIDVALIDITY "u8).Number(view.UidValidity).Bytes("] UIDs are valid\r\n"u8);
        writer.Bytes("* OK [UIDNEXT "u8).Number(view.UidNext).Bytes("] Next UID\r\n"u8);
        writer.Bytes("* OK [HIGHESTMODSEQ "u8).Number(Math.Max(view.HighestModSeq, 1)).Bytes("] Highest\r\n"u8);
        writer.Bytes("* OK [MAILBOXID "u8).ObjectId(info.Id.Value).Bytes("] Id\r\n"u8);
        // RFC 9051 §6.3.2: rev2 wants a LIST response for what was opened.
        if (!session.Modes.Rev2) return;
        writer.Bytes("* LIST ("u8);
        if (info.Subscribed) writer.Bytes("\\Subscribed"u8);
        writer.Bytes(") "u8).Separator().Byte(' ').Name(info.Name).Line();
    }
}
