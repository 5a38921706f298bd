// Web owns what is answered over HTTP. Rules: every answer is a row of the table (WebTable), with the listeners, the name, the method and the
// client it is for; a client is let in by the gate, as on the mail listeners; nothing is buffered that is not asked for.
using System.Net;
using Aviso.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Aviso.Web;

/// <summary>What HTTP listeners share.</summary>
/// <param name="Gate">Before every client of kind http and https.</param>
internal sealed record WebSite(WebTable Table, WebGate Gate, TimeProvider Clock)
{
    /// <summary>Shown on listeners of kind https; null: there can be none.</summary>
    public TlsCertificates? Certificates { get; init; }

    /// <summary>networks.proxies as they are now: a PROXY header is required from these on kind https, and read on kind http.</summary>
    public Func<Networks> Proxies { get; init; } = () => Networks.None;
}

/// <summary>One HTTP listener of kind http, https or metrics.</summary>
internal sealed class WebListener : IAsyncDisposable
{
    private readonly KestrelServer _server;

    private WebListener(KestrelServer server, IPEndPoint bound) => (_server, Bound) = (server, bound);

    /// <summary>Where it listens, with the port the system chose for port 0.</summary>
    public IPEndPoint Bound { get; }

    /// <exception cref="IOException">The address cannot be bound; the text says what to do.</exception>
    public static async Task<WebListener> StartAsync(ListenerSettings settings, WebSite site, CancellationToken cancel)
    {
        var (kind, address) = (settings.Kind, settings.Address);
        if (kind == ListenerKind.Https && site.Certificates is null) throw new IOException("https needs a certificate");
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxRequestBodySize = 64 << 10;
        // Of the others the gate keeps count.
        options.Limits.MaxConcurrentConnections = kind == ListenerKind.Metrics ? 256 : null;
        options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        options.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(1);
        ListenOptions? endpoint = null;
        options.Listen(address, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            if (kind != ListenerKind.Metrics) listen.Use(next => connection => ServeAsync(settings, site, connection, next));
            endpoint = listen;
        });
        var transport = new PatientTransport(new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance));
#pragma warning disable CA2000 // the listener stops and disposes it
        var server = new KestrelServer(Options.Create(options), transport, NullLoggerFactory.Instance);
#pragma warning restore CA2000
        try
        {
            await server.StartAsync(new WebPages(kind, site.Table), cancel);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or InvalidOperationException)
        {
            server.Dispose();
            throw new IOException(BindTrouble.Explain(kind, address, e), e);
        }
        return new(server, endpoint?.IPEndPoint ?? Parse(server) ?? address);
    }

    // Who is there, may it be here, TLS, then HTTP.
    private static async Task ServeAsync(ListenerSettings settings, WebSite site, ConnectionContext connection, ConnectionDelegate next)
    {
        var certificates = settings.Kind == ListenerKind.Https ? site.Certificates : null;
        if (settings.Proxy && !await ProxiedConnections.ReadAsync(connection, site.Proxies(), isRequired: certificates is not null, site.Clock)) return;
        await site.Gate.ServeAsync(settings.Kind, connection, () => certificates is not null
            ? HttpsConnections.ServeAsync(connection, certificates, site.Clock, next) : next(connection));
    }

    private static IPEndPoint? Parse(KestrelServer server) =>
        server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() is { } text
            && Uri.TryCreate(text, UriKind.Absolute, out var uri) && IPAddress.TryParse(uri.DnsSafeHost, out var ip) ? new(ip, uri.Port) : null;

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _server.StopAsync(patience.Token);
        _server.Dispose();
    }
}
