using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Aviso.Jmap;

namespace Aviso.Web;

/// <summary>Connections that stay open for news: event sources (RFC 8620 §7.3) and WebSockets (RFC 8887).</summary>
internal static class JmapEvents
{
    private const string Protocol = "jmap";
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    public static async Task StreamAsync(JmapServer jmap, JmapVisit visit, CancellationToken cancel)
    {
        var (exchange, user, isOver) = visit;
        var query = EventSourceQuery.Read(
            exchange.QueryOrNull("types"), exchange.QueryOrNull("closeafter"), exchange.QueryOrNull("ping"), out var why);
        using var place = query is null ? null : jmap.EnterEvents(user);
        if (query is null) await exchange.AnswerAsync(WebRefusal.Problem(400, why));
        else if (place is null) await exchange.AnswerAsync(WebRefusal.Problem(429, "too many event sources of this account"));
        else
        {
            // A proxy that collects the response first would make all news late.
            exchange["X-Accel-Buffering"] = "no";
            var into = await exchange.StreamAsync(200, "text/event-stream");
            await into.FlushAsync(cancel);
            await jmap.StreamAsync(user, query, exchange.Request.Headers["Last-Event-ID"].ToString(), into, isOver, cancel);
        }
    }

    public static async Task SocketAsync(JmapServer jmap, JmapVisit visit, CancellationToken cancel)
    {
        var (exchange, user, isOver) = visit;
        var headers = exchange.Request.Headers;
        // RFC 6455 §4.2.1
        var offered = headers.SecWebSocketProtocol.ToString().Split(',', StringSplitOptions.TrimEntries);
        var key = headers.SecWebSocketKey.ToString();
        if (!exchange.CanUpgrade || key.Length != 24 || headers.SecWebSocketVersion != "13")
        {
            await exchange.AnswerAsync(WebRefusal.Problem(426, "here WebSockets are spoken, version 13"));
            return;
        }
        if (!offered.Contains(Protocol, StringComparer.OrdinalIgnoreCase))
        {
            await exchange.AnswerAsync(WebRefusal.Problem(400, "the WebSocket protocol here is jmap"));
            return;
        }
        using var place = jmap.EnterEvents(user);
        if (place is null)
        {
            await exchange.AnswerAsync(WebRefusal.Problem(429, "too many WebSockets of this account"));
            return;
        }
        exchange["Upgrade"] = "websocket";
        exchange["Connection"] = "Upgrade";
        exchange["Sec-WebSocket-Protocol"] = Protocol;
        exchange["Sec-WebSocket-Accept"] = Accept(key);
        await using var stream = await exchange.UpgradeAsync();
        using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions
        {
            IsServer = true,
            SubProtocol = Protocol,
            KeepAliveInterval = KeepAlive,
            KeepAliveTimeout = KeepAlive,
        });
        await jmap.SocketAsync(user, socket, isOver, cancel);
    }

    // RFC 6455 §4.2.2: SHA-1, for no secret.
    private static string Accept(string key) =>
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
}
