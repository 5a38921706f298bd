using Aviso.Base;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>Takes new messages into one mailbox, batch by batch; while one batch goes to disk the next is read.</summary>
/// <param name="keeps">Both sides have one UIDVALIDITY: UIDs stay what they were wherever they are free.</param>
internal sealed class MailboxFill(
    MoveTarget target, AccountId account, MailboxInfo here, MailSource source, TakenMailbox taken, bool keeps, MoveResult result,
    Action<SourceMessage, Exception> failed)
{
    private const int MostTries = 20;
    private static readonly TimeSpan ForRoom = TimeSpan.FromSeconds(1);

    public async Task FillAsync(IReadOnlyList<SourceMessage> fresh, MoveProgress progress, CancellationToken cancel)
    {
        var before = Task.CompletedTask;
        source.Announce(fresh);
        try
        {
            for (var at = 0; at < fresh.Count && result.Stopped is null;)
            {
                var (batch, next) = await ReadAsync(fresh, at, cancel);
                at = next;
                await before;
                before = StoreAsync(batch, progress, cancel);
            }
        }
        finally
        {
            await before;
        }
    }

    private async Task<(MessageBatch, int)> ReadAsync(IReadOnlyList<SourceMessage> fresh, int at, CancellationToken cancel)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return await Task.Run(() => MessageBatch.Read(source, fresh, at, target, failed, cancel), cancel);
            }
            catch (SpoolFullException) when (tries < MostTries)
            {
                // Mail that comes in goes first.
                await Task.Delay(ForRoom, target.Clock, cancel);
            }
        }
    }

    private async Task StoreAsync(MessageBatch batch, MoveProgress progress, CancellationToken cancel)
    {
        using (batch)
        {
            if (batch.Messages.Count == 0 || result.Stopped is not null) return;
            for (var tries = 0; ; tries++)
            {
                var uids = await UidsAsync(batch.Sources, cancel);
                var stored = await target.Store.TakeEntriesAsync(account, here.Id, batch.Messages, uids, entries => Notes(batch, entries),
                    cancel);
                // A delivery came between.
                if (stored.Error == StoreError.Conflict && tries < MostTries) continue;
                if (!stored.Ok)
                {
                    result.Stopped = MoveRun.Word(stored.Error);
                    return;
                }
                Count(batch, stored.Value!);
                progress.Taken(batch.Messages.Count, batch.Octets);
                return;
            }
        }
    }

    private IReadOnlyList<Document> Notes(MessageBatch batch, IReadOnlyList<AppendedEntry> entries) => taken.NotesWith(
        [.. batch.Sources.Select((message, i) => new TakenMessage(message.Key, entries[i].Uid, TakenMessage.MarkOf(message)))],
        target.Clock.GetUtcNow().ToUnixTimeSeconds());

    /// <summary>
    /// The UID of the old server where this one has given out none so high. Where both have given one number to different messages, both
    /// get
    /// a new one: a client that knew either hears that it is gone, and none shows one message for the other.
    /// </summary>
    private async Task<uint[]> UidsAsync(IReadOnlyList<SourceMessage> messages, CancellationToken cancel)
    {
        var uids = new uint[messages.Count];
        if (!keeps || await target.Store.ViewAsync(account, here.Id, cancel) is not { } view) return uids;
        var next = view.UidNext;
        var doubled = new List<uint>();
        for (var i = 0; i < uids.Length; i++)
        {
            if (messages[i].Uid >= next)
            {
                uids[i] = messages[i].Uid;
                next = uids[i] + 1;
                continue;
            }
            next++;
            if (messages[i].Uid > 0 && view.IndexOf(messages[i].Uid) >= 0) doubled.Add(messages[i].Uid);
        }
        var ours = doubled.Count == 0 ? [] : taken.All.Select(message => message.Uid).ToHashSet();
        doubled.RemoveAll(ours.Contains);
        if (doubled.Count == 0) return uids;
        await target.Store.CopyAsync(account, here.Id, doubled, here.Id, move: true, cancel);
        return await UidsAsync(messages, cancel);
    }

    private void Count(MessageBatch batch, IReadOnlyList<AppendedEntry> entries)
    {
        result.Taken += entries.Count;
        result.Octets += batch.Octets;
        for (var i = 0; i < entries.Count; i++)
            if (batch.Sources[i].Uid > 0 && batch.Sources[i].Uid != entries[i].Uid) result.Renumbered++;
    }
}
