namespace Aviso.Store.Blobs;

/// <summary>Bodies that are a file of their own: written and synced by the caller, never by the segment writer.</summary>
internal sealed class LargeBodies(SegmentFolder folder)
{
    /// <summary>Writes the record and makes file and name durable.</summary>
    public void Write(BodyWrite write)
    {
        var path = folder.LargePath(write.Record.BodyId);
        try
        {
            using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
            long at = 0;
            write.WriteTo(default, piece =>
            {
                RandomAccess.Write(file, piece.Span, at);
                at += piece.Length;
            });
            Posix.SyncData(file, path);
            Posix.SyncFolder(folder.Large);
        }
        catch (Exception)
        {
            try
            {
                File.Delete(path);
            }
            catch (IOException)
            {
                // A leftover: upkeep removes it after days, never a start.
            }
            throw;
        }
    }
}
