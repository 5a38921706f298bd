using Aviso.Store;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>Documents in memory; what has expired by the clock is not given out.</summary>
internal sealed class FakeDocuments(TimeProvider clock) : IDocumentRows
{
    private readonly Lock _gate = new();
    private readonly Dictionary<DocumentKey, Document> _kept = [];

    public Task<Document?> GetDocumentAsync(AccountId owner, string kind, string name, CancellationToken cancel)
    {
        lock (_gate) return Task.FromResult(_kept.GetValueOrDefault(new(owner, kind, name)) is { } found && Lives(found) ? found : null);
    }

    public Task<IReadOnlyList<Document>> ListDocumentsAsync(AccountId owner, string kind, CancellationToken cancel) =>
        List(d => d.Key.Owner == owner && d.Key.Kind == kind);

    public Task<IReadOnlyList<Document>> ListDocumentsAsync(string kind, CancellationToken cancel) => List(d => d.Key.Kind == kind);

    public Task ChangeDocumentsAsync(IReadOnlyList<Document> set, IReadOnlyList<DocumentKey> remove, CancellationToken cancel)
    {
        lock (_gate)
        {
            foreach (var document in set) _kept[document.Key] = document;
            foreach (var key in remove) _kept.Remove(key);
        }
        return Task.CompletedTask;
    }

    public Task<bool> AddDocumentAsync(Document document, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (_kept.TryGetValue(document.Key, out var there) && Lives(there)) return Task.FromResult(false);
            _kept[document.Key] = document;
            return Task.FromResult(true);
        }
    }

    private Task<IReadOnlyList<Document>> List(Func<Document, bool> which)
    {
        lock (_gate)
            return Task.FromResult<IReadOnlyList<Document>>(
                [.. _kept.Values.Where(d => Lives(d) && which(d)).OrderBy(d => d.Key.Name, StringComparer.Ordinal)]);
    }

    private bool Lives(Document document) => document.ExpiresAt == 0 || document.ExpiresAt > clock.GetUtcNow().ToUnixTimeSeconds();
}
