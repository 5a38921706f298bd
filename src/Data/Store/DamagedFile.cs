namespace Aviso.Store;

/// <summary>A database file that cannot be read and is made anew: the old one is kept beside it, never removed.</summary>
internal static class DamagedFile
{
    /// <summary>Renames the file with its log; returns the new name of the file.</summary>
    public static string PutAside(string file, DateTimeOffset now)
    {
        var aside = $"{file}.damaged-{now:yyyyMMddHHmmss}";
        // The index of the log is made anew from the log: it holds nothing of its own.
        File.Delete(file + "-shm");
        File.Move(file, aside, overwrite: true);
        if (File.Exists(file + "-wal")) File.Move(file + "-wal", aside + "-wal", overwrite: true);
        return aside;
    }
}
