using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Numerics;
using System.Text;

namespace Aviso.Net;

public enum ProxyStatus
{
    /// <summary>So far it may be a header; more octets are needed.</summary>
    Incomplete,
    Complete,
    /// <summary>No header, or one that breaks the rules or the limits.</summary>
    Invalid,
}

/// <summary>
/// HAProxy's PROXY protocol, versions 1 and 2: who the client behind a trusted proxy is. <see cref="Source"/> is null when
/// the proxy speaks for itself (LOCAL, UNKNOWN, UNSPEC, a unix socket): then the real socket address counts.
/// </summary>
/// <param name="Version">1 or 2.</param>
public sealed record ProxyHeader(int Version, IPEndPoint? Source, IPEndPoint? Destination)
{
    /// <summary>Version 1: the longest line, CRLF included (proxy-protocol.txt §2.1).</summary>
    public const int V1Limit = 107;

    /// <summary>Version 2: octets before the variable part.</summary>
    public const int V2Fixed = 16;

    private const byte TypeCrc32C = 0x03;

    private static readonly SearchValues<char> AddressCharacters = SearchValues.Create("0123456789abcdefABCDEF.:");

    private static ReadOnlySpan<byte> V1Start => "PROXY "u8;

    private static ReadOnlySpan<byte> V2Signature => [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    /// <summary>True when <paramref name="octets"/> begin with either whole signature: what a stranger may not send.</summary>
    public static bool LooksLikeOne(ReadOnlySpan<byte> octets) => octets.StartsWith(V1Start) || octets.StartsWith(V2Signature);

    /// <summary>Reads a header from the first octets of a connection.</summary>
    /// <param name="v2Limit">Longest variable part of version 2.</param>
    /// <param name="length">Octets of the header, when complete.</param>
    public static ProxyStatus Parse(ReadOnlySpan<byte> octets, int v2Limit, out ProxyHeader? header, out int length)
    {
        header = null;
        length = 0;
        if (octets.StartsWith(V1Start)) return ParseV1(octets, out header, out length);
        if (octets.StartsWith(V2Signature)) return ParseV2(octets, v2Limit, out header, out length);
        var begun = V1Start.StartsWith(octets) || V2Signature.StartsWith(octets);
        return begun ? ProxyStatus.Incomplete : ProxyStatus.Invalid;
    }

    // §2.1: "PROXY" SP ( "TCP4" / "TCP6" ) SP src SP dst SP sport SP dport CRLF, or "PROXY UNKNOWN" anything CRLF
    private static ProxyStatus ParseV1(ReadOnlySpan<byte> octets, out ProxyHeader? header, out int length)
    {
        header = null;
        length = 0;
        var end = octets[..Math.Min(octets.Length, V1Limit)].IndexOf("\r\n"u8);
        if (end < 0) return octets.Length < V1Limit ? ProxyStatus.Incomplete : ProxyStatus.Invalid;
        length = end + 2;
        var words = Encoding.Latin1.GetString(octets[V1Start.Length..end]).Split(' ');
        if (words[0] == "UNKNOWN")
        {
            header = new ProxyHeader(1, null, null);
            return ProxyStatus.Complete;
        }
        if (words.Length != 5 || words[0] is not ("TCP4" or "TCP6")) return ProxyStatus.Invalid;
        var six = words[0] == "TCP6";
        if (!TryAddress(words[1], six, out var source) || !TryAddress(words[2], six, out var destination)
            || !TryPort(words[3], out var sourcePort) || !TryPort(words[4], out var destinationPort)) return ProxyStatus.Invalid;
        header = new ProxyHeader(1, new(source, sourcePort), new(destination, destinationPort));
        return ProxyStatus.Complete;
    }

    private static bool TryAddress(string word, bool six, out IPAddress address)
    {
        address = IPAddress.None;
        // IPAddress.TryParse also takes "1", "0x7f.1" and scopes.
        if (word.AsSpan().ContainsAnyExcept(AddressCharacters)) return false;
        if (!IPAddress.TryParse(word, out var parsed)) return false;
        if (six != word.Contains(':', StringComparison.Ordinal)) return false;
        if (!six && parsed.ToString() != word) return false;
        address = Networks.Normal(parsed);
        return true;
    }

    private static bool TryPort(string word, out int port)
    {
        port = 0;
        if (word.Length is 0 or > 5 || (word.Length > 1 && word[0] == '0')) return false;
        foreach (var c in word)
        {
            if (!char.IsAsciiDigit(c)) return false;
            port = port * 10 + c - '0';
        }
        return port <= 65535;
    }

    // §2.2: signature, version and command, family and transport, length, addresses, TLVs
    private static ProxyStatus ParseV2(ReadOnlySpan<byte> octets, int v2Limit, out ProxyHeader? header, out int length)
    {
        header = null;
        length = 0;
        if (octets.Length > 12 && octets[12] is not (0x20 or 0x21)) return ProxyStatus.Invalid;
        if (octets.Length < V2Fixed) return ProxyStatus.Incomplete;
        int variable = BinaryPrimitives.ReadUInt16BigEndian(octets[14..]);
        if (variable > v2Limit) return ProxyStatus.Invalid;
        var (family, transport) = (octets[13] >> 4, octets[13] & 15);
        if (family > 3 || transport > 2) return ProxyStatus.Invalid;
        if (octets.Length < V2Fixed + variable) return ProxyStatus.Incomplete;
        length = V2Fixed + variable;
        var whole = octets[..length];
        var size = family switch { 1 => 12, 2 => 36, 3 => 216, _ => 0 };
        var local = octets[12] == 0x20;
        // LOCAL and UNSPEC: what follows must be skipped, whatever it is.
        if (local || family == 0)
        {
            header = new ProxyHeader(2, null, null);
            return ProxyStatus.Complete;
        }
        if (variable < size || !CheckTlvs(whole, V2Fixed + size)) return ProxyStatus.Invalid;
        var a = whole.Slice(V2Fixed, size);
        header = (family, transport) switch
        {
            (1, 1) => new ProxyHeader(2, EndPoint(a[..4], a[8..]), EndPoint(a[4..8], a[10..])),
            (2, 1) => new ProxyHeader(2, EndPoint(a[..16], a[32..]), EndPoint(a[16..32], a[34..])),
            _ => new ProxyHeader(2, null, null), // unix sockets and datagrams: a proxy speaking for itself
        };
        return ProxyStatus.Complete;
    }

    private static IPEndPoint EndPoint(ReadOnlySpan<byte> address, ReadOnlySpan<byte> port) =>
        new(Networks.Normal(new IPAddress(address)), BinaryPrimitives.ReadUInt16BigEndian(port));

    // §2.2.x: type, length (2), value; unknown types are skipped, CRC32C is verified where it stands
    private static bool CheckTlvs(ReadOnlySpan<byte> whole, int at)
    {
        while (at < whole.Length)
        {
            if (whole.Length - at < 3) return false;
            int size = BinaryPrimitives.ReadUInt16BigEndian(whole[(at + 1)..]);
            if (whole.Length - at - 3 < size) return false;
            if (whole[at] == TypeCrc32C)
            {
                if (size != 4 || BinaryPrimitives.ReadUInt32BigEndian(whole[(at + 3)..]) != Crc32C(whole, at + 3)) return false;
            }
            at += 3 + size;
        }
        return true;
    }

    /// <summary>CRC32C (RFC 3720 §B.4) with the four octets at <paramref name="hole"/> taken as zero.</summary>
    internal static uint Crc32C(ReadOnlySpan<byte> octets, int hole)
    {
        var crc = uint.MaxValue;
        for (var i = 0; i < octets.Length; i++) crc = BitOperations.Crc32C(crc, i >= hole && i < hole + 4 ? (byte)0 : octets[i]);
        return ~crc;
    }
}
