using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Aviso.Store.Sqlite;

/// <summary>What SQLite answered, with its extended code.</summary>
internal sealed class SqliteException(int code, string message) : IOException($"sqlite {code}: {message}")
{
    public int Code { get; } = code;

    public bool IsFull => (Code & 0xff) == Native.Full;

    /// <summary>The file is not what SQLite wrote: SQLITE_CORRUPT, SQLITE_NOTADB.</summary>
    public bool IsDamage => (Code & 0xff) is Native.Corrupt or Native.NotADatabase;

    /// <summary>The kernel did not take the data: what is on the disk is unknown, and it is never tried again.</summary>
    public bool IsFailedSync => Code is Native.IoErrorFsync or Native.IoErrorDirFsync;
}

/// <summary>
/// One connection with its prepared statements. Not thread-safe: used by one thread at a time under a lease.
/// Rules of design.md section 4: WAL, synchronous FULL, no mmap, no automatic checkpoint.
/// </summary>
internal sealed unsafe class Connection : IDisposable
{
    private readonly Dictionary<string, Statement> _statements = new(SameText.Instance);
    private nint _db;
    private int* _walFrames;

    static Connection() => Native.sqlite3_config(9, 0);   // SQLITE_CONFIG_MEMSTATUS off: no global counter on each allocation

    public Connection(string file, bool writes, int cacheKibibytes)
        : this(file, Native.OpenNoMutex | (writes ? Native.OpenReadWrite | Native.OpenCreate : Native.OpenReadOnly))
    {
        Execute("PRAGMA mmap_size=0");
        if (writes)
        {
            Execute("PRAGMA journal_mode=WAL");
            Execute("PRAGMA synchronous=FULL");
            Native.sqlite3_wal_hook(_db, &CountFrames, _walFrames);   // also ends automatic checkpoints
        }
        else
        {
            Execute("PRAGMA query_only=1");
        }
        Execute("PRAGMA temp_store=MEMORY");
        Execute($"PRAGMA cache_size=-{cacheKibibytes}");
    }

    private Connection(string name, int flags)
    {
        var result = Native.sqlite3_open_v2(name, out _db, flags, 0);
        if (result != Native.Ok) Throw(result);
        Native.sqlite3_extended_result_codes(_db, 1);
        Native.sqlite3_busy_timeout(_db, 5000);
        _walFrames = (int*)NativeMemory.AllocZeroed(sizeof(int));
    }

    /// <summary>
    /// Looks at a database that no other connection has open and leaves every file as it is: a write-ahead log is read, neither moved into
    /// the database nor removed, and no file is made. SQLite's own read-only connections make a log and its index.
    /// </summary>
    public static Connection Look(string file)
    {
        var log = new FileInfo(file + "-wal");
        var hasLog = log is { Exists: true, Length: > 0 };
        var db = hasLog ? new Connection(file, Native.OpenNoMutex | Native.OpenReadWrite)
            : new Connection($"file:{Uri.EscapeDataString(file).Replace("%2F", "/", StringComparison.Ordinal)}?immutable=1",
                Native.OpenNoMutex | Native.OpenReadOnly | Native.OpenUri);
        try
        {
            if (hasLog)
            {
                Native.sqlite3_db_config(db._db, Native.NoCheckpointOnClose, 1, 0);
                db.Execute("PRAGMA locking_mode=EXCLUSIVE");   // the log's index stays in memory
            }
            db.Execute("PRAGMA query_only=1");
            db.Execute("PRAGMA temp_store=MEMORY");
            return db;
        }
        catch
        {
            db.Dispose();
            throw;
        }
    }

    public int Changes => Native.sqlite3_changes(_db);

    /// <summary>Frames in the write-ahead log after the last commit.</summary>
    public int WalFrames => *_walFrames;

    public bool InTransaction => Native.sqlite3_get_autocommit(_db) == 0;

    /// <summary>The prepared statement of this text, which must be one of the catalogue's constants: it is found by reference.</summary>
    public Statement Use(string sql)
    {
        if (_statements.TryGetValue(sql, out var statement)) return statement;
        return _statements[sql] = Prepare(sql);
    }

    /// <summary>Runs text that may hold several statements and is not worth keeping.</summary>
    public void Execute(string sql)
    {
        var bytes = Encoding.UTF8.GetBytes(sql);
        fixed (byte* start = bytes)
        {
            var at = start;
            var end = start + bytes.Length;
            while (at < end)
            {
                byte* tail;
                var result = Native.sqlite3_prepare_v3(_db, at, (int)(end - at), 0, out var handle, &tail);
                if (result != Native.Ok) Throw(result);
                at = tail;
                if (handle == 0) continue;
                do result = Native.sqlite3_step(handle);
                while (result == Native.Row);
                Native.sqlite3_finalize(handle);
                if (result != Native.Done) Throw(result);
            }
        }
    }

    /// <summary>Rows of text made at run time (checks, maintenance); each row is given to <paramref name="row"/>.</summary>
    public void Query(string sql, Action<Statement> row)
    {
        var statement = Prepare(sql);
        try
        {
            while (statement.Step()) row(statement);
        }
        finally
        {
            statement.Close();
        }
    }

    /// <summary>Moves what readers allow from the log into the database. Only ever called on the writing connection.</summary>
    public void Checkpoint(bool truncate = false)
    {
        int frames, moved;
        var result = Native.sqlite3_wal_checkpoint_v2(
            _db, null, truncate ? Native.CheckpointTruncate : Native.CheckpointPassive, &frames, &moved);
        if (result is not (Native.Ok or Native.Busy)) Throw(result);
        if (frames == moved) *_walFrames = 0;
    }

    public void Dispose()
    {
        if (_db == 0) return;
        foreach (var statement in _statements.Values) statement.Close();
        _statements.Clear();
        Native.sqlite3_close_v2(_db);
        NativeMemory.Free(_walFrames);
        _db = 0;
    }

    internal void Throw(int result)
    {
        var code = _db == 0 ? result : Native.sqlite3_extended_errcode(_db);
        var text = _db == 0 ? "" : Marshal.PtrToStringUTF8((nint)Native.sqlite3_errmsg(_db)) ?? "";
        throw new SqliteException((code & 0xff) == (result & 0xff) ? code : result, text);
    }

    private Statement Prepare(string sql)
    {
        var bytes = Encoding.UTF8.GetBytes(sql);
        fixed (byte* start = bytes)
        {
            var result = Native.sqlite3_prepare_v3(_db, start, bytes.Length, Native.PreparePersistent, out var handle, null);
            if (result != Native.Ok) Throw(result);
            return new(this, handle);
        }
    }

    [UnmanagedCallersOnly]
    private static int CountFrames(void* context, nint db, byte* name, int frames)
    {
        *(int*)context = frames;
        return Native.Ok;
    }
}

/// <summary>Finds statements by the identity of their text: the catalogue's constants are interned.</summary>
internal sealed class SameText : IEqualityComparer<string>
{
    public static readonly SameText Instance = new();

    public bool Equals(string? x, string? y) => ReferenceEquals(x, y) || string.Equals(x, y, StringComparison.Ordinal);

    public int GetHashCode(string obj) => RuntimeHelpers.GetHashCode(obj);
}
