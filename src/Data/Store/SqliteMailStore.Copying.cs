using Aviso.Store.Copying;
using Aviso.Store.Restoring;
using Aviso.Store.Sqlite;

namespace Aviso.Store;

/// <summary>What a backup takes while the store works: pages, frames and bodies, in an order in which they agree.</summary>
public sealed partial class SqliteMailStore : ICopySource
{
    public bool IsGathering => _frames.IsOn;

    public async Task BeginCopyAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        _copies.Begin(_options.Clock);
        // The write makes this a commit: what a crash left in the log is then known to be before it.
        await ChangeAsync(
            batch =>
            {
                _frames.Begin();
                return batch.Db.Use(Statements.SetMeta).Add("copy_begun").Add(batch.Now).RunCounting();
            },
            refused: null, counts: false);
    }

    public void EndCopies()
    {
        _frames.End();
        _copies.End();
    }

    public void CopyRoundBegins() => _copies.RoundBegins();

    public void CopyRoundEnds(bool isWhole) => _copies.RoundEnds(isWhole, _options.Clock);

    public long DatabaseLength => RandomAccess.GetLength(_databaseLock);

    // By the handle that is open anyway: closing another one would end SQLite's locks on the file (fcntl(2)).
    public int ReadDatabase(long at, Span<byte> to) => RandomAccess.Read(_databaseLock, to, at);

    public FrameTake? TakeFrames(bool always) => _frames.Take(always);

    public async Task<IReadOnlyList<CopiedFile>> CopiedFilesAsync(IReadOnlySet<string> known, CancellationToken cancel)
    {
        var large = _segments.ListLarge().Where(id => !known.Contains(CopiedFile.LargeName(id))).ToArray();
        return await _reads.ReadAsync<IReadOnlyList<CopiedFile>>(
            db =>
            {
                var files = ListSegments(db).Where(s => s.End > 0).Select(s => new CopiedFile(CopiedFile.SegmentName(s.Segment), s.End))
                    .ToList();
                // Another one that no row knows is being written, or nobody's.
                foreach (var id in large)
                {
                    var file = new FileInfo(_segments.LargePath(id));
                    if (file.Exists && (Knows(db, id) || _leaving.ContainsKey(id))) files.Add(new(CopiedFile.LargeName(id), file.Length));
                }
                return files;
            },
            cancel);
    }

    public int ReadCopied(CopiedFile file, long at, Span<byte> to)
    {
        using var open = File.OpenHandle(
            Path.Combine(_options.DataFolder, file.Name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var done = 0;
        while (done < to.Length && RandomAccess.Read(open, to[done..], at + done) is var read and > 0) done += read;
        return done;
    }

    public Task<StoreDigest> DigestAsync(CancellationToken cancel) => _reads.ReadAsync(DigestReader.Of, cancel).AsTask();
}
