using Microsoft.Win32.SafeHandles;

namespace Aviso.Store.Blobs;

/// <summary>A stored message read from its record: the row's prefix, then the record's body.</summary>
internal sealed class RecordBody(byte[] prefix, SafeFileHandle file, int segment, long bodyOffset, long bodyLength) : StoredBody
{
#pragma warning disable CA2213 // the handle is lent: it goes back to the folder, which closes it
    private SafeFileHandle? _file = file;
#pragma warning restore CA2213

    public override int PrefixLength => prefix.Length;

    public override long Length => prefix.Length + bodyLength;

    public override int Read(long offset, Span<byte> into)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ObjectDisposedException.ThrowIf(_file is null, this);
        if (offset >= Length || into.IsEmpty) return 0;
        var fromPrefix = 0;
        if (offset < prefix.Length)
        {
            fromPrefix = (int)Math.Min(into.Length, prefix.Length - offset);
            prefix.AsSpan((int)offset, fromPrefix).CopyTo(into);
            into = into[fromPrefix..];
            offset += fromPrefix;
        }
        var count = (int)Math.Min(into.Length, Length - offset);
        if (count == 0) return fromPrefix;
        var read = RandomAccess.Read(_file, into[..count], bodyOffset + offset - prefix.Length);
        if (read == 0 && fromPrefix == 0) throw new EndOfStreamException("the stored body is shorter than its row says");
        return fromPrefix + read;
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _file, null) is { } open) SegmentFolder.Return(open, segment);
    }
}
