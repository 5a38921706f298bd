using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>One WebSocket (RFC 8887): requests one after the other, and state changes once they are enabled.</summary>
internal sealed class JmapSocket(JmapServer server, StateFeed feed, TimeProvider clock, JmapUser user, WebSocket socket) : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _sending = new(1, 1);
    private CancellationTokenSource? _push;
    private Task _pushing = Task.CompletedTask;

    public async Task RunAsync(Func<bool> isOver, CancellationToken cancel)
    {
        var message = new ArrayBufferWriter<byte>(4096);
        try
        {
            while (await ReceiveAsync(message, cancel) is { } isWhole)
            {
                if (isOver())
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.PolicyViolation, "logged out", cancel);
                    return;
                }
                if (isWhole) await TakeAsync(message.WrittenMemory, isOver, cancel);
                else await SendTooLargeAsync(cancel);
                // A large request is no reason to hold so much for ever.
                message = message.Capacity > 1 << 20 ? new(4096) : Reset(message);
            }
        }
        finally
        {
            await StopPushAsync();
        }
    }

    public void Dispose()
    {
        _push?.Dispose();
        _sending.Dispose();
    }

    private static ArrayBufferWriter<byte> Reset(ArrayBufferWriter<byte> message)
    {
        message.ResetWrittenCount();
        return message;
    }

    /// <summary>Reads one message: true when it is whole, false when it was too long and has been dropped, null at the end.</summary>
    private async Task<bool?> ReceiveAsync(ArrayBufferWriter<byte> message, CancellationToken cancel)
    {
        var isWhole = true;
        while (true)
        {
            var piece = isWhole ? message.GetMemory(4096) : new byte[4096];
            var received = await socket.ReceiveAsync(piece, cancel);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancel);
                return null;
            }
            // RFC 8887 §4.1: text frames only.
            if (received.MessageType == WebSocketMessageType.Binary)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.InvalidMessageType, "only text", cancel);
                return null;
            }
            if (isWhole) message.Advance(received.Count);
            isWhole &= message.WrittenCount <= server.Limits.MaxSizeRequest;
            if (received.EndOfMessage) return isWhole;
        }
    }

    private async Task SendTooLargeAsync(CancellationToken cancel)
    {
        using var reply = server.TooLargeProblem.Reply(new SocketEnvelope(null));
        await SendAsync(reply.Body, cancel);
    }

    private async Task TakeAsync(ReadOnlyMemory<byte> message, Func<bool> isOver, CancellationToken cancel)
    {
        using var document = InternetJson.Parse(message, out var why);
        var root = document?.RootElement ?? default;
        switch (TypeOf(root))
        {
            case "Request":
                using (var reply = await server.AnswerAsync(user, root, new SocketEnvelope(Text(root, "id")), cancel))
                    await SendAsync(reply.Body, cancel);
                break;
            case "WebSocketPushEnable" when TryTypes(root, out var types):
                await StopPushAsync();
                _push = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                _pushing = PushAsync(types, Text(root, "pushState"), isOver, _push.Token, cancel);
                break;
            case "WebSocketPushDisable":
                await StopPushAsync();
                break;
            default:
                var problem = document is null ? Problem.NotJson(why)
                    : Problem.NotRequest("@type is none that a client sends, or what belongs to it is missing");
                using (var reply = problem.Reply(new SocketEnvelope(Text(root, "id")))) await SendAsync(reply.Body, cancel);
                break;
        }
    }

    // A send that is cut off ends the socket: only the waiting is.
    private async Task PushAsync(
        IReadOnlySet<string>? types, string? pushState, Func<bool> isOver, CancellationToken stop, CancellationToken cancel)
    {
        try
        {
            using var listener = feed.Listen(user.Account, types);
            var known = await feed.StatesAsync(user.Account, cancel);
            // RFC 8887 §4.3.5.2: who says what was seen last is told at once what has changed since.
            var missed = pushState is null ? [] : PushToken.Missed(pushState, known).Where(s => types?.Contains(s.Key) != false).ToList();
            if (missed.Count > 0) await TellAsync(missed, known, cancel);
            while (!isOver())
            {
                var news = await listener.NextAsync(LookEvery, clock, stop);
                var fresh = news.Where(n => known.GetValueOrDefault(n.Key) != n.Value).ToList();
                foreach (var (type, state) in fresh) known[type] = state;
                if (fresh.Count > 0 && !isOver()) await TellAsync(fresh, known, cancel);
            }
            socket.Abort();
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            // The socket ends, or the client wants no more.
        }
    }

    private async Task TellAsync(
        IEnumerable<KeyValuePair<string, string>> changed, IReadOnlyDictionary<string, string> known, CancellationToken cancel)
    {
        var octets = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(octets, InternetJson.Writing))
            StateFeed.Write(writer, user.Account, changed, PushToken.Of(known));
        await SendAsync(octets.WrittenMemory, cancel);
    }

    private async Task StopPushAsync()
    {
        if (_push is null) return;
        await _push.CancelAsync();
        await _pushing;
        _push.Dispose();
        _push = null;
    }

    private async Task SendAsync(ReadOnlyMemory<byte> text, CancellationToken cancel)
    {
        await _sending.WaitAsync(cancel);
        try
        {
            await socket.SendAsync(text, WebSocketMessageType.Text, endOfMessage: true, cancel);
        }
        finally
        {
            _sending.Release();
        }
    }

    private static string? TypeOf(JsonElement root) => Text(root, "@type");

    private static string? Text(JsonElement root, string name) => root.ValueKind == JsonValueKind.Object
        && root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool TryTypes(JsonElement root, out IReadOnlySet<string>? types)
    {
        types = null;
        if (!root.TryGetProperty("dataTypes"u8, out var list) || list.ValueKind == JsonValueKind.Null) return true;
        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(t => t.ValueKind != JsonValueKind.String)) return false;
        types = list.EnumerateArray().Select(t => t.GetString() ?? "").ToHashSet(StringComparer.Ordinal);
        return true;
    }
}
