using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Aviso.Dns;
using Xunit;

namespace Aviso.Tests.Unit.Dns;

/// <summary>What a fake server does with one question: the datagrams to send (none: silence).</summary>
internal delegate IEnumerable<byte[]> DnsScript(byte[] query, bool tcp);

/// <summary>A DNS server on loopback, UDP and TCP on one port, whose answers are a function.</summary>
internal sealed class FakeDnsServer : IAsyncDisposable
{
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly DnsScript _script;
    private readonly List<Task> _work = [];

    public FakeDnsServer(DnsScript script)
    {
        _script = script;
        // TCP first: more of its ports are taken, and one that is free there is nearly always free for UDP. One port for both.
        for (var tries = 0; ; tries++)
        {
            _tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            EndPoint = (IPEndPoint)_tcp.LocalEndPoint!;
            try
            {
                _udp.Bind(EndPoint);
                break;
            }
            catch (SocketException) when (tries < 10)
            {
                _tcp.Dispose();
                _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            }
        }
        _tcp.Listen();
        _work.Add(Task.Run(UdpAsync));
        _work.Add(Task.Run(TcpAsync));
    }

    public IPEndPoint EndPoint { get; }

    public int Questions;

    public int TcpQuestions;

    public static DnsType TypeOf(byte[] query) =>
        (DnsType)BinaryPrimitives.ReadUInt16BigEndian(query.AsSpan(QuestionEnd(query) - 4));

    public static bool HasEdns(byte[] query) => query[11] == 1;

    public static int QuestionEnd(byte[] query)
    {
        var at = 12;
        while (query[at] != 0) at += query[at] + 1;
        return at + 5;
    }

    /// <summary>A reply to the query: header and question kept, records behind (their name is a pointer to 12).</summary>
    public static byte[] Reply(byte[] query, int rcode = 0, bool truncated = false, bool ad = false,
        IEnumerable<byte[]>? answers = null, IEnumerable<byte[]>? authority = null)
    {
        var reply = new List<byte>(query[..QuestionEnd(query)]);
        reply[2] = (byte)(0x81 | (truncated ? 2 : 0));
        reply[3] = (byte)(0x80 | rcode | (ad ? 0x20 : 0));
        reply[11] = 0;
        foreach (var record in answers ?? [])
        {
            reply[7]++;
            reply.AddRange(record);
        }
        foreach (var record in authority ?? [])
        {
            reply[9]++;
            reply.AddRange(record);
        }
        return [.. reply];
    }

    public static byte[] Record(DnsType type, uint ttl, byte[] data, byte[]? name = null)
    {
        var record = new List<byte>(name ?? [0xC0, 12]);
        record.AddRange([(byte)((ushort)type >> 8), (byte)type, 0, 1]);
        record.AddRange([(byte)(ttl >> 24), (byte)(ttl >> 16), (byte)(ttl >> 8), (byte)ttl]);
        record.AddRange([(byte)(data.Length >> 8), (byte)data.Length]);
        record.AddRange(data);
        return [.. record];
    }

    public static byte[] A(string address, uint ttl = 300, string? name = null) =>
        Record(DnsType.A, ttl, IPAddress.Parse(address).GetAddressBytes(), name is null ? null : Name(name));

    public static byte[] Soa(uint ttl, uint minimum)
    {
        var numbers = new byte[20];
        BinaryPrimitives.WriteUInt32BigEndian(numbers.AsSpan(16), minimum);
        return Record(DnsType.Soa, ttl, [0xC0, 12, 0xC0, 12, .. numbers]);
    }

    public static byte[] Name(string name)
    {
        var wire = new byte[255];
        Assert.True(DnsName.TryWrite(name, wire, out var length));
        return wire[..length];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _udp.Dispose();
        _tcp.Dispose();
        await Task.WhenAll(_work);
        _stop.Dispose();
    }

    private async Task UdpAsync()
    {
        var buffer = new byte[4096];
        try
        {
            while (true)
            {
                var received = await _udp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
                Interlocked.Increment(ref Questions);
                foreach (var reply in _script(buffer[..received.ReceivedBytes], false))
                    await _udp.SendToAsync(reply, received.RemoteEndPoint, _stop.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task TcpAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _tcp.AcceptAsync(_stop.Token);
                await using var stream = new NetworkStream(client);
                var head = new byte[2];
                await stream.ReadExactlyAsync(head, _stop.Token);
                var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
                await stream.ReadExactlyAsync(query, _stop.Token);
                Interlocked.Increment(ref TcpQuestions);
                foreach (var reply in _script(query, true))
                {
                    await stream.WriteAsync(new[] { (byte)(reply.Length >> 8), (byte)reply.Length }, _stop.Token);
                    foreach (var octet in reply) await stream.WriteAsync(new[] { octet }, _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or IOException)
        {
        }
    }
}
