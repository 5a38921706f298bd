using System.Diagnostics;
using Aviso.Base;
using Aviso.Store.Blobs;
using Aviso.Store.Commit;
using Aviso.Store.Judging;
using Aviso.Store.Sqlite;

namespace Aviso.Store;

/// <summary>Work that nobody waits for: emails whose undelete window is over, the old end of the expunge log, segments that are
/// mostly garbage, the journal's base, the index. Each step is a series of small changes like any other.</summary>
public sealed partial class SqliteMailStore
{
    private const int ExpiredAChange = 200;
    private const long CopiedAChange = 2 << 20;
    private const double CompactFrom = 0.5;
    private const long JournalOctets = 64L << 20;
    private static readonly TimeSpan LeftoversStay = TimeSpan.FromDays(7);
    private long _baseOctets;
    private string? _wantsBase;

    /// <summary>One round of everything.</summary>
    internal async Task UpkeepAsync(CancellationToken cancel)
    {
        await ExpireAsync(cancel);
        await TrimExpungeLogAsync(cancel);
        await TrimGoneAsync(cancel);
        await ExpireDocumentsAsync(cancel);
        await CompactAsync(CompactFrom, cancel);
        await RemoveLeftoversAsync(cancel);
        await RemoveViewFilesAsync(cancel);
        await KeepViewsAsync();
        if (_wantsBase is not null || _journal.Length > Math.Max(JournalOctets, 2 * _baseOctets)) await WriteJournalBaseAsync(cancel);
    }

    private async Task KeepUpAsync(CancellationToken stop)
    {
        if (_options.UpkeepInterval <= TimeSpan.Zero) return;
        var afterStart = _wantsBase is not null;
        while (!stop.IsCancellationRequested)
        {
            if (!afterStart) await Task.Delay(_options.UpkeepInterval, _options.Clock, stop);
            try
            {
                await Task.Yield();
                if (afterStart) await WriteJournalBaseAsync(stop);
                else await UpkeepAsync(stop);
                afterStart = false;
                await IndexAllAsync(stop);
            }
            catch (Exception failed) when (failed is not OperationCanceledException)
            {
                afterStart = false;
                StoreMeters.Faults.Add(1);
                _log.UpkeepFailed(failed);
            }
        }
    }

