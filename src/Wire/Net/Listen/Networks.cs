using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Aviso.Net;

/// <summary>A set of networks, asked by address in logarithmic time. IPv4-mapped IPv6 is IPv4, in the set and in the question.</summary>
public sealed class Networks
{
    public static readonly Networks None = new([]);

    private readonly (UInt128 First, UInt128 Last)[] _ranges;

    public Networks(IEnumerable<IPNetwork> networks)
    {
        var ranges = new List<(UInt128 First, UInt128 Last)>();
        foreach (var (first, last) in networks.Select(Range).OrderBy(r => r.First))
        {
            if (ranges.Count > 0 && first <= ranges[^1].Last) ranges[^1] = (ranges[^1].First, UInt128.Max(last, ranges[^1].Last));
            else ranges.Add((first, last));
        }
        _ranges = [.. ranges];
    }

    /// <summary>Reads "10.0.0.0/8", "fd00::/8" or a bare address.</summary>
    /// <exception cref="FormatException">One of them is no network.</exception>
    public static Networks Parse(params IEnumerable<string> texts) =>
        new(texts.Select(t =>
            TryParse(t, out var network) ? network : throw new FormatException($"'{t}' is no network such as 10.0.0.0/8")));

    /// <summary>One network or bare address; false when it is none or has bits beyond its prefix.</summary>
    public static bool TryParse(string text, out IPNetwork network)
    {
        if (IPNetwork.TryParse(text, out network)) return true;
        if (!IPAddress.TryParse(text, out var address) || text.Contains('%', StringComparison.Ordinal)) return false;
        network = new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);
        return true;
    }

    public bool IsEmpty => _ranges.Length == 0;

    public bool Contains(IPAddress address)
    {
        var ranges = _ranges;
        if (ranges.Length == 0) return false;
        var key = Number(address);
        var (low, high) = (0, ranges.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (key < ranges[middle].First) high = middle - 1;
            else if (key > ranges[middle].Last) low = middle + 1;
            else return true;
        }
        return false;
    }

    /// <summary>All of its addresses are in the set.</summary>
    public bool Contains(IPNetwork network)
    {
        var (first, last) = Range(network);
        return Array.Exists(_ranges, range => range.First <= first && last <= range.Last);
    }

    /// <summary>Some address is in both.</summary>
    public bool Overlaps(IPNetwork network)
    {
        var (first, last) = Range(network);
        foreach (var range in _ranges)
        {
            if (range.First <= last && first <= range.Last) return true;
        }
        return false;
    }

    /// <summary>The address as rules see it: IPv4 for IPv4-mapped IPv6, and no scope.</summary>
    public static IPAddress Normal(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0
            ? new IPAddress(address.GetAddressBytes()) : address;
    }

    public static IPEndPoint Normal(IPEndPoint endpoint)
    {
        var address = Normal(endpoint.Address);
        return ReferenceEquals(address, endpoint.Address) ? endpoint : new IPEndPoint(address, endpoint.Port);
    }

    /// <summary>What counts as one client: an IPv4 address, or an IPv6 /64.</summary>
    public static UInt128 ClientKey(IPAddress address)
    {
        var number = Number(address);
        return number >> 32 == 0xffff ? number : number >> 64 << 64;
    }

    /// <summary>The network around a client, one customer's more often than not: an IPv4 /24, or an IPv6 /48 (RFC 6177 §2).</summary>
    public static UInt128 NetworkKey(IPAddress address)
    {
        var number = Number(address);
        return number >> 32 == 0xffff ? number >> 8 << 8 : number >> 80 << 80;
    }

    /// <summary>IPv4 as its mapped form, so that both families stand on one line.</summary>
    public static UInt128 Number(IPAddress address)
    {
        Span<byte> octets = stackalloc byte[16];
        if (!address.TryWriteBytes(octets, out var written)) throw new ArgumentException("no IP address", nameof(address));
        return written == 4
            ? ((UInt128)0xffff << 32) | BinaryPrimitives.ReadUInt32BigEndian(octets)
            : BinaryPrimitives.ReadUInt128BigEndian(octets);
    }

    private static (UInt128 First, UInt128 Last) Range(IPNetwork network)
    {
        var width = (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 32 : 128) - network.PrefixLength;
        var first = Number(network.BaseAddress);
        return (first, width == 128 ? UInt128.MaxValue : first | ((UInt128.One << width) - 1));
    }
}
