using Aviso.Store;

namespace Aviso.Moving;

/// <summary>
/// UIDs that both servers have given to different messages. A client that knew the source's would show it for ours (RFC 9051 §2.3.1.1: a
/// UID is one message's for good), so whatever has such a UID here gets a new one: mail that came here, and mail that was taken before the
/// source gave its UID to another. The client hears that it is gone.
/// </summary>
/// <param name="taken">All that is noted of the mailbox, of every source.</param>
internal sealed class DoubledUids(MoveTarget target, AccountId account, MailboxId mailbox, IReadOnlyList<TakenMailbox> taken)
{
    private const int AtOnce = 500;

    /// <summary>Call it when all UIDs that are given out from now on are above the source's.</summary>
    /// <returns>Why it could not; null: it is done.</returns>
    public async Task<StoreError?> EndAsync(IReadOnlyList<SourceMessage> there, CancellationToken cancel)
    {
        if (await target.Store.ViewAsync(account, mailbox, cancel) is not { } view) return null;
        var doubled = there.Where(message => message.Uid > 0 && view.IndexOf(message.Uid) >= 0 && !IsOne(message))
            .Select(message => message.Uid).ToList();
        foreach (var some in doubled.Chunk(AtOnce))
        {
            var moved = await target.Store.RenumberAsync(account, mailbox, some, Notes, cancel);
            if (!moved.Ok) return moved.Error;
        }
        return null;
    }

    private bool IsOne(SourceMessage message) => taken.Any(one => one.Find(message.Key) is { } known && known.Uid == message.Uid);

    private IReadOnlyList<Document> Notes(EntriesCopied moved)
    {
        var now = moved.Source.Zip(moved.Destination).ToDictionary(pair => pair.First, pair => pair.Second);
        var seconds = target.Clock.GetUtcNow().ToUnixTimeSeconds();
        return [.. taken.SelectMany(one => one.NotesWith([.. one.All.Where(message => now.ContainsKey(message.Uid))
            .Select(message => message with { Uid = now[message.Uid] })], seconds))];
    }
}
