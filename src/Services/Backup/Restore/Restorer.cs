using Aviso.Store.Copying;
using Aviso.Store.Restoring;

namespace Aviso.Backup;

/// <summary>Something on a target is not what was written.</summary>
/// <param name="Object">Its name there.</param>
/// <param name="Problem">What is wrong with it.</param>
/// <param name="Means">What it held, for people.</param>
/// <param name="Stretch">The octets of a file of bodies; null when it held something else.</param>
public sealed record Damage(string Object, string Problem, string Means, FileStretch? Stretch = null)
{
    public override string ToString() => $"{Object}: {Problem}; it held {Means}";
}

/// <summary>What became of a restore.</summary>
/// <param name="At">The last commit that is in it; null when it had none of its own time.</param>
/// <param name="Wanted">The moment that was asked for is in it; false: it ends before, for the damage says why.</param>
public sealed record Restored(DateTimeOffset? At, bool Wanted, PointChain Chain, IReadOnlyList<Damage> Damage);

/// <summary>There is no way to the moment that was asked for; the message says why.</summary>
public sealed class NoRestoreException(string message) : IOException(message);

/// <summary>Puts a data folder together from a target. Writes below the folder it is given, and nothing else.</summary>
public sealed class Restorer(ITarget target, BackupKey key)
{
    /// <summary>The database as it was at a moment, as `store.db`.</summary>
    /// <exception cref="NoRestoreException">No base before the moment can be read.</exception>
    public async Task<Restored> DatabaseAsync(string folder, CopyMoment moment, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        var catalogue = await Catalogue.ReadAsync(target, key, cancel);
        if (catalogue.Names.Count == 0) throw new NoRestoreException($"there is no backup in {target.Where}");
        var ways = await catalogue.WaysAsync(moment.Until, cancel);
        var damage = new List<Damage>();
        foreach (var way in ways)
        {
            var found = new List<Damage>();
            var (at, whole) = await TryAsync(way, Path.Combine(folder, "store.db"), moment, found, cancel);
            damage.AddRange(found.Where(one => damage.TrueForAll(known => known.Object != one.Object)));
            if (at is null) continue;
            return new(at > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(at.Value) : null, whole, way, damage);
        }
        foreach (var (name, problem) in catalogue.Damaged) damage.Add(new(name, problem, "a point"));
        throw new NoRestoreException(damage.Count > 0
            ? $"no database can be put together: {string.Join("; ", damage.Take(5))}"
            : $"there is no backup in {target.Where} from before {DateTimeOffset.FromUnixTimeMilliseconds(moment.Until):u}");
    }

