using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Aviso.Dns;

/// <summary>One question to one upstream server: UDP from a fresh socket, TCP when the reply was cut.</summary>
internal static class DnsExchange
{
    // RFC 5452 §9.1: many wrong replies to one question are somebody guessing; TCP cannot be guessed at.
    private const int MaxBadReplies = 16;

    /// <summary>The reply, or null when none came in time or it was malformed. Never throws but for <paramref name="cancel"/>.</summary>
    public static async Task<DnsMessage?> AskAsync(
        IPEndPoint server, string name, DnsType type, bool edns, TimeSpan patience, TimeProvider clock, CancellationToken cancel,
        bool checkingDisabled = false)
    {
        using var deadline = new CancellationTokenSource(patience, clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        var query = new byte[12 + DnsName.MaxWireLength + 4 + 11];
        // RFC 5452 §9.2: an unpredictable id, and an unpredictable port by a new socket for each question.
        var id = (ushort)RandomNumberGenerator.GetInt32(65536);
        var length = DnsMessage.WriteQuery(query, id, name, type, edns, checkingDisabled);
        if (length == 0) return null;
        try
        {
            var reply = await UdpAsync(server, query.AsMemory(0, length), id, name, type, linked.Token);
            if (reply is not null) return reply;
            return await TcpAsync(server, query.AsMemory(0, length), id, name, type, linked.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return null;
        }
    }

    // Null: ask again by TCP.
    private static async Task<DnsMessage?> UdpAsync(
        IPEndPoint server, ReadOnlyMemory<byte> query, ushort id, string name, DnsType type, CancellationToken cancel)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancel);
        await socket.SendAsync(query, cancel);
        var buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            for (var bad = 0; bad < MaxBadReplies; bad++)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(), cancel);
                if (TryAccept(buffer.AsSpan(0, received), id, name, type, out var reply)) return reply.Truncated ? null : reply;
                DnsMeters.BadReplies.Add(1);
            }
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // RFC 1035 §4.2.2, RFC 7766: two octets of length before each message.
    private static async Task<DnsMessage?> TcpAsync(
        IPEndPoint server, ReadOnlyMemory<byte> query, ushort id, string name, DnsType type, CancellationToken cancel)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancel);
        await using var stream = new NetworkStream(socket);
        var framed = new byte[2 + query.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed.AsMemory(2));
        await stream.WriteAsync(framed, cancel);
        var head = new byte[2];
        await stream.ReadExactlyAsync(head, cancel);
        var reply = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
        await stream.ReadExactlyAsync(reply, cancel);
        if (TryAccept(reply, id, name, type, out var message) && !message.Truncated) return message;
        DnsMeters.BadReplies.Add(1);
        return null;
    }

    // RFC 5452 §9.1: id and question must be ours. A refusal may come without the question (old servers and FORMERR).
    private static bool TryAccept(
        ReadOnlySpan<byte> octets, ushort id, string name, DnsType type, [NotNullWhen(true)] out DnsMessage? reply) =>
        DnsMessage.TryRead(octets, out reply) && reply.IsResponse && reply.Id == id
        && ((reply.QuestionName == name && reply.QuestionType == type)
            || (reply.QuestionName.Length == 0 && reply.Rcode is DnsMessage.RcodeFormErr or DnsMessage.RcodeNotImp));
}
