using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Aviso.Net;

/// <summary>
/// Two pipes seen as one stream, for what speaks only streams (TLS, deflate). A read of zero octets waits until there
/// are some and takes none, so whoever reads so holds no buffer while the peer is silent. A write goes out at once.
/// </summary>
internal sealed class PipeStream(PipeReader input, PipeWriter output) : DuplexStream
{
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
}
