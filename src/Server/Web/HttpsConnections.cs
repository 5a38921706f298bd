using System.IO.Pipelines;
using Aviso.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Aviso.Web;

/// <summary>
/// What stands below HTTP on a listener of kind https, after PROXY and the gate: answers to TLS-ALPN-01, and TLS with the certificates that the
/// mail listeners show too.
/// </summary>
internal static class HttpsConnections
{
    public static async Task ServeAsync(ConnectionContext connection, TlsCertificates certificates, TimeProvider clock, ConnectionDelegate next)
    {
        var below = connection.Transport;
        var tls = await certificates.AcceptAsync(ListenerKind.Https, below.Input, below.Output, clock, connection.ConnectionClosed);
        if (tls is null) return;
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

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class TlsConnectionFeature : ITlsConnectionFeature
    {
        public System.Security.Cryptography.X509Certificates.X509Certificate2? ClientCertificate { get; set; }

        public Task<System.Security.Cryptography.X509Certificates.X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) =>
            Task.FromResult(ClientCertificate);
    }
}