    /// <summary>Emails whose undelete window is over become garbage.</summary>
    internal async Task ExpireAsync(CancellationToken cancel)
    {
        var until = _options.Clock.GetUtcNow().ToUnixTimeSeconds() - (long)_options.UndeleteWindow.TotalSeconds;
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var due = await _reads.ReadAsync(db => DueEmails(db, until), cancel);
            if (due.Count == 0) return;
            await ChangeAsync(
                batch =>
                {
                    // Read again: an email may have been brought back meanwhile.
                    foreach (var (at, email) in DueEmails(batch.Db, until)) batch.ForgetEmail(at, email);
                    return 0;
                },
                refused: null);
        }
    }

    /// <summary>Copies what lives in segments of which at least this share is garbage, then removes them.</summary>
    internal async Task CompactAsync(double from, CancellationToken cancel)
    {
        var segments = await _reads.ReadAsync(ListSegments, cancel);
        foreach (var (segment, end, dead) in segments)
        {
            if (segment >= _bodies.CurrentSegment || end == 0 || (double)dead / end < from) continue;
            // Behind this, everything that was written to the segment is committed or refused.
            await ThroughBothStagesAsync();
            await CompactOneAsync(segment, cancel);
        }
    }

    internal async Task WriteJournalBaseAsync(CancellationToken cancel)
    {
        var number = await ChangeAsync(_ => _journal.Roll(), refused: null);
        // The roll is committed: rows read from here on hold all that the older files tell.
        _baseOctets = await _reads.ReadAsync(
            db =>
            {
                _journal.WriteBase(number, JournalBase.Blocks(db, _ids.Next() - JournalBase.InFlight));
                return new FileInfo(_journal.BasePathOf(number)).Length;
            },
            cancel);
        _wantsBase = null;
    }

    /// <summary>
    /// Large files that no row knows, days after their delivery was cut off, and tails put aside long ago. Where the journal did not vouch for
    /// the database at some start, what is older than that is never removed: it may be all that is left of acknowledged mail.
    /// </summary>
    internal async Task RemoveLeftoversAsync(CancellationToken cancel)
    {
        var until = _options.Clock.GetUtcNow() - LeftoversStay;
        foreach (var body in _segments.ListLarge().Where(id => IdSource.TimeOf(id) < until).ToArray())
        {
            var garbage = await _reads.ReadAsync(db => !Knows(db, body) && IdSource.TimeOf(body).ToUnixTimeSeconds() > DatabaseLook.Meta(db, DoubtUntil), cancel);
            if (!garbage) continue;
            RemoveLarge(body);
            _log.LeftoverRemoved(_segments.LargePath(body), IdSource.TimeOf(body));
        }
        foreach (var aside in Directory.GetFiles(_segments.Segments, "*.tail-*"))
            if (File.GetLastWriteTimeUtc(aside) < (_options.Clock.GetUtcNow() - _options.UndeleteWindow).UtcDateTime) File.Delete(aside);
    }

    /// <summary>At a start whose journal does not vouch for the database: what no row knows now is kept for good.</summary>
    private async Task DoubtLeftoversAsync()
    {
        if (_judged.IsVouched || _judged.Database.Unknown.Count == 0) return;
        var large = _judged.Database.Unknown.Count(body => body.Where.EndsWith(".msg", StringComparison.Ordinal));
        if (large > 0) _log.LargeUnknown(large);
        await ChangeAsync(static batch => batch.Db.Use(Statements.SetMeta).Add(DoubtUntil).Add(batch.Now).RunCounting(), static _ => 0, counts: false);
    }

    private const string DoubtUntil = "doubt_until";

    private static bool Knows(Connection db, long body)
    {
        using var row = db.Use(Statements.GetBody).Add(body);
        return row.Step();
    }

    private async Task CompactOneAsync(int segment, CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        if (_segments.Rent(segment, 0) is not { } file) return;
        long copied = 0;
        try
        {
            var reader = new SegmentReader(file, segment);
            var some = new List<(BodyWrite Body, BodyPlace From)>();
            long octets = 0;
            while (reader.Next())
            {
                cancel.ThrowIfCancellationRequested();
                if (!await IsLiveAsync(reader.Record.BodyId, segment, reader.Offset, cancel)) continue;
                if (!reader.IsWhole())
                {
                    _log.SegmentDamaged(segment, reader.Offset);
                    return;
                }
                some.Add((new(reader.Record, file, reader.Offset), new(segment, reader.Offset)));
                octets += reader.Record.Length;
                if (octets < CopiedAChange) continue;
                await MoveAsync(some);
                copied += octets;
                (some, octets) = ([], 0);
            }
            if (some.Count > 0) await MoveAsync(some);
            copied += octets;
        }
        finally
        {
            SegmentFolder.Return(file, segment);
        }
        await RemoveSegmentAsync(segment);
        StoreMeters.CompactedOctets.Add(copied);
        _log.Compacted(segment, copied, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    private Task MoveAsync(List<(BodyWrite Body, BodyPlace From)> some) => ChangeAsync(
        batch =>
        {
            foreach (var (body, from) in some) batch.BodyMoved(body, from);
            return 0;
        },
        refused: null, [.. some.Select(one => one.Body)]);

    private async Task RemoveSegmentAsync(int segment)
    {
        await _copies.CopiedAsync(_options.Clock, _stop.Token);
        var left = await ChangeAsync(
            batch =>
            {
                var rows = batch.Db.Use(Statements.BodiesInSegment).Add(segment).Number() ?? 0;
                if (rows == 0) batch.Db.Use(Statements.DeleteSegment).Add(segment).Run();
                return rows;
            },
            refused: null);
        if (left == 0) _segments.RemoveSegment(segment);
        else _log.BodiesWithoutRecord(segment, left);
    }

    private async Task ThroughBothStagesAsync()
    {
        var operation = new WriteOperation<int>(static _ => 0, refused: null);
        Hand(operation, _bodies.Add(operation));
        await operation.Task;
    }

    private async Task TrimExpungeLogAsync(CancellationToken cancel)
    {
        var until = _options.Clock.GetUtcNow().ToUnixTimeSeconds() - (long)_options.ExpungeLogWindow.TotalSeconds;
        var old = await _reads.ReadAsync(
            db =>
            {
                var found = new List<(long Account, long Mailbox, long ModSeq)>();
                using var row = db.Use(Statements.OldExpunges).Add(until);
                while (row.Step()) found.Add((row.Int(0), row.Int(1), row.Int(2)));
                return found;
            },
            cancel);
        foreach (var (account, mailbox, modSeq) in old)
        {
            await ChangeAsync(
                batch =>
                {
                    batch.Db.Use(Statements.RaiseFloor).Add(modSeq).Add(account).Add(mailbox).Run();
                    return batch.Db.Use(Statements.TrimExpunges).Add(account).Add(mailbox).Add(modSeq).RunCounting();
                },
                refused: null);
        }
    }

    private async Task<bool> IsLiveAsync(long body, int segment, long at, CancellationToken cancel) => await _reads.ReadAsync(
        db =>
        {
            using var row = db.Use(Statements.GetBody).Add(body);
            return row.Step() && row.Int(0) == segment && row.Int(1) == at;
        },
        cancel);

    private static List<(int Segment, long End, long Dead)> ListSegments(Connection db)
    {
        var segments = new List<(int, long, long)>();
        using var row = db.Use(Statements.ListSegments);
        while (row.Step()) segments.Add(((int)row.Int(0), row.Int(1), row.Int(2)));
        return segments;
    }

    private static List<(long At, long Email)> DueEmails(Connection db, long until)
    {
        var due = new List<(long, long)>();
        using var row = db.Use(Statements.DueUndelete).Add(until).Add(ExpiredAChange);
        while (row.Step()) due.Add((row.Int(0), row.Int(1)));
        return due;
    }
}
