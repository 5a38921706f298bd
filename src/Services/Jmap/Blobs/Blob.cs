using System.Buffers;
using Aviso.Base;
using Aviso.Store;
using Microsoft.Win32.SafeHandles;

namespace Aviso.Jmap;

/// <summary>A blob open for reading.</summary>
internal abstract class Blob : IDisposable
{
    private const int PieceSize = 64 * 1024;

    public abstract long Size { get; }

    /// <summary>Reads from any offset; 0 at the end.</summary>
    public abstract int Read(long offset, Span<byte> into);

    public abstract void Dispose();

    /// <summary>Writes all of it.</summary>
    public void CopyTo(SpooledBody into)
    {
        var piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            for (var at = 0L; Read(at, piece) is > 0 and var read; at += read) into.Write(piece.AsSpan(0, read));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    /// <summary>Fills as much as there is.</summary>
    public int ReadAll(long offset, Span<byte> into)
    {
        var total = 0;
        while (total < into.Length && Read(offset + total, into[total..]) is > 0 and var read) total += read;
        return total;
    }
}

/// <summary>A message as it is stored.</summary>
internal sealed class MessageBlob(StoredBody body) : Blob
{
    public override long Size => body.Length;

    public override int Read(long offset, Span<byte> into) => body.Read(offset, into);

    public override void Dispose() => body.Dispose();
}

/// <summary>A part of a message, its transfer encoding undone.</summary>
internal sealed class PartBlob(SpooledBody octets) : Blob
{
    public override long Size => octets.Length;

    public override int Read(long offset, Span<byte> into) => offset >= octets.Length ? 0 : octets.Read(offset, into);

    public override void Dispose() => octets.Dispose();
}

/// <summary>What is small enough to be in memory.</summary>
internal sealed class OctetsBlob(byte[] octets) : Blob
{
    public override long Size => octets.Length;

    public override int Read(long offset, Span<byte> into)
    {
        if (offset >= octets.Length) return 0;
        var piece = octets.AsSpan((int)offset);
        piece = piece[..Math.Min(piece.Length, into.Length)];
        piece.CopyTo(into);
        return piece.Length;
    }

    public override void Dispose()
    {
    }
}

/// <summary>What a client uploaded.</summary>
internal sealed class UploadBlob(SafeFileHandle file, long size) : Blob
{
    public override long Size => size;

    public override int Read(long offset, Span<byte> into) => RandomAccess.Read(file, into, offset);

    public override void Dispose() => file.Dispose();
}
