using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Aviso.Base;

namespace Aviso.Net;

/// <summary>A transport that is a stream below its pipes: an upgrade speaks to the stream, with no pipe in between.</summary>
internal interface IStreamTransport : IDuplexPipe
{
    /// <summary>Ends the pipes and gives the stream, which first reads <paramref name="unread"/> once more.</summary>
    Stream TakeStream(byte[] unread);
}

/// <summary>What changes the octets below the protocol: TLS (STARTTLS and implicit) and deflate (RFC 4978).</summary>
public sealed partial class WireConnection
{
    /// <summary>A peer has this long to finish a TLS handshake.</summary>
    public static readonly TimeSpan HandshakePatience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(5);

    // A read of zero octets waits first, so an idle connection holds no buffer; 4 KiB hold any command line.
    internal static readonly StreamPipeReaderOptions ReaderOptions =
        new(bufferSize: 4096, minimumReadSize: 1024, leaveOpen: true, useZeroByteReads: true);

    // As large as a TLS record: fewer records and system calls for large answers, and nothing is held between flushes.
    internal static readonly StreamPipeWriterOptions WriterOptions = new(minimumBufferSize: 16 * 1024, leaveOpen: true);

    private SslStream? _ssl;
    private DeflateStream? _deflate;
    private DeflateStream? _inflate;
    private (PipeReader Input, PipeWriter Output) _belowDeflate;
    private bool _refusesReads;

    /// <summary>The agreed TLS, or null in the clear.</summary>
    public TlsSession? Tls { get; private set; }

    /// <summary>What STARTTLS would show; null when this connection can't have TLS.</summary>
    public TlsCertificates? Certificates { get; init; }

    /// <summary>True when STARTTLS may be offered now.</summary>
    public bool CanStartTls => Tls is null && _deflate is null && !_dead && Certificates is not null;

    /// <summary>True after <see cref="StartDeflate"/>.</summary>
    public bool IsDeflated => _deflate is not null;

    /// <summary>Why the TLS handshake failed, for the log; null when it did not.</summary>
    public string? TlsFailure { get; private set; }

    /// <summary>
    /// STARTTLS: sends <paramref name="goAhead"/> (the "220 ready" or "OK" line with its CRLF) and turns the connection to
    /// TLS. False when octets follow the command in the clear: nothing was sent and they are never interpreted; say no and
    /// close. False also when the handshake failed: then the connection is dead and whatever is still written goes nowhere.
    /// </summary>
    public async ValueTask<bool> StartTlsAsync(ReadOnlyMemory<byte> goAhead, CancellationToken cancel)
    {
        // RFC 3207 §4.2, RFC 9051 §6.2.1: what was sent before TLS must not count after it.
        if (!CanStartTls || HasBuffered) return false;
        Output.Write(goAhead.Span);
        if (!await FlushAsync(HandshakePatience)) return false;
        return await StartTlsAsync(cancel);
    }

