namespace Aviso.Jmap;

/// <summary>A blob to be sent as it is (RFC 8620 §6.2).</summary>
public sealed class JmapDownload : IDisposable
{
    private readonly Blob _blob;

    internal JmapDownload(Blob blob) => _blob = blob;

    public long Size => _blob.Size;

    /// <summary>Reads from any offset; 0 at the end.</summary>
    public int Read(long offset, Span<byte> into) => _blob.Read(offset, into);

    public void Dispose() => _blob.Dispose();
}
