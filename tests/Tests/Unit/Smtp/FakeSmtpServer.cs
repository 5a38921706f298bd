using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Xunit;

namespace Aviso.Tests.Unit.Smtp;

/// <summary>A message a <see cref="FakeSmtpServer"/> said 250 to.</summary>
internal sealed record TakenMail(string From, IReadOnlyList<string> To, string Data, bool Tls);

/// <summary>
/// An SMTP server on loopback that takes everything, unless told otherwise: <see cref="Answer"/> may replace the reply to any
/// command ("CLOSE" closes instead, "" stays silent). The end of data is the command ".".
/// </summary>
internal sealed class FakeSmtpServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _work = [];
    private readonly Task _accepting;

    public FakeSmtpServer()
    {
        _listener.Start();
        EndPoint = (IPEndPoint)_listener.LocalEndpoint;
        _accepting = Task.Run(AcceptAsync);
    }

    public static X509Certificate2 Certificate { get; } = MakeCertificate();

    /// <summary>Shown instead of <see cref="Certificate"/>.</summary>
    public X509Certificate2? Show { get; set; }

    /// <summary>The name the last client asked for (SNI).</summary>
    public string? ServerName { get; private set; }

    public System.Security.Authentication.SslProtocols Protocols { get; set; }

    public IPEndPoint EndPoint { get; }

    public List<string> Extensions { get; } = ["PIPELINING", "8BITMIME", "SIZE 1000000", "ENHANCEDSTATUSCODES"];

    public bool BreakHandshake { get; set; }

    public bool ImplicitTls { get; set; }

    public bool ByteWise { get; set; }

    /// <summary>Null for the ordinary reply.</summary>
    public Func<string, string?> Answer { get; set; } = _ => null;

    public List<TakenMail> Mails { get; } = [];

    public List<string> Commands { get; } = [];

    public int Connections;

    public async Task<Stream> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(EndPoint);
        return new NetworkStream(socket, true);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_work);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                client.NoDelay = true;
                Interlocked.Increment(ref Connections);
                _work.Add(Task.Run(() => ServeAsync(client)));
            }
        }
        catch (Exception e)
            when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client) await new Session(this, client.GetStream(), _stop.Token).RunAsync();
        }
        catch (Exception e)
            when (e is IOException or OperationCanceledException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
        }
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=mx.test", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }

    private sealed class Session(FakeSmtpServer server, Stream stream, CancellationToken stop)
    {
        private Stream _stream = stream;
        private string _from = "";
        private List<string> _to = [];
        private readonly StringBuilder _chunks = new();
        private bool _tls;

        public async Task RunAsync()
        {
            if (server.ImplicitTls) await SecureAsync();
            if (!await SayAsync("GREETING", "220 mx.test ESMTP")) return;
            while (await ReadLineAsync() is { } line)
            {
                lock (server.Commands) server.Commands.Add(line);
                if (!await HandleAsync(line)) return;
            }
        }

        private async Task<bool> HandleAsync(string line)
        {
            switch (line.Split(' ', ':')[0].ToUpperInvariant())
            {
                case "EHLO":
                    string[] lines = ["mx.test", .. server.Extensions.Where(e => e != "STARTTLS" || !_tls)];
                    return await SayAsync(line, string.Join("\r\n", lines.Select((l, i) => (i == lines.Length - 1 ? "250 " : "250-") + l)));
                case "STARTTLS":
                    var goes = false;
                    if (!await SayAsync(line, "220 go", taken: () => goes = true)) return false;
                    if (!goes) return true;
                    if (server.BreakHandshake)
                    {
                        await _stream.WriteAsync("no TLS here\r\n"u8.ToArray(), stop);
                        return false;
                    }
                    await SecureAsync();
                    return true;
                case "MAIL":
                    (_from, _to) = (Path(line), []);
                    return await SayAsync(line, "250 2.1.0 ok");
                case "RCPT":
                    return await SayAsync(line, "250 2.1.5 ok", taken: () => _to.Add(Path(line)));
                case "DATA":
                    var started = false;
                    if (!await SayAsync(line, "354 go", taken: () => started = true)) return false;
                    return !started || await DataAsync();
                case "BDAT":
                    return await ChunkAsync(line);
                case "QUIT":
                    await SayAsync(line, "221 bye");
                    return false;
                case "AUTH":
                    return await SayAsync(line, "235 2.7.0 welcome");
                default:
                    return await SayAsync(line, "250 ok");
            }
        }

        private async Task<bool> DataAsync()
        {
            var data = new StringBuilder();
            while (true)
            {
                if (await ReadLineAsync() is not { } line) return false;
                if (line == ".") break;
                data.Append(line.StartsWith('.') ? line[1..] : line).Append("\r\n");
            }
            return await TakeAsync(".", data.ToString());
        }

        private async Task<bool> ChunkAsync(string line)
        {
            var chunk = new byte[int.Parse(line.Split(' ')[1])];
            await _stream.ReadExactlyAsync(chunk, stop);
            _chunks.Append(Encoding.Latin1.GetString(chunk));
            if (!line.EndsWith("LAST", StringComparison.Ordinal)) return await SayAsync(line, "250 chunk");
            return await TakeAsync(line, _chunks.ToString());
        }

        private Task<bool> TakeAsync(string command, string data) => SayAsync(command, "250 2.0.0 taken", taken: () =>
        {
            lock (server.Mails) server.Mails.Add(new(_from, _to.ToList(), data, _tls));
        });

        private async Task<bool> SayAsync(string command, string ordinary, Action? taken = null)
        {
            var reply = server.Answer(command) ?? ordinary;
            if (reply == "CLOSE") return false;
            if (reply is ['2' or '3', ..]) taken?.Invoke();
            if (reply.Length == 0) return true;
            var octets = Encoding.Latin1.GetBytes(reply + "\r\n");
            if (!server.ByteWise) await _stream.WriteAsync(octets, stop);
            else
                foreach (var octet in octets) await _stream.WriteAsync(new[] { octet }, stop);
            return true;
        }

        private async Task SecureAsync()
        {
            var secure = new SslStream(_stream);
            await secure.AuthenticateAsServerAsync((_, hello, _, _) =>
            {
                server.ServerName = hello.ServerName;
                return new(new SslServerAuthenticationOptions { ServerCertificate = server.Show ?? Certificate, EnabledSslProtocols = server.Protocols });
            }, null, stop);
            (_stream, _tls) = (secure, true);
        }

        private async Task<string?> ReadLineAsync()
        {
            var line = new List<byte>();
            var one = new byte[1];
            while (await _stream.ReadAsync(one, stop) == 1)
            {
                if (one[0] != '\n') line.Add(one[0]);
                else
                {
                    Assert.Equal((byte)'\r', line[^1]);
                    return Encoding.Latin1.GetString([.. line[..^1]]);
                }
            }
            return null;
        }

        private static string Path(string line) =>
            line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..line.IndexOf('>', StringComparison.Ordinal)];
    }
}
