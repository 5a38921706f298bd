using System.IO.Pipelines;
using System.Net;
using System.Text;
using Aviso.Net;
using Microsoft.AspNetCore.Http.Features;

namespace Aviso.Web;

/// <summary>One request and its response.</summary>
internal sealed class WebExchange(ListenerKind kind, IFeatureCollection features)
{
    public const string Plain = "text/plain; charset=utf-8", Json = "application/json";

    private readonly IHttpResponseFeature _response = features.GetRequiredFeature<IHttpResponseFeature>();

    public ListenerKind Kind => kind;

    public IHttpRequestFeature Request { get; } = features.GetRequiredFeature<IHttpRequestFeature>();

    /// <summary>Who asks, behind proxies of ours who they say it is; <see cref="IPAddress.None"/> when nobody knows.</summary>
    public IPAddress Client { get; } =
        features.Get<IHttpConnectionFeature>()?.RemoteIpAddress is { } address ? Networks.Normal(address) : IPAddress.None;

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

    /// <summary>The whole response at once; of HEAD only its head.</summary>
    public async Task AnswerAsync(int status, string type, string text)
    {
        var octets = Encoding.UTF8.GetBytes(text);
        Begin(status, type);
        _response.Headers.ContentLength = octets.Length;
        if (Request.Method != "HEAD") await Writer.WriteAsync(octets, Aborted);
    }

    public Task AnswerAsync(WebRefusal refusal) => AnswerAsync(refusal.Status, refusal.Type, refusal.Text);

    /// <summary>Begins a response that is written piece by piece: each flush of the writer goes out.</summary>
    public async Task<PipeWriter> StreamAsync(int status, string type)
    {
        Begin(status, type);
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
