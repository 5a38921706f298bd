using Aviso.Store;
namespace Aviso.Imap;

/// <summary>RFC 9051 §6.3.4, with USE (RFC 6154 §3) and the MAILBOXID of RFC 8474 §4.2.</summary>
internal static class CreateCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.Mailbox(out var name) || !g.CreateParameters(out var use) || !g.End()) return Completion.Syntax;
        if (name is null) return Completion.BadName;
        // RFC 9051 §6.3.4: a trailing separator only declares that names below will follow.
        if (name.EndsWith('/')) name = name[..^1];
        if (session.Scope?.Sees(name) == false) return Completion.NotAllowed;
        if (MailboxName.WhyNot(name) is { } reason) return Completion.No("CANNOT", reason);
        if (name == "INBOX") return Completion.No("ALREADYEXISTS", "INBOX always exists");
        // RFC 6154 §3: USEATTR when the attribute cannot be given.
        if (use is null) return Completion.No("USEATTR", "That special use cannot be given");
        var made = await session.Mailboxes.CreateMailboxAsync(session.Account, name, use.Value, session.Cancel);
        if (made.Error == StoreError.Conflict) return Completion.No("USEATTR", "Another mailbox has that special use");
        if (!made.Ok) return Completion.OfStore(made.Error);
        return Completion.Ok("Created", $"MAILBOXID ({made.Value!.Id})");
    }
}
