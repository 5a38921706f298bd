// Doctor owns whether this server and the world agree: the plan of our DNS records, checks of relations, what was found and who is
// told of it. Rules: a check changes nothing and gets what it looks at as values or small interfaces; what could not be asked is not
// well and not wrong; a code belongs to one check; what strangers wrote is bounded before it is kept.
using Microsoft.Extensions.Logging;

namespace Aviso.Doctor;

/// <summary>One check and when it was last made.</summary>
public sealed record CheckState(IDoctorCheck Check, DateTimeOffset? LastAt);

/// <summary>
/// Makes the checks: after the start, on their own time, when the settings have changed, and when somebody asks. A check that fails or does
/// not end is a finding, never silence; none waits for another.
/// </summary>
public sealed class DoctorRounds(IReadOnlyList<IDoctorCheck> checks, FindingBook book, TimeProvider clock, ILogger log) : IDisposable
{
    /// <summary>One check may take so long.</summary>
    public static readonly TimeSpan Budget = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(90), Step = TimeSpan.FromSeconds(15);

    private readonly SemaphoreSlim _one = new(1);
    private readonly Dictionary<string, (DateTimeOffset At, long Stamp)> _last = new(StringComparer.Ordinal);
    private readonly long _began = clock.GetTimestamp();
    private volatile bool _allDue;

    public IReadOnlyList<CheckState> States
    {
        get
        {
            lock (_last) return [.. checks.Select(c => new CheckState(c, _last.TryGetValue(c.Name, out var last) ? last.At : null))];
        }
    }

    /// <summary>The settings have changed: everything is looked at soon.</summary>
    public void AllDue() => _allDue = true;

    public async Task RunAsync(CancellationToken stop)
    {
        DoctorMeters.Show(book, this, clock);
        await Task.Delay(FirstLook, clock, stop);
        while (true)
        {
            try
            {
                await StepAsync(stop);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.FindingsNotKept(e);
            }
            await Task.Delay(Step, clock, stop);
        }
    }

    /// <summary>Makes what is due.</summary>
    public async Task StepAsync(CancellationToken cancel)
    {
        var all = _allDue;
        _allDue = false;
        await LookAsync(c => (all && c.AtStart) || IsDue(c), cancel);
        await book.EndAsync(cancel);
    }

    /// <summary>Makes these now, side by side; ends when all are done.</summary>
    public async Task LookAsync(Func<IDoctorCheck, bool> which, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var failed = new Sightings();
            var made = await Task.WhenAll(checks.Where(which).Select(async check => (Check: check, Result: await TryAsync(check, cancel))));
            foreach (var (check, (seen, problem)) in made)
            {
                if (problem is not null) failed.Add(FindingCode.CheckFailed, check.Name, $"the check {check.Name} could not be made",
                    problem);
                else await book.TakeAsync(check.Codes, seen, cancel);
            }
            foreach (var other in checks.Where(c => made.All(m => m.Check != c))) failed.Unsure(other.Name);
            if (made.Length > 0) await book.TakeAsync([FindingCode.CheckFailed], failed, cancel);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private bool IsDue(IDoctorCheck check)
    {
        lock (_last)
        {
            if (_last.TryGetValue(check.Name, out var last)) return clock.GetElapsedTime(last.Stamp) >= check.Every;
            return check.AtStart || clock.GetElapsedTime(_began) >= check.Every;
        }
    }

    private async Task<(Sightings Seen, string? Problem)> TryAsync(IDoctorCheck check, CancellationToken cancel)
    {
        var seen = new Sightings();
        using var budget = new CancellationTokenSource(Budget, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, cancel);
        try
        {
            // One that does not listen to its token is left behind.
            await Task.Run(() => check.LookAsync(seen, either.Token), either.Token).WaitAsync(either.Token);
            return (seen, null);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            log.CheckFailed(null, check.Name);
            return (new(), $"it was not done after {Budget.TotalSeconds:0} s");
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            log.CheckFailed(e, check.Name);
            return (new(), $"{e.GetType().Name}: {e.Message}");
        }
        finally
        {
            lock (_last) _last[check.Name] = (clock.GetUtcNow(), clock.GetTimestamp());
        }
    }
}
