namespace Aviso.Backup;

/// <summary>A point as it lies on a target.</summary>
/// <param name="Checksum">Of its sealed octets; what the next one names.</param>
public sealed record StoredPoint(string Name, Point Point, string Checksum)
{
    public DateTimeOffset At => DateTimeOffset.FromUnixTimeMilliseconds(Point.At);
}

/// <summary>What leads to a moment: a base and the points after it, in order.</summary>
/// <param name="End">Why it ends before the moment, and what is not in it; null: it does not.</param>
public sealed record PointChain(IReadOnlyList<StoredPoint> Points, Damage? End = null)
{
    public StoredPoint Base => Points[0];

    public StoredPoint Last => Points[^1];

    /// <summary>Pieces of each file of bodies, in the order of their places.</summary>
    public IReadOnlyDictionary<string, List<(long From, Piece Piece)>> Files()
    {
        var files = new Dictionary<string, List<(long, Piece)>>(StringComparer.Ordinal);
        foreach (var point in Points)
        {
            foreach (var file in point.Point.Files)
            {
                // A base names all of a file anew.
                if (point.Point.IsBase || !files.TryGetValue(file.Name, out var pieces)) files[file.Name] = pieces = [];
                var at = file.From;
                foreach (var piece in file.Pieces)
                {
                    pieces.Add((at, piece));
                    at += piece.Octets;
                }
            }
        }
        return files;
    }

    /// <summary>The newest of each small file.</summary>
    public IReadOnlyDictionary<string, WholeFile> Others()
    {
        var others = new Dictionary<string, WholeFile>(StringComparer.Ordinal);
        foreach (var point in Points)
        {
            if (point.Point.IsBase) others.Clear();
            foreach (var file in point.Point.Others) others[file.Name] = file;
        }
        return others;
    }
}

/// <summary>The points on a target, opened when they are asked for.</summary>
public sealed class Catalogue
{
    /// <summary>Milliseconds. A commit of the moment in which a point was taken may be in the next one; frames end at the moment
    /// anyway.</summary>
    private const long Slack = 2_000;

    private readonly ITarget _target;
    private readonly BackupKey _key;
    private readonly Dictionary<string, StoredPoint?> _opened = new(StringComparer.Ordinal);

    private Catalogue(ITarget target, BackupKey key, IReadOnlyList<string> names) => (_target, _key, Names) = (target, key, names);

    /// <summary>Names of points, oldest first.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Points that cannot be opened, and why.</summary>
    public Dictionary<string, string> Damaged { get; } = new(StringComparer.Ordinal);

    /// <exception cref="TargetException">The target does not answer.</exception>
    public static async Task<Catalogue> ReadAsync(ITarget target, BackupKey key, CancellationToken cancel)
    {
        var names = new List<string>();
        await foreach (var found in target.ListAsync(ObjectName.Points,
            cancel)) if (ObjectName.PointOf(found.Name) is not null) names.Add(found.Name);
        names.Sort(StringComparer.Ordinal);
        return new(target, key, names);
    }

    /// <summary>Null when it is damaged or gone, which is then in <see cref="Damaged"/>.</summary>
    public async Task<StoredPoint?> OpenAsync(string name, CancellationToken cancel)
    {
        if (_opened.TryGetValue(name, out var known)) return known;
        try
        {
            if (await _target.GetAsync(name, cancel) is { } octets) return _opened[name] = new(name, Point.Open(_key, name, octets),
                Point.ChecksumOf(octets));
            Damaged[name] = "it is gone";
        }
        catch (DamagedObjectException damaged)
        {
            Damaged[name] = damaged.Message;
        }
        return _opened[name] = null;
    }

    /// <summary>Ways to a moment, the shortest first: from the last base before it, then from earlier ones whose frames lead on.</summary>
    /// <param name="until">Unix milliseconds UTC.</param>
    public async Task<IReadOnlyList<PointChain>> WaysAsync(long until, CancellationToken cancel)
    {
        var ways = new List<PointChain>();
        for (var at = Names.Count - 1; at >= 0; at--)
        {
            // A name may be some milliseconds later than the point.
            if (ObjectName.PointOf(Names[at]) is not { IsBase: true } named || named.At - Slack > until) continue;
            if (await OpenAsync(Names[at], cancel) is not { } first || first.Point.At > until) continue;
            ways.Add(await WayAsync(first, at + 1, until, cancel));
            if (ways.Count == 3) break;
        }
        return ways;
    }

    private async Task<PointChain> WayAsync(StoredPoint first, int next, long until, CancellationToken cancel)
    {
        var chain = new List<StoredPoint> { first };
        for (; next < Names.Count && chain[^1].Point.At - Slack <= until; next++)
        {
            var (last, point) = (chain[^1], await OpenAsync(Names[next], cancel));
            if (point is null) return End(Names[next], Damaged[Names[next]]);
            if (!Leads(last, point)) return End("(nothing)", $"no point leads from {last.Name} to {point.Name}");
            if (!point.Point.Follows)
            {
                // Frames begin anew there. Where no commit lies between nothing is missing before it.
                var commit = chain.FindLast(p => p.Point.Commit > 0)?.Point.Commit;
                return commit == point.Point.Commit && until <= point.Point.At ? new(chain)
                    : End(point.Name, $"it does not go on from {last.Name}");
            }
            chain.Add(point);
        }
        return new(chain);

        PointChain End(string name, string problem) => until <= chain[^1].Point.At ? new(chain)
            : new(chain, new(name, problem, $"what happened since {chain[^1].At:u}"));
    }

    /// <summary>It names the one before it, or the same as that: the answer to the one before was lost, and the later one has all of it
    /// again.</summary>
    private static bool Leads(StoredPoint from, StoredPoint to) =>
        to.Point.Previous == from.Checksum || to.Point.Previous == from.Point.Previous;

    /// <summary>What is wrong with the order: each point must name the one before it. Where the rule has let points go a base may stand
    /// alone.</summary>
    /// <param name="rule">Null: it is not known, and any base may stand alone.</param>
    public async Task<IReadOnlyList<string>> BreaksAsync(KeepRule? rule, DateTimeOffset now, CancellationToken cancel)
    {
        var breaks = new List<string>();
        var since = rule is null ? long.MaxValue : (now - TimeSpan.FromDays(rule.Days)).ToUnixTimeMilliseconds();
        StoredPoint? before = null;
        foreach (var name in Names)
        {
            var point = await OpenAsync(name, cancel);
            // What follows a damaged point cannot be compared with it; the damage is said once.
            if (point is not null && before is not null && !Leads(before, point) && (!point.Point.IsBase || before.Point.At > since))
                breaks.Add($"points between {before.At:u} and {point.At:u} are gone");
            else if (point is { Point.IsBase: false } && before is null && breaks.Count == 0 && Damaged.Count == 0)
                breaks.Add($"what comes before {point.At:u} is gone");
            before = point;
        }
        return breaks;
    }
}
