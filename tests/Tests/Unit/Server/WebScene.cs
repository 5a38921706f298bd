using System.Net;
using System.Text;
using Aviso.Net;
using Aviso.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Aviso.Tests.Unit.Server;

/// <summary>Web tables without a listener, and what they answer.</summary>
internal static class WebScene
{
    public static WebSite Site(IEnumerable<WebRow> rows, string[] hosts, Func<IPAddress, bool>? sendsToHttps = null, WebGate? gate = null) =>
        new(Table(rows, hosts, sendsToHttps: sendsToHttps), gate ?? new(null, TimeProvider.System), TimeProvider.System);

    public static WebTable Table(
        IEnumerable<WebRow> rows, string[] hosts, Func<string, bool>? isSts = null, Func<IPAddress, bool>? sendsToHttps = null) =>
        new([.. rows], new(hosts, isSts ?? (_ => false)), sendsToHttps);

    public static IReadOnlyList<WebRow> Own(MetricsRegistry registry, Func<Readiness>? ready = null) =>
        [.. OwnPages.Rows(registry, ready ?? (() => new(true, ""))), .. new WebmailPages(WebmailFiles.Embedded).Rows];

    /// <summary>A stranger is whoever does not come from this machine, nor from these.</summary>
    public static Func<IPAddress, bool> Strangers(Networks proxies) => client => !IPAddress.IsLoopback(client) && !proxies.Contains(client);

    public static async Task<WebAnswer> AskAsync(WebTable table, ListenerKind kind, HttpRequestFeature request, string client)
    {
        var features = new FeatureCollection();
        var body = new MemoryStream();
        features.Set<IHttpRequestFeature>(request);
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(body));
        features.Set<IHttpConnectionFeature>(new HttpConnectionFeature { RemoteIpAddress = IPAddress.Parse(client) });
        await new WebPages(kind, table).ProcessRequestAsync(features);
        await features.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.FlushAsync();
        var response = features.GetRequiredFeature<IHttpResponseFeature>();
        return new(response.StatusCode, Encoding.UTF8.GetString(body.ToArray()), response.Headers);
    }
}

internal sealed record WebAnswer(int Status, string Body, IHeaderDictionary Headers);
