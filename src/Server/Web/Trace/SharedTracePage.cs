using Aviso.Trace;

namespace Aviso.Web;

/// <summary>What a link of `aviso trace --share` leads to: the lines that name nobody, as plain text.</summary>
internal sealed class SharedTracePage(TraceDesk desk)
{
    public const string Path = "/trace/";

    public WebRow Row => new(WebKinds.Public, HostRule.Ours, WebRow.Read, Path, async (exchange, cancel) =>
    {
        exchange["Referrer-Policy"] = "no-referrer";
        exchange["X-Robots-Tag"] = "noindex";
        if (await desk.SharedAsync(exchange.Request.Path[Path.Length..], cancel) is not { } trace)
            await exchange.AnswerAsync(404, WebExchange.Plain, "there is no such trace, or this link has ended\n");
        else await exchange.AnswerAsync(200, WebExchange.Plain, SharedView.Write(trace));
    });
}
