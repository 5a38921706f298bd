using Aviso.Base;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Doctor;

/// <summary>How events go out.</summary>
/// <param name="From">The least severity.</param>
/// <param name="IsQuiet">Only errors go out now; the rest waits.</param>
public sealed record EventOptions(IReadOnlyList<IEventTarget> Targets, Severity From, Func<DateTimeOffset, bool> IsQuiet)
{
    public static readonly EventOptions None = new([], Severity.Warning, _ => false);
}

/// <summary>A target and how it goes with it.</summary>
/// <param name="Problem">Why the last try failed; null: it did not.</param>
public sealed record TargetState(IEventTarget Target, int Waiting, string? Problem, DateTimeOffset? FailsSince);

/// <summary>
/// Events wait in the store until every target has had them: written in the same transaction as the finding, tried with growing pauses, at
/// least once each, for three days at most. What comes at once goes together, and of one code no target hears more than once a minute.
/// </summary>
public sealed class EventDesk(FindingBook book, IDocumentRows rows, IdSource ids, TimeProvider clock, ILogger log)
{
    /// <summary>Events that wait at once; the oldest go first when there are more.</summary>
    public const int Most = 1000;

    private static readonly TimeSpan Gather = TimeSpan.FromSeconds(3), PerCode = TimeSpan.FromMinutes(1), Beat = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(10), LongestPause = TimeSpan.FromMinutes(30),
        Kept = TimeSpan.FromDays(3);

    private readonly Lock _gate = new();
    private readonly List<DoctorEvent> _waiting = [];
    private readonly Dictionary<string, Pace> _paces = new(StringComparer.Ordinal);
    private volatile EventOptions _options = EventOptions.None;

    public EventOptions Options
    {
        get => _options;
        set => _options = value;
    }

    public IReadOnlyList<TargetState> States
    {
        get
        {
            lock (_gate) return [.. _options.Targets.Select(t => (Target: t, Pace: _paces.GetValueOrDefault(t.Name)))
                .Select(t => new TargetState(
                t.Target, _waiting.Count(e => e.Targets.Contains(t.Target.Name)), t.Pace?.Problem, t.Pace?.FailsSince))];
        }
    }

    /// <summary>Takes up what waited at the last stop, and from here on writes down an event for each change.</summary>
    public async Task OpenAsync(CancellationToken cancel)
    {
        foreach (var document in await rows.ListDocumentsAsync(default, DoctorEvent.Kind, cancel))
            if (document.Read(EventJson.Default.DoctorEvent) is { } waits) _waiting.Add(waits);
        _waiting.Sort((a, b) => a.At.CompareTo(b.At));
        book.Along = Begin;
    }

