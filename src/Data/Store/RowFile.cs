using Aviso.Store.Sqlite;
using Microsoft.Extensions.Logging;

namespace Aviso.Store;

/// <summary>
/// A database file of its own for bulk data that may be lost and learned again: rows of a kind, an owner and a key. One writer at a time;
/// each <see cref="Change"/> is one transaction. Commits are not synced one by one: a power cut may lose the last ones, never the file.
/// A damaged file is moved aside and made anew. Thread-safe. <see cref="Get"/> reads a few pages and never waits for a writer, a
/// checkpoint or a long list, so the paths of mail may ask; everything else may wait for the disk and belongs off them.
/// </summary>
public sealed class RowFile : IDisposable
{
    private const int Version = 1;
    private const int FramesBeforeCheckpoint = 2000;
    private const string Create = """
        CREATE TABLE IF NOT EXISTS line (
            id INTEGER NOT NULL PRIMARY KEY, kind INTEGER NOT NULL, owner INTEGER NOT NULL, key BLOB NOT NULL, number INTEGER NOT NULL,
            at INTEGER NOT NULL, value BLOB NOT NULL) STRICT;
        CREATE UNIQUE INDEX IF NOT EXISTS line_key ON line (kind, owner, key);
        CREATE INDEX IF NOT EXISTS line_at ON line (kind, at);
        """;
    private const string Find = "SELECT owner, key, number, at, value FROM line WHERE kind = ? AND owner = ? AND key = ?";
    private const string OfKind = "SELECT owner, key, number, at, value FROM line WHERE kind = ? ORDER BY at DESC, id DESC LIMIT ?";
    private const string OfOwner = "SELECT owner, key, number, at, value FROM line WHERE kind = ? AND owner = ? ORDER BY at DESC, id DESC LIMIT ?";
    private const string Count = "SELECT count(*) FROM line WHERE kind = ? AND number = ?";
    private const string Put = """
        INSERT INTO line (kind, owner, key, number, at, value) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (kind, owner, key) DO UPDATE SET number = excluded.number, at = excluded.at, value = excluded.value
        """;
    private const string Delete = "DELETE FROM line WHERE kind = ? AND owner = ? AND key = ?";
    private const string DeleteOldest =
        "DELETE FROM line WHERE id IN (SELECT id FROM line WHERE kind = ? AND number = ? ORDER BY at DESC, id DESC LIMIT -1 OFFSET ?)";
    private const string DeleteBefore = "DELETE FROM line WHERE kind = ? AND at < ?";

    private readonly Lock _gate = new();
    private readonly Lock _finding = new();
    private readonly Lock _listing = new();
    private readonly Connection _db;
    private readonly Connection _finds;
    private readonly Connection _lists;
    private long _changes;
    private bool _closed;

    private RowFile(string file, string? movedTo)
    {
        MovedTo = movedTo;
        _db = OpenFile(file);
        try
        {
            _finds = new(file, writes: false, cacheKibibytes: 1024);
            _lists = new(file, writes: false, cacheKibibytes: 1024);
        }
        catch
        {
            _finds?.Dispose();
            _db.Dispose();
            throw;
        }
    }

    public delegate void ReadRow(in Row row);

    /// <summary>Where the damaged file that stood here went; null when all was well.</summary>
    public string? MovedTo { get; }

    /// <summary>Opens or makes the file.</summary>
    /// <exception cref="IOException">Neither the file nor a new one can be opened.</exception>
    public static RowFile Open(string file, TimeProvider clock, ILogger log)
    {
        if (File.Exists(file) && new FileInfo(file).Length == 0) log.FileWasEmpty(file);
        try
        {
            return new(file, null);
        }
        catch (SqliteException damaged) when (File.Exists(file))
        {
            var aside = DamagedFile.PutAside(file, clock.GetUtcNow());
            log.FileMadeAnew(file, damaged.Message, aside);
            return new(file, aside);
        }
    }

