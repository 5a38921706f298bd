// Spam: rules, learned words, reputation, lists of others -> a score with reasons. Owns the checks, their scores and what was learned;
// its data: documents of the store, and a file of learned words that may be lost. Rules in here: no check can defer or lose mail (each
// has a time budget, a fault is a line in the log and a name in the verdict); everything a stranger sends is bounded in size, count,
// depth and time; texts, links and attachments of a message are decoded once, for all checks; no check waits on a stranger holding a lock.
using Microsoft.Extensions.Logging;

namespace Aviso.Spam;

/// <summary>Thresholds and time.</summary>
public sealed record SpamFilterOptions
{
    /// <summary>From this score on a message is tagged.</summary>
    public double Tag { get; init; } = 6;

    /// <summary>From this score on a message is refused.</summary>
    public double Reject { get; init; } = 15;

    /// <summary>For all checks together; what is not done by then is skipped.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Rules in force, for the scores an administrator gives to symbols of ours; null for none.</summary>
    public RulesInForce? Rules { get; init; }
}

/// <summary>Runs the checks over a message. Thread-safe.</summary>
public sealed class SpamFilter
{
    private volatile SpamFilterOptions _options;
    private readonly ISpamCheck[][] _phases;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;

    public SpamFilter(SpamFilterOptions options, IEnumerable<ISpamCheck> checks, TimeProvider clock, ILogger log)
    {
        (_options, _clock, _log) = (options, clock, log);
        var all = checks.ToList();
        _phases = [.. Enum.GetValues<SpamPhase>().Select(phase => all.Where(c => c.Phase == phase).ToArray())];
    }

    /// <summary>May change at any time; a message under way may see the old ones.</summary>
    public SpamFilterOptions Options
    {
        get => _options;
        set => _options = value;
    }

    /// <summary>The verdict; takes at most the budget. Never throws, except for cancellation by <paramref name="cancel"/>.</summary>
    public async ValueTask<SpamVerdict> CheckAsync(SpamInput input, CancellationToken cancel)
    {
        var context = new SpamContext(input, _clock.GetUtcNow(), _options.Rules?.Rules.Scores);
        var started = _clock.GetTimestamp();
        var skipped = new SkippedChecks();
        using var budget = new CancellationTokenSource(_options.Budget, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, cancel);
        var token = both.Token;
        // Off this thread, so that even a check that never waits cannot hold the message beyond the budget.
        var run = Task.Run(() => RunAsync(context, skipped, token), CancellationToken.None);
        try
        {
            await run.WaitAsync(token);
        }
        catch (OperationCanceledException)
        {
            cancel.ThrowIfCancellationRequested();
            skipped.EndAt(_log);
        }
        catch (Exception e)
        {
            _log.FilterFailed(e);
            skipped.Add("filter", "fault");
        }
        var verdict = Judge(context, skipped);
        SpamMeters.Done(verdict, _clock.GetElapsedTime(started));
        return verdict;
    }

    private async Task RunAsync(SpamContext context, SkippedChecks skipped, CancellationToken cancel)
    {
        foreach (var phase in _phases)
        {
            if (phase.Length > 1 && phase[0].Phase == SpamPhase.Network)
            {
                await Task.WhenAll(phase.Select(check => RunOneAsync(check, context, skipped, cancel).AsTask()));
                continue;
            }
            foreach (var check in phase) await RunOneAsync(check, context, skipped, cancel);
        }
    }

    private async ValueTask RunOneAsync(ISpamCheck check, SpamContext context, SkippedChecks skipped, CancellationToken cancel)
    {
        if (cancel.IsCancellationRequested)
        {
            skipped.Add(check.Name, "no time left");
            return;
        }
        var started = _clock.GetTimestamp();
        skipped.Begin(check.Name);
        try
        {
            if (check.Phase == SpamPhase.Network) await RunTimedAsync(check, context, cancel);
            else
            {
                var running = check.CheckAsync(context, cancel);
                if (running.IsCompletedSuccessfully) running.GetAwaiter().GetResult();
                else await running.AsTask().WaitAsync(check.Budget, _clock, cancel);
            }
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            skipped.Add(check.Name, "timeout");
            _log.CheckTimedOut(check.Name, _clock.GetElapsedTime(started).TotalMilliseconds);
            SpamMeters.Skipped(check.Name, "timeout");
        }
        catch (Exception e)
        {
            skipped.Add(check.Name, "fault");
            _log.CheckFailed(check.Name, e);
            SpamMeters.Skipped(check.Name, "fault");
        }
        finally
        {
            skipped.End(check.Name);
        }
    }

    private async ValueTask RunTimedAsync(ISpamCheck check, SpamContext context, CancellationToken cancel)
    {
        using var budget = new CancellationTokenSource(check.Budget, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, cancel);
        var running = check.CheckAsync(context, both.Token);
        if (running.IsCompleted) await running;
        else await running.AsTask().WaitAsync(both.Token);
    }

    private SpamVerdict Judge(SpamContext context, SkippedChecks skipped)
    {
        var (options, (symbols, own)) = (_options, context.Close());
        var score = Math.Round(symbols.Sum(s => s.Score), 3);
        var action = score >= options.Reject ? SpamAction.Reject : score >= options.Tag ? SpamAction.Tag : SpamAction.Accept;
        // Refusing is for all recipients: not when one of them has a reason to want it.
        if (action == SpamAction.Reject && own is not null && own.Values.Any(more => score + more.Sum(s => s.Score) < options.Reject)) action = SpamAction.Tag;
        if (context.Asked > action) action = context.Asked;
        return new(score, action, symbols, [.. context.Skipped, .. skipped.Names], own?.ToDictionary(p => p.Key, p => Math.Round(score + p.Value.Sum(s => s.Score), 3)))
        {
            Required = options.Tag,
            RejectAt = options.Reject,
            AccountSymbols = own,
            Reason = context.AskedReason,
            Virus = context.Virus,
        };
    }

    /// <summary>What was not done, and what is being done: at the end of the budget that is skipped too.</summary>
    private sealed class SkippedChecks
    {
        private readonly Lock _gate = new();
        private readonly List<string> _names = [];
        private readonly List<string> _running = [];

        public IReadOnlyList<string> Names
        {
            get
            {
                lock (_gate) return [.. _names];
            }
        }

        public void Begin(string name)
        {
            lock (_gate) _running.Add(name);
        }

        public void End(string name)
        {
            lock (_gate) _running.Remove(name);
        }

        public void Add(string name, string why)
        {
            lock (_gate) _names.Add($"{name} ({why})");
        }

        public void EndAt(ILogger log)
        {
            lock (_gate)
            {
                foreach (var name in _running)
                {
                    _names.Add($"{name} (timeout)");
                    log.CheckTimedOut(name, -1);
                    SpamMeters.Skipped(name, "timeout");
                }
                _names.Add("rest (no time left)");
            }
        }
    }
}
