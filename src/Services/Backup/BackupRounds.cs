// Backup owns copies of everything elsewhere: what lies on a target, rounds that bring what changed, what stays for how long, restoring,
// and drills that prove it. Rules: what lies on a target is sealed and says what it is only to the key; a point counts when all it names is
// there; nothing that a point names is removed; a target that is away costs mail nothing; only a drill moves the age of the proven backup.
using Aviso.Store.Copying;
using Microsoft.Extensions.Logging;

namespace Aviso.Backup;

/// <summary>
/// Brings what changed to every target, every so often and when somebody asks: pages and frames of the database, bodies, other files. A
/// target that fails is tried again with longer pauses; the others do not wait for it, and mail waits for none.
/// </summary>
public sealed class BackupRounds : IAsyncDisposable
{
    private readonly SemaphoreSlim _one = new(1), _drilling = new(1);
    private readonly Lock _gate = new();
    private readonly HashSet<TargetCopy> _toRetain = [];
    private readonly BackupSources _sources;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly List<TargetCopy> _copies;
    private readonly Round _round;
    private readonly DrillBook _drills;

    public BackupRounds(BackupSources sources, IReadOnlyList<ITarget> targets, BackupKey key, BackupOptions options, TimeProvider clock,
        ILogger log)
    {
        (_sources, _clock, _log, Key, Options) = (sources, clock, log, key, options);
        _copies = [.. targets.Select(t => new TargetCopy(t, key, clock))];
        foreach (var copy in _copies) copy.Pieces.Pace.OctetsPerSecond = options.OctetsPerSecond;
        _round = new(sources, _copies, options, clock, log);
        _drills = new(sources.Memory, clock);
    }

    public BackupOptions Options { get; }

    public BackupKey Key { get; }

    public IReadOnlyList<ITarget> Targets => [.. _copies.Select(c => c.Target)];

    public IReadOnlyList<CopyState> States => [.. _copies.Select(c =>
    {
        var drill = _drills.Of(c.Target.Name);
        return new CopyState(c.Target.Name, c.Target.Where, c.WholeAt, c.Problem, c.FailsSince, Round.Waiting(c), c.Pieces.SentOctets,
            At(drill?.ProvenAt), At(drill?.DrilledAt), drill?.Problem);
    })];

    /// <summary>Rounds, drills and retention, until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await RememberAsync(stop);
        BackupMeters.Show(() => States, Options.Drill is not null);
        var (drills, retains) = (Task.CompletedTask, Task.CompletedTask);
        try
        {
            while (true)
            {
                await TryAsync(() => OnlyRoundAsync(asBase: false, all: false, stop));
                // Beside the rounds: both read much.
                if (retains.IsCompleted) retains = TryAsync(() => RetainAsync(stop));
                if (Options.Drill is { } every && drills.IsCompleted) drills = TryAsync(() => DrillsDueAsync(every, stop));
                await Task.Delay(Options.Every, _clock, stop);
            }
        }
        finally
        {
            await drills.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await retains.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What is remembered of drills; before anything else.</summary>
    public Task RememberAsync(CancellationToken cancel) => _drills.ReadAsync(cancel);

    /// <summary>One round, and after a base what the rule lets go is removed.</summary>
    /// <param name="asBase">All pages and names of all bodies, whatever there is already.</param>
    /// <param name="all">Also when nothing has changed, and targets that failed are tried at once.</param>
    /// <returns>How it stands with each target now; one without a problem has all that there was when the round began.</returns>
    public async Task<IReadOnlyList<CopyState>> RoundAsync(bool asBase, bool all, CancellationToken cancel)
    {
        await OnlyRoundAsync(asBase, all, cancel);
        await RetainAsync(cancel);
        return States;
    }

    /// <summary>Restores the newest backup of a target beside the store and compares; remembered, and only a good one moves what is
    /// proven. What it finds damaged is sent again, as far as it is still here.</summary>
    public async Task<DrillReport> DrillAsync(ITarget target, CancellationToken cancel)
    {
        var copy = _copies.First(c => c.Target == target);
        await _drilling.WaitAsync(cancel);
        try
        {
            var drill = new Drill(target, Key, Options.Keep, Options.Scratch, _clock, _log);
            var report = await drill.RunAsync(() => BringAsync(copy, cancel), cancel);
            await _drills.NoteAsync(target.Name, report, cancel);
            if (drill.Damaged is { } damaged) await HoldingAsync(() =>
            {
                copy.Mend(damaged);
                return Task.FromResult(true);
            }, cancel);
            if (report.Problems.Count == 0) _log.DrillPassed(target.Name, report.At, report.Messages);
            else _log.DrillFailed(target.Name, string.Join("; ", report.Problems.Take(3)));
            return report;
        }
        finally
        {
            _drilling.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        BackupMeters.Show(() => [], drills: false);
        foreach (var copy in _copies) await copy.Target.DisposeAsync();
        _round.Dispose();
        _sources.Store.EndCopies();
        _one.Dispose();
        _drilling.Dispose();
    }

    private Task OnlyRoundAsync(bool asBase, bool all, CancellationToken cancel) => HoldingAsync(async () =>
    {
        await HeldAsync(asBase, all, long.MaxValue, cancel);
        return true;
    }, cancel);

    // No other round may come between the digest and what is compared with it.
    private Task<(string? Problem, StoreDigest Had)> BringAsync(TargetCopy copy, CancellationToken cancel) => HoldingAsync(async () =>
    {
        var had = await _sources.Store.DigestAsync(cancel);
        await HeldAsync(asBase: false, all: true, had.Commit, cancel);
        return (copy.Problem, had);
    }, cancel);

    private async Task HeldAsync(bool asBase, bool all, long boundary, CancellationToken cancel)
    {
        var based = await _round.RunAsync(asBase, all, boundary, cancel);
        lock (_gate) _toRetain.UnionWith(based);
    }

    private async Task<T> HoldingAsync<T>(Func<Task<T>> act, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            return await act();
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task TryAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            _log.RoundFailed(failed);
        }
    }

    /// <summary>After each base; not while a drill reads.</summary>
    private async Task RetainAsync(CancellationToken cancel)
    {
        lock (_gate) if (_toRetain.Count == 0) return;
        if (!await _drilling.WaitAsync(TimeSpan.Zero, cancel)) return;
        try
        {
            List<TargetCopy> now;
            lock (_gate) now = [.. _toRetain];
            await _round.EachAsync(now, async copy =>
            {
                var gone = await new Retention(copy, Key, _clock).RunAsync(Options.Keep, _one, cancel);
                if (gone > 0) _log.PointsRemoved(gone, copy.Target.Name);
            }, cancel);
            lock (_gate) _toRetain.ExceptWith(now);
        }
        finally
        {
            _drilling.Release();
        }
    }

    private async Task DrillsDueAsync(TimeSpan every, CancellationToken stop)
    {
        foreach (var copy in _copies.Where(c => c.Problem is null && c.WholeAt is not null))
            if (_drills.IsDue(copy.Target.Name, every)) await DrillAsync(copy.Target, stop);
    }

    private static DateTimeOffset? At(long? milliseconds) => milliseconds is > 0 and var at ? DateTimeOffset.FromUnixTimeMilliseconds(at)
        : null;
}
