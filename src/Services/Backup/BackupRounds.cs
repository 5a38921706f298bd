// Backup owns copies of everything elsewhere: what lies on a target, rounds that bring what changed, what stays for how long, restoring,
// and drills that prove it. Rules: what lies on a target is sealed and says what it is only to the key; a point counts when all it names is
// there; nothing that a point names is removed; a target that is away costs mail nothing; only a drill moves the age of the proven backup.
using Aviso.Store;
using Aviso.Store.Copying;
using Microsoft.Extensions.Logging;

namespace Aviso.Backup;

/// <summary>Where the rounds take from, beside the store's own files.</summary>
/// <param name="Others">Small files that are copied whole, as they are now.</param>
public sealed record BackupSources(ICopySource Store, Func<IReadOnlyList<OtherFile>> Others, IDocumentRows Memory);

/// <summary>
/// Brings what changed to every target, every so often and when somebody asks: pages and frames of the database, bodies, other files. A
/// target that fails is tried again with longer pauses; the others do not wait for it, and mail waits for none.
/// </summary>
public sealed class BackupRounds : IAsyncDisposable
{
    /// <summary>A base a day: chains stay short, and what was sent is compared with what is there.</summary>
    private static readonly TimeSpan BaseEvery = TimeSpan.FromDays(1);

    /// <summary>When nothing happens a point still says so.</summary>
    private static readonly TimeSpan PointAtLeastEvery = TimeSpan.FromMinutes(15);

    /// <summary>What waits for a target that is away; beyond it begins anew when it is back.</summary>
    internal const long MostWaiting = 1L << 30;

    private readonly SemaphoreSlim _one = new(1), _drilling = new(1);
    private readonly HashSet<TargetCopy> _toRetain = [];
    private readonly BackupSources _sources;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly List<TargetCopy> _copies;
    private readonly HashSet<FrameTake> _takes = [];
    private volatile IReadOnlyDictionary<string, DrillMemory> _drills = new Dictionary<string, DrillMemory>();
    private DateTimeOffset _lastPoint;

    public BackupRounds(BackupSources sources, IReadOnlyList<ITarget> targets, BackupKey key, BackupOptions options, TimeProvider clock,
        ILogger log)
    {
        (_sources, _clock, _log, Key, Options) = (sources, clock, log, key, options);
        _copies = [.. targets.Select(t => new TargetCopy(t, key, clock) { Pace = { OctetsPerSecond = options.OctetsPerSecond } })];
    }

    public BackupOptions Options { get; }

    public BackupKey Key { get; }

    public IReadOnlyList<ITarget> Targets => [.. _copies.Select(c => c.Target)];

    public IReadOnlyList<CopyState> States => [.. _copies.Select(c =>
    {
        var drill = _drills.GetValueOrDefault(c.Target.Name);
        return new CopyState(c.Target.Name, c.Target.Where, c.WholeAt, c.Problem, c.FailsSince, Waiting(c), c.SentOctets,
            At(drill?.ProvenAt), At(drill?.DrilledAt), drill?.Problem);
    })];

