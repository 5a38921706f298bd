using Aviso.Net;

namespace Aviso.Web;

/// <summary>Can the server accept and store mail right now; if not, why.</summary>
public sealed record Readiness(bool Ready, string Reason)
{
    /// <summary>What is not well and does not keep mail from being taken; null when nothing.</summary>
    public string? Note { get; init; }
}

/// <summary>What the server says of itself: health and metrics.</summary>
internal static class OwnPages
{
    public static IReadOnlyList<WebRow> Rows(MetricsRegistry metrics, Func<Readiness> ready) =>
    [
        Row(WebKinds.All, "/healthz/live", e => e.AnswerAsync(200, WebExchange.Plain, "live\n")),
        Row(WebKinds.All, "/healthz/ready", e => ReadyAsync(e, ready())),
        Row(WebKinds.Metrics, "/metrics", e => e.AnswerAsync(200, PrometheusText.ContentType, metrics.Write())),
        Row(WebKinds.Metrics, "/", e => e.AnswerAsync(200, WebExchange.Plain, "/metrics\n/healthz/live\n/healthz/ready\n")),
    ];

    private static WebRow Row(WebKinds kinds, string path, Func<WebExchange, Task> answer) =>
        new(kinds, HostRule.Ours, WebRow.Read, path, (exchange, _) => answer(exchange));

    private static Task ReadyAsync(WebExchange exchange, Readiness ready) => ready.Ready
        ? exchange.AnswerAsync(200, WebExchange.Plain, ready.Note is { } note ? $"ready\nnote: {note}\n" : "ready\n")
        : exchange.AnswerAsync(503, WebExchange.Plain, $"not ready: {ready.Reason}\n");
}

/// <summary>Answers to http-01 challenges (RFC 8555 §8.3): the authority comes by any name that is to be proved.</summary>
internal static class ChallengePages
{
    private const string Below = "/.well-known/acme-challenge/";

    public static WebRow Row(HttpChallenges challenges) => new(WebKinds.Http, HostRule.Any, WebRow.Read, Below, (exchange, _) =>
        challenges.Answer(exchange.Request.Path) is { } proof ? exchange.AnswerAsync(200, "application/octet-stream", proof)
            : exchange.AnswerAsync(404, WebExchange.Plain, "not found\n"))
    {
        InTheClear = true,
    };
}
