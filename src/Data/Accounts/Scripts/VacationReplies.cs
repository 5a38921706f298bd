using System.Collections.Concurrent;
using System.Text.Json;
using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>
/// What each account answers while its owner is away: one document an account. It is no script among the account's scripts, so no script
/// has to know of it; delivery lets it speak after them (decisions/0055-vacation-and-scripts.md). One instance in a process: it remembers
/// what is in effect.
/// </summary>
public sealed class VacationReplies(IDocumentRows rows, TimeProvider clock) : IDisposable
{
    public const string Kind = "vacation";

    private const int Remembered = 10_000;

    // Changes read before they write: one at a time, in the whole process, for they are rare.
    private readonly SemaphoreSlim _one = new(1);
    private readonly ConcurrentDictionary<AccountId, VacationReply> _known = new();
    private long _changes;

    /// <summary>The reply of an account has changed, and this is its new state.</summary>
    public event Action<AccountId, string>? Changed;

    public async Task<(string State, VacationReply Reply)> ReadAsync(AccountId account, CancellationToken cancel)
    {
        var kept = await KeptAsync(account, cancel);
        return (kept.StateText, kept.Reply);
    }

    /// <summary>What is answered to a message that arrives now; null: nothing. From memory after the first time.</summary>
    public async ValueTask<VacationReply?> InEffectAsync(AccountId account, CancellationToken cancel)
    {
        if (!_known.TryGetValue(account, out var reply))
        {
            var before = Volatile.Read(ref _changes);
            reply = (await KeptAsync(account, cancel)).Reply;
            // A change meanwhile may have been missed: what was read is right for this message, but is not kept.
            if (before == Volatile.Read(ref _changes))
            {
                if (_known.Count >= Remembered) _known.Clear();
                _known[account] = reply;
                if (before != Volatile.Read(ref _changes)) _known.TryRemove(account, out _);
            }
        }
        return reply.IsInEffect(clock.GetUtcNow()) ? reply : null;
    }

    /// <summary>Lets <paramref name="change"/> say what is answered from now on, with nobody in between.</summary>
    /// <param name="change">Is given the state and the reply as they are.</param>
    /// <returns>The state before and after.</returns>
    public async Task<(string Before, string After)> ChangeAsync(
        AccountId account, Func<string, VacationReply, VacationReply> change, CancellationToken cancel)
    {
        KeptReply before, after;
        await _one.WaitAsync(cancel);
        try
        {
            before = await KeptAsync(account, cancel);
            var reply = change(before.StateText, before.Reply);
            after = reply == before.Reply ? before : new(before.State + 1, reply);
            if (after != before) await WriteAsync(account, after, cancel);
        }
        finally
        {
            Interlocked.Increment(ref _changes);
            _known.TryRemove(account, out _);
            _one.Release();
        }
        if (after != before) Changed?.Invoke(account, after.StateText);
        return (before.StateText, after.StateText);
    }

    public void Dispose() => _one.Dispose();

    private async Task<KeptReply> KeptAsync(AccountId account, CancellationToken cancel) =>
        await rows.GetDocumentAsync(account, Kind, "", cancel) is { } kept
            ? JsonSerializer.Deserialize(kept.Value, VacationJson.Default.KeptReply) ?? KeptReply.None : KeptReply.None;

    private Task WriteAsync(AccountId account, KeptReply kept, CancellationToken cancel) => rows.ChangeDocumentsAsync(
        [new(new(account, Kind, ""), JsonSerializer.SerializeToUtf8Bytes(kept, VacationJson.Default.KeptReply),
            clock.GetUtcNow().ToUnixTimeSeconds())], [], cancel);
}