    /// <summary>Rounds and drills, until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await RememberAsync(stop);
        BackupMeters.Show(() => States, Options.Drill is not null);
        var drills = Task.CompletedTask;
        try
        {
            while (true)
            {
                await TryAsync(() => RoundAsync(asBase: false, all: false, stop));
                // Beside the rounds: a drill reads all that there is.
                if (Options.Drill is { } every && drills.IsCompleted) drills = TryAsync(() => DrillsDueAsync(every, stop));
                await Task.Delay(Options.Every, _clock, stop);
            }
        }
        finally
        {
            await drills.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

    /// <summary>What is remembered of drills; before anything else.</summary>
    public async Task RememberAsync(CancellationToken cancel)
    {
        var drills = new Dictionary<string, DrillMemory>(StringComparer.Ordinal);
        foreach (var document in await _sources.Memory.ListDocumentsAsync(default, DrillMemory.Kind, cancel))
            if (document.Read(BackupJson.Default.DrillMemory) is { } memory) drills[document.Key.Name] = memory;
        _drills = drills;
    }

    /// <summary>One round.</summary>
    /// <param name="asBase">All pages and names of all bodies, whatever there is already.</param>
    /// <param name="all">Also when nothing has changed, and targets that failed are tried at once.</param>
    /// <returns>How it stands with each target now; one without a problem has all that there was when the round began.</returns>
    public async Task<IReadOnlyList<CopyState>> RoundAsync(bool asBase, bool all, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            await RoundHeldAsync(asBase, all, long.MaxValue, cancel);
            return States;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Restores the newest backup of a target beside the store and compares; remembered, and only a good one moves what is
    /// proven.</summary>
    public async Task<DrillReport> DrillAsync(ITarget target, CancellationToken cancel)
    {
        await _drilling.WaitAsync(cancel);
        try
        {
            var report = await new Drill(target, Key, Options.Scratch, _clock, _log).RunAsync(BringAsync, cancel);
            await NoteAsync(target.Name, report, cancel);
            if (report.Problems.Count == 0) _log.DrillPassed(target.Name, report.At, report.Messages);
            else _log.DrillFailed(target.Name, string.Join("; ", report.Problems.Take(3)));
            return report;
        }
        finally
        {
            _drilling.Release();
        }

        // No other round may come between the digest and what is compared with it.
        async Task<(string? Problem, StoreDigest Had)> BringAsync()
        {
            await _one.WaitAsync(cancel);
            try
            {
                var had = await _sources.Store.DigestAsync(cancel);
                await RoundHeldAsync(asBase: false, all: true, had.Commit, cancel);
                return (_copies.First(c => c.Target == target).Problem, had);
            }
            finally
            {
                _one.Release();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        BackupMeters.Show(() => [], drills: false);
        foreach (var copy in _copies) await copy.Target.DisposeAsync();
        foreach (var take in _takes) File.Delete(take.Path);
        _sources.Store.EndCopies();
        _one.Dispose();
        _drilling.Dispose();
    }

    private async Task RoundHeldAsync(bool asBase, bool all, long boundary, CancellationToken cancel)
    {
        var now = _clock.GetUtcNow();
        if (!_sources.Store.IsGathering) foreach (var copy in _copies) copy.BeginAnew();
        foreach (var copy in _copies)
        {
            if (Waiting(copy) > MostWaiting) copy.BeginAnew();
            if (asBase || (copy.LastBase is { } last && now - last >= BaseEvery)) copy.BaseIsDue();
        }
        var asked = _copies.Where(c => all || now >= c.NextTry).ToList();
        asked = await SeenAsync(asked, cancel);
        var bases = asked.Where(c => c.WantsBase).ToList();
        var pages = new Dictionary<TargetCopy, IReadOnlyList<Piece>>();
        _sources.Store.CopyRoundBegins();
        var isWhole = false;
        try
        {
            if (bases.Count > 0) await BeginAsync(bases, pages, cancel);
            asked.RemoveAll(c => c.WantsBase && !pages.ContainsKey(c));
            var always = all || now - _lastPoint >= PointAtLeastEvery;
            isWhole = await SendAsync(asked, pages, always, boundary, cancel) && asked.Count == _copies.Count;
        }
        finally
        {
            _sources.Store.CopyRoundEnds(isWhole);
            Forget();
        }
        _toRetain.UnionWith(bases.Where(c => !c.WantsBase));
        await RetainAsync(cancel);
    }

    /// <summary>Those that answer.</summary>
    private async Task<List<TargetCopy>> SeenAsync(List<TargetCopy> asked, CancellationToken cancel)
    {
        var seen = new HashSet<TargetCopy>();
        await EachAsync(asked, async copy =>
        {
            await copy.LookAsync(cancel);
            lock (seen) seen.Add(copy);
        }, cancel);
        return [.. asked.Where(seen.Contains)];
    }

    /// <summary>After each base; not while a drill reads.</summary>
    private async Task RetainAsync(CancellationToken cancel)
    {
        if (_toRetain.Count == 0 || !await _drilling.WaitAsync(TimeSpan.Zero, cancel)) return;
        try
        {
            await EachAsync([.. _toRetain], async copy =>
            {
                if (await copy.RetainAsync(Options.Keep, cancel) is > 0 and var gone) _log.PointsRemoved(gone, copy.Target.Name);
            }, cancel);
            _toRetain.Clear();
        }
        finally
        {
            _drilling.Release();
        }
    }

    private async Task BeginAsync(List<TargetCopy> bases, Dictionary<TargetCopy, IReadOnlyList<Piece>> pages, CancellationToken cancel)
    {
        foreach (var copy in bases) copy.BeginsBase();
        await _sources.Store.BeginCopyAsync(cancel);
        await EachAsync(bases, async copy =>
        {
            var own = await copy.PagesAsync(_sources.Store, cancel);
            lock (pages) pages[copy] = own;
        }, cancel);
    }

    /// <returns>Every one asked has all.</returns>
    private async Task<bool> SendAsync(
        List<TargetCopy> asked, Dictionary<TargetCopy, IReadOnlyList<Piece>> pages, bool always, long boundary,
        CancellationToken cancel)
    {
        var others = _sources.Others();
        always |= pages.Count > 0 || asked.Exists(c => c.Pending.Count > 0 || c.WantsAnyOf(others));
        var at = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var take = _sources.Store.TakeFrames(always);
        if (take is not null)
        {
            _takes.Add(take);
            if (!take.Follows) foreach (var copy in _copies) copy.BeginAnew();
            foreach (var copy in _copies.Where(c => !c.WantsBase || pages.ContainsKey(c))) copy.Pending.Add(take);
        }
        else if (!always && asked.Count > 0)
        {
            foreach (var copy in asked)
            {
                copy.Succeeded();
                BackupMeters.Round(copy.Target.Name, "nothing");
            }
            return true;
        }
        // After a gap those without pages of now wait for their base.
        asked.RemoveAll(c => c.WantsBase && !pages.ContainsKey(c));
        if (!_sources.Store.IsGathering && asked.Count > 0) throw new IOException("pages for the backup could not be kept; it begins anew");
        if (asked.Count == 0) return false;
        _lastPoint = _clock.GetUtcNow();
        var known = asked.Count == 0 || pages.Count > 0 ? new HashSet<string>() : asked
            .Select(c => c.SentLarge).Aggregate((a, b) => a.Intersect(b).ToHashSet());
        var files = await _sources.Store.CopiedFilesAsync(known, cancel);
        var until = take is null ? (at, 0L, boundary) : (take.At, take.Commit, boundary);
        return await EachAsync(asked, async copy =>
        {
            await copy.SendPointAsync(_sources.Store, Options.Server, pages.GetValueOrDefault(copy), files, others, until, cancel);
            copy.Succeeded();
            BackupMeters.Round(copy.Target.Name, "copied");
        }, cancel);
    }

    /// <summary>All at once; what is wrong with a target is its own affair.</summary>
    private async Task<bool> EachAsync(IReadOnlyList<TargetCopy> copies, Func<TargetCopy, Task> act, CancellationToken cancel)
    {
        var all = await Task.WhenAll(copies.Select(async copy =>
        {
            try
            {
                await act(copy);
                return true;
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or TimeoutException)
            {
                if (copy.Problem is null) _log.TargetFails(copy.Target.Name, failed.Message);
                copy.Failed(failed.Message, Options.Every);
                BackupMeters.Round(copy.Target.Name, "failed");
                return false;
            }
        }));
        cancel.ThrowIfCancellationRequested();
        return Array.TrueForAll(all, ok => ok);
    }

    /// <summary>Frames that no target waits for any more.</summary>
    private void Forget()
    {
        var wanted = _copies.SelectMany(c => c.Pending).ToHashSet();
        foreach (var take in _takes.Where(t => !wanted.Contains(t)).ToList())
        {
            _takes.Remove(take);
            File.Delete(take.Path);
        }
    }

    private async Task DrillsDueAsync(TimeSpan every, CancellationToken stop)
    {
        foreach (var copy in _copies.Where(c => c.Problem is null && c.WholeAt is not null))
        {
            var last = _drills.GetValueOrDefault(copy.Target.Name)?.DrilledAt ?? 0;
            if (_clock.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(last) >= every) await DrillAsync(copy.Target, stop);
        }
    }

    private async Task NoteAsync(string target, DrillReport report, CancellationToken cancel)
    {
        var now = _clock.GetUtcNow();
        var before = _drills.GetValueOrDefault(target)?.ProvenAt ?? 0;
        var memory = new DrillMemory(
            report.Problems.Count == 0 && report.At is { } at ? at.ToUnixTimeMilliseconds() : before, now.ToUnixTimeMilliseconds(),
            report.Problems.Count == 0 ? null : string.Join("; ", report.Problems.Take(5)));
        var document = Documents.Of(new(default, DrillMemory.Kind, target), memory, BackupJson.Default.DrillMemory,
            now.ToUnixTimeSeconds());
        await _sources.Memory.ChangeDocumentsAsync([document], [], cancel);
        _drills = new Dictionary<string, DrillMemory>(_drills, StringComparer.Ordinal) { [target] = memory };
    }

    private static long Waiting(TargetCopy copy) => copy.Pending.ToArray().Sum(t => t.Octets);

    private static DateTimeOffset? At(long? milliseconds) => milliseconds is > 0 and var at ? DateTimeOffset.FromUnixTimeMilliseconds(at)
        : null;
}
