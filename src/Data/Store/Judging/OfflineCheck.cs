using Aviso.Base;
using Aviso.Store.Blobs;
using Aviso.Store.Sqlite;

namespace Aviso.Store.Judging;

/// <summary>`store check` without a server: every file of the data folder by itself and against the others. Opens nothing for writing.</summary>
internal static class OfflineCheck
{
    /// <summary>Databases beside the store's: what they hold can be made or learned again.</summary>
    private static readonly (string File, string Loss)[] Others =
    [
        ("search.db", "the search index; it is made anew from the mail at the next start"),
        ("spam.db", "what the filter learned; it is made anew, empty, at the next start"),
    ];

    public static IReadOnlyList<StoreFinding> Run(string dataFolder, StoreCheckDepth depth, CancellationToken cancel)
    {
        using var held = SqliteMailStore.LockIfThere(dataFolder);
        var judged = StoreJudge.Of(dataFolder);
        var findings = new List<StoreFinding>(judged.Contradictions());
        CheckJournal(dataFolder, judged, findings);
        if (judged.Database.State == DatabaseState.Readable) CheckDatabase(dataFolder, depth, findings, cancel);
        foreach (var (name, loss) in Others)
            if (Look(Path.Combine(dataFolder, name)) is { } reason) findings.Add(new("file-damaged", $"{name} {reason}: {loss}"));
        return findings;
    }

    /// <summary>Files of large bodies that no row knows and that are no leftover which upkeep removes.</summary>
    public static IEnumerable<StoreFinding> Orphans(Connection db, SegmentFolder segments, IEnumerable<long> files)
    {
        var doubtUntil = DateTimeOffset.FromUnixTimeSeconds(DatabaseLook.Meta(db, "doubt_until"));
        foreach (var id in files.Where(id => IdSource.TimeOf(id) <= doubtUntil))
        {
            using var row = db.Use(Statements.GetBody).Add(id);
            if (!row.Step() && File.Exists(segments.LargePath(id)))
                yield return new("large-file-orphaned", $"{segments.LargePath(id)} belongs to no message; `aviso store rebuild` brings it back where it was delivered");
        }
    }

    private static void CheckJournal(string dataFolder, StoreJudge judged, List<StoreFinding> findings)
    {
        var gaps = new List<JournalGap>();
        foreach (var file in Journal.FilesToReplay(dataFolder))
        {
            foreach (var _ in JournalFile.Read(file, gaps))
            {
                // Read only for the gaps.
            }
        }
        foreach (var gap in gaps.Where(gap => !gap.IsTail || gap.Path.EndsWith(".base", StringComparison.Ordinal)))
            findings.Add(new("journal-damaged", $"the journal is damaged ({gap}): a rebuild would not know what stood there; a start writes it anew"));
        // After a crash the last commits may not have reached the journal.
        if (judged.Database.State != DatabaseState.Readable || judged.Database.Commit == 0) return;
        if (!judged.Journal.Any) findings.Add(new("journal-missing", "the journal is gone: a rebuild would not know flags, moves and names; a start writes it anew"));
        else if (!judged.IsVouched)
            findings.Add(new("journal-behind", $"the journal lacks the last {judged.Database.Commit - judged.Journal.LastCommit} commits: a start writes it anew"));
    }

    private static void CheckDatabase(string dataFolder, StoreCheckDepth depth, List<StoreFinding> findings, CancellationToken cancel)
    {
        using var segments = new SegmentFolder(dataFolder, create: false);
        try
        {
            using var db = Connection.Look(Path.Combine(dataFolder, "store.db"));
            findings.AddRange(RowCheck.Run(db, depth));
            findings.AddRange(BodyCheck.Segments(db, segments));
            findings.AddRange(Orphans(db, segments, segments.ListLarge()));
            for (var bodies = BodyCheck.List(db, 0); bodies.Count > 0; bodies = BodyCheck.List(db, bodies[^1].Id))
            {
                foreach (var body in bodies)
                {
                    cancel.ThrowIfCancellationRequested();
                    if (BodyCheck.Run(segments, body, depth) is { } finding) findings.Add(finding);
                }
            }
        }
        catch (SqliteException damaged)
        {
            findings.Add(RowCheck.Damaged(damaged.Message));
        }
    }

    /// <summary>What is wrong with a database file; null when nothing is or there is none.</summary>
    private static string? Look(string file)
    {
        if (!File.Exists(file)) return null;
        if (new FileInfo(file).Length == 0) return "is empty";
        try
        {
            using var db = Connection.Look(file);
            string? wrong = null;
            db.Query("PRAGMA quick_check(1)", row =>
            {
                if (row.Text(0) is var said && said != "ok") wrong = $"is damaged ({said})";
            });
            return wrong;
        }
        catch (SqliteException damaged)
        {
            return $"cannot be read ({damaged.Message})";
        }
    }
}
