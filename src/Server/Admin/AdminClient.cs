using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aviso.Admin;

/// <summary>How verbs speak to the running server.</summary>
public static class AdminClient
{
    private const int MaxAnswer = 64 << 20;

    /// <summary>The answer; null when no server listens on this data folder.</summary>
    /// <exception cref="IOException">A server is there but did not answer.</exception>
    public static async Task<AdminReply?> TryCallAsync(string data, AdminCall call, CancellationToken cancel)
    {
        var path = Path.Combine(data, AdminSocket.FileName);
        if (Encoding.UTF8.GetByteCount(path) > 107) return null;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied)
        {
            throw new IOException($"the admin socket {path} may only be used by the server's own user and root", e);
        }
        catch (SocketException)
        {
            return null;
        }
        await using var stream = new NetworkStream(socket);
        var request = new JsonObject { ["verb"] = call.Verb, ["args"] = call.Args.DeepClone() };
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request.ToJsonString() + "\n"), cancel);
        var (line, _) = await new AdminLines(stream).ReadAsync(MaxAnswer, cancel);
        return line is null ? throw new IOException("the server closed the admin socket without an answer") : Read(line);
    }

    private static AdminReply Read(byte[] line)
    {
        try
        {
            var answer = JsonNode.Parse(line) as JsonObject;
            return answer?["ok"]?.GetValue<bool>() == true
                ? AdminReply.Done(answer["result"]?.DeepClone())
                : AdminReply.No(answer?["error"]?.GetValue<string>() ?? "the server gave no reason");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new IOException("the server's answer cannot be read", e);
        }
    }
}
