using System.Collections.Concurrent;
using Aviso.Net;

namespace Aviso.Web;

/// <summary>
/// The web client: its page, what the page loads, and the frame in which messages are shown. The page runs only scripts of its own and
/// reaches only this server; the frame has no origin, runs one script and reaches nothing.
/// </summary>
internal sealed class WebmailPages(WebmailFiles files)
{
    private const string Html = "text/html; charset=utf-8";

    // Named by their content: what is under the name never changes.
    private const string ForEver = "public, max-age=31536000, immutable", Asked = "no-cache", ADay = "public, max-age=86400";

    private const string PagePolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; font-src 'self'; "
        + "frame-src 'self'; "
        + "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        + "require-trusted-types-for 'script'; trusted-types dompurify";

    private const string NoDevices =
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), "
        + "serial=(), usb=()";

    private readonly ConcurrentDictionary<string, string> _tags = new(StringComparer.Ordinal);
    private readonly string? _script = files.Names.FirstOrDefault(n => n.StartsWith("m/frame.", StringComparison.Ordinal)
        && n.EndsWith(".js", StringComparison.Ordinal));

    public IReadOnlyList<WebRow> Rows => files.AreThere ?
    [
        Row("/", PageAsync),
        Row("/assets/", AssetAsync),
        Row("/m/frame", FrameAsync),
        Row($"/{_script}", FrameScriptAsync),
        .. new[] { "favicon.svg", "manifest.webmanifest" }.Where(files.Has).Select(n => Row($"/{n}", e => FileAsync(e, n, ADay))),
    ]
    : [Row("/", e => e.AnswerAsync(200, WebExchange.Plain,
        "Aviso is running. This server was built without its web client: read mail with an IMAP or JMAP program.\n"))];

    private static WebRow Row(string path, Func<WebExchange, Task> answer) =>
        new(WebKinds.Public, HostRule.Ours, WebRow.Read, path, (exchange, _) => answer(exchange));

    private Task PageAsync(WebExchange exchange)
    {
        exchange["Content-Security-Policy"] = PagePolicy;
        exchange["Cross-Origin-Opener-Policy"] = "same-origin";
        exchange["Permissions-Policy"] = NoDevices;
        return FileAsync(exchange, "index.html", Asked);
    }

    private Task AssetAsync(WebExchange exchange) => exchange.Request.Path[1..] is var name && files.Has(name) && TypeOf(name) is not null
        ? FileAsync(exchange, name, ForEver) : exchange.AnswerAsync(404, WebExchange.Plain, "not found\n");

    // The document has an opaque origin (sandbox without allow-same-origin), so 'self' would not be this server: the script is named
    // in full.
    private Task FrameAsync(WebExchange exchange)
    {
        exchange["Content-Security-Policy"] = "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
            + $"script-src {Origin(exchange)}/{_script}; style-src 'unsafe-inline'; img-src blob: data:; "
            + "form-action 'none'; base-uri 'none'; "
            + "frame-ancestors 'self'";
        exchange["Permissions-Policy"] = NoDevices;
        return FileAsync(exchange, "m/frame", Asked);
    }

    // Asked for by a document without an origin, to which same-origin would be closed.
    private Task FrameScriptAsync(WebExchange exchange) => FileAsync(exchange, _script!, ForEver, sharing: "cross-origin");

    private async Task FileAsync(WebExchange exchange, string name, string caching, string sharing = "same-origin")
    {
        var encoding = files.EncodingOf(name, exchange.Request.Headers.AcceptEncoding.ToString());
        var file = encoding switch { "br" => name + ".br", "gzip" => name + ".gz", _ => name };
        exchange["Vary"] = "Accept-Encoding";
        exchange["Referrer-Policy"] = "no-referrer";
        exchange["Cross-Origin-Resource-Policy"] = sharing;
        if (caching == Asked)
        {
            var tag = _tags.GetOrAdd(file, files.TagOf);
            exchange["ETag"] = tag;
            if (exchange.Request.Headers.IfNoneMatch.ToString().Contains(tag, StringComparison.Ordinal))
            {
                exchange.NotModified(caching);
                return;
            }
        }
        if (encoding is not null) exchange["Content-Encoding"] = encoding;
        await using var content = files.Open(file);
        await exchange.AnswerAsync(200, TypeOf(name) ?? Html, content, caching);
    }

    // The name has been found to be ours; a port is kept only when it is one. http: in a policy is met by https too, as behind a proxy.
    private static string Origin(WebExchange exchange)
    {
        var host = exchange.Request.Headers.Host.ToString();
        var port = host.Length > exchange.Host.Length && ushort.TryParse(host.AsSpan(exchange.Host.Length + 1), out var number)
            ? $":{number}" : "";
        return $"{(exchange.Kind == ListenerKind.Https ? "https" : "http")}://{exchange.Host}{port}";
    }

    private static string? TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".html" => Html,
        ".svg" => "image/svg+xml",
        ".webmanifest" => "application/manifest+json",
        _ => null,
    };
}
