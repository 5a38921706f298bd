using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Aviso.Net;

/// <summary>
/// Two pipes seen as one stream, for what speaks only streams (TLS, deflate). A read of zero octets waits until there
/// are some and takes none, so whoever reads so holds no buffer while the peer is silent. A write goes out at once.
/// </summary>
internal sealed class PipeStream(PipeReader input, PipeWriter output) : Stream
{
    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var read = await input.ReadAsync(cancellationToken);
            var octets = read.Buffer;
            if (!octets.IsEmpty)
            {
                var taken = octets.Slice(0, Math.Min(octets.Length, buffer.Length));
                taken.CopyTo(buffer.Span);
                // Before AdvanceTo, which gives the segments back: a sequence that spans two has no length after it.
                var length = (int)taken.Length;
                input.AdvanceTo(taken.End);
                return length;
            }
            input.AdvanceTo(octets.Start, octets.End);
            if (read.IsCompleted) return 0;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var sent = await output.WriteAsync(buffer, cancellationToken);
        if (sent.IsCompleted) throw new IOException("the peer is gone");
        cancellationToken.ThrowIfCancellationRequested();
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