    /// <summary>Delivers until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(Beat, clock, stop);
            try
            {
                await StepAsync(stop);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.EventsFailed(e);
            }
        }
    }

    /// <summary>One look at what is due.</summary>
    public async Task StepAsync(CancellationToken cancel)
    {
        await DropAsync(cancel);
        var options = _options;
        await Task.WhenAll(options.Targets.Select(t => TargetAsync(t, options, cancel)));
    }

    // In the transaction of the finding: an event that is not written down would be silence.
    private Document? Begin(FindingChange change)
    {
        var options = _options;
        if (options.Targets.Count == 0 || change.Standing.Finding.Code.Severity < options.From) return null;
        var fresh = DoctorEvent.Of(change, IdText.Format(ids.Next()), [.. options.Targets.Select(t => t.Name)]);
        lock (_gate) _waiting.Add(fresh);
        return fresh.Document();
    }

    private async Task TargetAsync(IEventTarget target, EventOptions options, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var pace = PaceOf(target);
        if (now < pace.NotBefore) return;
        List<DoctorEvent> due;
        lock (_gate) due = [.. _waiting.Where(e => e.Targets.Contains(target.Name) && IsDue(e, pace, options, now))];
        if (due.Count == 0)
        {
            await RepeatAsync(target, pace, now, cancel);
            return;
        }
        if (await TryAsync(target, due, cancel) is { } problem)
        {
            PutOff(target, pace, problem, now);
            return;
        }
        (pace.Problem, pace.FailsSince, pace.Pause, pace.NotBefore) = (null, null, FirstPause, default);
        foreach (var code in due.Select(e => e.Code).Distinct()) pace.Sent[code] = now;
        DoctorMeters.Sent(target.Kind, due.Count);
        log.EventsDelivered(due.Count, target.Name);
        await DoneAsync(target, due, cancel);
    }

    private static bool IsDue(DoctorEvent one, Pace pace, EventOptions options, DateTimeOffset now) =>
        now - DateTimeOffset.FromUnixTimeSeconds(one.At) >= Gather
        && (!pace.Sent.TryGetValue(one.Code, out var last) || now - last >= PerCode)
        && (one.Severity == Severity.Error || !options.IsQuiet(now));

    private static async Task<string?> TryAsync(IEventTarget target, IReadOnlyList<DoctorEvent> due, CancellationToken cancel)
    {
        try
        {
            return await target.SendAsync(due, cancel);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            return $"{e.GetType().Name}: {e.Message}";
        }
    }

    private async Task RepeatAsync(IEventTarget target, Pace pace, DateTimeOffset now, CancellationToken cancel)
    {
        if (target is not AlertmanagerTarget alerts || now - pace.RepeatedAt < AlertmanagerTarget.Every) return;
        pace.RepeatedAt = now;
        if (await alerts.RepeatAsync(cancel) is { } problem) PutOff(target, pace, problem, now);
        else (pace.Problem, pace.FailsSince) = (null, null);
    }

    private void PutOff(IEventTarget target, Pace pace, string problem, DateTimeOffset now)
    {
        (pace.Problem, pace.FailsSince, pace.NotBefore) = (problem, pace.FailsSince ?? now, now + pace.Pause);
        pace.Pause = pace.Pause * 2 < LongestPause ? pace.Pause * 2 : LongestPause;
        log.EventsPutOff(target.Name, problem, pace.NotBefore);
    }

    private async Task DoneAsync(IEventTarget target, List<DoctorEvent> done, CancellationToken cancel)
    {
        var (set, remove) = (new List<Document>(), new List<DocumentKey>());
        lock (_gate)
        {
            foreach (var one in done)
            {
                var at = _waiting.FindIndex(e => e.Id == one.Id);
                if (at < 0) continue;
                var left = _waiting[at] with { Targets = [.. _waiting[at].Targets.Where(t => t != target.Name)] };
                if (left.Targets.Count == 0)
                {
                    _waiting.RemoveAt(at);
                    remove.Add(left.Document().Key);
                }
                else
                {
                    _waiting[at] = left;
                    set.Add(left.Document());
                }
            }
        }
        await rows.ChangeDocumentsAsync(set, remove, cancel);
    }

    // Too old, too many, or for nobody that is there any more.
    private async Task DropAsync(CancellationToken cancel)
    {
        var (names, from) = (_options.Targets.Select(t => t.Name).ToHashSet(StringComparer.Ordinal), (clock.GetUtcNow() - Kept)
            .ToUnixTimeSeconds());
        List<DoctorEvent> dropped;
        lock (_gate)
        {
            dropped = [.. _waiting.Where(e => e.At < from || !e.Targets.Any(names.Contains))];
            if (_waiting.Count - dropped.Count > Most) dropped.AddRange(_waiting.Except(dropped)
                .Take(_waiting.Count - dropped.Count - Most).ToList());
            _waiting.RemoveAll(dropped.Contains);
        }
        if (dropped.Count == 0) return;
        foreach (var target in _options.Targets)
        {
            var lost = dropped.Count(e => e.Targets.Contains(target.Name));
            if (lost == 0) continue;
            DoctorMeters.Lost(target.Kind, lost);
            log.EventsGivenUp(lost, target.Name, PaceOf(target).Problem ?? "too many wait");
        }
        await rows.ChangeDocumentsAsync([], [.. dropped.Select(d => d.Document().Key)], cancel);
    }

    private Pace PaceOf(IEventTarget target)
    {
        lock (_gate) return _paces.TryGetValue(target.Name, out var pace) ? pace : _paces[target.Name] = new();
    }

    private sealed class Pace
    {
        public string? Problem { get; set; }

        public DateTimeOffset? FailsSince { get; set; }

        public DateTimeOffset NotBefore { get; set; }

        public TimeSpan Pause { get; set; } = FirstPause;

        public DateTimeOffset RepeatedAt { get; set; }

        /// <summary>By code, when it was last told.</summary>
        public Dictionary<string, DateTimeOffset> Sent { get; } = new(StringComparer.Ordinal);
    }
}

/// <summary>Whoever should hear of events does.</summary>
public sealed class EventCheck(EventDesk desk, TimeProvider clock) : IDoctorCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public string Name => "events";

    public string LooksAt => "whether events are delivered";

    public TimeSpan Every => CheckTimes.Often;

    public IReadOnlyList<FindingCode> Codes { get; } = [FindingCode.EventsNotDelivered];

    public Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        foreach (var state in desk.States.Where(s => clock.GetUtcNow() - s.FailsSince > Patience))
            seen.Add(FindingCode.EventsNotDelivered, state.Target.Name, $"events cannot be delivered to {state.Target.Name}",
                $"{state.Problem}; since {state.FailsSince:u}, {state.Waiting} wait");
        return Task.CompletedTask;
    }
}
