using System.Globalization;
using Aviso.Store.Blobs;
using Aviso.Store.Sqlite;

namespace Aviso.Store.Rebuild;

/// <summary>
/// Puts the new database in the place of the old one, which is kept. The order matters: whenever it is cut off, either the old files are
/// there, or a start refuses for lack of a database and a rebuild does it again from the same journal.
/// </summary>
internal static class RebuildSwap
{
    /// <summary>Returns the folder that holds the old database and journal.</summary>
    public static string Run(StoreOptions options, string fresh)
    {
        var folder = options.DataFolder;
        var aside = AsideFolder(options);
        foreach (var name in (string[])["store.db", "store.db-wal", "store.db-shm"])
            if (File.Exists(Path.Combine(folder, name))) File.Move(Path.Combine(folder, name), Path.Combine(aside, name));
        File.Move(fresh, Path.Combine(folder, "store.db"));
        Posix.SyncFolder(aside);
        Posix.SyncFolder(folder);
        WriteJournal(options, aside);
        return aside;
    }

    /// <summary>A base of its own ends what the old journal says; the old files go beside the old database.</summary>
    private static void WriteJournal(StoreOptions options, string aside)
    {
        var old = Directory.Exists(Journal.FolderOf(options.DataFolder)) ? Directory.GetFiles(Journal.FolderOf(options.DataFolder)) : [];
        var highest = old.Select(path => int.TryParse(Path.GetFileName(path).Split('.')[0], CultureInfo.InvariantCulture, out var n) ? n : 0).DefaultIfEmpty().Max();
        using (var journal = new Journal(options.DataFolder, JournalLook.None with { Newest = highest, NewestIsWhole = false }, options.Log))
        using (var db = Connection.Look(Path.Combine(options.DataFolder, "store.db")))
        {
            long newest = 0;
            db.Query("SELECT max(queue_id) FROM queue_message", row => newest = row.Int(0));
            journal.WriteBase(journal.Number, JournalBase.Blocks(db, Math.Max(newest, new Base.IdSource(options.Clock).Next())), static _ => { });
        }
        var kept = Directory.CreateDirectory(Path.Combine(aside, "journal")).FullName;
        foreach (var path in old) File.Move(path, Path.Combine(kept, Path.GetFileName(path)));
        Posix.SyncFolder(kept);
    }

    private static string AsideFolder(StoreOptions options)
    {
        var stamp = options.Clock.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        for (var n = 1; ; n++)
        {
            var path = Path.Combine(options.DataFolder, $"before-rebuild-{stamp}{(n == 1 ? "" : $"-{n}")}");
            if (Directory.Exists(path)) continue;
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return path;
        }
    }
}
