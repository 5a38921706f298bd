using Aviso.Base;
using Microsoft.Extensions.Logging;

namespace Aviso.Spam;

/// <summary>Runs one check within its time; what it does not do is named, and counts where a stranger's message can be the cause.</summary>
internal sealed class CheckRunner(TimeProvider clock, ILogger log)
{
    // Each of these may hold some tens of megabytes and a core for its whole budget.
    private readonly SemaphoreSlim _heavy = new(Math.Clamp(Environment.ProcessorCount, 2, 8));

    public async ValueTask RunAsync(ISpamCheck check, SpamContext context, SkippedChecks skipped, CancellationToken cancel)
    {
        if (cancel.IsCancellationRequested)
        {
            skipped.Add(check.Name, "no time left");
            return;
        }
        var started = clock.GetTimestamp();
        skipped.Begin(check.Name);
        try
        {
            if (check.IsHeavy(context)) await HeavyAsync(check, context, cancel);
            else await TimedAsync(check, context, cancel);
        }
        catch (WorkSpentException e)
        {
            skipped.Add(check.Name, "limit");
            context.LimitHit($"{check.Name}: {e.Message}");
            log.CheckSpent(check.Name, e.What);
            SpamMeters.Skipped(check.Name, "limit");
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            skipped.Add(check.Name, "timeout");
            // Who asks others waits for them; who looks at the message is kept by the message.
            if (check.Phase == SpamPhase.Message) context.LimitHit($"{check.Name} ran out of time");
            log.CheckTimedOut(check.Name, clock.GetElapsedTime(started).TotalMilliseconds);
            SpamMeters.Skipped(check.Name, "timeout");
        }
        catch (Exception e)
        {
            skipped.Add(check.Name, "fault");
            log.CheckFailed(check.Name, e);
            SpamMeters.Skipped(check.Name, "fault");
        }
        finally
        {
            skipped.End(check.Name);
        }
    }

    private async ValueTask HeavyAsync(ISpamCheck check, SpamContext context, CancellationToken cancel)
    {
        if (!await _heavy.WaitAsync(check.Budget, cancel)) throw new TimeoutException();
        try
        {
            await TimedAsync(check, context, cancel);
        }
        finally
        {
            _heavy.Release();
        }
    }

    private async ValueTask TimedAsync(ISpamCheck check, SpamContext context, CancellationToken cancel)
    {
        if (check.Phase != SpamPhase.Network)
        {
            var done = check.CheckAsync(context, cancel);
            if (done.IsCompletedSuccessfully) done.GetAwaiter().GetResult();
            else await done.AsTask().WaitAsync(check.Budget, clock, cancel);
            return;
        }
        using var budget = new CancellationTokenSource(check.Budget, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, cancel);
        var running = check.CheckAsync(context, both.Token);
        if (running.IsCompleted) await running;
        else await running.AsTask().WaitAsync(both.Token);
    }
}

/// <summary>What was not done, and what is being done: at the end of the budget that is skipped too.</summary>
internal sealed class SkippedChecks
{
    private readonly Lock _gate = new();
    private readonly List<string> _names = [];
    private readonly List<string> _running = [];
    private bool _ended;

    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_gate) return [.. _names];
        }
    }

    public IReadOnlyList<string> Running
    {
        get
        {
            lock (_gate) return [.. _running];
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
        lock (_gate)
        {
            if (!_ended) _names.Add($"{name} ({why})");
        }
    }

    /// <summary>The time of all is over: what runs is named, what it says of itself later is not.</summary>
    public void EndAt(ILogger log)
    {
        lock (_gate)
        {
            _ended = true;
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
