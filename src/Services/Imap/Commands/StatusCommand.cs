using Aviso.Store;
namespace Aviso.Imap;

/// <summary>RFC 9051 §6.3.11, with RFC 7162, 7889, 8438, 8474 and 9208 items.</summary>
internal static class StatusCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.Mailbox(out var name) || !g.Sp() || !g.StatusItems(out var items) || !g.End()) return Completion.Syntax;
        if (name is null) return Completion.BadName;
        if (await session.Mailboxes.FindMailboxAsync(session.Account, name, session.Cancel) is not { } info) return Completion.NoSuchMailbox;
        // RFC 7162 §3.1: asking for it switches CONDSTORE on.
        if (items.HasFlag(StatusItems.HighestModSeq)) EnableCommand.CondstoreOn(session);
        await WriteAsync(session, info, items);
        return Completion.Ok("Done");
    }

    public static async ValueTask WriteAsync(ImapSession session, MailboxInfo info, StatusItems items)
    {
        var recent = items.HasFlag(StatusItems.Recent) ? await RecentAsync(session, info) : 0;
        var reclaimable = items.HasFlag(StatusItems.DeletedStorage) ? await DeletedOctetsAsync(session, info) : 0;
        var writer = session.Writer;
        writer.Bytes("* STATUS "u8).Name(info.Name).Bytes(" ("u8);
        var first = true;
        Item("MESSAGES "u8, StatusItems.Messages, info.Exists);
        Item("RECENT "u8, StatusItems.Recent, recent);
        Item("UIDNEXT "u8, StatusItems.UidNext, info.UidNext);
        Item("UIDVALIDITY "u8, StatusItems.UidValidity, info.UidValidity);
        Item("UNSEEN "u8, StatusItems.Unseen, info.Unseen);
        Item("DELETED "u8, StatusItems.Deleted, info.Deleted);
        Item("SIZE "u8, StatusItems.Size, info.Octets);
        Item("DELETED-STORAGE "u8, StatusItems.DeletedStorage, reclaimable);
        Item("HIGHESTMODSEQ "u8, StatusItems.HighestModSeq, Math.Max(info.HighestModSeq, 1));
        Item("APPENDLIMIT "u8, StatusItems.AppendLimit, session.Options.MessageSize);
        if (items.HasFlag(StatusItems.MailboxId))
        {
            if (!first) writer.Byte(' ');
            writer.Bytes("MAILBOXID "u8).ObjectId(info.Id.Value);
        }
        writer.Bytes(")\r\n"u8);

        void Item(ReadOnlySpan<byte> name, StatusItems item, long value)
        {
            if ((items & item) == 0) return;
            if (!first) writer.Byte(' ');
            first = false;
            writer.Bytes(name).Number(value);
        }
    }

    // RFC 9208 §4.1.4: what EXPUNGE would give back, in octets. A mailbox without \Deleted messages is not looked into.
    private static async ValueTask<long> DeletedOctetsAsync(ImapSession session, MailboxInfo info)
    {
        if (info.Deleted == 0 || await session.Store.ViewAsync(session.Account, info.Id, session.Cancel) is not { } view) return 0;
        long octets = 0;
        for (var i = 0; i < view.Count; i++)
        {
            var entry = view[i];
            if ((entry.Flags.System & SystemFlags.Deleted) != 0) octets += entry.Size;
        }
        return octets;
    }

    private static async ValueTask<int> RecentAsync(ImapSession session, MailboxInfo info)
    {
        if (session.Box is { } box && box.Id == info.Id) return box.RecentCount();
        // Most mailboxes have nothing recent: no view is built for a STATUS of each of them.
        if (info.FirstRecentUid >= info.UidNext || await session.Store.ViewAsync(session.Account, info.Id, session.Cancel) is not { } view) return 0;
        var index = view.IndexOf(view.FirstRecentUid);
        return view.Count - (index < 0 ? ~index : index);
    }
}
