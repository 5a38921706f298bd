using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Aviso.Base;
using Aviso.Store.Blobs;
using Aviso.Store.Commit;
using Aviso.Store.Copying;
using Aviso.Store.Judging;
using Aviso.Store.Sqlite;
using Aviso.Store.Views;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Aviso.Store;

/// <summary>
/// The embedded store. Owns the data folder: `store.db` (rows), `segments/` and `large/` (bodies), `journal/` (for a
/// rebuild), `search.db` (the index), `spool/` (bodies on their way), `backup/` (frames that wait to be copied), `store.lock`.
/// Rules: changes go through two stages, bodies then rows, each synced before anybody is told; one thread writes rows and
/// moves the log; reads see one moment; a change that fails leaves no trace and spoils no other; a failed sync is never
/// tried again.
/// </summary>
public sealed partial class SqliteMailStore : IMailStore
{
    private readonly StoreOptions _options;
    private readonly ILogger _log;
    private readonly SafeFileHandle _lock;
    private readonly SafeFileHandle _databaseLock;
    private readonly StoreJudge _judged;
    private readonly SegmentFolder _segments;
    private readonly LargeBodies _large;
    private readonly StoreGate _gate;
    private readonly IdSource _ids;
#pragma warning disable CA2213 // the committing stage closes the journal; who still writes a large body leaves through _largeWriters
    private readonly Journal _journal;
    private readonly Ballast _ballast;
    private readonly FrameLog _frames;
    private readonly CommitStage _commits;
    private readonly BodyStage _bodies;
    private readonly WriteBatch _batch;
    private readonly ReadPool _reads;
    private readonly MailboxViews _views;
    private readonly RecentClaims _recent = new();
    private readonly CopyRounds _copies = new();

    /// <summary>Large bodies that no row knows any more and that a copy may still want.</summary>
    private readonly ConcurrentDictionary<long, byte> _leaving = new();
    private readonly ConcurrentDictionary<long, string> _addresses = new();
    private readonly SemaphoreSlim _largeWriters = new(4, 4);
#pragma warning restore CA2213
    private readonly CancellationTokenSource _stop = new();
    private Task _background = Task.CompletedTask;
    private int _closed;

    private SqliteMailStore(StoreOptions options, SafeFileHandle held, SafeFileHandle database, StoreJudge judged)
    {
        _options = options;
        _judged = judged;
        _log = options.Log;
        _lock = held;
        _ids = new(options.Clock, options.Node);
        _gate = new(_log);
        _segments = new(options.DataFolder);
        _large = new(_segments);
        Spool = new(Path.Combine(options.DataFolder, "spool"), options.SpoolBudget, options.Clock, _log);
        var file = Path.Combine(options.DataFolder, "store.db");
        _databaseLock = database;
#pragma warning disable CA2000 // the commit stage disposes it
        var db = OpenDatabase(file);
#pragma warning restore CA2000
        Posix.SyncFolder(options.DataFolder);
        SeedIds(db);
        var writer = OpenSegments(db);
        _journal = new(options.DataFolder, judged.Journal, _log);
        _wantsBase = judged.JournalLacks();
        if (_wantsBase is { } lacks && (judged.Journal.LastCommit > 0 || !judged.Journal.Any)) _log.JournalLacks(lacks);
        _ballast = new(options.DataFolder);
        _viewFiles = new(options.DataFolder);
        _views = new(options.ViewMemory, ReadView, () => _commits!.WaitUntilPublished());
        _frames = new(file, Path.Combine(options.DataFolder, "backup", "frames"), options.CopyOctets, options.Clock, _log);
        _batch = new(db, _ids, options.Clock);
        _commits = new(db, _batch, _journal, _ballast, _frames, _gate, _log, Committed);
        _bodies = new(writer, _commits, _gate);
        _reads = new(file, Math.Max(4, Environment.ProcessorCount * 2));
    }

    public BodySpool Spool { get; }

    /// <summary>Hears of what commits did, on the committing thread and before callers do: it only copies. Null: nobody does.</summary>
    public Action<CommitNews>? Told
    {
        get;
        set
        {
            field = value;
            _batch.TellsNews = value is not null;
        }
    }

