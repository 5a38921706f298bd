// Web owns what is answered over HTTP. In this version: metrics, health, answers to ACME challenges, and a page that says what comes.
using System.Net;
using System.Text;
using Aviso.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Aviso.Web;

/// <summary>Can the server accept and store mail right now; if not, why.</summary>
public sealed record Readiness(bool Ready, string Reason)
{
    /// <summary>What is not well and does not keep mail from being taken; null when nothing.</summary>
    public string? Note { get; init; }
}

/// <summary>What the pages show.</summary>
/// <param name="Hosts">Names and addresses a Host header may say, without ports. Loopback names always may.</param>
public sealed record WebSources(MetricsRegistry Metrics, Func<Readiness> Ready, IReadOnlyCollection<string> Hosts)
{
    /// <summary>Shown on listeners of kind https.</summary>
    public TlsCertificates? Certificates { get; init; }

    /// <summary>The spam filter's pages, on listeners of kind http.</summary>
    internal RspamdPages? Spam { get; init; }

    /// <summary>What CrowdSec bouncers read, on listeners of kind http and https.</summary>
    internal LapiPages? Decisions { get; init; }

    /// <summary>Answered on listeners of kind http, whatever the Host; null without ACME.</summary>
    public HttpChallenges? Challenges { get; init; }

    /// <summary>Our MTA-STS policies, under host names of their own.</summary>
    internal StsPages? Sts { get; init; }

    /// <summary>networks.proxies as they are now: a PROXY header is required from these on kind https, and read on kind http.</summary>
    public Func<Networks> Proxies { get; init; } = () => Networks.None;

    /// <summary>Before every client of kind http and https.</summary>
    public WebGate Gate { get; init; } = new(null);

    /// <summary>Strangers on kind http are sent to https.</summary>
    public bool RedirectsToHttps { get; init; }
}

/// <summary>One HTTP listener of kind http, https or metrics.</summary>
public sealed class WebListener : IAsyncDisposable
{
    private readonly KestrelServer _server;

    private WebListener(KestrelServer server, IPEndPoint bound) => (_server, Bound) = (server, bound);

    /// <summary>Where it listens, with the port the system chose for port 0.</summary>
    public IPEndPoint Bound { get; }

    /// <exception cref="IOException">The address cannot be bound; the text says what to do.</exception>
    public static async Task<WebListener> StartAsync(ListenerSettings settings, WebSources sources, CancellationToken cancel)
    {
        var (kind, address) = (settings.Kind, settings.Address);
        if (kind == ListenerKind.Https && sources.Certificates is null) throw new IOException("https needs a certificate");
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
            if (kind != ListenerKind.Metrics) listen.Use(next => connection => ServeAsync(settings, sources, connection, next));
            endpoint = listen;
        });
        var transport = new PatientTransport(new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance));
#pragma warning disable CA2000 // the listener stops and disposes it
        var server = new KestrelServer(Options.Create(options), transport, NullLoggerFactory.Instance);
