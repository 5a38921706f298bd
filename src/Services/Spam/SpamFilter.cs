// Spam: rules, learned words, reputation, lists of others -> a score with reasons. Owns the checks, their scores and what was learned;
// its data: documents of the store, and a file of learned words that may be lost. Rules in here: no check can lose mail, and only one
// that is owed (the virus scanner) puts it off (each has a time budget, a fault is a line in the log and a name in the verdict);
// everything a stranger sends is bounded in size, count, depth and time, by one budget a message, and a bound that is hit counts
// (LIMIT_HIT); the virus scanner is asked whatever runs out; texts, links and attachments of a message are decoded once, for all
// checks; no check waits on a stranger holding a lock.
using Aviso.Base;
using Microsoft.Extensions.Logging;

namespace Aviso.Spam;

/// <summary>Thresholds and time.</summary>
public sealed record SpamFilterOptions
{
    /// <summary>From this score on a message is tagged.</summary>
    public double Tag { get; init; } = 6;

    /// <summary>From this score on a message is refused.</summary>
    public double Reject { get; init; } = 15;

    /// <summary>For all checks together but the virus scanner, which has its own; what is not done by then is skipped and counts.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>What unpacking and walking through one message may cost.</summary>
    public WorkLimits Work { get; init; } = WorkLimits.Message;

    /// <summary>Rules in force, for the scores an administrator gives to symbols of ours; null for none.</summary>
    public RulesInForce? Rules { get; init; }
}

/// <summary>Runs the checks over a message. Thread-safe.</summary>
public sealed class SpamFilter
{
    // A check that looks at its token or its budget ends at once; one that does not is at fault, and is said.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private volatile SpamFilterOptions _options;
    private readonly ISpamCheck[][] _phases;
    private readonly ISpamCheck[] _alone;
    private readonly CheckRunner _runner;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;

    public SpamFilter(SpamFilterOptions options, IEnumerable<ISpamCheck> checks, TimeProvider clock, ILogger log)
    {
        (_options, _clock, _log, _runner) = (options, clock, log, new(clock, log));
        var all = checks.ToList();
        _alone = [.. all.Where(c => c.IsAlone)];
        _phases = [.. Enum.GetValues<SpamPhase>().Select(phase => all.Where(c => c.Phase == phase && !c.IsAlone).ToArray())];
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
        var options = _options;
        var started = _clock.GetTimestamp();
        using var budget = new CancellationTokenSource(options.Budget, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, cancel);
        var token = both.Token;
        var context = new SpamContext(input, _clock.GetUtcNow(), options.Rules?.Rules.Scores)
        {
            MakeWork = () => new(options.Work, _clock, token),
        };
        foreach (var check in _alone.Where(c => c.IsOwed)) context.Owe(check.Name);
        var (skipped, unscanned) = (new SkippedChecks(), new SkippedChecks());
        var alone = _alone.Length == 0 ? Task.CompletedTask
            : Task.WhenAll(_alone.Select(check => _runner.RunAsync(check, context, unscanned, cancel).AsTask()));
        // Off this thread, so that even a check that never waits cannot hold the message beyond the budget.
        var run = Task.Run(() => RunAsync(context, skipped, alone, token), CancellationToken.None);
        try
        {
            await run.WaitAsync(token);
        }
        catch (OperationCanceledException)
        {
            skipped.EndAt(_log);
            context.LimitHit("the checks ran out of time");
            await EndAsync(run, skipped);
        }
        catch (Exception e)
        {
            _log.FilterFailed(e);
            skipped.Add("filter", "fault");
        }
        await alone;
        cancel.ThrowIfCancellationRequested();
        var verdict = Judge(context, [.. skipped.Names, .. unscanned.Names]);
        SpamMeters.Done(verdict, _clock.GetElapsedTime(started));
        return verdict;
    }

    /// <summary>The verdict on a message that the filter could not look at: what checks owe it is owed all the same.</summary>
    public SpamVerdict Unchecked(string why) =>
        SpamVerdict.Unchecked(why) with { Owed = [.. _alone.Where(c => c.IsOwed).Select(c => c.Name)] };

    private async Task RunAsync(SpamContext context, SkippedChecks skipped, Task alone, CancellationToken cancel)
    {
        foreach (var phase in _phases)
        {
            if (phase.Length > 1 && phase[0].Phase == SpamPhase.Network)
            {
                await Task.WhenAll(phase.Select(check => _runner.RunAsync(check, context, skipped, cancel).AsTask()));
                continue;
            }
            // Composites and greylisting look at what the scanner said.
            if (phase is [{ Phase: SpamPhase.Combine or SpamPhase.Final }, ..]) await alone.WaitAsync(cancel);
            foreach (var check in phase) await _runner.RunAsync(check, context, skipped, cancel);
        }
    }

    // Nothing is left behind while it still computes: what looks at its token is gone in a moment.
    private async Task EndAsync(Task run, SkippedChecks skipped)
    {
        try
        {
            await run.WaitAsync(Grace, _clock);
        }
        catch (TimeoutException)
        {
            foreach (var name in skipped.Running) _log.CheckHangs(name, Grace.TotalSeconds);
            SpamMeters.Hanging(1);
            _ = run.ContinueWith(_ => SpamMeters.Hanging(-1), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _log.FilterFailed(e);
        }
        catch (OperationCanceledException)
        {
            // It ended as it was told.
        }
    }

    private SpamVerdict Judge(SpamContext context, IReadOnlyList<string> skipped)
    {
        var (options, (symbols, own)) = (_options, context.Close());
        var score = Math.Round(symbols.Sum(s => s.Score), 3);
        var action = score >= options.Reject ? SpamAction.Reject : score >= options.Tag ? SpamAction.Tag : SpamAction.Accept;
        // Refusing is for all recipients: not when one of them has a reason to want it.
        if (action == SpamAction.Reject && own is not null && own.Values.Any(more => score + more.Sum(s => s.Score) < options.Reject))
            action = SpamAction.Tag;
        if (context.Asked > action) action = context.Asked;
        return new(score, action, symbols, [.. context.Skipped, .. skipped],
            own?.ToDictionary(p => p.Key, p => Math.Round(score + p.Value.Sum(s => s.Score), 3)))
        {
            Required = options.Tag,
            RejectAt = options.Reject,
            AccountSymbols = own,
            Reason = context.AskedReason,
            Virus = context.Virus,
            Owed = context.Owed,
        };
    }
}
