using System.IO.Pipelines;
using System.Net;
using System.Text;
using Aviso.Net;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Aviso.Web;

/// <summary>One request and its response.</summary>
/// <param name="proxies">networks.proxies as they are now: what these say about the client is believed.</param>
internal sealed class WebExchange(ListenerKind kind, IFeatureCollection features, Networks proxies)
{
    public const string Plain = "text/plain; charset=utf-8", Json = "application/json";

    private readonly IHttpResponseFeature _response = features.GetRequiredFeature<IHttpResponseFeature>();

    public ListenerKind Kind => kind;

    public IHttpRequestFeature Request { get; } = features.GetRequiredFeature<IHttpRequestFeature>();

    /// <summary>Who connects: the client that a PROXY header names, or a proxy of ours that passes on what others ask.</summary>
    public IPAddress Peer { get; } =
        features.Get<IHttpConnectionFeature>()?.RemoteIpAddress is { } address ? Networks.Normal(address) : IPAddress.None;

    /// <summary>Who asks, behind proxies of ours who they say it is; <see cref="IPAddress.None"/> when nobody knows.</summary>
    public IPAddress Client => _forwarded?.Client is { } client ? client : Peer;

    /// <summary>How the request came to us: under which scheme and name the client sees us. Null: in the clear, over a network.</summary>
    public WebOrigin? Origin => WebOrigin.Of(this, _forwarded, features.Get<ProxiedVisit>() is not null);

    private readonly Forwarded? _forwarded = Forwarded.Read(features, proxies);

    /// <summary>The Host header without its port; empty without one.</summary>
    public string Host { get; } = NameOf(features.GetRequiredFeature<IHttpRequestFeature>().Headers.Host.ToString());

    /// <summary>Cancelled when the client has gone.</summary>
    public CancellationToken Aborted => features.Get<IHttpRequestLifetimeFeature>()?.RequestAborted ?? default;

    /// <summary>How much of a body is read.</summary>
    public long MostOctets
    {
        set
        {
            if (features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = value;
        }
    }

    public string this[string header]
    {
        set => _response.Headers[header] = value;
    }

    /// <summary>One more line of a header.</summary>
    public void Add(string header, string value) => _response.Headers[header] = StringValues.Concat(_response.Headers[header], value);

    /// <summary>Who sent the request has proved who it is.</summary>
    public void LoggedIn() => features.Get<WebVisit>()?.IsKnown = true;

    /// <summary>A variable of the query, percent signs undone; null without it.</summary>
    public string? QueryOrNull(string name)
    {
        foreach (var pair in Request.QueryString.TrimStart('?').Split('&'))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if ((equals < 0 ? pair : pair[..equals]) != name) continue;
            return equals < 0 ? "" : Uri.UnescapeDataString(pair[(equals + 1)..].Replace('+', ' '));
        }
        return null;
    }

    /// <summary>The client asks to go on in another protocol over this connection (RFC 9110 §7.8).</summary>
    public bool CanUpgrade => features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };

    /// <summary>The head of the response goes out, with 101; then the connection is ours.</summary>
    public Task<Stream> UpgradeAsync() => features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();

    /// <summary>The whole response at once; of HEAD only its head.</summary>
    public Task AnswerAsync(int status, string type, string text) => AnswerAsync(status, type, Encoding.UTF8.GetBytes(text));

    public async Task AnswerAsync(int status, string type, ReadOnlyMemory<byte> octets)
    {
        Begin(status, type);
        _response.Headers.ContentLength = octets.Length;
        if (Request.Method != "HEAD") await Writer.WriteAsync(octets, Aborted);
    }

    /// <summary>The whole response from a stream that knows its length; of HEAD only its head.</summary>
    public async Task AnswerAsync(int status, string type, Stream octets, string caching)
    {
        Begin(status, type);
        _response.Headers.CacheControl = caching;
        _response.Headers.ContentLength = octets.Length;
        if (Request.Method == "HEAD") return;
        await features.GetRequiredFeature<IHttpResponseBodyFeature>().StartAsync(Aborted);
        await octets.CopyToAsync(Writer, Aborted);
    }

    /// <summary>What the client has is what would be sent (RFC 9110 §15.4.5).</summary>
    public void NotModified(string caching) => (_response.StatusCode, _response.Headers.CacheControl) = (304, caching);

    public Task AnswerAsync(WebRefusal refusal) => AnswerAsync(refusal.Status, refusal.Type, refusal.Text);

    /// <summary>Begins a response that is written piece by piece: each flush of the writer goes out.</summary>
    /// <param name="caching">Of whom the response may be kept, and how long.</param>
    public async Task<PipeWriter> StreamAsync(int status, string type, string caching = "no-store")
    {
        Begin(status, type);
        _response.Headers.CacheControl = caching;
        await features.GetRequiredFeature<IHttpResponseBodyFeature>().StartAsync(Aborted);
        return Writer;
    }

    private PipeWriter Writer => features.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;

    private void Begin(int status, string type)
    {
        _response.StatusCode = status;
        _response.Headers.ContentType = type;
        _response.Headers.CacheControl = "no-store";
        _response.Headers["X-Content-Type-Options"] = "nosniff";
    }

    private static string NameOf(string host) => host.StartsWith('[') ? host[..(host.IndexOf(']') + 1)] : host.Split(':')[0];
}