#pragma warning restore CA2000
        try
        {
            await server.StartAsync(new WebPages(kind, sources), cancel);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or InvalidOperationException)
        {
            server.Dispose();
            throw new IOException(BindTrouble.Explain(kind, address, e), e);
        }
        return new(server, endpoint?.IPEndPoint ?? Parse(server) ?? address);
    }

    // Who is there, may it be here, TLS, then HTTP.
    private static async Task ServeAsync(ListenerSettings settings, WebSources sources, ConnectionContext connection, ConnectionDelegate next)
    {
        var isHttps = settings.Kind == ListenerKind.Https;
        if (settings.Proxy && !await ProxiedConnections.ReadAsync(connection, sources.Proxies(), isRequired: isHttps)) return;
        await sources.Gate.ServeAsync(settings.Kind, connection, () => isHttps ? HttpsConnections.ServeAsync(connection, sources.Certificates!, next) : next(connection));
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

/// <summary>Says what to do when an address cannot be bound.</summary>
public static class BindTrouble
{
    public static string Explain(ListenerKind kind, IPEndPoint address, Exception error)
    {
        var name = kind.ToString().ToLowerInvariant();
        var socket = error as System.Net.Sockets.SocketException ?? error.InnerException as System.Net.Sockets.SocketException
            ?? error.InnerException?.InnerException as System.Net.Sockets.SocketException;
        var text = socket?.SocketErrorCode ?? System.Net.Sockets.SocketError.Success;
        return error.GetType().Name == "AddressInUseException" || error.InnerException?.GetType().Name == "AddressInUseException"
                || text == System.Net.Sockets.SocketError.AddressAlreadyInUse
            ? $"{name}: port {address.Port} on {address.Address} is taken by another program (see `ss -ltnp 'sport = :{address.Port}'`); "
                + "stop it, or choose another port (in local mode: --port-offset N)"
            : text == System.Net.Sockets.SocketError.AccessDenied
            ? $"{name}: port {address.Port} needs a privilege (ports below 1024: run as root or grant CAP_NET_BIND_SERVICE)"
            : text == System.Net.Sockets.SocketError.AddressNotAvailable
            ? $"{name}: this machine has no address {address.Address}"
            : $"{name}: {address} cannot be bound: {error.Message}";
    }
}

/// <summary>The pages of one listener.</summary>
internal sealed class WebPages(ListenerKind kind, WebSources sources) : IHttpApplication<IFeatureCollection>
{
    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var visit = context.Get<WebVisit>();
        visit?.IsBusy = true;
        try
        {
            await AnswerAsync(context);
        }
        finally
        {
            visit?.IsBusy = false;
        }
    }

    private async Task AnswerAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        var client = context.Get<IHttpConnectionFeature>()?.RemoteIpAddress;
        var (status, type, body) = kind == ListenerKind.Http && sources.Spam is { } spam && RspamdPages.Knows(request.Path) && MayAsk(request)
            ? await SpamAsync(spam, context, request)
            : kind != ListenerKind.Metrics && sources.Decisions?.Answer(request, kind, client ?? IPAddress.None) is { } list ? (list.Status, "application/json", list.Body)
            : Answer(request, client);
        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        response.StatusCode = status;
        if (status == 308) (response.Headers.Location, type, body) = (body, "text/plain; charset=utf-8", "");
        response.Headers.ContentType = type;
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Content-Type-Options"] = "nosniff";
        if (status == 405) response.Headers.Allow = "GET, HEAD";
        var octets = Encoding.UTF8.GetBytes(body);
        response.Headers.ContentLength = octets.Length;
        if (request.Method != "HEAD")
            await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(octets);
    }

    private static async Task<(int Status, string Type, string Body)> SpamAsync(RspamdPages spam, IFeatureCollection context, IHttpRequestFeature request)
    {
        var (status, body) = await spam.AnswerAsync(context, request, context.Get<IHttpRequestLifetimeFeature>()?.RequestAborted ?? default);
        return (status, "application/json", body);
    }

    private (int Status, string Type, string Body) Answer(IHttpRequestFeature request, IPAddress? client)
    {
        const string Plain = "text/plain; charset=utf-8";
        if (request.Method is not ("GET" or "HEAD")) return (405, Plain, "only GET and HEAD\n");
        // RFC 8555 §8.3: the authority comes by any name that is to be proved.
        if (kind == ListenerKind.Http && sources.Challenges?.Answer(request.Path) is { } proof) return (200, "application/octet-stream", proof);
        var host = NameOf(request.Headers.Host.ToString());
        if (kind == ListenerKind.Https && sources.Sts?.Answer(host, request.Path) is { } policy) return (200, Plain, policy);
        // A page elsewhere must not reach us through a name that its owner points here (DNS rebinding).
        if (kind != ListenerKind.Metrics && !HostIsOurs(request.Headers.Host.ToString())) return (421, Plain, "this is not the host you asked for\n");
        if (kind == ListenerKind.Http && sources.RedirectsToHttps && client is not null && !IPAddress.IsLoopback(client) && !sources.Proxies().Contains(client))
            return (308, Plain, $"https://{NameOf(request.Headers.Host.ToString())}{request.RawTarget}");
        // Behind a proxy that speaks TLS for us.
        if (kind == ListenerKind.Http && sources.Sts?.Answer(host, request.Path) is { } plain) return (200, Plain, plain);
        if (sources.Sts?.Knows(host) == true) return (404, Plain, "not found\n");
        switch (request.Path)
        {
            case "/healthz/live":
                return (200, Plain, "live\n");
            case "/healthz/ready":
                var ready = sources.Ready();
                return ready.Ready ? (200, Plain, ready.Note is { } note ? $"ready\nnote: {note}\n" : "ready\n") : (503, Plain, $"not ready: {ready.Reason}\n");
            case "/metrics" when kind == ListenerKind.Metrics:
                return (200, PrometheusText.ContentType, sources.Metrics.Write());
            case "/" when kind != ListenerKind.Metrics:
                return (200, Plain, "Aviso is running. Webmail is not part of this version: read mail with an IMAP client.\n");
            case "/":
                return (200, Plain, "/metrics\n/healthz/live\n/healthz/ready\n");
            default:
                return (404, Plain, "not found\n");
        }
    }

    // rspamc speaks HTTP/1.0 without a Host header, which no browser does.
    private bool MayAsk(IHttpRequestFeature request) => request.Headers.Host.Count == 0 || HostIsOurs(request.Headers.Host.ToString());

    private bool HostIsOurs(string host)
    {
        var name = NameOf(host);
        return name is "localhost" or "127.0.0.1" or "[::1]" || sources.Hosts.Contains(name, StringComparer.OrdinalIgnoreCase) || sources.Sts?.Knows(name) == true;
    }

    private static string NameOf(string host) => host.StartsWith('[') ? host[..(host.IndexOf(']') + 1)] : host.Split(':')[0];
}
