using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// The records of one type, such as identities: documents of their account, with a state that each change raises and a log of the last
/// changes, all written in one transaction.
/// </summary>
/// <param name="kind">Of the documents.</param>
internal sealed class RecordBook(IDocumentRows rows, string kind, TimeProvider clock) : IDisposable
{
    // One change of an account at a time; accounts share a few locks.
    private readonly SemaphoreSlim[] _locks = [.. Enumerable.Range(0, 32).Select(_ => new SemaphoreSlim(1, 1))];

    private string LogKind => kind + "-log";

    /// <summary>Every record and the state they make.</summary>
    public async Task<RecordSet> ReadAsync(AccountId account, CancellationToken cancel)
    {
        var log = await LogAsync(account, cancel);
        var documents = await rows.ListDocumentsAsync(account, kind, cancel);
        return new(log, documents.ToDictionary(d => d.Key.Name, d => d.Value, StringComparer.Ordinal));
    }

    public async Task<RecordLog> LogAsync(AccountId account, CancellationToken cancel) =>
        await rows.GetDocumentAsync(account, LogKind, "", cancel) is { } document ? RecordLog.Read(document.Value) : RecordLog.Empty;

    /// <summary>Reads, lets <paramref name="change"/> say what is to be written, and writes it, with nobody in between.</summary>
    /// <param name="change">Its result is what is written; nothing where it is empty.</param>
    /// <returns>The set before, and the log after.</returns>
    public async Task<(RecordSet Before, RecordLog After)> ChangeAsync(
        AccountId account, Func<RecordSet, ValueTask<IReadOnlyList<RecordChange>>> change, CancellationToken cancel)
    {
        var one = _locks[(uint)account.GetHashCode() % _locks.Length];
        await one.WaitAsync(cancel);
        try
        {
            var before = await ReadAsync(account, cancel);
            var changes = await change(before);
            if (changes.Count == 0) return (before, before.Log);
            var (now, log) = (clock.GetUtcNow().ToUnixTimeSeconds(), before.Log.With(changes.Select(c => (c.Id, c.Kind))));
            await rows.ChangeDocumentsAsync(
                [.. changes.Where(c => c.Value is not null).Select(c => new Document(Key(account, c.Id), c.Value ?? [], now, c.ExpiresAt)),
                    new Document(new(account, LogKind, ""), log.Write(), now)],
                [.. changes.Where(c => c.Value is null).Select(c => Key(account, c.Id))], cancel);
            return (before, log);
        }
        finally
        {
            one.Release();
        }
    }

    public void Dispose()
    {
        foreach (var one in _locks) one.Dispose();
    }

    private DocumentKey Key(AccountId account, string id) => new(account, kind, id);
}

/// <param name="Records">By id, as they were written.</param>
internal sealed record RecordSet(RecordLog Log, IReadOnlyDictionary<string, byte[]> Records)
{
    public string State => Log.State;
}

/// <param name="Value">Null: the record goes.</param>
/// <param name="ExpiresAt">Unix seconds UTC, or 0: never.</param>
internal sealed record RecordChange(string Id, RecordChangeKind Kind, byte[]? Value, long ExpiresAt = 0);
