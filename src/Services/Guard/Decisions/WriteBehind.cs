using System.Threading.Channels;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Guard;

/// <summary>
/// Writes documents in the background, in bounded transactions. What the store does not take is kept and tried again with growing pauses,
/// at once when somebody waits for it, and once more at the end. The last word on a document counts.
/// </summary>
internal sealed class WriteBehind : IAsyncDisposable
{
    /// <summary>Of one transaction.</summary>
    private const int Most = 1_000;
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly IDocumentRows _rows;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Channel<Write> _writes = Channel.CreateUnbounded<Write>(new() { SingleReader = true });
    private readonly Task _writing;

    // What the store has not taken, and who waits for it. Of the writing task only.
    private readonly Dictionary<DocumentKey, Document> _set = [];
    private readonly HashSet<DocumentKey> _remove = [];
    private readonly List<TaskCompletionSource<string?>> _waiting = [];
    private bool _lastTry, _failing;

    public WriteBehind(IDocumentRows rows, TimeProvider clock, ILogger log)
    {
        (_rows, _clock, _log) = (rows, clock, log);
        _writing = Task.Run(RunAsync);
    }

    public void Set(Document document) => _writes.Writer.TryWrite(new(document, null, null));

    public void Remove(DocumentKey key) => _writes.Writer.TryWrite(new(null, key, null));

    /// <summary>Returns when all changes so far are in the store (null), or with the reason why they are not yet.</summary>
    public async Task<string?> FlushAsync(CancellationToken cancel)
    {
        var done = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        return _writes.Writer.TryWrite(new(null, null, done)) ? await done.Task.WaitAsync(cancel) : "the server stops";
    }

    public async ValueTask DisposeAsync()
    {
        _writes.Writer.TryComplete();
        await _writing;
    }

    private async Task RunAsync()
    {
        var pause = FirstPause;
        while (_set.Count + _remove.Count > 0 ? await PauseAsync(pause) : await _writes.Reader.WaitToReadAsync())
        {
            Gather();
            var problem = await StoreAsync();
            pause = problem is null ? FirstPause : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
            foreach (var done in _waiting) done.TrySetResult(problem);
            _waiting.Clear();
        }
        if (_set.Count + _remove.Count > 0) _log.DecisionsLost(_set.Count + _remove.Count);
    }

    /// <summary>Until the pause is over, somebody waits, or the end. False: the last try has been made.</summary>
    private async Task<bool> PauseAsync(TimeSpan pause)
    {
        using var over = new CancellationTokenSource(pause, _clock);
        try
        {
            while (await _writes.Reader.WaitToReadAsync(over.Token))
            {
                Gather();
                if (_waiting.Count > 0) return true;
            }
            var again = !_lastTry;
            _lastTry = true;
            return again;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    private void Gather()
    {
        while (_writes.Reader.TryRead(out var write))
        {
            if (write.Set is { } document)
            {
                _remove.Remove(document.Key);
                _set[document.Key] = document;
            }
            if (write.Remove is { } key)
            {
                _set.Remove(key);
                _remove.Add(key);
            }
            if (write.Done is { } done) _waiting.Add(done);
        }
    }

    /// <summary>Null, or why something is left.</summary>
    private async Task<string?> StoreAsync()
    {
        try
        {
            while (_set.Count + _remove.Count > 0)
            {
                List<DocumentKey> remove = [.. _remove.Take(Most)];
                List<Document> set = [.. _set.Values.Take(Most - remove.Count)];
                await _rows.ChangeDocumentsAsync(set, remove, default);
                foreach (var document in set) _set.Remove(document.Key);
                _remove.ExceptWith(remove);
            }
            if (_failing) _log.DecisionsStored();
            _failing = false;
            return null;
        }
        catch (Exception e)
        {
            // Once, not with every try.
            if (!_failing) _log.DecisionsWait(_set.Count + _remove.Count, e.Message);
            _failing = true;
            return e.Message;
        }
    }

    private readonly record struct Write(Document? Set, DocumentKey? Remove, TaskCompletionSource<string?>? Done);
}
