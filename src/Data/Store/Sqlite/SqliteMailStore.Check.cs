using System.Runtime.CompilerServices;
using Aviso.Store.Judging;
using Aviso.Store.Sqlite;

namespace Aviso.Store;

public sealed partial class SqliteMailStore : IMailStore
{
    public async IAsyncEnumerable<StoreFinding> CheckAsync(
        StoreCheckDepth depth, [EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (var finding in await _reads.ReadAsync(db => RowCheck.Run(db, depth), cancel)) yield return finding;
        foreach (var finding in await _reads.ReadAsync(db => BodyCheck.Segments(db, _segments).ToArray(), cancel)) yield return finding;
        foreach (var finding in await CheckLargeFilesAsync(cancel)) yield return finding;
        long after = 0;
        while (true)
        {
            var bodies = await _reads.ReadAsync(db => BodyCheck.List(db, after), cancel);
            foreach (var body in bodies)
            {
                cancel.ThrowIfCancellationRequested();
                if (BodyCheck.Run(_segments, body, depth) is { } finding && await IsStillThereAsync(body, cancel)) yield return finding;
            }
            if (bodies.Count < BodyCheck.BodiesARead) break;
            after = bodies[^1].Id;
        }
    }

    /// <summary>The check without a server. It looks, and changes nothing on the disk.</summary>
    /// <exception cref="StoreOpenException">A server has the folder open.</exception>
    public static IReadOnlyList<StoreFinding> CheckOffline(string dataFolder, StoreCheckDepth depth, CancellationToken cancel) =>
        OfflineCheck.Run(dataFolder, depth, cancel);

    /// <summary>Compaction or expiry may have moved it between row and file.</summary>
    private async Task<bool> IsStillThereAsync(CheckedBody body, CancellationToken cancel) =>
        await _reads.ReadAsync(
            db =>
            {
                using var row = db.Use(Statements.GetBody).Add(body.Id);
                return row.Step() && row.Int(0) == body.Segment && row.Int(1) == body.At;
            },
            cancel);

    /// <summary>Files of large bodies that no row knows and that upkeep will not remove: what an interrupted delivery leaves goes by itself.</summary>
    private async Task<IReadOnlyList<StoreFinding>> CheckLargeFilesAsync(CancellationToken cancel)
    {
        var files = _segments.ListLarge().ToArray();
        return await _reads.ReadAsync(db => OfflineCheck.Orphans(db, _segments, files).ToArray(), cancel);
    }
}
