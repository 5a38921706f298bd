using Aviso.Net;
using Aviso.Store;

namespace Aviso.Server;

/// <summary>The shelf of certificates in the store: documents of the server's own.</summary>
internal sealed class CertificateShelf(IDocumentRows documents, TimeProvider clock) : ICertificateShelf
{
    public async Task<IReadOnlyDictionary<string, byte[]>> ListAsync(string kind, CancellationToken cancel) =>
        (await documents.ListDocumentsAsync(default, kind, cancel)).ToDictionary(d => d.Key.Name, d => d.Value, StringComparer.Ordinal);

    public Task WriteAsync(string kind, string name, byte[] value, CancellationToken cancel) =>
        documents.ChangeDocumentsAsync([new(new(default, kind, name), value, clock.GetUtcNow().ToUnixTimeSeconds())], [], cancel);
}
