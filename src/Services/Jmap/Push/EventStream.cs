using System.IO.Pipelines;
using System.Text;
using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>One open event source (RFC 8620 §7.3): writes state and ping events until the client or its credential is gone.</summary>
internal sealed class EventStream(StateFeed feed, TimeProvider clock, JmapUser user, EventSourceQuery query, PipeWriter into)
{
    /// <summary>How often it is looked whether the login still holds, when nothing happens.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);

    /// <summary>Without pings a comment finds out that the client is gone.</summary>
    private static readonly TimeSpan CommentEvery = TimeSpan.FromMinutes(5);

    private SortedDictionary<string, string> _known = new(StringComparer.Ordinal);
    private long _wroteAt;

    /// <param name="lastEventId">What the client has seen last; empty when it is new.</param>
    public async Task RunAsync(string lastEventId, Func<bool> isOver, CancellationToken cancel)
    {
        using var listener = feed.Listen(user.Account, query.Types);
        _known = await feed.StatesAsync(user.Account, cancel);
        _wroteAt = clock.GetTimestamp();
        var missed = lastEventId.Length == 0 ? []
            : PushToken.Missed(lastEventId, _known).Where(s => query.Types?.Contains(s.Key) != false).ToList();
        if (missed.Count > 0 && await StateAsync(missed, cancel)) return;
        while (!cancel.IsCancellationRequested)
        {
            var news = await listener.NextAsync(Wait(), clock, cancel);
            if (isOver()) return;
            var fresh = news.Where(n => _known.GetValueOrDefault(n.Key) != n.Value).ToList();
            foreach (var (type, state) in fresh) _known[type] = state;
            if (fresh.Count > 0)
            {
                if (await StateAsync(fresh, cancel)) return;
            }
            else if (query.Ping > TimeSpan.Zero && Silence >= query.Ping)
            {
                await WriteAsync($"event: ping\ndata: {{\"interval\":{(long)query.Ping.TotalSeconds}}}\n\n", cancel);
            }
            else if (query.Ping == TimeSpan.Zero && Silence >= CommentEvery)
            {
                await WriteAsync(":\n\n", cancel);
            }
        }
    }

    private TimeSpan Silence => clock.GetElapsedTime(_wroteAt);

    private TimeSpan Wait()
    {
        var next = (query.Ping > TimeSpan.Zero ? query.Ping : CommentEvery) - Silence;
        return next <= TimeSpan.Zero ? TimeSpan.FromMilliseconds(1) : next < LookEvery ? next : LookEvery;
    }

    /// <returns>The client wants no more after it.</returns>
    private async Task<bool> StateAsync(IEnumerable<KeyValuePair<string, string>> changed, CancellationToken cancel)
    {
        var data = new System.Buffers.ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(data, InternetJson.Writing)) StateFeed.Write(writer, user.Account, changed);
        await WriteAsync($"event: state\nid: {PushToken.Of(_known)}\ndata: {Encoding.UTF8.GetString(data.WrittenSpan)}\n\n", cancel);
        return query.CloseAfterState;
    }

    private async Task WriteAsync(string text, CancellationToken cancel)
    {
        _wroteAt = clock.GetTimestamp();
        Encoding.UTF8.GetBytes(text, into);
        var flushed = await into.FlushAsync(cancel);
        if (flushed.IsCompleted) throw new OperationCanceledException("the client has gone");
    }
}
