using Aviso.Accounts;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>The texts of Sieve scripts as blobs. A blob id is the digest of its octets, so that other text has another id (RFC 8620
/// §6).</summary>
internal sealed class ScriptBlobs(SieveScripts scripts)
{
    public async Task<Blob?> OpenAsync(AccountId account, BlobId id, CancellationToken cancel) =>
        (await FindAsync(account, id, cancel)) is [var first, ..] ? new OctetsBlob(first.Text) : null;

    /// <summary>Scripts with this text.</summary>
    public async Task<IReadOnlyList<KeptScript>> FindAsync(AccountId account, BlobId id, CancellationToken cancel) =>
        [.. (await scripts.ReadAsync(account, cancel)).All.Where(s => BlobId.OfScript(s.Text) == id)];
}
