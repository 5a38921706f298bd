namespace Aviso.Store.Blobs;

/// <summary>A message whose row is there and whose file is not.</summary>
internal sealed class MissingBody(int prefixLength, long bodyLength) : StoredBody
{
    public override int PrefixLength => prefixLength;

    public override long Length => prefixLength + bodyLength;

    public override string Fault => "its file is missing";

    public override int Read(long offset, Span<byte> into) => throw new DamagedBodyException(Fault);

    protected override void Dispose(bool disposing)
    {
        // Nothing is open.
    }
}