    /// <summary>
    /// Turns the connection to TLS after the go-ahead was flushed, or at once for implicit TLS. False when what waits
    /// unread is no TLS record (octets pipelined in the clear, never interpreted) or when the handshake failed.
    /// </summary>
    public async ValueTask<bool> StartTlsAsync(CancellationToken cancel)
    {
        const byte handshakeRecord = 22; // RFC 8446 §5.1
        if (!CanStartTls) return false;
        // After STARTTLS the first octet tells a handshake from commands in the clear, however late those come.
        if (!ListenerKinds.IsImplicitTls(Origin.Kind) && await PeekAsync(HandshakePatience) is { Status: not ReadStatus.Complete } none)
        {
            (_dead, TlsFailure) = (true, none.Status == ReadStatus.TimedOut ? "timeout" : "closed");
            NetMeters.TlsFailed(Origin.Kind, none.Status == ReadStatus.TimedOut ? "timeout" : "handshake");
            End(Reason.Tls, TlsFailure);
            return false;
        }
        if (FirstUnread() is { } first && first != handshakeRecord)
        {
            // Nothing in the clear is read any more, but the protocol may still answer.
            _refusesReads = true;
            // On a port that is TLS from the start it is a client with the wrong settings, nothing worse.
            if (ListenerKinds.IsImplicitTls(Origin.Kind)) End(Reason.Tls, "no handshake");
            else End(Reason.ClearAfterStartTls);
            return false;
        }
        if (ListenerKinds.IsImplicitTls(Origin.Kind) && Certificates!.Challenges is { IsPending: true } challenges
            && await challenges.TryAnswerAsync(Input, OpenStream, clock, cancel))
        {
            (_dead, TlsFailure) = (true, "an authority's challenge, answered");
            End(Reason.Tls, TlsFailure);
            return false;
        }
        var ssl = new SslStream(OpenStream(), leaveInnerStreamOpen: true);
        using var deadline = new CancellationTokenSource(HandshakePatience, clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, Aborted, cancel);
        try
        {
            await Certificates!.HandshakeAsync(ssl, linked.Token);
        }
        catch (Exception e) when (IsBroken(e) || e is InvalidOperationException or NotSupportedException)
        {
            _dead = true;
            TlsFailure = deadline.IsCancellationRequested ? "timeout" : FailureText(e);
            End(Reason.Tls, TlsFailure);
            // Who closes without a word, as a health check of an implicit TLS port does, fails no handshake.
            if (transport is not SocketTransport { OctetsIn: 0 }) NetMeters.TlsFailed(Origin.Kind, deadline.IsCancellationRequested ? "timeout" : "handshake");
            await ssl.DisposeAsync();
            return false;
        }
        _ssl = ssl;
        Input = PipeReader.Create(ssl, ReaderOptions);
        Output = PipeWriter.Create(ssl, WriterOptions);
        _scanned = 0;
        Tls = new TlsSession(ssl.SslProtocol.ToString(), ssl.NegotiatedCipherSuite.ToString(),
            (X509Certificate2)ssl.LocalCertificate!, ssl.TargetHostName is { Length: > 0 } name ? name : null);
        return true;
    }

    /// <summary>
    /// RFC 4978 COMPRESS DEFLATE: from here on both directions are raw deflate streams; every flush is a sync flush. Call
    /// it after the OK was flushed. What waits unread is already compressed.
    /// </summary>
    public void StartDeflate()
    {
        if (_deflate is not null) throw new InvalidOperationException("the connection is deflated already");
        ReleaseLine();
        var below = new PipeStream(Input, Output);
        _inflate = new DeflateStream(below, CompressionMode.Decompress, leaveOpen: true);
        _deflate = new DeflateStream(below, CompressionLevel.Fastest, leaveOpen: true);
        _belowDeflate = (Input, Output);
        Input = PipeReader.Create(_inflate, ReaderOptions);
        Output = PipeWriter.Create(_deflate, WriterOptions);
        _scanned = 0;
    }

    private byte? FirstUnread()
    {
        ReleaseLine();
        try
        {
            if (!Input.TryRead(out var read)) return null;
            byte? first = read.Buffer.IsEmpty ? null : read.Buffer.FirstSpan[0];
            Input.AdvanceTo(read.Buffer.Start);
            return first;
        }
        catch (Exception e) when (IsBroken(e))
        {
            return null;
        }
    }

    private Stream OpenStream()
    {
        if (transport is not IStreamTransport streams) return new PipeStream(Input, Output);
        byte[] unread = [];
        if (Input.TryRead(out var read))
        {
            unread = read.Buffer.ToArray();
            Input.AdvanceTo(read.Buffer.End);
        }
        return streams.TakeStream(unread);
    }

    private async ValueTask CloseUpgradesAsync()
    {
        if (_deflate is not null)
        {
            await CompleteAsync(Input, Output);
            try
            {
                await _deflate.DisposeAsync().AsTask().WaitAsync(FarewellPatience, clock, CancellationToken.None);
            }
            catch (Exception e) when (IsBroken(e) || e is TimeoutException)
            {
                // The last deflate block did not get out; the peer is gone.
            }
            await _inflate!.DisposeAsync();
            (Input, Output) = _belowDeflate;
        }
        if (_ssl is null) return;
        await CompleteAsync(Input, Output);
        try
        {
            // close_notify, so that the peer can tell an end from a cut (RFC 8446 §6.1).
            if (!Aborted.IsCancellationRequested) await _ssl.ShutdownAsync().WaitAsync(FarewellPatience, clock, CancellationToken.None);
        }
        catch (Exception e) when (IsBroken(e) || e is TimeoutException or InvalidOperationException)
        {
            // The peer is gone already.
        }
        await _ssl.DisposeAsync();
    }

    private static string FailureText(Exception e) =>
        (e.InnerException ?? e).Message is { Length: > 200 } text ? text[..200] : (e.InnerException ?? e).Message;
}
