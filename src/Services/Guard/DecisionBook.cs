using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Guard;

/// <summary>Which decisions a list or a delete is about; null fields do not matter.</summary>
public sealed record DecisionFilter(long? Id = null, string? Value = null, string? Contains = null, string? Type = null, string? Origin = null, string? Scenario = null);

/// <summary>
/// All decisions that hold, in memory for the listeners and in the store for the next start. A decision counts at once; it is written
/// in the background, and a store that does not take it costs only its life beyond a restart.
/// </summary>
public sealed class DecisionBook : IAsyncDisposable
{
    /// <summary>What one server keeps; beyond it new decisions of automation are dropped and counted.</summary>
    public const int Most = 500_000;

    private const string Kind = "decision";
    private const int Batch = 1_000;

    private readonly IDocumentRows _rows;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, Decision> _all = [];
    private readonly Dictionary<string, List<Decision>> _byValue = new(StringComparer.Ordinal);
    private readonly DecisionTable _manual = new(), _automatic = new();
    private readonly Channel<Write> _writes = Channel.CreateUnbounded<Write>(new() { SingleReader = true });
    private readonly Task _writing;
    private long _lastId;
    private long _version;
    private long _changes;

    private DecisionBook(IDocumentRows rows, TimeProvider clock, ILogger log)
    {
        (_rows, _clock, _log) = (rows, clock, log);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Grows with every new decision.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>Grows with every decision that comes or goes.</summary>
    public long Changes => Volatile.Read(ref _changes);

    public int Count
    {
        get
        {
            lock (_gate) return _all.Count;
        }
    }

    /// <summary>With what the store kept and what has not ended meanwhile.</summary>
    public static async Task<DecisionBook> OpenAsync(IDocumentRows rows, TimeProvider clock, ILogger log, CancellationToken cancel)
    {
        var kept = await rows.ListDocumentsAsync(default, Kind, cancel);
        var book = new DecisionBook(rows, clock, log);
        foreach (var document in kept)
        {
            if (JsonSerializer.Deserialize<Decision>(document.Value) is { } decision && Decision.Canonical(decision.Value) == decision.Value) book.Take(decision);
        }
        return book;
    }

    /// <summary>Adds it with an id, at once. Null when the book is full.</summary>
    public Decision? Add(Decision decision)
    {
        var value = Decision.Canonical(decision.Value) ?? throw new FormatException($"'{decision.Value}' is no address and no network");
        lock (_gate)
        {
            if (_all.Count >= Most) return null;
            decision = decision with { Id = _lastId + 1, Value = value };
            Take(decision);
        }
        // The second is rounded up: the document must not go before the decision.
        _writes.Writer.TryWrite(new(new(Name(decision), JsonSerializer.SerializeToUtf8Bytes(decision), decision.Since.ToUnixTimeSeconds(),
            decision.Until.ToUnixTimeSeconds() + 1), null, null));
        return decision;
    }

    /// <summary>How many were removed.</summary>
    public int Remove(DecisionFilter filter)
    {
        var gone = List(filter);
        foreach (var decision in gone) Drop(decision);
        return gone.Count;
    }

    /// <summary>By our ids; those that are not there do not matter.</summary>
    public void RemoveIds(IEnumerable<long> ids)
    {
        foreach (var id in ids)
        {
            Decision? decision;
            lock (_gate) _all.TryGetValue(id, out decision);
            if (decision is not null) Drop(decision);
        }
    }

    /// <summary>Those that hold, by id.</summary>
    public IReadOnlyList<Decision> List(DecisionFilter? filter = null)
    {
        var now = _clock.GetUtcNow();
        var address = filter?.Contains is { } text && IPAddress.TryParse(text, out var parsed) ? parsed : null;
        lock (_gate)
        {
            return [.. _all.Values.Where(d => d.Until > now && (filter is null || (
                (filter.Id is null || d.Id == filter.Id) && (filter.Value is null || d.Value == filter.Value)
                && (filter.Contains is null || (address is not null && d.Network.Contains(address)))
                && (filter.Type is null || d.Type == filter.Type) && (filter.Origin is null || d.Origin == filter.Origin)
                && (filter.Scenario is null || d.Scenario == filter.Scenario))))];
        }
    }

    /// <summary>For the way of every connection. <paramref name="trusted"/>: only what a person decided counts.</summary>
    public bool IsBanned(IPAddress address, bool trusted = false)
    {
        var now = _clock.GetUtcNow().UtcTicks;
        return _manual.Contains(address, now) || (!trusted && _automatic.Contains(address, now));
    }

    /// <summary>Takes out what has ended.</summary>
    public void Upkeep()
    {
        var now = _clock.GetUtcNow();
        List<Decision> over;
        lock (_gate) over = [.. _all.Values.Where(d => d.Until <= now)];
        foreach (var decision in over) Drop(decision);
    }

    /// <summary>Returns when all changes so far are in the store, or were given up with a line in the log.</summary>
    public async Task FlushAsync(CancellationToken cancel)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_writes.Writer.TryWrite(new(null, null, done))) return;
        await done.Task.WaitAsync(cancel);
    }

    public async ValueTask DisposeAsync()
    {
        _writes.Writer.TryComplete();
        await _writing;
    }

    private static DocumentKey Name(Decision decision) => new(default, Kind, decision.Id.ToString("D19", CultureInfo.InvariantCulture));

    private void Take(Decision decision)
    {
        lock (_gate)
        {
            _lastId = Math.Max(_lastId, decision.Id);
            _all[decision.Id] = decision;
            if (!_byValue.TryGetValue(decision.Value, out var same)) _byValue[decision.Value] = same = [];
            same.Add(decision);
            Show(decision, same);
            _version++;
            _changes++;
        }
    }

    private void Drop(Decision decision)
    {
        lock (_gate)
        {
            if (!_all.Remove(decision.Id)) return;
            var same = _byValue[decision.Value];
            same.RemoveAll(d => d.Id == decision.Id);
            if (same.Count == 0) _byValue.Remove(decision.Value);
            Show(decision, same);
            _changes++;
        }
        _writes.Writer.TryWrite(new(null, Name(decision), null));
    }

    private void Show(Decision decision, List<Decision> same)
    {
        if (decision.Type != Decision.Ban) return;
        var until = same.Where(d => d.Type == Decision.Ban && d.IsManual == decision.IsManual).Select(d => d.Until.UtcTicks).DefaultIfEmpty(0).Max();
        (decision.IsManual ? _manual : _automatic).Set(decision.Network, until);
    }

    private async Task WriteAsync()
    {
        while (await _writes.Reader.WaitToReadAsync())
        {
            var set = new Dictionary<DocumentKey, Document>();
            var remove = new HashSet<DocumentKey>();
            var waiting = new List<TaskCompletionSource>();
            while (set.Count + remove.Count < Batch && _writes.Reader.TryRead(out var write))
            {
                if (write.Set is { } document) set[document.Key] = document;
                if (write.Remove is { } key)
                {
                    set.Remove(key);
                    remove.Add(key);
                }
                if (write.Done is { } done) waiting.Add(done);
            }
            try
            {
                if (set.Count + remove.Count > 0) await _rows.ChangeDocumentsAsync([.. set.Values], [.. remove], default);
            }
            catch (Exception e)
            {
                _log.LogError("{Count} changes of decisions hold now but are not in the store and will not survive a restart: {Error}", set.Count + remove.Count, e.Message);
            }
            foreach (var done in waiting) done.TrySetResult();
        }
    }

    private readonly record struct Write(Document? Set, DocumentKey? Remove, TaskCompletionSource? Done);
}