    /// <summary>Calls <paramref name="read"/> with the row when there is one; it only copies.</summary>
    public bool Get(int kind, long owner, ReadOnlySpan<byte> key, ReadRow read)
    {
        lock (_finding)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            using var row = _finds.Use(Find).Add(kind).Add(owner).Add(key);
            if (!row.Step()) return false;
            read(Of(row));
            return true;
        }
    }

    /// <summary>Rows of a kind, newest first, of one owner or (null) of all; <paramref name="read"/> only copies.</summary>
    public void Each(int kind, long? owner, int most, ReadRow read)
    {
        lock (_listing)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            using var row = owner is { } one ? _lists.Use(OfOwner).Add(kind).Add(one).Add(most) : _lists.Use(OfKind).Add(kind).Add(most);
            while (row.Step()) read(Of(row));
        }
    }

    /// <summary>How many rows of a kind have this number.</summary>
    public long CountOf(int kind, long number)
    {
        lock (_listing)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            return _lists.Use(Count).Add(kind).Add(number).Number() ?? 0;
        }
    }

    /// <summary>Runs <paramref name="change"/> as one transaction: all of it or nothing.</summary>
    public void Change(Action<Batch> change)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _db.Use(Statements.Begin).Run();
            try
            {
                change(new(_db));
                _db.Use(Statements.Commit).Run();
            }
            catch
            {
                if (_db.InTransaction) _db.Use(Statements.Rollback).Run();
                throw;
            }
            Interlocked.Increment(ref _changes);
            if (_db.WalFrames > FramesBeforeCheckpoint) _db.Checkpoint();
        }
    }

    /// <summary>Grows with each change of this process.</summary>
    public long Changes => Interlocked.Read(ref _changes);

    /// <summary>Writes all of it, as it is at one moment, into a file that is not there yet. Lists wait for it; finding and changing do
    /// not.</summary>
    public void CopyTo(string file)
    {
        lock (_listing)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _lists.Execute("PRAGMA query_only=0");
            try
            {
                _lists.Execute($"VACUUM INTO '{file.Replace("'", "''", StringComparison.Ordinal)}'");
            }
            finally
            {
                _lists.Execute("PRAGMA query_only=1");
            }
        }
    }

    public void Dispose()
    {
        // In this order everywhere: nobody holds two of them otherwise.
        lock (_gate)
            lock (_finding)
                lock (_listing)
                {
                    if (_closed) return;
                    _closed = true;
                    _finds.Dispose();
                    _lists.Dispose();
                    _db.Dispose();
                }
    }

    private static Row Of(Statement row) => new(row.Int(0), row.Blob(1), row.Int(2), row.Int(3), row.Blob(4));

    private static Connection OpenFile(string file)
    {
        var db = new Connection(file, writes: true, cacheKibibytes: 2 * 1024);
        try
        {
            db.Execute("PRAGMA synchronous=NORMAL");
            var version = db.Use("PRAGMA user_version").Number() ?? 0;
            if (version is not (0 or Version)) throw new SqliteException(Native.Corrupt, $"version {version}");
            db.Execute(Create);
            db.Execute($"PRAGMA user_version={Version}");
            db.Query("PRAGMA quick_check(1)", row =>
            {
                if (row.Text(0) != "ok") throw new SqliteException(Native.Corrupt, row.Text(0));
            });
            return db;
        }
        catch
        {
            db.Dispose();
            throw;
        }
    }

    /// <summary>One row; its spans hold while the reader runs.</summary>
    /// <param name="number">The owner's own sorting of rows within a kind.</param>
    /// <param name="at">Unix seconds UTC.</param>
    public readonly ref struct Row(long owner, ReadOnlySpan<byte> key, long number, long at, ReadOnlySpan<byte> value)
    {
        public long Owner { get; } = owner;

        public ReadOnlySpan<byte> Key { get; } = key;

        public long Number { get; } = number;

        public long At { get; } = at;

        public ReadOnlySpan<byte> Value { get; } = value;
    }

    /// <summary>What one transaction writes.</summary>
    public readonly struct Batch
    {
        private readonly Connection _db;

        internal Batch(Connection db) => _db = db;

        public void Set(int kind, long owner, ReadOnlySpan<byte> key, long number, long at, ReadOnlySpan<byte> value) =>
            _db.Use(Put).Add(kind).Add(owner).Add(key).Add(number).Add(at).Add(value).Run();

        /// <summary>True when there was one.</summary>
        public bool Remove(int kind, long owner, ReadOnlySpan<byte> key) => _db.Use(Delete).Add(kind).Add(owner).Add(key).RunCounting() > 0;

        /// <summary>Of a kind and number only the newest <paramref name="most"/> stay.</summary>
        public void KeepNewest(int kind, long number, int most) => _db.Use(DeleteOldest).Add(kind).Add(number).Add(most).Run();

        public void RemoveBefore(int kind, long at) => _db.Use(DeleteBefore).Add(kind).Add(at).Run();
    }
}
