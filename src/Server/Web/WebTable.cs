using System.Net;
using Aviso.Net;
using Microsoft.AspNetCore.Http.Features;

namespace Aviso.Web;

/// <summary>Everything that is answered over HTTP, a row for each; what has no row is 404 on every kind.</summary>
/// <param name="sendsToHttps">Is this client, which came to kind http, to come by https instead.</param>
internal sealed class WebTable(IReadOnlyList<WebRow> rows, WebHosts hosts, Func<IPAddress, bool>? sendsToHttps = null)
{
    private static readonly WebRefusal NotFound = new(404, WebExchange.Plain, "not found\n");
    private static readonly WebRefusal OtherHost = new(421, WebExchange.Plain, "this is not the host you asked for\n");
    private static readonly WebRefusal Banned = new(403, WebExchange.Plain, "not now\n");

    /// <summary>networks.proxies as they are now: they may say for whom they ask.</summary>
    public Func<Networks> Proxies { get; init; } = () => Networks.None;

    /// <summary>May this client not be here. The gate has asked about who connects; behind a proxy many come over one connection.</summary>
    public Func<IPAddress, bool> IsBanned { get; init; } = static _ => false;

    public IReadOnlyList<WebRow> Rows => rows;

    /// <summary>The row for what was asked under this name; null when there is none.</summary>
    public WebRow? Find(ListenerKind kind, string host, string path) =>
        rows.FirstOrDefault(r => r.Answers(kind) && r.IsAt(path) && hosts.Fits(r.Host, kind, host) && r.IsOn());

    public async Task AnswerAsync(WebExchange exchange)
    {
        var row = Find(exchange.Kind, exchange.Host, exchange.Request.Path);
        if (!exchange.Client.Equals(exchange.Peer) && IsBanned(exchange.Client)) await exchange.AnswerAsync(Banned);
        else if (row is null && !hosts.IsKnown(exchange.Kind, exchange.Host)) await RefuseHostAsync(exchange);
        else if (row?.MayNot?.Invoke(exchange) is { } refusal) await exchange.AnswerAsync(refusal);
        else if (row is not null && !row.Methods.Contains(exchange.Request.Method)) await RefuseMethodAsync(exchange, row.Methods);
        else if (row is not { InTheClear: true } && SendsToHttps(exchange)) await SendToHttpsAsync(exchange);
        else if (row is null) await exchange.AnswerAsync(NotFound);
        else
        {
            exchange.MostOctets = row.MostOctets;
            await row.Handler(exchange, exchange.Aborted);
        }
    }

    private static Task RefuseHostAsync(WebExchange exchange) => WebRow.Read.Contains(exchange.Request.Method)
        ? exchange.AnswerAsync(OtherHost) : RefuseMethodAsync(exchange, WebRow.Read);

    // RFC 9110 §15.5.6: Allow names what the target takes.
    private static Task RefuseMethodAsync(WebExchange exchange, string[] methods)
    {
        exchange["Allow"] = string.Join(", ", methods);
        return exchange.AnswerAsync(405, WebExchange.Plain, $"only {string.Join(" and ", methods)}\n");
    }

    private bool SendsToHttps(WebExchange exchange) =>
        exchange.Kind == ListenerKind.Http && !exchange.Peer.Equals(IPAddress.None) && sendsToHttps?.Invoke(exchange.Peer) == true;

    private static Task SendToHttpsAsync(WebExchange exchange)
    {
        exchange["Location"] = $"https://{exchange.Host}{exchange.Request.RawTarget}";
        return exchange.AnswerAsync(308, WebExchange.Plain, "");
    }
}

/// <summary>The table as the application of one listener.</summary>
internal sealed class WebPages(ListenerKind kind, WebTable table) : Microsoft.AspNetCore.Hosting.Server.IHttpApplication<IFeatureCollection>
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
            await table.AnswerAsync(new(kind, context, table.Proxies()));
        }
        finally
        {
            visit?.IsBusy = false;
        }
    }
}
