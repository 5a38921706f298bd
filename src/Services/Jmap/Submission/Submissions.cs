using Aviso.Base;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>The submissions of accounts. Old ones go, with a line in the log of changes, when there are many (RFC 8621 §7: MAY).</summary>
internal sealed class Submissions(IDocumentRows rows, IdSource ids, TimeProvider clock) : IDisposable, IStateSource
{
    public const string Kind = "jmap-submission";

    /// <summary>Of one account; beyond it the oldest that are over go.</summary>
    private const int Kept = 500;

    /// <summary>Of one account, waiting.</summary>
    public const int MostPending = 200;

    private readonly RecordBook _book = new(rows, Kind, clock);

    public string Type => "EmailSubmission";

    public string NewId() => "s" + IdText.Format(ids.Next());

    public async Task<(RecordLog Log, IReadOnlyList<EmailSubmission> All)> ReadAsync(AccountId account, CancellationToken cancel)
    {
        var set = await _book.ReadAsync(account, cancel);
        return (set.Log, [.. set.Records.Values.Select(kept => EmailSubmission.Read(kept)).OrderBy(s => s.Id, StringComparer.Ordinal)]);
    }

    public Task<RecordLog> LogAsync(AccountId account, CancellationToken cancel) => _book.LogAsync(account, cancel);

    public async ValueTask<string> StateAsync(AccountId account, CancellationToken cancel) => (await LogAsync(account, cancel)).State;

    public Task<(RecordSet Before, RecordLog After)> ChangeAsync(
        AccountId account, Func<RecordSet, ValueTask<IReadOnlyList<RecordChange>>> change, CancellationToken cancel) =>
        _book.ChangeAsync(account, async now =>
        {
            var changes = await change(now);
            var over = now.Records.Count + changes.Count(c => c.Kind == RecordChangeKind.Created) - Kept;
            if (over <= 0) return changes;
            // Ids grow with time.
            var old = now.Records.OrderBy(r => r.Key, StringComparer.Ordinal).Where(r => changes.All(c => c.Id != r.Key))
                .Where(r => EmailSubmission.Read(r.Value).Undo != UndoStatus.Pending).Take(over);
            return [.. changes, .. old.Select(r => new RecordChange(r.Key, RecordChangeKind.Destroyed, null))];
        }, cancel);

    public void Dispose() => _book.Dispose();
}
