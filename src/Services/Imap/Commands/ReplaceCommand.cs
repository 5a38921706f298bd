using Aviso.Store;
namespace Aviso.Imap;

/// <summary>RFC 8508: one message in, one out, in one transaction.</summary>
internal static class ReplaceCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.Sequence(out var set) || !g.Sp() || !g.Mailbox(out var name) || !g.AppendMessage(out var options) || !g.End() ||
            options.IsOpen || command.Bodies.Count != options.Literals) return Completion.Syntax;
        var box = session.Box!;
        if (box.ReadOnly) return Completion.ReadOnly;
        var uids = box.Uids(box.Resolve(set, command.Uid));
        if (uids.Count != 1) return command.Uid ? Completion.No("NONEXISTENT", "There is no such message") : Completion.Bad("One message is needed");
        if (name is null) return Completion.BadName;
        if (await session.Mailboxes.FindMailboxAsync(session.Account, name, session.Cancel) is not { } to) return Completion.TryCreate;
        using var bodies = new AppendedBodies(session, command.Bodies);
        var (body, why) = await bodies.NextAsync(options);
        if (body is null) return why;
        if (AppendCommand.Problem(options, body) is { } problem) return problem;
        var message = AppendCommand.Message(session, options, body);
        var done = await session.Store.ReplaceAsync(session.Account, box.Id, uids[0], to.Id, message, session.Cancel);
        if (!done.Ok) return done.Error == StoreError.NotFound ? Completion.No("NONEXISTENT", "There is no such message") : Completion.OfStore(done.Error);
        // RFC 8508 §4.3: APPENDUID in an untagged OK before the EXPUNGE.
        session.Writer.Bytes("* OK [APPENDUID "u8).Number(done.Value!.UidValidity).Byte(' ').Number(done.Value.Uid).Bytes("] Replacement is in\r\n"u8);
        return Completion.Ok("Replaced");
    }
}
