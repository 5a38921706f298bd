using Aviso.Jmap;
using Aviso.Net;
using Aviso.Store;

namespace Aviso.Web;

/// <summary>The resources of JMAP (RFC 8620 §2, §3) over HTTP: it brings requests to the server of the protocol and says who is logged
/// in.</summary>
internal sealed class JmapPages(JmapServer jmap, WebLogins logins)
{
    // So much more may come that it is we who say that it is too much.
    private const int Slack = 64 << 10;

    public IReadOnlyList<WebRow> Rows =>
    [
        Row(WebRow.Read, JmapPaths.WellKnown, SessionAsync),
        Row(WebRow.Read, JmapPaths.Session, SessionAsync),
        Row(["POST"], JmapPaths.Api, ApiAsync) with { MostOctets = jmap.Limits.MaxSizeRequest + Slack },
        Row(["POST"], JmapPaths.Upload, (visit, cancel) => JmapFiles.UploadAsync(jmap, visit, cancel)) with
        {
            MostOctets = jmap.Limits.MaxSizeUpload + Slack,
        },
        Row(WebRow.Read, JmapPaths.Download, (visit, cancel) => JmapFiles.DownloadAsync(jmap, visit, cancel)),
        Row(["GET"], JmapPaths.EventSource, (visit, cancel) => JmapEvents.StreamAsync(jmap, visit, cancel)),
        Row(["GET"], JmapPaths.WebSocket, (visit, cancel) => JmapEvents.SocketAsync(jmap, visit, cancel)),
    ];

    private WebRow Row(string[] methods, string path, Func<JmapVisit, CancellationToken, Task> answer) =>
        new(WebKinds.Public, HostRule.Ours, methods, path, async (exchange, cancel) =>
        {
            if (await logins.EnterAsync(exchange, cancel) is { User: { } user } login)
                await answer(new(exchange, UserOf(exchange, user, login.Credential), login.IsOver), cancel);
        });

    private static JmapUser UserOf(WebExchange exchange, Principal user, string credential) =>
        new(new AccountId(user.Account), user.Address)
        {
            Credential = credential,
            Client = exchange.Client,
            Protocol = WebUsers.IsBrowser(exchange) ? "webmail" : "jmap",
            Program = exchange.Request.Headers.UserAgent.ToString() is { Length: <= 200 } agent ? agent : "",
            Scope = user.Scope ?? new(),
        };

    private Task SessionAsync(JmapVisit visit, CancellationToken cancel) =>
        visit.Exchange.AnswerAsync(200, WebExchange.Json, jmap.Session(visit.User, visit.Exchange.Origin?.ToString() ?? ""));

    private async Task ApiAsync(JmapVisit visit, CancellationToken cancel)
    {
        var (exchange, user) = (visit.Exchange, visit.User);
        var most = jmap.Limits.MaxSizeRequest;
        using var body = exchange.Request.Headers.ContentLength > most ? null
            : await RequestBody.ReadAsync(exchange.Request.Body, most, cancel);
        using var reply = body is null
            ? jmap.TooLarge() : await jmap.AnswerAsync(user, exchange.Request.Headers.ContentType, body.Octets, cancel);
        await exchange.AnswerAsync(reply.Status, reply.ContentType, reply.Body);
    }
}

/// <summary>A request of somebody who is logged in.</summary>
/// <param name="IsOver">Has the login ended since.</param>
internal sealed record JmapVisit(WebExchange Exchange, JmapUser User, Func<bool> IsOver);
