using Aviso.Store;

namespace Aviso.Imap;

/// <summary>RFC 9208: one quota root "" for the whole account; limits are the administrator's, so SETQUOTA is refused.</summary>
internal static class QuotaCommand
{
    public static async ValueTask<Completion> GetQuotaAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.AString(out var root) || !g.End()) return Completion.Syntax;
        if (root.Length > 0) return Completion.No("NONEXISTENT", "No such quota root");
        var use = await session.Mailboxes.GetQuotaAsync(session.Account, session.Cancel);
        if (!IsLimited(use)) return Completion.No("NONEXISTENT", "This account has no quota");
        Write(session, use);
        return Completion.Ok("Done");
    }

    public static async ValueTask<Completion> GetQuotaRootAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.Mailbox(out var name) || !g.End()) return Completion.Syntax;
        if (name is null) return Completion.BadName;
        if (await session.Mailboxes.FindMailboxAsync(session.Account, name, session.Cancel) is null) return Completion.NoSuchMailbox;
        var use = await session.Mailboxes.GetQuotaAsync(session.Account, session.Cancel);
        session.Writer.Bytes("* QUOTAROOT "u8).Name(name).Bytes(IsLimited(use) ? " \"\"\r\n"u8 : "\r\n"u8);
        Write(session, use);
        return Completion.Ok("Done");
    }

    public static ValueTask<Completion> SetQuotaAsync(ImapSession session, Command command) =>
        new(Completion.No("NOPERM", "Quotas are the administrator's"));

    private static bool IsLimited(QuotaUse use) => use.OctetLimit > 0 || use.MessageLimit > 0;

    // RFC 9208 §7: a quota-list is never empty, so without limits there is no root to show.
    private static void Write(ImapSession session, QuotaUse use)
    {
        if (!IsLimited(use)) return;
        var writer = session.Writer.Bytes("* QUOTA \"\" ("u8);
        // RFC 9208 §5.1: STORAGE counts units of 1024 octets.
        if (use.OctetLimit > 0) writer.Bytes("STORAGE "u8).Number((use.Octets + 1023) / 1024).Byte(' ').Number(use.OctetLimit / 1024);
        if (use.OctetLimit > 0 && use.MessageLimit > 0) writer.Byte(' ');
        if (use.MessageLimit > 0) writer.Bytes("MESSAGE "u8).Number(use.Messages).Byte(' ').Number(use.MessageLimit);
        writer.Bytes(")\r\n"u8);
    }
}
