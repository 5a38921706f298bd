using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using Aviso.Net;

namespace Aviso.Tests.Unit.Net;

/// <summary>
/// A <see cref="WireConnection"/> over two in-memory pipes and the client's end of them: what a protocol test talks to.
/// <c>await using var pair = new WirePair(ListenerKind.Imap); var run = protocol.RunAsync(pair.Server);</c>
/// </summary>
internal sealed class WirePair : IAsyncDisposable
{
    private readonly CancellationTokenSource _aborted = new();
    private readonly CancellationTokenSource _draining = new();
    private readonly Pipe _toServer = new(new PipeOptions(useSynchronizationContext: false));
    private readonly Pipe _toClient = new(new PipeOptions(useSynchronizationContext: false));

    public WirePair(ListenerKind kind = ListenerKind.Smtp, TimeProvider? clock = null, TlsCertificates? certificates = null,
        Func<WireOrigin, WireOrigin>? origin = null)
    {
        var from = new WireOrigin(kind, new IPEndPoint(IPAddress.Parse("192.0.2.7"), 40000), new IPEndPoint(IPAddress.Loopback, 25));
        Server = new WireConnection("test", origin?.Invoke(from) ?? from, new Half(_toServer.Reader, _toClient.Writer), clock ?? TimeProvider.System)
        {
            Aborted = _aborted.Token,
            Draining = _draining.Token,
            Certificates = certificates,
        };
        Client = new Half(_toClient.Reader, _toServer.Writer);
        ClientStream = new PipeStream(Client.Input, Client.Output);
    }

    /// <summary>Given to the protocol under test.</summary>
    public WireConnection Server { get; }

    /// <summary>The peer's end.</summary>
    public IDuplexPipe Client { get; }

    /// <summary>The peer's end as a stream, for SslStream and DeflateStream. Use it or <see cref="Client"/>, not both.</summary>
    public Stream ClientStream { get; }

    public void Abort() => _aborted.Cancel();

    public void Drain() => _draining.Cancel();

    /// <summary>Sends text as UTF-8, exactly as given.</summary>
    public async Task SendAsync(string text) => await Client.Output.WriteAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Sends the octets in pieces of <paramref name="piece"/>, giving the server a turn after each.</summary>
    public async Task SendInPiecesAsync(ReadOnlyMemory<byte> octets, int piece)
    {
        for (var at = 0; at < octets.Length; at += piece)
        {
            await Client.Output.WriteAsync(octets.Slice(at, Math.Min(piece, octets.Length - at)));
            await Task.Yield();
        }
    }

    /// <summary>The peer sends no more.</summary>
    public async Task FinishAsync() => await Client.Output.CompleteAsync();

    /// <summary>One line from the server without its CRLF; null at the end.</summary>
    public async Task<string?> ReceiveLineAsync()
    {
        while (true)
        {
            var read = await Client.Input.ReadAsync();
            if (read.Buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = Encoding.UTF8.GetString(read.Buffer.Slice(0, end));
                Client.Input.AdvanceTo(read.Buffer.GetPosition(1, end));
                return line.TrimEnd('\r');
            }
            Client.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted) return null;
        }
    }

    /// <summary>Everything the server sends until it closes.</summary>
    public async Task<string> ReceiveAllAsync()
    {
        while (true)
        {
            var read = await Client.Input.ReadAsync();
            if (read.IsCompleted)
            {
                var text = Encoding.UTF8.GetString(read.Buffer);
                Client.Input.AdvanceTo(read.Buffer.End);
                return text;
            }
            Client.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Client.Output.CompleteAsync();
        await Client.Input.CompleteAsync();
        await Server.DisposeAsync();
        _aborted.Dispose();
        _draining.Dispose();
    }

    private sealed record Half(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
