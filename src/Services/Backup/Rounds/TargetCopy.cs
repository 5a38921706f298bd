using Aviso.Store.Copying;

namespace Aviso.Backup;

/// <summary>
/// What one target has, and what it still wants. Order: pieces, then the point that names them; a point counts when it is there. After a
/// failure nothing is taken for done, and what waits is sent the next time. Used by one round at a time.
/// </summary>
internal sealed class TargetCopy(ITarget target, BackupKey key, TimeProvider clock)
{
    /// <summary>A piece of the database: small, so that one changed page sends little again.</summary>
    private const int PageOctets = 256 * 1024;

    /// <summary>A piece of a file of bodies; cut at multiples of it, so that a base finds pieces of before again.</summary>
    private const int FileOctets = 4 << 20;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(15);

    private readonly Dictionary<string, long> _sent = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _others = new(StringComparer.Ordinal);
    private HashSet<string>? _there;
    private string _previous = "";
    private bool _follows;
    private int _failures;

    public ITarget Target => target;

    public Pace Pace { get; } = new(clock);

    /// <summary>Frames that it has not got, oldest first.</summary>
    public List<FrameTake> Pending { get; } = [];

    /// <summary>Without a base in this process, or after something was lost for it.</summary>
    public bool WantsBase { get; private set; } = true;

    /// <summary>Unix milliseconds UTC in the name of its newest point; 0: none.</summary>
    public long LastNamed { get; private set; }

    /// <summary>Of its newest base; null: none of this process.</summary>
    public DateTimeOffset? LastBase { get; private set; }

    /// <summary>When all that there was had arrived.</summary>
    public DateTimeOffset? WholeAt { get; private set; }

    /// <summary>What was wrong the last time; null: nothing.</summary>
    public string? Problem { get; private set; }

    public DateTimeOffset? FailsSince { get; private set; }

    /// <summary>Not before this: a target that is away is not asked every minute.</summary>
    public DateTimeOffset NextTry { get; private set; }

    public long SentOctets { get; private set; }

