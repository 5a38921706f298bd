using Aviso.Store.Blobs;

namespace Aviso.Store.Copying;

/// <summary>Names that stay after a power cut.</summary>
public static class DurableNames
{
    /// <summary>Makes what was created in this folder, or moved into it, durable.</summary>
    /// <exception cref="IOException">It cannot be done.</exception>
    public static void Of(string folder) => Posix.SyncFolder(folder);
}
