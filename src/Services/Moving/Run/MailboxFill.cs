using Aviso.Base;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>Takes new messages into one mailbox, batch by batch; while one batch goes to disk the next is read.</summary>
/// <param name="keeps">Both sides have one UIDVALIDITY: only messages whose UIDs are free are taken, the others are <see cref="Late"/>.
/// Else each gets the next UID.</param>
internal sealed class MailboxFill(
    MoveTarget target, AccountId account, MailboxInfo here, MailSource source, TakenMailbox taken, bool keeps, MoveResult result,
    Action<SourceMessage, Exception> failed)
{
    private const int MostTries = 20;
    private static readonly TimeSpan ForRoom = TimeSpan.FromSeconds(1);
    private readonly List<SourceMessage> _late = [];

    /// <summary>What this server gave their UIDs to is another message: one UID given here costs one of theirs, and not all above
    /// it.</summary>
    public IReadOnlyList<SourceMessage> Late => _late;

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
                var next = keeps ? (await target.Store.ViewAsync(account, here.Id, cancel))?.UidNext ?? 1 : 0;
                var (free, late) = Parted(batch.Sources, next);
                if (free.Count == 0)
                {
                    _late.AddRange(late);
                    return;
                }
                var stored = await target.Store.TakeEntriesAsync(account, here.Id, [.. free.Select(i => batch.Messages[i])],
                    [.. free.Select(i => keeps ? batch.Sources[i].Uid : 0)], entries => Notes(batch, free, entries), cancel);
                // A delivery came between.
                if (stored.Error == StoreError.Conflict && tries < MostTries) continue;
                if (!stored.Ok)
                {
                    result.Stopped = MoveRun.Word(stored.Error);
                    return;
                }
                _late.AddRange(late);
                Count(batch, free, stored.Value!);
                progress.Taken(free.Count, free.Sum(i => batch.Messages[i].Body.Length));
                return;
            }
        }
    }

    /// <summary>Places of those whose UIDs this server has not given out, and those that it cannot give any more.</summary>
    private static (List<int> Free, List<SourceMessage> Late) Parted(IReadOnlyList<SourceMessage> messages, uint next)
    {
        var (free, late) = (new List<int>(), new List<SourceMessage>());
        for (var i = 0; i < messages.Count; i++)
        {
            if (next > 0 && messages[i].Uid < next)
            {
                late.Add(messages[i]);
                continue;
            }
            free.Add(i);
            if (next > 0) next = messages[i].Uid + 1;
        }
        return (free, late);
    }

    private IReadOnlyList<Document> Notes(MessageBatch batch, List<int> stored, IReadOnlyList<AppendedEntry> entries) => taken.NotesWith(
        [.. stored.Select((place, i) => (Message: batch.Sources[place], entries[i].Uid))
            .Select(pair => new TakenMessage(pair.Message.Key, pair.Uid, TakenMessage.MarkOf(pair.Message)))],
        target.Clock.GetUtcNow().ToUnixTimeSeconds());

    private void Count(MessageBatch batch, List<int> stored, IReadOnlyList<AppendedEntry> entries)
    {
        for (var i = 0; i < entries.Count; i++)
        {
            var message = batch.Sources[stored[i]];
            result.Taken++;
            result.Octets += batch.Messages[stored[i]].Body.Length;
            if (message.Uid > 0 && message.Uid != entries[i].Uid) result.Renumbered++;
        }
    }
}