    /// <summary>Octets of bodies' files. What is damaged stays zero, and is said.</summary>
    /// <param name="wants">Stretches of <see cref="RestoredStore.Wants"/>.</param>
    public async Task<IReadOnlyList<Damage>> BodiesAsync(PointChain chain, string folder, IReadOnlyList<FileStretch> wants,
        CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.Combine(folder, "segments"));
        Directory.CreateDirectory(Path.Combine(folder, "large"));
        var (damage, files) = (new List<Damage>(), chain.Files());
        foreach (var file in wants.GroupBy(w => w.Name))
        {
            var pieces = files.TryGetValue(file.Key, out var known) ? known : [];
            using var to = File.OpenHandle(Path.Combine(folder, file.Key), FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            foreach (var (from, piece) in pieces)
            {
                var until = from + piece.Octets;
                if (!file.Any(w => w.From < until && w.Until > from)) continue;
                var (octets, problem) = await ReadAsync(piece, cancel);
                if (octets is not null) await RandomAccess.WriteAsync(to, octets, from, cancel);
                else damage.Add(Lost(file.Key, ObjectName.OfPiece(piece.Id), problem, from, until));
            }
            foreach (var (from, until) in Uncovered(pieces, file)) damage.Add(Lost(file.Key, "(nothing)", "no point names it", from,
                until));
            RandomAccess.FlushToDisk(to);
        }
        // To the octet: whatever follows would be taken for mail of which the database does not know.
        foreach (var segment in RestoredStore.Segments(folder))
        {
            using var file = File.OpenHandle(Path.Combine(folder, segment.Name), FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            RandomAccess.SetLength(file, segment.Octets);
            RandomAccess.FlushToDisk(file);
        }
        DurableNames.Of(Path.Combine(folder, "segments"));
        DurableNames.Of(Path.Combine(folder, "large"));
        return damage;
    }

    /// <summary>Small files: keys, learned words, the settings file.</summary>
    public async Task<IReadOnlyList<Damage>> OthersAsync(PointChain chain, string folder, CancellationToken cancel)
    {
        var damage = new List<Damage>();
        foreach (var file in chain.Others().Values)
        {
            var path = Path.GetFullPath(Path.Combine(folder, file.Name));
            if (!path.StartsWith(Path.GetFullPath(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal)) continue;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await using var to = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            foreach (var piece in file.Pieces)
            {
                var (octets, problem) = await ReadAsync(piece, cancel);
                if (octets is not null) await to.WriteAsync(octets, cancel);
                else damage.Add(new(ObjectName.OfPiece(piece.Id), problem, $"the file {file.Name}"));
            }
            to.Flush(flushToDisk: true);
        }
        return damage;
    }

    /// <summary>The octets of a piece, or what is wrong with it.</summary>
    internal async Task<(byte[]? Octets, string Problem)> ReadAsync(Piece piece, CancellationToken cancel)
    {
        var name = ObjectName.OfPiece(piece.Id);
        if (await target.GetAsync(name, cancel) is not { } octets) return (null, "it is gone");
        try
        {
            var open = key.Open(name, octets);
            return open.Length == piece.Octets && key.IdOf(open) == piece.Id ? (open, "")
                : (null, "it holds something else than its name says");
        }
        catch (DamagedObjectException damaged)
        {
            return (null, damaged.Message);
        }
    }

    /// <returns>Unix milliseconds UTC of the last commit in the file; null when it is no database. And whether the moment was
    /// reached.</returns>
    private async Task<(long? At, bool Whole)> TryAsync(PointChain way, string file, CopyMoment moment, List<Damage> damage,
        CancellationToken cancel)
    {
        using var image = new DatabaseImage(file);
        long at = 0;
        foreach (var piece in way.Base.Point.Pages!)
        {
            var (octets, problem) = await ReadAsync(piece, cancel);
            if (octets is null)
            {
                damage.Add(new(ObjectName.OfPiece(piece.Id), problem, $"the database of the base of {way.Base.At:u}"));
                return (null, false);
            }
            image.Write(at, octets);
            at += octets.Length;
        }
        var isWhole = true;
        foreach (var point in way.Points)
        {
            if (image.IsDone || !isWhole) break;
            // Of a busy quarter of an hour they may be more than memory has room for.
            await using var frames = new FileStream(file + ".frames", FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16,
                FileOptions.DeleteOnClose);
            foreach (var piece in point.Point.Frames)
            {
                var (octets, problem) = await ReadAsync(piece, cancel);
                if (octets is null)
                {
                    damage.Add(new(ObjectName.OfPiece(piece.Id), problem, $"what happened until {point.At:u}, since the point before"));
                    isWhole = false;
                    break;
                }
                await frames.WriteAsync(octets, cancel);
            }
            // Pages of a base agree only together with the frames that were written meanwhile.
            if (!isWhole && point == way.Base) return (null, false);
            if (!isWhole) break;
            frames.Position = 0;
            image.Apply(frames, moment);
            // Its pages may be newer than a moment before its end.
            if (image.IsDone && point == way.Base) return (null, false);
        }
        image.Finish();
        if (!isWhole || image.IsDone || way.End is not { } end) return (image.At, isWhole);
        damage.Add(end);
        return (image.At, false);
    }

    private static Damage Lost(string file, string name, string problem, long from, long until) =>
        new(name, problem, $"octets {from} to {until} of {file}", new(file, from, until));

    private static IEnumerable<(long From, long Until)> Uncovered(List<(long From, Piece Piece)> pieces, IEnumerable<FileStretch> wants)
    {
        foreach (var want in wants)
        {
            var at = want.From;
            foreach (var (from, piece) in pieces.OrderBy(p => p.From))
            {
                if (from > at && at < want.Until) yield return (at, Math.Min(from, want.Until));
                at = Math.Max(at, from + piece.Octets);
            }
            if (at < want.Until) yield return (at, want.Until);
        }
    }
}
