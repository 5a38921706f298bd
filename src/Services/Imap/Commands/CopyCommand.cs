using Aviso.Store;
namespace Aviso.Imap;

/// <summary>RFC 9051 §6.4.7; COPYUID in the OK.</summary>
internal static class CopyCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var (problem, copied) = await RunAsync(session, command, move: false);
        return copied is null ? problem : Completion.Ok("Copied", Code(copied));
    }

    public static string Code(EntriesCopied copied) =>
        copied.Source.Count == 0 ? "" : $"COPYUID {copied.UidValidity} {SetText.Of(copied.Source)} {SetText.Of(copied.Destination)}";

    public static async ValueTask<(Completion Problem, EntriesCopied? Copied)> RunAsync(ImapSession session, Command command, bool move)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.Sequence(out var set) || !g.Sp() || !g.Mailbox(out var name) || !g.End()) return (Completion.Syntax, null);
        var box = session.Box!;
        if (!command.Uid && set.ExceedsCount(box.View.Count)) return (Completion.Bad("There is no such message"), null);
        if (move && box.ReadOnly) return (Completion.ReadOnly, null);
        if (name is null) return (Completion.BadName, null);
        var uids = box.Uids(box.Resolve(set, command.Uid));
        if (await session.Mailboxes.FindMailboxAsync(session.Account, name, session.Cancel) is not { } to) return (Completion.TryCreate, null);
        if (uids.Count == 0) return (Completion.Ok("No such messages"), null);
        var done = await session.Store.CopyAsync(session.Account, box.Id, uids, to.Id, move, session.Cancel);
        if (done.Error == StoreError.NotFound) return (Completion.TryCreate, null);
        return done.Ok ? (default, done.Value) : (Completion.OfStore(done.Error), null);
    }
}
