using Aviso.Store.Copying;

namespace Aviso.Backup;

/// <summary>
/// What one target has, and what it still wants. Order: pieces, then the point that names them; a point counts when it is there. After a
/// failure nothing is taken for done, and what waits is sent the next time. Used by one round at a time.
/// </summary>
internal sealed class TargetCopy(ITarget target, BackupKey key, TimeProvider clock)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(15);

    private readonly Dictionary<string, long> _sent = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _others = new(StringComparer.Ordinal);

    /// <summary>Points that were sent and not answered, by name, with their checksums: they may be there, or come yet.</summary>
    private readonly Dictionary<string, string> _unanswered = new(StringComparer.Ordinal);

    private string _previous = "";
    private DateTimeOffset _nextTry;
    private bool _looked;
    private int _failures;

    public ITarget Target => target;

    public PieceSender Pieces { get; } = new(target, key, clock);

    /// <summary>Frames that it has not got, oldest first.</summary>
    public List<FrameTake> Pending { get; } = [];

    /// <summary>Without a base in this process, or after something was lost for it.</summary>
    public bool WantsBase { get; private set; } = true;

    /// <summary>It has, or waits for, every frame since its newest point: the next point goes on from there, and no frame may be left
    /// out.</summary>
    public bool Follows { get; private set; }

    /// <summary>Unix milliseconds UTC in the name of its newest point; 0: none.</summary>
    public long LastNamed { get; private set; }

    /// <summary>The name of the point that was written last; null: none by this process.</summary>
    public string? Newest { get; private set; }

    /// <summary>Of its newest base; null: none of this process.</summary>
    public DateTimeOffset? LastBase { get; private set; }

    /// <summary>When all that there was had arrived.</summary>
    public DateTimeOffset? WholeAt { get; private set; }

    /// <summary>What was wrong the last time; null: nothing.</summary>
    public string? Problem { get; private set; }

    public DateTimeOffset? FailsSince { get; private set; }

    /// <summary>A target that is away is not asked every minute. A clock that was set back makes no pause longer.</summary>
    public bool IsTime => _nextTry - clock.GetUtcNow() is var wait && (wait <= TimeSpan.Zero || wait > LongestPause);

    /// <summary>Large files that need not be looked at again.</summary>
    public IReadOnlySet<string> SentLarge => _sent.Keys
        .Where(name => name.StartsWith("large/", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);

    /// <summary>Something was lost for it (frames that could not be kept, or too much waits): it begins anew.</summary>
    public void BeginAnew()
    {
        (WantsBase, Follows, _looked) = (true, false, false);
        Pending.Clear();
        _sent.Clear();
        _others.Clear();
    }

    /// <summary>Another base, whose frames go on from those before. What lies there is looked at again.</summary>
    public void BaseIsDue() => (WantsBase, _looked) = (true, false);

    /// <summary>A base is begun: where nothing goes on from before, frames of earlier tries are of no use.</summary>
    public void BeginsBase()
    {
        if (!Follows) Pending.Clear();
    }

    /// <summary>Learns what is there: the first time, before each base and after each failure.</summary>
    /// <exception cref="TargetException">Its backups have another key, or another server writes there.</exception>
    public async Task LookAsync(CancellationToken cancel)
    {
        if (_looked) return;
        var points = new List<string>();
        await foreach (var found in target.ListAsync(ObjectName.Points, cancel))
            if (ObjectName.PointOf(found.Name) is not null) points.Add(found.Name);
        points.Sort(StringComparer.Ordinal);
        await Pieces.LookAsync(cancel);
        var newest = points.Count > 0 ? points[^1] : null;
        var checksum = newest is null ? "" : await ChecksumOfAsync(newest, cancel);
        if (newest is not null && !await OpensAnyAsync(points, cancel))
            throw new TargetException($"the backups in {target.Where} were not made with this key: give the key they have, or another "
                + $"place");
        RefuseStrangers(newest);
        if (Newest is null || !await IsAsWrittenAsync(newest, checksum, cancel))
        {
            // Another disk, an emptied bucket, a point that was cut off: nothing of what we know of it counts.
            if (Newest is not null) BeginAnew();
            (_previous, Newest) = (checksum, null);
            LastNamed = Math.Max(LastNamed, newest is null ? 0 : ObjectName.PointOf(newest)!.Value.At);
        }
        _looked = true;
    }

    /// <summary>Bodies, frames and other files that it wants, then the point.</summary>
    /// <param name="pages">For a base; null: not one.</param>
    /// <param name="until">Every commit until then (Unix milliseconds UTC), and until that number, is in the frames
    /// that wait; after that last number a moment ends.</param>
    /// <returns>What of our own files could not be read, while the rest is copied; null: nothing.</returns>
    public async Task<string?> SendPointAsync(
        ICopySource source, string server, IReadOnlyList<Piece>? pages, IReadOnlyList<CopiedFile> files, IReadOnlyList<OtherFile> others,
        (long At, long Commit, long Boundary) until, CancellationToken cancel)
    {
        var isBase = pages is not null;
        var (bodies, problems) = (new List<FilePieces>(), new List<string>());
        foreach (var file in files)
        {
            var from = isBase ? 0 : _sent.GetValueOrDefault(file.Name);
            if (file.Octets <= from) continue;
            var (sent, problem) = await Pieces.FileAsync(source, file, from, cancel);
            if (sent.Pieces.Count > 0) bodies.Add(sent);
            if (problem is not null) problems.Add(problem);
        }
        var frames = await Pieces.FramesAsync(Pending, until.Boundary, cancel);
        var whole = await SendOthersAsync(others, isBase, cancel);
        var point = new Point(Point.Newest, server, _previous, Follows, until.At, until.Commit, pages, frames, bodies,
            [.. whole.Select(w => w.File)]);
        // Names are in order and none twice, whatever the clock says and whether or not the answer comes.
        LastNamed = Math.Max(until.At, LastNamed + 1);
        var name = ObjectName.OfPoint(LastNamed, isBase);
        var octets = point.Seal(key, name);
        _unanswered[name] = Point.ChecksumOf(octets);
        await Pieces.PutAsync(name, octets, cancel);
        (_previous, Newest, Follows) = (_unanswered[name], name, true);
        _unanswered.Clear();
        if (isBase)
        {
            _sent.Clear();
            _others.Clear();
            (LastBase, WantsBase) = (clock.GetUtcNow(), false);
        }
        foreach (var file in bodies) _sent[file.Name] = file.Until;
        foreach (var (file, stamp) in whole) _others[file.Name] = stamp;
        Pending.Clear();
        return problems.Count == 0 ? null : string.Join("; ", problems.Take(3));
    }

    /// <summary>Other files that have changed since it got them.</summary>
    public bool WantsAnyOf(IReadOnlyList<OtherFile> others) => others.Any(o => _others.GetValueOrDefault(o.Name) != o.Stamp);

    public void Succeeded()
    {
        (WholeAt, Problem, FailsSince, _failures, _nextTry) = (clock.GetUtcNow(), null, null, 0, default);
    }

    /// <summary>It has what can be read here, and that is not all.</summary>
    public void Lacks(string problem)
    {
        FailsSince ??= clock.GetUtcNow();
        (Problem, _failures, _nextTry) = (problem, 0, default);
    }

    /// <param name="every">The pause between rounds; each failure doubles it, up to a quarter of an hour.</param>
    public void Failed(string problem, TimeSpan every)
    {
        FailsSince ??= clock.GetUtcNow();
        (Problem, _looked) = (problem, false);
        var pause = every * Math.Pow(2, Math.Min(_failures++, 10)) * 0.9;
        _nextTry = clock.GetUtcNow() + (pause < LongestPause ? pause : LongestPause);
    }

    /// <summary>A drill found these pieces damaged, or points: what of it is still here is sent again with another base.</summary>
    public void Mend(IEnumerable<string> pieces)
    {
        Pieces.Distrust(pieces);
        BaseIsDue();
    }

    /// <summary>Pieces that one of two servers names are garbage to the other.</summary>
    /// <param name="newest">The greatest name of a point there.</param>
    /// <exception cref="TargetException">It is later than all that we wrote.</exception>
    public void RefuseStrangers(string? newest)
    {
        if (Newest is null || newest is null || newest == Newest || _unanswered.ContainsKey(newest)) return;
        if (ObjectName.PointOf(newest)!.Value.At >= LastNamed)
            throw new TargetException($"another server writes to {target.Where} ({newest} is not of this one): give each a place of its "
                + "own, then restart this one");
    }

    private async Task<bool> IsAsWrittenAsync(string? newest, string checksum, CancellationToken cancel)
    {
        if (newest == Newest) return checksum == _previous;
        if (newest is not null && _unanswered.TryGetValue(newest, out var sent)) return checksum == sent;
        // A list may lag behind.
        return await ChecksumOfAsync(Newest!, cancel) == _previous;
    }

    private async Task<string> ChecksumOfAsync(string name, CancellationToken cancel) =>
        await target.GetAsync(name, cancel) is { } octets ? Point.ChecksumOf(octets) : "";

    private async Task<bool> OpensAnyAsync(List<string> points, CancellationToken cancel)
    {
        foreach (var name in Enumerable.Reverse(points).Take(10))
        {
            try
            {
                if (await target.GetAsync(name, cancel) is { } octets) _ = Point.Open(key, name, octets);
                return true;
            }
            catch (DamagedObjectException)
            {
                // One may be damaged; not all of them are.
            }
        }
        return false;
    }

    private async Task<IReadOnlyList<(WholeFile File, string Stamp)>> SendOthersAsync(IReadOnlyList<OtherFile> others, bool all,
        CancellationToken cancel)
    {
        var sent = new List<(WholeFile, string)>();
        foreach (var other in others)
        {
            if ((!all && _others.GetValueOrDefault(other.Name) == other.Stamp) || other.Read() is not { } octets) continue;
            sent.Add((await Pieces.WholeAsync(other.Name, octets, cancel), other.Stamp));
        }
        return sent;
    }
}