    /// <summary>Opens (or makes) the store of a folder. Throws <see cref="StoreOpenException"/> when another process has it, when
    /// a newer server wrote it, or when it is damaged.</summary>
    public static async Task<SqliteMailStore> OpenAsync(StoreOptions options, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Directory.CreateDirectory(options.DataFolder);
        var held = Lock(options.DataFolder);
        var file = Path.Combine(options.DataFolder, "store.db");
        SafeFileHandle? database = null;
        try
        {
            // Locked before it is looked at: a look at a database that another process writes would see half of it.
            if (File.Exists(file)) database = LockDatabase(file);
            var judged = StoreJudge.Of(options.DataFolder);
            if (judged.Contradictions() is [_, ..] against) throw Refused(options.DataFolder, against);
            database ??= LockDatabase(file);
            var store = new SqliteMailStore(options, held, database, judged);
            try
            {
                await store.StartAsync(cancel);
                return store;
            }
            catch
            {
                await store.DisposeAsync();
                throw;
            }
        }
        catch (SqliteException damaged)
        {
            database?.Dispose();
            held.Dispose();
            throw new StoreOpenException(
                $"the store in {options.DataFolder} cannot be opened ({damaged.Message}). {Advice}", damaged);
        }
        catch
        {
            database?.Dispose();
            held.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0) return;
        await _stop.CancelAsync();
        await _background.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CloseSearchAsync();
        await KeepViewsAsync();
        _bodies.Dispose();
        _commits.Dispose();
        _reads.Dispose();
        _segments.Dispose();
        _databaseLock.Dispose();   // not before SQLite has closed the file: closing it ends the process's other locks on it
        _lock.Dispose();
        _stop.Dispose();
    }

    private async Task StartAsync(CancellationToken cancel)
    {
        foreach (var account in await ListAccountsAsync(cancel)) _addresses[account.Id.Value] = account.Address;
        await DoubtLeftoversAsync();
        OpenSearch();
        await ProbeAsync();
        await EndLeasesAsync();
        _background = Task.WhenAll(KeepProbingAsync(_stop.Token), KeepUpAsync(_stop.Token));
    }

    /// <summary>Hands a change to the stages. <paramref name="refused"/> makes the result that says the store cannot write; without
    /// one the task fails with <see cref="StoreUnavailableException"/>.</summary>
    private async Task<T> ChangeAsync<T>(
        Func<WriteBatch, T> apply, Func<StoreError, T>? refused, BodyWrite[]? bodies = null, bool bringsMail = false, bool counts = true)
    {
        var operation = new WriteOperation<T>(apply, refused) { Bodies = bodies ?? [], BringsMail = bringsMail, Counts = counts };
        if (bringsMail) SpendRoom(operation);
        if (_gate.Check(bringsMail) is var no and not StoreError.None) Refuse(operation, no);
        else if (operation.Bodies.Length == 0) Hand(operation, _commits.Add(operation));
        else if (Array.TrueForAll(operation.Bodies, body => body.Record.BodyLength <= _options.LargeBodyOctets))
            Hand(operation, _bodies.Add(operation));
        else await WriteLargeAsync(operation);
        return await operation.Task;
    }

    private Task<Outcome<T>> ChangeAsync<T>(Func<WriteBatch, Outcome<T>> apply, BodyWrite[]? bodies = null, bool bringsMail = false) =>
        ChangeAsync(apply, static no => (Outcome<T>)no, bodies, bringsMail);

    /// <summary>For tests of the stages.</summary>
    internal Task ChangeForTestAsync(Action<WriteBatch> apply) => ChangeAsync(
        batch =>
        {
            apply(batch);
            return 0;
        },
        refused: null);

    internal void SealForTest(string reason) => _gate.Seal(reason);

    private static void Refuse(WriteOperation operation, StoreError error)
    {
        StoreMeters.Refused.Add(1);
        foreach (var body in operation.Bodies) body.Release();
        operation.Refuse(error);
    }

    private static void Hand(WriteOperation operation, bool taken)
    {
        if (!taken) Refuse(operation, StoreError.ReadOnly);
    }

    /// <summary>Large bodies are written by who brings them, a few at a time, and only then does the change take its place in line.</summary>
    private async Task WriteLargeAsync(WriteOperation operation)
    {
        await _largeWriters.WaitAsync(CancellationToken.None);
        try
        {
            foreach (var body in operation.Bodies) _large.Write(body);
        }
        catch (SyncFailedException failed)
        {
            _gate.Seal(failed.Message);
            Refuse(operation, StoreError.ReadOnly);
            return;
        }
        catch (Exception failed)
        {
            _gate.Trouble(failed.Message);
            Refuse(operation, StoreError.DiskFull);
            return;
        }
        finally
        {
            _largeWriters.Release();
        }
        foreach (var body in operation.Bodies) body.Release();
        Hand(operation, _commits.Add(operation));
    }

    /// <summary>On the committing thread, after each commit and before callers hear of it.</summary>
    private void Committed(WriteBatch batch)
    {
        PublishChanges(batch);
        RaiseHints(batch);
        if (batch.News is { } news) Told?.Invoke(news);
        foreach (var body in batch.DeadLarge) RemoveLargeOnceCopied(body);
    }

