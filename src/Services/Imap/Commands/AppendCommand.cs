using Aviso.Base;
using Aviso.Store;
namespace Aviso.Imap;

/// <summary>RFC 9051 §6.3.12, MULTIAPPEND (RFC 3502), UTF8 (RFC 6855 §4), CATENATE (RFC 4469). Messages are in the spool when this runs.</summary>
internal static class AppendCommand
{
    /// <summary>Asked before a message literal is read, so that no client sends 200 MB for a NO.</summary>
    public static async ValueTask<Completion> MayAppendAsync(ImapSession session, string? mailbox, long size)
    {
        if (session.Scope is { MayChange: false }) return Completion.NotAllowed;
        if (mailbox is null) return Completion.BadName;
        if (await session.Mailboxes.FindMailboxAsync(session.Account, mailbox, session.Cancel) is null) return Completion.TryCreate;
        var use = await session.Mailboxes.GetQuotaAsync(session.Account, session.Cancel);
        if (use.OctetLimit > 0 && use.Octets + size > use.OctetLimit) return Completion.OfStore(StoreError.OverQuota);
        return Completion.Ok("");
    }

    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        if (!TryRead(session, command, out var mailbox, out var wanted)) return Completion.Syntax;
        if (mailbox is null) return Completion.BadName;
        if (await session.Mailboxes.FindMailboxAsync(session.Account, mailbox, session.Cancel) is not { } info) return Completion.TryCreate;
        using var bodies = new AppendedBodies(session, command.Bodies);
        var messages = new List<AppendMessage>(wanted.Count);
        foreach (var options in wanted)
        {
            var (body, problem) = await bodies.NextAsync(options);
            if (body is null) return problem;
            if (Problem(options, body) is { } no) return no;
            messages.Add(Message(session, options, body));
        }
        var done = await session.Store.AppendAsync(session.Account, info.Id, messages, session.Cancel);
        if (done.Error == StoreError.NotFound) return Completion.TryCreate;
        if (!done.Ok) return Completion.OfStore(done.Error);
        return Completion.Ok("Appended", $"APPENDUID {done.Value![0].UidValidity} {SetText.Of(done.Value.Select(a => a.Uid))}");
    }

    public static Completion? Problem(AppendOptions options, SpooledBody body)
    {
        if (options.Flags.TooLong) return Completion.No("LIMIT", "A keyword is too long");
        // Clients that copy from elsewhere name \Recent by mistake: it is not stored, and the message is not lost for it.
        if (options.Flags.HasUnknown) return Completion.No("CANNOT", "That flag cannot be changed by clients");
        return body.Length == 0 ? Completion.No("CANNOT", "An empty message") : null;
    }

    public static AppendMessage Message(ImapSession session, AppendOptions options, SpooledBody body) => new(
        body, session.Server.Reader.Render(body), options.Flags.System, options.Flags.Keywords,
        options.InternalDate ?? session.Server.Clock.GetUtcNow().ToUnixTimeSeconds());

    private static bool TryRead(ImapSession session, Command command, out string? mailbox, out List<AppendOptions> wanted)
    {
        wanted = [];
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.Mailbox(out mailbox))
        {
            mailbox = null;
            return false;
        }
        while (!g.AtEnd)
        {
            if (!g.AppendMessage(out var options)) return false;
            wanted.Add(options);
        }
        return wanted.Count > 0 && wanted.Sum(w => w.Literals) == command.Bodies.Count && !wanted[^1].IsOpen;
    }
}
