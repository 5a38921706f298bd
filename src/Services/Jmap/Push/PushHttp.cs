using System.Net;
using System.Security.Authentication;

namespace Aviso.Jmap;

/// <summary>HTTP to whatever clients name as their push service: no redirects, no cookies, no proxy, and every address asked of the
/// guard.</summary>
internal static class PushHttp
{
    /// <param name="connect">Null: nothing is dialled.</param>
    public static HttpClient Open(Func<DnsEndPoint, CancellationToken, ValueTask<Stream>>? connect)
    {
#pragma warning disable CA2000 // the client disposes it
        return new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 64 << 10,
            MaxConnectionsPerServer = 8,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            ConnectCallback = (context, cancel) =>
                connect?.Invoke(context.DnsEndPoint, cancel) ?? throw new IOException("push is off: nothing is dialled"),
            SslOptions = new() { EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 },
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
#pragma warning restore CA2000
    }
}