    private void RemoveLargeOnceCopied(long body)
    {
        var copied = _copies.CopiedAsync(_options.Clock, _stop.Token);
        if (copied.IsCompleted)
        {
            RemoveLarge(body);
            return;
        }
        _leaving.TryAdd(body, default);
        _ = copied.ContinueWith(
            _ =>
            {
                RemoveLarge(body);
                _leaving.TryRemove(body, out var _);
            },
            _stop.Token, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
    }

    private void RemoveLarge(long body)
    {
        try
        {
            _segments.RemoveLarge(body);
        }
        catch (IOException failed)
        {
            _log.GarbageLeft(_segments.LargePath(body), failed.Message);
        }
    }

    internal const string Advice =
        "Nothing was changed. `aviso store check` says what is wrong; `aviso store rebuild` makes the database anew from segments, large files and journal and keeps the old one aside";

    private static StoreOpenException Refused(string folder, IReadOnlyList<StoreFinding> against) => new(
        $"the store in {folder} is not opened, since mail could be lost: {string.Join("; ", against.Select(finding => finding.Text))}. {Advice}");

    /// <summary>Goes on behind the last record; says which segments lack octets that rows point at.</summary>
    private SegmentWriter OpenSegments(Connection db)
    {
        var ends = new Dictionary<int, long>();
        foreach (var (segment, end, _) in ListSegments(db))
        {
            ends[segment] = end;
            var file = new FileInfo(_segments.SegmentPath(segment));
            if (end - (file.Exists ? file.Length : 0) is > 0 and var lacks) _log.SegmentLacks(segment, lacks);
        }
        var writer = new SegmentWriter(
            _segments, _options.SegmentOctets, segment => ends.GetValueOrDefault(segment), ends.Count == 0 ? 0 : ends.Keys.Max());
        if (writer.CutAtStart > 0) _log.TailPutAside(writer.CutAtStart, writer.Current, writer.Aside);
        return writer;
    }

    private static Connection OpenDatabase(string file)
    {
        var db = new Connection(file, writes: true, cacheKibibytes: 8 * 1024);
        try
        {
            Schema.Migrate(db);
            return db;
        }
        catch
        {
            db.Dispose();
            throw;
        }
    }

    private void SeedIds(Connection db)
    {
        foreach (var sql in (string[])[
            "SELECT max(email_id) FROM email", "SELECT max(body_id) FROM body", "SELECT max(queue_id) FROM queue_message",
            "SELECT max(account_id) FROM account", "SELECT max(mailbox_id) FROM mailbox"])
        {
            db.Query(sql, row => _ids.Seed(row.Int(0)));
        }
    }

    /// <summary>The database itself is locked too: the lock file may be removed by hand while a server runs. New ones are for the owner only.</summary>
    internal static SafeFileHandle LockDatabase(string file)
    {
        try
        {
            var held = File.OpenHandle(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            if (RandomAccess.GetLength(held) == 0) File.SetUnixFileMode(held, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            if (Posix.TryLock(held)) return held;
            held.Dispose();
        }
        catch (IOException held) when (held is not FileNotFoundException)
        {
            // Held by another process: said below.
        }
        throw InUse(Path.GetDirectoryName(Path.GetFullPath(file))!);
    }

    /// <summary>The locks of a folder that nobody may change meanwhile, without making any file.</summary>
    internal static IDisposable LockIfThere(string folder)
    {
        var held = new HeldLocks();
        try
        {
            foreach (var path in (string[])[Path.Combine(folder, "store.lock"), Path.Combine(folder, "store.db")])
            {
                if (!File.Exists(path)) continue;
                var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);   // asks for a shared lock itself
                held.Files.Add(file);
                if (!Posix.TryLock(file)) throw InUse(folder);
            }
            return held;
        }
        catch (Exception failed)
        {
            held.Dispose();
            if (failed is IOException and not (StoreOpenException or FileNotFoundException)) throw InUse(folder);
            throw;
        }
    }

    private sealed class HeldLocks : IDisposable
    {
        public List<SafeFileHandle> Files { get; } = [];

        public void Dispose()
        {
            foreach (var file in Files) file.Dispose();
        }
    }

    internal static StoreOpenException InUse(string folder) => new(
        $"another server is using {folder}: one data folder belongs to one running server. Stop the other one, or set another 'data' folder");

    [SuppressMessage("Reliability", "CA2000", Justification = "the store keeps it until it closes")]
    internal static SafeFileHandle Lock(string folder)
    {
        try
        {
            // FileShare.None takes the system's lock too; asking once more covers runtimes that were told not to.
            var held = File.OpenHandle(Path.Combine(folder, "store.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            if (Posix.TryLock(held)) return held;
            held.Dispose();
        }
        catch (Exception unwritable) when (unwritable is UnauthorizedAccessException || unwritable.HResult is 28 or 30)   // ENOSPC, EROFS
        {
            throw new StoreOpenException($"cannot write to {folder}: {unwritable.Message}", unwritable);
        }
        catch (IOException)
        {
            // Held by another process: said below.
        }
        throw InUse(folder);
    }
}
