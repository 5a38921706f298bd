using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Aviso.Tests.System.Peers;

/// <summary>A DNS server of a few records, over UDP: MX, NS, A and TXT; every other name does not exist (RFC 1035 §4).</summary>
internal sealed class DnsServer : IAsyncDisposable
{
    private readonly UdpClient _socket;
    private readonly Dictionary<(string Name, int Type), byte[]> _records = [];
    private readonly Task _serving;

    public DnsServer(string address = "127.0.0.1", int port = 0)
    {
        _socket = new(new IPEndPoint(IPAddress.Parse(address), port));
        _serving = ServeAsync();
    }

    /// <summary>Seconds that answers may be kept.</summary>
    public byte Ttl { get; init; } = 60;

    public int Port => ((IPEndPoint)_socket.Client.LocalEndPoint!).Port;

    public DnsServer Mx(string domain, string host)
    {
        lock (_records) _records[(domain, 15)] = [0, 10, .. Name(host)];
        return this;
    }

    public DnsServer A(string host, string address)
    {
        lock (_records) _records[(host, 1)] = IPAddress.Parse(address).GetAddressBytes();
        return this;
    }

    /// <summary>The root is the empty name.</summary>
    public DnsServer Ns(string zone, string host)
    {
        lock (_records) _records[(zone, 2)] = Name(host);
        return this;
    }

    /// <summary>Character-strings of at most 255 octets each.</summary>
    public DnsServer Txt(string name, IEnumerable<string> strings)
    {
        lock (_records) _records[(name, 16)] =
            [.. strings.SelectMany(text => (byte[])[(byte)text.Length, .. Encoding.ASCII.GetBytes(text)])];
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _serving;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var query = await _socket.ReceiveAsync();
                await _socket.SendAsync(Answer(query.Buffer), query.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private byte[] Answer(byte[] query)
    {
        var at = 12;
        var labels = new List<string>();
        while (query[at] != 0)
        {
            labels.Add(Encoding.ASCII.GetString(query, at + 1, query[at]));
            at += query[at] + 1;
        }
        var end = at + 5;
        var name = string.Join('.', labels).ToLowerInvariant();
        var type = BinaryPrimitives.ReadUInt16BigEndian(query.AsSpan(at + 1));
        byte[]? data;
        bool known;
        lock (_records) (data, known) = (_records.GetValueOrDefault((name, type)), _records.Keys.Any(key => key.Name == name));
        // QR, RD, RA; 3 is NXDOMAIN. One question, at most one answer, whose name points to the question.
        byte[] head = [query[0], query[1], 0x81, (byte)(known ? 0x80 : 0x83), 0, 1, 0, (byte)(data is null ? 0 : 1), 0,
            (byte)(data is null ? 1 : 0), 0, 0];
        // RFC 2308 §3: a negative answer has the SOA; some resolvers wait for another server without it.
        if (data is null) return [.. head, .. query[12..end], 0, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0, .. new byte[20]];
        return [.. head, .. query[12..end], 0xc0, 12, 0, (byte)type, 0, 1, 0, 0, 0, Ttl, (byte)(data.Length >> 8), (byte)data.Length,
            .. data];
    }

    private static byte[] Name(string name) =>
        [.. name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0];
}
