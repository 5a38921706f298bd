using System.Globalization;
using System.Net;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Guard;

/// <summary>Which decisions a list or a delete is about; null fields do not matter.</summary>
/// <param name="Value">Exactly this, in canonical form.</param>
/// <param name="Covers">What holds for all of this address or network, wider ones included; in canonical form.</param>
public sealed record DecisionFilter(
    long? Id = null, string? Value = null, string? Covers = null, string? Type = null, string? Origin = null, string? Scenario = null);

/// <summary>
/// All decisions that hold, in memory for the listeners and in the store for the next start. A decision counts at once; it is written
/// in the background, and while the store does not take it, it is tried again.
/// </summary>
public sealed class DecisionBook : IAsyncDisposable
{
    /// <summary>What one server keeps; beyond it new decisions of automation are dropped and counted.</summary>
    public const int Most = 500_000;

    private const string Kind = "decision";
    private static readonly TimeSpan SayFullEvery = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, Decision> _all = [];
    private readonly Dictionary<string, List<Decision>> _byValue = new(StringComparer.Ordinal);
    private readonly DecisionTable _manual = new(), _automatic = new();
    private readonly WriteBehind _writes;
    private readonly int _most;
    private long _lastId;
    private long _version;
    private long _changes;
    private long? _saidFull;

    private DecisionBook(WriteBehind writes, ProvenClients proven, TimeProvider clock, ILogger log, int most) =>
        (_writes, Proven, _clock, _log, _most) = (writes, proven, clock, log, most);

    /// <summary>Kept beside the decisions: whom automation does not ban.</summary>
    internal ProvenClients Proven { get; }

    /// <summary>Right after <see cref="Version"/> went up; must return at once.</summary>
    public event Action? Changed;

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
    public static async Task<DecisionBook> OpenAsync(
        IDocumentRows rows, TimeProvider clock, ILogger log, CancellationToken cancel, int most = Most)
    {
        var kept = await rows.ListDocumentsAsync(default, Kind, cancel);
        var writes = new WriteBehind(rows, clock, log);
        var book = new DecisionBook(writes, await ProvenClients.OpenAsync(rows, writes, cancel), clock, log, most);
        foreach (var document in kept)
        {
            if (document.Read(DecisionJson.Default.Decision) is { } decision
                && Decision.Canonical(decision.Value) == decision.Value) book.Take(decision);
        }
        return book;
    }

    /// <summary>Adds it with an id, at once. Null when the book is full, which is an event.</summary>
    public Decision? Add(Decision decision)
    {
        var value = Decision.Canonical(decision.Value) ?? throw new FormatException($"'{decision.Value}' is no address and no network");
        lock (_gate)
        {
            if (_all.Count < _most)
            {
                decision = decision with { Id = _lastId + 1, Value = value };
                Take(decision);
                // The second is rounded up: the document must not go before the decision.
                _writes.Set(Documents.Of(Name(decision), decision, DecisionJson.Default.Decision,
                    decision.Since.ToUnixTimeSeconds(), decision.Until.ToUnixTimeSeconds() + 1));
                return decision;
            }
        }
        SayFull();
        return null;
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
        var around = filter?.Covers is { } inner ? Decision.Around(inner).ToHashSet(StringComparer.Ordinal) : null;
        lock (_gate)
        {
            return [.. Near(filter, around).Where(d => d.Until > now && (filter is null || (
                (filter.Id is null || d.Id == filter.Id) && (filter.Value is null || d.Value == filter.Value)
                && (around is null || around.Contains(d.Value))
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

    /// <summary>Takes out what has ended. Call it every few seconds.</summary>
    public void Upkeep()
    {
        var now = _clock.GetUtcNow();
        List<Decision> over;
        lock (_gate) over = [.. _all.Values.Where(d => d.Until <= now)];
        foreach (var decision in over) Drop(decision);
        Proven.Write();
    }

    /// <summary>Returns when all changes so far are in the store (null), or with the reason why they hold and are not stored yet.</summary>
    public Task<string?> FlushAsync(CancellationToken cancel) => _writes.FlushAsync(cancel);

    public ValueTask DisposeAsync()
    {
        Proven.Write();
        return _writes.DisposeAsync();
    }

    private static DocumentKey Name(Decision decision) => new(default, Kind, decision.Id.ToString("D19", CultureInfo.InvariantCulture));

    /// <summary>What a filter can be about, by the narrowest index.</summary>
    private IEnumerable<Decision> Near(DecisionFilter? filter, IEnumerable<string>? around) =>
        filter?.Id is { } id ? _all.TryGetValue(id, out var one) ? [one] : []
        : filter?.Value is { } value ? Of(value)
        : around is not null ? around.SelectMany(Of).OrderBy(d => d.Id)
        : _all.Values;

    private List<Decision> Of(string value) => _byValue.GetValueOrDefault(value) ?? [];

    private void SayFull()
    {
        GuardMeters.Full();
        var now = _clock.GetTimestamp();
        lock (_gate)
        {
            if (_saidFull is { } said && _clock.GetElapsedTime(said, now) < SayFullEvery) return;
            _saidFull = now;
        }
        _log.BookFull(_most);
    }

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
        Changed?.Invoke();
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
            _writes.Remove(Name(decision));
        }
    }

    private void Show(Decision decision, List<Decision> same)
    {
        if (decision.Type != Decision.Ban) return;
        var until = same.Where(d => d.Type == Decision.Ban && d.IsManual == decision.IsManual).Select(d => d.Until.UtcTicks)
            .DefaultIfEmpty(0).Max();
        (decision.IsManual ? _manual : _automatic).Set(decision.Network, until);
    }
}
