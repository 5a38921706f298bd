using System.Collections.Concurrent;

namespace Aviso.Backup;

/// <summary>
/// Removes points that the rule lets go and pieces that none of those left names. Reads before it holds anything up, for points never
/// change; removes while no round runs. Where a point that stays cannot be read no piece is removed.
/// </summary>
internal sealed class Retention(TargetCopy copy, BackupKey key, TimeProvider clock)
{
    /// <summary>Points that are read, and objects that are removed, at the same time.</summary>
    private const int AtOnce = 8;

    private readonly ConcurrentDictionary<string, bool> _read = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _used = new(StringComparer.Ordinal);

    /// <param name="one">Held by rounds, and here while anything is removed.</param>
    /// <returns>How many points went.</returns>
    public async Task<int> RunAsync(KeepRule rule, SemaphoreSlim one, CancellationToken cancel)
    {
        if (await LookAsync(rule, alone: false, cancel) is not { Count: > 0 }) return 0;
        await one.WaitAsync(cancel);
        try
        {
            // What came meanwhile is little.
            var leaves = await LookAsync(rule, alone: true, cancel);
            await EachAsync(leaves, name => copy.Target.DeleteAsync(name, cancel), cancel);
            var garbage = new List<string>();
            await foreach (var found in copy.Target.ListAsync(ObjectName.Pieces, cancel))
                if (ObjectName.PieceOf(found.Name) is { } id && !_used.ContainsKey(id)) garbage.Add(id);
            foreach (var id in garbage) copy.Pieces.Gone(id);
            await EachAsync(garbage, id => copy.Target.DeleteAsync(ObjectName.OfPiece(id), cancel), cancel);
            return leaves.Count;
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>Reads what stays, as far as it has not been read.</summary>
    /// <param name="alone">No round writes meanwhile: the newest point must be ours.</param>
    /// <returns>Points that go.</returns>
    private async Task<List<string>> LookAsync(KeepRule rule, bool alone, CancellationToken cancel)
    {
        var points = new List<string>();
        await foreach (var found in copy.Target.ListAsync(ObjectName.Points, cancel))
            if (ObjectName.PointOf(found.Name) is not null) points.Add(found.Name);
        points.Sort(StringComparer.Ordinal);
        if (alone) copy.RefuseStrangers(points.Count > 0 ? points[^1] : null);
        var kept = rule.Kept(points, clock.GetUtcNow());
        var leaves = points.Where(name => !kept.Contains(name)).ToList();
        if (leaves.Count == 0) return leaves;
        await EachAsync([.. kept.Where(name => !_read.ContainsKey(name))], async name =>
        {
            // Before anything is removed: a point that cannot be read may name any piece.
            var octets = await copy.Target.GetAsync(name, cancel) ?? throw new DamagedObjectException($"{name} is gone");
            foreach (var piece in Point.Open(key, name, octets).Pieces) _used[piece.Id] = true;
            _read[name] = true;
        }, cancel);
        return leaves;
    }

    private static Task EachAsync(IReadOnlyList<string> names, Func<string, Task> act, CancellationToken cancel) =>
        Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel },
            async (name, _) => await act(name));
}