    /// <summary>Large files that need not be looked at again.</summary>
    public IReadOnlySet<string> SentLarge => _sent.Keys
        .Where(name => name.StartsWith("large/", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);

    /// <summary>Something was lost for it (frames that could not be kept, or too much waits): it begins anew.</summary>
    public void BeginAnew()
    {
        (WantsBase, _follows) = (true, false);
        Pending.Clear();
        _sent.Clear();
        _others.Clear();
    }

    /// <summary>Another base, whose frames go on from those before.</summary>
    public void BaseIsDue() => WantsBase = true;

    /// <summary>A base is begun: where nothing goes on from before, frames of earlier tries are of no use.</summary>
    public void BeginsBase()
    {
        if (!_follows) Pending.Clear();
    }

    /// <summary>Learns what is there; the first time only. Refuses a target whose backups have another key.</summary>
    public async Task LookAsync(CancellationToken cancel)
    {
        if (_there is not null) return;
        var (points, there) = (new List<string>(), new HashSet<string>(StringComparer.Ordinal));
        await foreach (var found in target.ListAsync(ObjectName.Points,
            cancel)) if (ObjectName.PointOf(found.Name) is not null) points.Add(found.Name);
        await foreach (var found in target.ListAsync(ObjectName.Pieces,
            cancel)) if (ObjectName.PieceOf(found.Name) is { } id) there.Add(id);
        points.Sort(StringComparer.Ordinal);
        if (points.Count > 0)
        {
            LastNamed = ObjectName.PointOf(points[^1])!.Value.At;
            _previous = await target.GetAsync(points[^1], cancel) is { } newest ? Point.ChecksumOf(newest) : "";
            if (!await OpensAnyAsync(points, cancel))
                throw new TargetException($"the backups in {target.Where} were not made with this key: give the key they have, or another "
                    + $"place");
        }
        _there = there;
    }

    /// <summary>All pages of the database.</summary>
    public async Task<IReadOnlyList<Piece>> PagesAsync(ICopySource source, CancellationToken cancel)
    {
        var pages = new List<Piece>();
        var octets = new byte[PageOctets];
        for (long at = 0; at < source.DatabaseLength;)
        {
            var read = 0;
            while (read < octets.Length && source.ReadDatabase(at + read, octets.AsSpan(read)) is var more and > 0) read += more;
            if (read == 0) break;
            pages.Add(await SendAsync(octets.AsMemory(0, read), cancel));
            at += read;
        }
        return pages;
    }

    /// <summary>Bodies, frames and other files that it wants, then the point.</summary>
    /// <param name="pages">For a base; null: not one.</param>
    /// <param name="until">Every commit until then (Unix milliseconds UTC), and until that number, is in the frames
    /// that wait; after that last number a moment ends.</param>
    public async Task SendPointAsync(
        ICopySource source, string server, IReadOnlyList<Piece>? pages, IReadOnlyList<CopiedFile> files, IReadOnlyList<OtherFile> others,
        (long At, long Commit, long Boundary) until, CancellationToken cancel)
    {
        var isBase = pages is not null;
        var bodies = new List<FilePieces>();
        foreach (var file in files)
        {
            var from = isBase ? 0 : _sent.GetValueOrDefault(file.Name);
            if (file.Octets > from) bodies.Add(await SendFileAsync(source, file, from, cancel));
        }
        var frames = await SendFramesAsync(until.Boundary, cancel);
        var whole = await SendOthersAsync(others, isBase, cancel);
        var point = new Point(Point.Newest, server, _previous, _follows, until.At, until.Commit, pages, frames, bodies,
            [.. whole.Select(w => w.File)]);
        // Names are in order and none twice, whatever the clock says.
        var named = Math.Max(until.At, LastNamed + 1);
        var name = ObjectName.OfPoint(named, isBase);
        var octets = point.Seal(key, name);
        await PutAsync(name, octets, cancel);
        if (isBase)
        {
            _sent.Clear();
            _others.Clear();
            LastBase = clock.GetUtcNow();
        }
        foreach (var file in bodies) _sent[file.Name] = file.Until;
        foreach (var (file, stamp) in whole) _others[file.Name] = stamp;
        (_previous, _follows, LastNamed) = (Point.ChecksumOf(octets), true, named);
        if (isBase) WantsBase = false;
        Pending.Clear();
    }

    /// <summary>Other files that have changed since it got them.</summary>
    public bool WantsAnyOf(IReadOnlyList<OtherFile> others) => others.Any(o => _others.GetValueOrDefault(o.Name) != o.Stamp);

    public void Succeeded()
    {
        (WholeAt, Problem, FailsSince, _failures, NextTry) = (clock.GetUtcNow(), null, null, 0, default);
    }

    /// <param name="every">The pause between rounds; each failure doubles it, up to a quarter of an hour.</param>
    public void Failed(string problem, TimeSpan every)
    {
        FailsSince ??= clock.GetUtcNow();
        Problem = problem;
        var pause = every * Math.Pow(2, Math.Min(_failures++, 10)) * 0.9;
        NextTry = clock.GetUtcNow() + (pause < LongestPause ? pause : LongestPause);
    }

    /// <summary>Removes points that the rule lets go and pieces that none of those left names. Where a point that stays cannot be read no
    /// piece is removed.</summary>
    public async Task<int> RetainAsync(KeepRule rule, CancellationToken cancel)
    {
        var points = new List<string>();
        await foreach (var found in target.ListAsync(ObjectName.Points, cancel)) points.Add(found.Name);
        var kept = rule.Kept(points, clock.GetUtcNow());
        var leaves = points.Where(p => ObjectName.PointOf(p) is not null && !kept.Contains(p)).ToList();
        if (leaves.Count == 0) return 0;
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in kept)
        {
            // Before anything is removed: a point that cannot be read may name any piece.
            var octets = await target.GetAsync(name, cancel) ?? throw new DamagedObjectException($"{name} is gone");
            used.UnionWith(Point.Open(key, name, octets).Pieces.Select(p => p.Id));
        }
        foreach (var name in leaves) await target.DeleteAsync(name, cancel);
        var garbage = new List<string>();
        await foreach (var found in target.ListAsync(ObjectName.Pieces, cancel))
            if (ObjectName.PieceOf(found.Name) is { } id && !used.Contains(id)) garbage.Add(id);
        foreach (var id in garbage)
        {
            _there?.Remove(id);
            await target.DeleteAsync(ObjectName.OfPiece(id), cancel);
        }
        return leaves.Count;
    }

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

