using Aviso.Base;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>Copies of blobs from the shelf, in the spool.</summary>
internal sealed class SpooledBlobs(BlobShelf shelf, BodySpool spool) : IBlobs
{
    public async Task<SpooledBody?> OpenAsync(JmapUser user, AccountId account, string blobId, CancellationToken cancel)
    {
        using var blob = await shelf.OpenAsync(user, account, blobId, cancel);
        return blob is null ? null : spool.Make(blob.CopyTo);
    }
}
