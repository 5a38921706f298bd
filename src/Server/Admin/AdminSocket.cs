using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Aviso.Admin;

/// <summary>Listens on the admin socket and answers one request after another on each connection.</summary>
public sealed partial class AdminSocket : IAsyncDisposable
{
    public const string FileName = "admin.sock";

    /// <summary>Octets in one request line.</summary>
    public const int MaxRequest = 1 << 20;

    private const int MaxConnections = 16;
    private static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(30);

    private readonly string _path;
    private readonly AdminHandlers _handlers;
    private readonly ILogger _log;
    private readonly Func<uint, bool> _allowed;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
#pragma warning disable CA2213 // an answer that is still being written leaves through it
    private readonly SemaphoreSlim _room = new(MaxConnections);
#pragma warning restore CA2213
    private readonly Task _accepting;

    private AdminSocket(string path, AdminHandlers handlers, ILogger log, Func<uint, bool> allowed, Socket listener)
    {
        (_path, _handlers, _log, _allowed, _listener) = (path, handlers, log, allowed, listener);
        _accepting = AcceptAsync();
    }

    /// <summary>Binds DATA/admin.sock. An old socket file is replaced: the caller holds the lock of the data folder.</summary>
    /// <exception cref="IOException">The path is too long for a socket, or the folder cannot be written.</exception>
    public static AdminSocket Start(string data, AdminHandlers handlers, ILogger log, Func<uint, bool>? allowed = null)
    {
        var path = Path.Combine(data, FileName);
        if (Encoding.UTF8.GetByteCount(path) > 107) throw new IOException($"the path {path} is too long for a socket (107 octets); choose a shorter `data` folder");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Delete(path);
#pragma warning disable CA2000 // the admin socket closes it
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
#pragma warning restore CA2000
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen(MaxConnections);
        }
        catch (SocketException e)
        {
            listener.Dispose();
            throw new IOException($"the admin socket {path} cannot be bound: {e.Message}", e);
        }
        return new(path, handlers, log, allowed ?? (user => user == 0 || user == EffectiveUser()), listener);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        File.Delete(_path);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _room.WaitAsync(_stop.Token);
                var socket = await _listener.AcceptAsync(_stop.Token);
                _ = ServeAsync(socket);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                _room.Release();
                _log.AcceptFailed(e.Message);
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            using (socket)
            {
                var user = PeerUser(socket);
                await using var stream = new NetworkStream(socket);
                if (user is null || !_allowed(user.Value))
                {
                    _log.UserRefused(user);
                    await AnswerAsync(stream, AdminReply.No("only the server's own user and root may use the admin socket"));
                    return;
                }
                await ConverseAsync(stream, user.Value);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            _log.ConnectionEnded(e.Message);
        }
        finally
        {
            _room.Release();
        }
    }

    private async Task ConverseAsync(NetworkStream stream, uint user)
    {
        var reader = new AdminLines(stream);
        while (true)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            deadline.CancelAfter(RequestPatience);
            var (line, tooLong) = await reader.ReadAsync(MaxRequest, deadline.Token);
            if (tooLong) await AnswerAsync(stream, AdminReply.No($"the request is longer than {MaxRequest} octets"));
            if (line is null) return;
            await AnswerAsync(stream, await CallAsync(line, user));
        }
    }

    private async Task<AdminReply> CallAsync(byte[] line, uint user)
    {
        if (Read(line) is not { } call) return AdminReply.No("a request is one JSON object: {\"verb\": ..., \"args\": {...}}");
        try
        {
            var reply = await _handlers.CallAsync(call, _stop.Token);
            if (_handlers.Changes(call.Verb))
                _log.Audit(user, call.Verb, Shown(call.Args), reply.Error ?? "done");
            return reply;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _log.VerbFailed(e, call.Verb);
            return AdminReply.No($"the server failed at this: {e.Message}");
        }
    }

    private static AdminCall? Read(byte[] line)
    {
        try
        {
            return JsonNode.Parse(line, documentOptions: new() { MaxDepth = 8 }) is JsonObject request
                && request["verb"] is JsonValue verb && verb.TryGetValue<string>(out var name)
                ? new(name, request["args"] as JsonObject ?? []) : null;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            // ArgumentException: a key that stands twice.
            return null;
        }
    }

    /// <summary>Arguments for the audit line, without secrets and without files.</summary>
    private static string Shown(JsonObject args) => string.Join(' ', args
        .Select(a => $"{a.Key}={(IsSecret(a.Key) ? "***" : a.Value?.ToJsonString())}"));

    private static bool IsSecret(string argument) => argument is "password" or "token" or "hash" or "code" or "secret" or "content";

    private static async Task AnswerAsync(NetworkStream stream, AdminReply reply)
    {
        var answer = new JsonObject { ["ok"] = reply.Ok };
        if (reply.Ok) answer["result"] = reply.Result?.DeepClone();
        else answer["error"] = reply.Error;
        using var deadline = new CancellationTokenSource(RequestPatience);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(answer.ToJsonString(AdminJson.Plain) + "\n"), deadline.Token);
    }

    /// <summary>SO_PEERCRED of Linux: pid, uid, gid.</summary>
    private static uint? PeerUser(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[12];
        return socket.GetRawSocketOption(1, 17, credentials) == 12 ? BinaryPrimitives.ReadUInt32LittleEndian(credentials[4..]) : null;
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}

/// <summary>Lines of a stream, each of a bounded length.</summary>
internal sealed class AdminLines(Stream stream)
{
    private readonly byte[] _chunk = new byte[4096];
    private readonly List<byte> _line = [];
    private int _from;
    private int _to;

    /// <summary>The next line without its end; null at the end or when it is too long (then the connection is of no more use).</summary>
    public async Task<(byte[]? Line, bool TooLong)> ReadAsync(int limit, CancellationToken cancel)
    {
        _line.Clear();
        while (true)
        {
            if (_from == _to)
            {
                (_from, _to) = (0, await stream.ReadAsync(_chunk, cancel));
                if (_to == 0) return (null, false);
            }
            var end = _chunk.AsSpan(_from, _to - _from).IndexOf((byte)'\n');
            var take = end < 0 ? _to - _from : end;
            if (_line.Count + take > limit) return (null, true);
            _line.AddRange(_chunk.AsSpan(_from, take));
            _from += end < 0 ? take : take + 1;
            if (end >= 0) return (_line.ToArray(), false);
        }
    }
}