    private async Task<FilePieces> SendFileAsync(ICopySource source, CopiedFile file, long from, CancellationToken cancel)
    {
        var (pieces, at) = (new List<Piece>(), from);
        while (at < file.Octets)
        {
            var octets = new byte[Math.Min(file.Octets, (at / FileOctets * FileOctets) + FileOctets) - at];
            if (source.ReadCopied(file, at, octets) < octets.Length) throw new InvalidDataException($"{file.Name} is shorter than its "
                + $"rows say");
            pieces.Add(await SendAsync(octets, cancel));
            at += octets.Length;
        }
        return new(file.Name, from, pieces);
    }

    private async Task<IReadOnlyList<Piece>> SendFramesAsync(long boundary, CancellationToken cancel)
    {
        if (Pending.Count == 0) return [];
        // Targets send at the same time.
        var merged = $"{Pending[0].Path}.{target.Name}.merged";
        try
        {
            await using var file = new FileStream(merged, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16);
            var merge = new FrameMerge(file, boundary);
            foreach (var take in Pending)
            {
                await using var from = new FileStream(take.Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
                merge.Add(from);
            }
            merge.Flush();
            file.Position = 0;
            var (pieces, octets) = (new List<Piece>(), new byte[Math.Min(FileOctets, file.Length)]);
            while (await file.ReadAtLeastAsync(octets, octets.Length, throwOnEndOfStream: false, cancel) is var read and > 0)
                pieces.Add(await SendAsync(octets.AsMemory(0, read), cancel));
            return pieces;
        }
        finally
        {
            File.Delete(merged);
        }
    }

    private async Task<IReadOnlyList<(WholeFile File, string Stamp)>> SendOthersAsync(IReadOnlyList<OtherFile> others, bool all,
        CancellationToken cancel)
    {
        var sent = new List<(WholeFile, string)>();
        foreach (var other in others)
        {
            if ((!all && _others.GetValueOrDefault(other.Name) == other.Stamp) || other.Read() is not { } octets) continue;
            var pieces = new List<Piece>();
            for (var at = 0; at < octets.Length; at += PageOctets)
                pieces.Add(await SendAsync(octets.AsMemory(at, Math.Min(PageOctets, octets.Length - at)), cancel));
            sent.Add((new(other.Name, pieces), other.Stamp));
        }
        return sent;
    }

    private async Task<Piece> SendAsync(ReadOnlyMemory<byte> octets, CancellationToken cancel)
    {
        var piece = new Piece(key.IdOf(octets.Span), octets.Length);
        if (_there!.Contains(piece.Id)) return piece;
        var name = ObjectName.OfPiece(piece.Id);
        await PutAsync(name, key.Seal(name, octets.Span), cancel);
        _there.Add(piece.Id);
        return piece;
    }

    private async Task PutAsync(string name, byte[] octets, CancellationToken cancel)
    {
        await Pace.GoAsync(octets.Length, cancel);
        await target.PutAsync(name, octets, cancel);
        SentOctets += octets.Length;
        BackupMeters.Sent(target.Name, octets.Length);
    }
}
