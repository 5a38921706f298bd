using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Aviso.Net;

namespace Aviso.Smtp;

/// <summary>The client's end of the connection: reply lines in, octets out, each with a deadline. Failures are values.</summary>
internal sealed class ClientWire(Stream stream, TimeProvider clock) : IAsyncDisposable
{
    private readonly byte[] _in = new byte[RemoteReplyReader.MaxLine + 2];
    private Stream _stream = stream;
    private int _start;
    private int _end;

    /// <summary>Octets from the peer wait that nobody asked for.</summary>
    public bool HasUnread => _end > _start;

    public SslStream? Tls => _stream as SslStream;

    /// <summary>The next whole reply and its lines, or why there is none.</summary>
    public async ValueTask<(RemoteReply? Reply, IReadOnlyList<string> Lines, SmtpFailure? Failure)> ReadReplyAsync(
        SmtpStage stage, TimeSpan patience, CancellationToken cancel)
    {
        var reader = new RemoteReplyReader();
        using var deadline = new CancellationTokenSource(patience, clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        try
        {
            while (true)
            {
                var lf = Array.IndexOf(_in, (byte)'\n', _start, _end - _start);
                if (lf >= 0)
                {
                    var length = lf - _start;
                    if (length > 0 && _in[lf - 1] == '\r') length--;
                    var step = reader.Add(_in.AsSpan(_start, length));
                    _start = lf + 1;
                    if (step == RemoteReplyReader.Step.Garbled) return (null, [], Garbled(stage));
                    if (step == RemoteReplyReader.Step.Done) return (reader.Finish(), reader.Lines, null);
                    continue;
                }
                if (_start > 0)
                {
                    Buffer.BlockCopy(_in, _start, _in, 0, _end - _start);
                    (_start, _end) = (0, _end - _start);
                }
                if (_end == _in.Length) return (null, [], Garbled(stage));
                var read = await _stream.ReadAsync(_in.AsMemory(_end), linked.Token);
                if (read == 0) return (null, [], Closed(stage));
                _end += read;
            }
        }
        catch (Exception e) when (IsWire(e))
        {
            cancel.ThrowIfCancellationRequested();
            return (null, [], deadline.IsCancellationRequested ? TimedOut(stage) : Closed(stage));
        }
    }

    /// <summary>Null when all went out in time.</summary>
    public async ValueTask<SmtpFailure?> WriteAsync(
        ReadOnlyMemory<byte> octets, SmtpStage stage, TimeSpan patience, CancellationToken cancel)
    {
        using var deadline = new CancellationTokenSource(patience, clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        try
        {
            await _stream.WriteAsync(octets, linked.Token);
            await _stream.FlushAsync(linked.Token);
            return null;
        }
        catch (Exception e) when (IsWire(e))
        {
            cancel.ThrowIfCancellationRequested();
            return deadline.IsCancellationRequested ? TimedOut(stage) : Closed(stage);
        }
    }

    public ValueTask<SmtpFailure?> WriteAsync(string text, SmtpStage stage, TimeSpan patience, CancellationToken cancel) =>
        WriteAsync(Encoding.UTF8.GetBytes(text), stage, patience, cancel);

    /// <summary>Null when TLS stands. RFC 3207 §5: what the peer sent before the handshake is not to be believed.</summary>
    /// <param name="check">Null for the platform's own.</param>
    /// <param name="roots">The only authorities that count; null for the system's.</param>
    public async ValueTask<SmtpFailure?> StartTlsAsync(
        string host, RemoteCertificateValidationCallback? check, X509Certificate2Collection? roots, TimeSpan patience,
            CancellationToken cancel)
    {
        if (HasUnread) return new(SmtpStage.StartTls, SmtpTrouble.Garbled, null, "octets in the clear after STARTTLS");
        using var deadline = new CancellationTokenSource(patience, clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        var secure = new SslStream(_stream, false);
        try
        {
            await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = host,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                RemoteCertificateValidationCallback = check,
                CertificateChainPolicy = Authorities.Policy(roots),
            }, linked.Token);
            _stream = secure;
            return null;
        }
        catch (Exception e) when (IsWire(e) || e is AuthenticationException or InvalidOperationException or ArgumentException)
        {
            cancel.ThrowIfCancellationRequested();
            await secure.DisposeAsync();
            return new(SmtpStage.StartTls, SmtpTrouble.Tls, null,
                deadline.IsCancellationRequested ? "TLS handshake timed out" : "TLS handshake failed: " + OneLine(e));
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private static bool IsWire(Exception e) => e is IOException or OperationCanceledException or ObjectDisposedException;

    private static string OneLine(Exception e) => (e.InnerException ?? e).Message.ReplaceLineEndings(" ");

    private static SmtpFailure Closed(SmtpStage stage) => new(stage, SmtpTrouble.Closed, null, $"connection lost at {Name(stage)}");

    private static SmtpFailure TimedOut(SmtpStage stage) => new(stage, SmtpTrouble.TimedOut, null, $"no answer in time at {Name(stage)}");

    private static SmtpFailure Garbled(SmtpStage stage) => new(stage, SmtpTrouble.Garbled, null, $"not an SMTP reply at {Name(stage)}");

    private static string Name(SmtpStage stage) => stage switch
    {
        SmtpStage.EndOfData => "end of data",
        SmtpStage.Body => "message body",
        _ => stage.ToString().ToUpperInvariant(),
    };
}
