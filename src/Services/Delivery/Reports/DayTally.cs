using System.Globalization;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>What all tallies keep to.</summary>
internal static class DayTally
{
    /// <summary>Days and domains that are counted at once.</summary>
    public const int MostDomains = 10_000;
}

/// <summary>
/// What is counted by day (UTC) and domain until a report is sent. Kept in the store now and then; a crash loses minutes of counting, never
/// mail.
/// Thread-safe.
/// </summary>
/// <param name="kind">Of the documents, one a day and domain, named "yyyyMMdd:domain".</param>
/// <param name="write">The document's value.</param>
/// <param name="read">Null when it cannot be read: that day counts anew.</param>
internal sealed class DayTally<T>(
    IDocumentRows documents, TimeProvider clock, string kind, Func<string, T, byte[]> write, Func<Document, T?> read)
    where T : class
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    private readonly Dictionary<string, Day> _days = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    private string Today => clock.GetUtcNow().UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    private long _leftOut;

    /// <summary>What was counted for no domain, since it was asked last: there are too many of them.</summary>
    public long TakeLeftOut() => Interlocked.Exchange(ref _leftOut, 0);

    /// <summary>Counts for today. When there are too many domains already the others have no report, which is said.</summary>
    public void Count(string domain, Func<T> begin, Action<T> count)
    {
        var name = $"{Today}:{domain}";
        lock (_gate)
        {
            if (!_days.TryGetValue(name, out var day))
            {
                if (_days.Count >= DayTally.MostDomains)
                {
                    ReportMeters.NotCounted(kind);
                    Interlocked.Increment(ref _leftOut);
                    return;
                }
                _days[name] = day = new(begin());
            }
            day.Changed = true;
            count(day.Counted);
        }
    }

    /// <summary>Reads what was counted before a restart.</summary>
    public async Task LoadAsync(CancellationToken cancel)
    {
        foreach (var document in await documents.ListDocumentsAsync(default, kind, cancel))
        {
            if (read(document) is { } counted) lock (_gate) _days.TryAdd(document.Key.Name, new(counted));
        }
    }

    /// <summary>Writes what changed.</summary>
    public async Task SaveAsync(CancellationToken cancel)
    {
        List<Document> changed = [];
        var now = clock.GetUtcNow();
        lock (_gate)
        {
            foreach (var (name, day) in _days.Where(d => d.Value.Changed))
            {
                changed.Add(new(
                    new(default, kind, name), write(name, day.Counted), now.ToUnixTimeSeconds(), (now + Kept).ToUnixTimeSeconds()));
                day.Changed = false;
            }
        }
        if (changed.Count > 0) await documents.ChangeDocumentsAsync(changed, [], cancel);
    }

    /// <summary>What <paramref name="show"/> makes of the days that are over, with their keys for <see cref="DoneAsync"/>.</summary>
    /// <param name="show">Given the key, the domain and what was counted; it only copies.</param>
    public IReadOnlyList<TShown> Over<TShown>(Func<string, string, T, TShown> show)
    {
        var today = Today;
        lock (_gate) return [.. _days.Where(d => string.CompareOrdinal(d.Key[..8], today) < 0).Select(d =>
            show(d.Key, d.Key[9..], d.Value.Counted))];
    }

    public async Task DoneAsync(string key, CancellationToken cancel)
    {
        lock (_gate) _days.Remove(key);
        await documents.ChangeDocumentsAsync([], [new(default, kind, key)], cancel);
    }

    private sealed class Day(T counted)
    {
        public T Counted => counted;

        public bool Changed { get; set; }
    }
}
