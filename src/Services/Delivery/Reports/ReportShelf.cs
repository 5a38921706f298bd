using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>
/// Where reports stand: documents that go when their time is over, or, the oldest first, when there are too many of their kind. Anybody can
/// send reports, so age alone is no bound. For one writer at a time.
/// </summary>
internal sealed class ReportShelf(IDocumentRows documents, TimeProvider clock, ILogger log)
{
    /// <summary>Reports of one kind: four hundred days of two dozen.</summary>
    public const int Most = 10_000;

    private readonly Dictionary<string, Names> _kinds = new(StringComparer.Ordinal);
    private DateTimeOffset _saidAt = DateTimeOffset.MinValue;

    public async Task PutAsync(string kind, string name, byte[] octets, TimeSpan keep, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var names = await NamesAsync(kind, cancel);
        names.Put(name, now.ToUnixTimeSeconds());
        var over = names.TakeOver();
        await documents.ChangeDocumentsAsync(
            [new(new(default, kind, name), octets, now.ToUnixTimeSeconds(), (now + keep).ToUnixTimeSeconds())],
            [.. over.Select(old => new DocumentKey(default, kind, old))], cancel);
        if (over.Count == 0 || now - _saidAt < TimeSpan.FromDays(1)) return;
        _saidAt = now;
        log.ReportsFull(Most, kind);
    }

    // Read once; from then on nobody else writes them.
    private async Task<Names> NamesAsync(string kind, CancellationToken cancel)
    {
        if (_kinds.TryGetValue(kind, out var names)) return names;
        names = new();
        foreach (var document in await documents.ListDocumentsAsync(default, kind, cancel))
            names.Put(document.Key.Name, document.ChangedAt);
        return _kinds[kind] = names;
    }

    private sealed class Names
    {
        private readonly Dictionary<string, long> _since = new(StringComparer.Ordinal);
        private readonly SortedSet<(long At, string Name)> _inOrder = [];

        public void Put(string name, long at)
        {
            if (_since.TryGetValue(name, out var before)) _inOrder.Remove((before, name));
            _since[name] = at;
            _inOrder.Add((at, name));
        }

        public List<string> TakeOver()
        {
            var over = new List<string>();
            while (_since.Count > Most)
            {
                var (at, name) = _inOrder.Min;
                _inOrder.Remove((at, name));
                _since.Remove(name);
                over.Add(name);
            }
            return over;
        }
    }
}
