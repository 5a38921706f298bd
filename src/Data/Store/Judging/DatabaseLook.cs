using Aviso.Base;
using Aviso.Store.Blobs;
using Aviso.Store.Sqlite;

namespace Aviso.Store.Judging;

internal enum DatabaseState
{
    Missing,

    /// <summary>No octets, or no tables: nothing was ever committed to it.</summary>
    Empty,

    Unreadable, Readable,
}

/// <summary>What the database knows, read without changing any file.</summary>
internal sealed record DatabaseLook(DatabaseState State, string Reason = "")
{
    /// <summary>Commits made; 0 for a database of before they were counted.</summary>
    public long Commit { get; init; }

    /// <summary>Unix seconds UTC of the last commit.</summary>
    public long CommittedAt { get; init; }

    /// <summary>The last moment it tells of.</summary>
    public DateTimeOffset KnowsUntil { get; init; }

    /// <summary>Whole bodies on disk that no row knows: what a crash leaves of mail that nobody was told about, or more.</summary>
    public IReadOnlyList<UnknownBody> Unknown { get; init; } = [];

    public static DatabaseLook At(string dataFolder)
    {
        var file = Path.Combine(dataFolder, "store.db");
        if (!File.Exists(file)) return new(DatabaseState.Missing, "store.db is missing");
        if (new FileInfo(file).Length == 0) return new(DatabaseState.Empty, "store.db is empty");
        try
        {
            using var db = Connection.Look(file);
            return HasTables(db) ? Read(db, dataFolder) : new(DatabaseState.Empty, "store.db has no tables");
        }
        catch (SqliteException damaged)
        {
            return new(DatabaseState.Unreadable, $"store.db cannot be read ({damaged.Message})");
        }
    }

    public static long Meta(Connection db, string name) => db.Use(Statements.GetMeta).Add(name).Number() ?? 0;

    private static bool HasTables(Connection db)
    {
        var tables = 0L;
        db.Query("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('meta', 'email', 'body', 'segment')", row => tables = row.Int(0));
        return tables == 4;
    }

    private static DatabaseLook Read(Connection db, string dataFolder)
    {
        var until = DateTimeOffset.FromUnixTimeSeconds(Math.Max(Meta(db, "canary"), Meta(db, "committed_at")));
        db.Query("SELECT max(body_id) FROM body", row =>
        {
            if (IdSource.TimeOf(row.Int(0)) is var newest && newest > until) until = newest;
        });
        return new(DatabaseState.Readable)
        {
            Commit = Meta(db, "commit"),
            CommittedAt = Meta(db, "committed_at"),
            KnowsUntil = until,
            Unknown = [.. UnknownBody.Find(db, new SegmentFolder(dataFolder, create: false))],
        };
    }
}

/// <summary>A whole body on disk without a row.</summary>
internal readonly record struct UnknownBody(long Id, string Where)
{
    public DateTimeOffset Made => IdSource.TimeOf(Id);

    public static IEnumerable<UnknownBody> Find(Connection db, SegmentFolder folder)
    {
        using (folder)
        {
            foreach (var id in folder.ListLarge())
                if (!Knows(db, id)) yield return new(id, folder.LargePath(id));
            foreach (var segment in folder.List())
            {
                var known = db.Use(Statements.KnownEnd).Add(segment).Number() ?? 0;
                if (new FileInfo(folder.SegmentPath(segment)).Length <= known || folder.Rent(segment, 0) is not { } file) continue;
                var reader = new SegmentReader(file, segment, known);
                while (reader.Next())
                {
                    if (!Knows(db, reader.Record.BodyId) && reader.IsWhole())
                        yield return new(reader.Record.BodyId, $"segment {segment} at {reader.Offset}");
                }
                SegmentFolder.Return(file, segment);
            }
        }
    }

    private static bool Knows(Connection db, long body)
    {
        using var row = db.Use(Statements.GetBody).Add(body);
        return row.Step();
    }
}
