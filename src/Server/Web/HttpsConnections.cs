using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Aviso.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Aviso.Web;

/// <summary>
/// What stands below HTTP on a listener of kind https: the PROXY header of a trusted proxy, the gate, answers to TLS-ALPN-01, and TLS with the
/// certificates that the mail listeners show too.
/// </summary>
internal static class HttpsConnections
{
    private static readonly TimeSpan ProxyPatience = TimeSpan.FromSeconds(5);
    private const int ProxyLimit = ProxyHeader.V2Fixed + 536;

    public static void Use(ListenOptions listen, ListenerSettings settings, WebSources sources)
    {
        var certificates = sources.Certificates ?? throw new IOException("https needs a certificate");
        listen.Use(next => async connection =>
        {
            if (settings.Proxy && !await ReadProxyAsync(connection, sources.Proxies())) return;
            await sources.Gate.ServeAsync(ListenerKind.Https, connection, () => ServeAsync(connection, certificates, next));
        });
    }

    private static async Task ServeAsync(ConnectionContext connection, TlsCertificates certificates, ConnectionDelegate next)
    {
        var below = connection.Transport;
        if (await certificates.AcceptAsync(ListenerKind.Https, below.Input, below.Output, TimeProvider.System, connection.ConnectionClosed) is not { } tls) return;
        await using (tls)
        {
            var (input, output) = (PipeReader.Create(tls, new(leaveOpen: true)), PipeWriter.Create(tls, new(leaveOpen: true)));
            connection.Transport = new Duplex(input, output);
            connection.Features.Set<ITlsConnectionFeature>(new TlsConnectionFeature());
            try
            {
                await next(connection);
            }
            finally
            {
                await input.CompleteAsync();
                await output.CompleteAsync();
                connection.Transport = below;
            }
        }
    }

    /// <summary>False when the connection is to be closed: a proxy without a header, or a header from somebody else.</summary>
    private static async Task<bool> ReadProxyAsync(ConnectionContext connection, Networks proxies)
    {
        if (connection.RemoteEndPoint is not IPEndPoint peer || !proxies.Contains(Networks.Normal(peer).Address)) return true;
        using var deadline = new CancellationTokenSource(ProxyPatience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, connection.ConnectionClosed);
        try
        {
            while (true)
            {
                var read = await connection.Transport.Input.ReadAsync(either.Token);
                var status = ProxyHeader.Parse(read.Buffer.Slice(0, Math.Min(read.Buffer.Length, ProxyLimit)).ToArray(), 536, out var header, out var length);
                if (status == ProxyStatus.Complete)
                {
                    connection.Transport.Input.AdvanceTo(read.Buffer.GetPosition(length));
                    if (header?.Source is { } source) connection.RemoteEndPoint = Networks.Normal(source);
                    return true;
                }
                connection.Transport.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                if (status == ProxyStatus.Invalid || read.IsCompleted || read.Buffer.Length >= ProxyLimit) return false;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            return false;
        }
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class TlsConnectionFeature : ITlsConnectionFeature
    {
        public System.Security.Cryptography.X509Certificates.X509Certificate2? ClientCertificate { get; set; }

        public Task<System.Security.Cryptography.X509Certificates.X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) =>
            Task.FromResult(ClientCertificate);
    }
}
