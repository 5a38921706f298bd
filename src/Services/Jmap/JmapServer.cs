using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text.Json;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Jmap;

/// <summary>
/// JMAP (RFC 8620): the octets of a request in, the octets of its response out. This folder owns the method table and the rules of a call;
/// a method stands in the room of its subject, one file each. It knows no HTTP: Server/Web brings the requests and says who is logged in.
/// Rules: a method checks all of its arguments before it changes anything; what a stranger may send has a limit with its RFC's error; an
/// answer that failed leaves nothing behind. One instance serves everybody.
/// </summary>
public sealed class JmapServer : IAsyncDisposable
{
    /// <summary>Event sources and WebSockets of one account at once.</summary>
    private const int MostEvents = 64;

    private readonly JmapRooms? _rooms;
    private readonly MethodTable _table;
    private readonly ILogger _log;
    private readonly SessionObject _session;
    private readonly ConcurrentPlaces _requests, _uploads, _events = new(MostEvents);

    internal JmapServer(JmapRooms rooms) : this(MethodTable.Of(rooms), rooms.Limits, rooms.Services.Log) => _rooms = rooms;

    internal JmapServer(MethodTable table, JmapLimits limits, ILogger log)
    {
        (_table, Limits, _log) = (table, limits, log);
        _session = new(table);
        (_requests, _uploads) = (new(limits.MaxConcurrentRequests), new(limits.MaxConcurrentUpload));
    }

    public JmapLimits Limits { get; }

    private JmapRooms Rooms => _rooms ?? throw new InvalidOperationException("a table of methods alone has no rooms");

    /// <summary>Makes the rooms; what waits since before the start goes on.</summary>
    public static async Task<JmapServer> OpenAsync(JmapServices services, JmapLimits limits, CancellationToken cancel)
    {
        var server = new JmapServer(await JmapRooms.OpenAsync(services, limits, cancel));
        try
        {
            await server.Rooms.StartAsync(cancel);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Credentials of this account were changed or revoked: push subscriptions made with them end (RFC 8620 §7.2).</summary>
    public Task CredentialsChangedAsync(AccountId account, CancellationToken cancel) => Rooms.Push.EndAsync(account, cancel);

    public ValueTask DisposeAsync() => _rooms?.DisposeAsync() ?? default;

    /// <summary>The Session object (RFC 8620 §2). Read from memory only.</summary>
    /// <param name="origin">What the URLs begin with, such as https://mail.example.org.</param>
    public byte[] Session(JmapUser user, string origin) => _session.Write(user, origin);

    /// <summary>Answers one request of the API resource (RFC 8620 §3).</summary>
    /// <param name="contentType">As the client wrote it; null without one.</param>
    /// <param name="body">Stays as it is until the task is done.</param>
    public async Task<JmapReply> AnswerAsync(JmapUser user, string? contentType, ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        if (!IsJson(contentType)) return Problem.NotJson("the request is not of type application/json").Reply();
        if (body.Length > Limits.MaxSizeRequest) return TooLarge();
        using var document = InternetJson.Parse(body, out var why);
        if (document is null) return Problem.NotJson(why).Reply();
        return await AnswerAsync(user, document.RootElement, null, cancel);
    }

    /// <summary>What a request is told that is longer than may be read.</summary>
    public JmapReply TooLarge() => TooLargeProblem.Reply();

    /// <summary>Keeps an upload (RFC 8620 §6.1).</summary>
    /// <param name="account">As the URL says it.</param>
    public async Task<JmapReply> UploadAsync(JmapUser user, string account, string type, Stream octets, CancellationToken cancel)
    {
        if (account != user.Account.ToString()) return Problem.Plain(404, "there is no such account").Reply();
        if (!user.MayChange) return Problem.Plain(403, "this login may only read").Reply();
        using var place = _uploads.Enter(user.Account);
        if (place is null)
            return Problem.Limit(nameof(JmapLimits.MaxConcurrentUpload), 429, "too many uploads of this account at once").Reply();
        return await Rooms.Blobs.Uploads.KeepAsync(user.Account, octets, cancel) is var (id, size)
            ? UploadAnswer.Write(user.Account, BlobId.OfUpload(id), type, size) : UploadTooLarge();
    }

    /// <summary>What an upload is told that is longer than may be kept.</summary>
    public JmapReply UploadTooLarge() =>
        Problem.Limit(nameof(JmapLimits.MaxSizeUpload), 413, $"the upload is longer than {Limits.MaxSizeUpload} octets").Reply();

    /// <summary>Opens a blob (RFC 8620 §6.2); null when there is none, or the account is not the user's.</summary>
    public async Task<JmapDownload?> DownloadAsync(JmapUser user, string account, string blobId, CancellationToken cancel) =>
        account == user.Account.ToString() && await Rooms.Blobs.OpenAsync(user, user.Account, blobId, cancel) is { } blob
            ? new(blob) : null;

    /// <summary>A place for something that stays open, given back when it is disposed; null when this account has all that it
    /// may.</summary>
    public IDisposable? EnterEvents(JmapUser user) => _events.Enter(user.Account);

    /// <summary>Writes an event source until the client is gone or the login is over (RFC 8620 §7.3).</summary>
    /// <param name="lastEventId">What the client has seen last; empty when it is new.</param>
    public Task StreamAsync(
        JmapUser user, EventSourceQuery query, string lastEventId, PipeWriter into, Func<bool> isOver, CancellationToken cancel) =>
        new EventStream(Rooms.Feed, Rooms.Services.Clock, user, query, into).RunAsync(lastEventId, isOver, cancel);

    /// <summary>Talks over a WebSocket until one side ends it (RFC 8887).</summary>
    public async Task SocketAsync(JmapUser user, WebSocket socket, Func<bool> isOver, CancellationToken cancel)
    {
        using var talk = new JmapSocket(this, Rooms.Feed, Rooms.Services.Clock, user, socket);
        await talk.RunAsync(isOver, cancel);
    }

    internal Problem TooLargeProblem =>
        Problem.Limit(nameof(JmapLimits.MaxSizeRequest), 400, $"the request is longer than {Limits.MaxSizeRequest} octets");

    internal async Task<JmapReply> AnswerAsync(JmapUser user, JsonElement root, SocketEnvelope? envelope, CancellationToken cancel)
    {
        using var place = _requests.Enter(user.Account);
        if (place is null)
            return Problem.Limit(nameof(JmapLimits.MaxConcurrentRequests), 429, "too many requests of one account").Reply(envelope);
        if (!Request.TryRead(root, out var request, out var why)) return Problem.NotRequest(why).Reply(envelope);
        if (request.Using.FirstOrDefault(uri => !_table.Knows(uri)) is { } unknown)
            return Problem.UnknownCapability(unknown).Reply(envelope);
        if (request.Calls.Count > Limits.MaxCallsInRequest)
            return Problem.Limit(nameof(JmapLimits.MaxCallsInRequest), 400, $"more than {Limits.MaxCallsInRequest} calls").Reply(envelope);
        Actor.Current = user.Actor;
        using var run = new RequestRun(_table, Limits, _log, user, request, envelope);
        await run.RunAsync(cancel);
        return run.Finish(_session.StateFor(user));
    }

    // RFC 9110 §8.3.1: parameters, such as charset, do not change what it is.
    private static bool IsJson(string? contentType) =>
        contentType?.Split(';')[0].Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase) == true;
}
