using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Aviso.Net;

/// <summary>
/// An accepted socket as a stream and as two pipes over it. Waiting for a silent peer holds no buffer (reads of zero
/// octets). Counts octets, and knows whether the peer reset the connection.
/// </summary>
internal sealed class SocketTransport : DuplexStream, IStreamTransport
{
    private readonly Socket _socket;
    private readonly Func<ReadOnlyMemory<byte>, bool>? _refuseFirst;
    private byte[] _unread = [];
    private int _unreadAt;

    /// <param name="socket">Closed with this.</param>
    /// <param name="unread">Octets already read from the socket that belong to the conversation.</param>
    /// <param name="refuseFirst">Asked once about the first octets from the peer; true cuts the connection.</param>
    public SocketTransport(Socket socket, byte[] unread, Func<ReadOnlyMemory<byte>, bool>? refuseFirst)
    {
        (_socket, _unread, _refuseFirst) = (socket, unread, refuseFirst);
        Input = PipeReader.Create(this, WireConnection.ReaderOptions);
        Output = PipeWriter.Create(this, WireConnection.WriterOptions);
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    /// <summary>Octets from the peer, without those of a PROXY header.</summary>
    public long OctetsIn { get; private set; }

    public long OctetsOut { get; private set; }

    /// <summary>The peer reset the connection, or a write found it gone.</summary>
    public bool WasReset { get; private set; }

    public Stream TakeStream(byte[] unread)
    {
        Input.Complete();
        Output.Complete();
        _unread = [.. unread, .. _unread.AsSpan(_unreadAt)];
        _unreadAt = 0;
        OctetsIn -= unread.Length;
        return this;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count;
        if (_unreadAt < _unread.Length)
        {
            count = Math.Min(buffer.Length, _unread.Length - _unreadAt);
            _unread.AsMemory(_unreadAt, count).CopyTo(buffer);
            _unreadAt += count;
            if (_unreadAt == _unread.Length) (_unread, _unreadAt) = ([], 0);
        }
        else
        {
            try
            {
                count = await _socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
            }
            catch (SocketException e)
            {
                WasReset = true;
                throw new IOException(e.Message, e);
            }
        }
        if (OctetsIn == 0 && count > 0 && _refuseFirst is not null && _refuseFirst(buffer[..count]))
            throw new IOException("refused by its first octets");
        OctetsIn += count;
        return count;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            while (!buffer.IsEmpty)
            {
                var sent = await _socket.SendAsync(buffer, SocketFlags.None, cancellationToken);
                OctetsOut += sent;
                buffer = buffer[sent..];
            }
        }
        catch (SocketException e)
        {
            WasReset = true;
            throw new IOException(e.Message, e);
        }
    }
}
