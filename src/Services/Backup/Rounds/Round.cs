using Aviso.Store.Copying;
using Microsoft.Extensions.Logging;

namespace Aviso.Backup;

/// <summary>
/// One round after the other: what changed goes to each target that is asked, and frames wait for those that are away. What is wrong with a
/// target is its own affair; what is wrong with the store is every target's problem until a round succeeds. One at a time.
/// </summary>
internal sealed class Round(BackupSources sources, IReadOnlyList<TargetCopy> copies, BackupOptions options, TimeProvider clock, ILogger log)
    : IDisposable
{
    /// <summary>A base a day: chains stay short, and what was sent is compared with what is there.</summary>
    private static readonly TimeSpan BaseEvery = TimeSpan.FromDays(1);

    /// <summary>When nothing happens a point still says so.</summary>
    private static readonly TimeSpan PointAtLeastEvery = TimeSpan.FromMinutes(15);

    /// <summary>What waits for a target that is away; beyond it begins anew when it is back.</summary>
    private const long MostWaiting = 1L << 30;

    private readonly HashSet<FrameTake> _takes = [];
    private DateTimeOffset _lastPoint;

    /// <param name="asBase">All pages and names of all bodies, whatever there is already.</param>
    /// <param name="all">Also when nothing has changed, and targets that failed are tried at once.</param>
    /// <param name="boundary">After the commit of this number a moment ends.</param>
    /// <returns>Targets that got a base.</returns>
    public async Task<IReadOnlyList<TargetCopy>> RunAsync(bool asBase, bool all, long boundary, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (!sources.Store.IsGathering) foreach (var copy in copies) copy.BeginAnew();
        foreach (var copy in copies)
        {
            if (Waiting(copy) > MostWaiting) copy.BeginAnew();
            if (asBase || (copy.LastBase is { } last && now - last >= BaseEvery)) copy.BaseIsDue();
        }
        var asked = await SeenAsync([.. copies.Where(c => all || c.IsTime)], cancel);
        var bases = asked.Where(c => c.WantsBase).ToList();
        sources.Store.CopyRoundBegins();
        var isWhole = false;
        try
        {
            isWhole = await CopyAsync([.. asked], bases, all || now - _lastPoint >= PointAtLeastEvery || now < _lastPoint, boundary, cancel)
                && asked.Count == copies.Count;
        }
        catch (Exception failed) when (!IsOurs(failed, cancel))
        {
            log.RoundFailed(failed);
            foreach (var copy in asked) Fail(copy, failed);
        }
        finally
        {
            sources.Store.CopyRoundEnds(isWhole);
            Forget();
        }
        return [.. bases.Where(c => !c.WantsBase)];
    }

    /// <summary>All at once; what is wrong with a target is its own affair.</summary>
    /// <returns>None of them failed.</returns>
    public async Task<bool> EachAsync(IReadOnlyList<TargetCopy> some, Func<TargetCopy, Task> act, CancellationToken cancel)
    {
        var all = await Task.WhenAll(some.Select(async copy =>
        {
            try
            {
                await act(copy);
                return true;
            }
            catch (Exception failed) when (!IsOurs(failed, cancel))
            {
                Fail(copy, failed);
                return false;
            }
        }));
        cancel.ThrowIfCancellationRequested();
        return Array.TrueForAll(all, ok => ok);
    }

    public void Dispose()
    {
        foreach (var take in _takes) File.Delete(take.Path);
    }

    public static long Waiting(TargetCopy copy) => copy.Pending.ToArray().Sum(t => t.Octets);

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

    private async Task<bool> CopyAsync(List<TargetCopy> asked, List<TargetCopy> bases, bool always, long boundary, CancellationToken cancel)
    {
        var pages = new Dictionary<TargetCopy, IReadOnlyList<Piece>>();
        if (bases.Count > 0) await BeginAsync(bases, pages, cancel);
        asked.RemoveAll(c => c.WantsBase && !pages.ContainsKey(c));
        return await SendAsync(asked, pages, always, boundary, cancel) && bases.TrueForAll(pages.ContainsKey);
    }

    private async Task BeginAsync(List<TargetCopy> bases, Dictionary<TargetCopy, IReadOnlyList<Piece>> pages, CancellationToken cancel)
    {
        foreach (var copy in bases) copy.BeginsBase();
        await sources.Store.BeginCopyAsync(cancel);
        await EachAsync(bases, async copy =>
        {
            var own = await copy.Pieces.PagesAsync(sources.Store, cancel);
            lock (pages) pages[copy] = own;
        }, cancel);
    }

    /// <returns>Every one asked has all.</returns>
    private async Task<bool> SendAsync(
        List<TargetCopy> asked, Dictionary<TargetCopy, IReadOnlyList<Piece>> pages, bool always, long boundary, CancellationToken cancel)
    {
        var others = asked.Count > 0 ? sources.Others() : [];
        always |= pages.Count > 0 || asked.Exists(c => c.Pending.Count > 0 || c.Problem is not null || c.WantsAnyOf(others));
        var at = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var take = sources.Store.TakeFrames(always);
        if (take is not null) Share(take, pages);
        else if (!always && asked.Count > 0)
        {
            foreach (var copy in asked) Note(copy, lacks: null, "nothing");
            return true;
        }
        // After a gap those without pages of now wait for their base.
        asked.RemoveAll(c => c.WantsBase && !pages.ContainsKey(c));
        if (!sources.Store.IsGathering && asked.Count > 0) throw new IOException("pages for the backup could not be kept; it begins anew");
        if (asked.Count == 0) return false;
        _lastPoint = clock.GetUtcNow();
        var known = pages.Count > 0 ? new HashSet<string>()
            : asked.Select(c => c.SentLarge).Aggregate((a, b) => a.Intersect(b).ToHashSet());
        var files = await sources.Store.CopiedFilesAsync(known, cancel);
        var until = take is null ? (at, 0L, boundary) : (take.At, take.Commit, boundary);
        var lack = false;
        return await EachAsync(asked, async copy =>
        {
            var own = pages.GetValueOrDefault(copy);
            var lacks = await copy.SendPointAsync(sources.Store, options.Server, own, files, others, until, cancel);
            Note(copy, lacks, "copied");
            if (lacks is not null) Volatile.Write(ref lack, true);
        }, cancel) && !lack;
    }

    /// <summary>Each gets it that goes on from before or begins with pages of now; also one that is away, and one whose base is due or
    /// failed: frames without a gap are all that joins its next point to the one before.</summary>
    private void Share(FrameTake take, Dictionary<TargetCopy, IReadOnlyList<Piece>> pages)
    {
        _takes.Add(take);
        if (!take.Follows) foreach (var copy in copies) copy.BeginAnew();
        foreach (var copy in copies.Where(c => c.Follows || pages.ContainsKey(c))) copy.Pending.Add(take);
    }

    private void Note(TargetCopy copy, string? lacks, string result)
    {
        if (lacks is null) copy.Succeeded();
        else
        {
            if (copy.Problem != lacks) log.FileNotRead(copy.Target.Name, lacks);
            copy.Lacks(lacks);
        }
        BackupMeters.Round(copy.Target.Name, lacks is null ? result : "failed");
    }

    private void Fail(TargetCopy copy, Exception failed)
    {
        if (copy.Problem is null) log.TargetFails(copy.Target.Name, failed.Message);
        copy.Failed(failed.Message, options.Every);
        BackupMeters.Round(copy.Target.Name, "failed");
    }

    /// <summary>Frames that no target waits for any more.</summary>
    private void Forget()
    {
        var wanted = copies.SelectMany(c => c.Pending).ToHashSet();
        foreach (var take in _takes.Where(t => !wanted.Contains(t)).ToList())
        {
            _takes.Remove(take);
            File.Delete(take.Path);
        }
    }

    /// <summary>We are told to stop; a library's own patience is a failure like any other.</summary>
    private static bool IsOurs(Exception failed, CancellationToken cancel) =>
        failed is OperationCanceledException && cancel.IsCancellationRequested;
}
