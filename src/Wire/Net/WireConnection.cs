using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Aviso.Net;

/// <summary>What a listener speaks; names as in the settings (design.md section 5).</summary>
public enum ListenerKind
{
    Smtp, Submission, Submissions, Imap, Imaps, Pop3, Pop3s, ManageSieve, Lmtp, Http, Https, Metrics,
}

/// <summary>What TLS agreed on. <paramref name="ServerCertificate"/> is what tls-server-end-point binds to (RFC 5929 §4).</summary>
public sealed record TlsSession(string Protocol, string Cipher, X509Certificate2 ServerCertificate, string? ServerName);

/// <summary>Where a connection came from and what may be said to it. Addresses are real: behind PROXY they are the
/// client's, and IPv4-mapped IPv6 is IPv4.</summary>
public sealed record WireOrigin(ListenerKind Kind, IPEndPoint Remote, IPEndPoint Local)
{
    /// <summary>The client is in networks.internal: never banned, no reverse-DNS policy; grants nothing else.</summary>
    public bool IsInternal { get; init; }

    /// <summary>The client is in networks.cleartext_login: may log in without TLS.</summary>
    public bool ClearLoginAllowed { get; init; }
}

/// <summary>How a read ended.</summary>
public enum ReadStatus
{
    /// <summary>What was asked for is here.</summary>
    Complete,

    /// <summary>The line is longer than the limit; the rest of it was thrown away up to the next LF.</summary>
    TooLong,

    /// <summary>The peer closed or reset the connection.</summary>
    Closed,

    /// <summary>The deadline passed.</summary>
    TimedOut,

    /// <summary>The server is stopping and no command has begun.</summary>
    Draining,
}

/// <summary>A line without its line end, valid until the next read on the same connection.</summary>
/// <param name="EndedByCrLf">False when the line ended in a bare LF.</param>
public readonly record struct LineRead(ReadStatus Status, ReadOnlyMemory<byte> Line, bool EndedByCrLf);

/// <summary>Unread octets, see <see cref="WireConnection.PeekAsync"/>.</summary>
public readonly record struct PeekRead(ReadStatus Status, ReadOnlySequence<byte> Octets);

/// <summary>One protocol's whole conversation on one connection.</summary>
public interface IWireProtocol
{
    /// <summary>Runs until the conversation ends. The caller closes the connection.</summary>
    Task RunAsync(WireConnection connection);
}

/// <summary>
/// One client connection as a protocol sees it: pipes, lines, who is there, TLS. Tests make one over an in-memory pipe.
/// One reader and one writer at a time.
/// </summary>
public sealed class WireConnection(string id, WireOrigin origin, IDuplexPipe transport, TimeProvider clock) : IAsyncDisposable
{
    private byte[] _scratch = [];
    private ReadOnlySequence<byte> _consumed;
    private bool _lineOpen;

    /// <summary>Session id, in every log event of this connection.</summary>
    public string Id { get; } = id;

    public WireOrigin Origin { get; } = origin;

    /// <summary>The agreed TLS, or null in the clear.</summary>
    public TlsSession? Tls { get; private set; }

    public PipeReader Input { get; private set; } = transport.Input;

    public PipeWriter Output { get; private set; } = transport.Output;

    /// <summary>Cancelled when the peer is gone or the connection is aborted.</summary>
    public CancellationToken Aborted { get; init; }

    /// <summary>Cancelled when the server stops: finish the transaction in hand, then say goodbye.</summary>
    public CancellationToken Draining { get; init; }

    /// <summary>
    /// Reads one line of at most <paramref name="limit"/> octets (line end not counted). The line is valid until the next
    /// read. With <paramref name="betweenCommands"/> a stopping server ends the wait with Draining.
    /// </summary>
    public async ValueTask<LineRead> ReadLineAsync(int limit, TimeSpan patience, bool betweenCommands = false)
    {
        ReleaseLine();
        using var deadline = new CancellationTokenSource(patience, clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(
            deadline.Token, Aborted, betweenCommands ? Draining : CancellationToken.None);
        while (true)
        {
            ReadResult read;
            try
            {
                read = await Input.ReadAsync(linked.Token);
            }
            catch (OperationCanceledException)
            {
                return new(deadline.IsCancellationRequested ? ReadStatus.TimedOut
                    : Aborted.IsCancellationRequested ? ReadStatus.Closed : ReadStatus.Draining, default, false);
            }
            catch (IOException)
            {
                return new(ReadStatus.Closed, default, false);
            }
            var buffer = read.Buffer;
            if (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end);
                _consumed = buffer.Slice(buffer.GetPosition(1, end));
                _lineOpen = true;
                if (line.Length > limit + 1) return new(ReadStatus.TooLong, default, false);
                var flat = Flatten(line);
                var crlf = flat.Span is [.., (byte)'\r'];
                return new(ReadStatus.Complete, crlf ? flat[..^1] : flat, crlf);
            }
            if (read.IsCompleted)
            {
                Input.AdvanceTo(buffer.Start, buffer.End);
                return new(ReadStatus.Closed, default, false);
            }
            Input.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary>True when octets from the peer wait unread: hold back the flush, the peer pipelines (RFC 2920 §3.2).</summary>
    public bool HasBuffered
    {
        get
        {
            ReleaseLine();
            if (!Input.TryRead(out var read)) return false;
            var any = !read.Buffer.IsEmpty;
            Input.AdvanceTo(read.Buffer.Start);
            return any;
        }
    }

    /// <summary>
    /// Waits for at least <paramref name="atLeast"/> unread octets and shows all that are there; take them with
    /// <see cref="Consume"/>. The octets are valid until Consume or the next read.
    /// </summary>
    public async ValueTask<PeekRead> PeekAsync(TimeSpan patience, int atLeast = 1)
    {
        ReleaseLine();
        using var deadline = new CancellationTokenSource(patience, clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, Aborted);
        try
        {
            var read = await Input.ReadAtLeastAsync(atLeast, linked.Token);
            _consumed = read.Buffer;
            _lineOpen = true;
            return new(read.Buffer.Length < atLeast ? ReadStatus.Closed : ReadStatus.Complete, read.Buffer);
        }
        catch (OperationCanceledException)
        {
            return new(deadline.IsCancellationRequested ? ReadStatus.TimedOut : ReadStatus.Closed, default);
        }
        catch (IOException)
        {
            return new(ReadStatus.Closed, default);
        }
    }

    /// <summary>Takes the first <paramref name="octets"/> of what <see cref="PeekAsync"/> showed.</summary>
    public void Consume(long octets)
    {
        if (!_lineOpen) throw new InvalidOperationException("nothing was peeked");
        _lineOpen = false;
        Input.AdvanceTo(_consumed.GetPosition(octets));
    }

    /// <summary>Sends what was written to <see cref="Output"/>. False when the peer is gone or does not read within
    /// <paramref name="patience"/>.</summary>
    public async ValueTask<bool> FlushAsync(TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience, clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, Aborted);
        try
        {
            return !(await Output.FlushAsync(linked.Token)).IsCompleted;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        ReleaseLine();
        await Input.CompleteAsync();
        await Output.CompleteAsync();
    }

    private void ReleaseLine()
    {
        if (!_lineOpen) return;
        _lineOpen = false;
        Input.AdvanceTo(_consumed.Start);
    }

    private ReadOnlyMemory<byte> Flatten(in ReadOnlySequence<byte> line)
    {
        if (line.IsSingleSegment) return line.First;
        if (_scratch.Length < line.Length) _scratch = new byte[line.Length];
        line.CopyTo(_scratch);
        return _scratch.AsMemory(0, (int)line.Length);
    }
}
