using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Aviso.Dns;

/// <summary>How far a reply can be believed.</summary>
internal enum TsigCheck
{
    /// <summary>Signed with our key, for our request, in time.</summary>
    Good,

    /// <summary>Not signed at all: only an error may be, when the server could not use our key (RFC 8945 §5.3.2).</summary>
    Missing,

    Wrong,
}

/// <summary>Signs a request and checks the signature of its reply (RFC 8945).</summary>
internal static class TsigSignature
{
    private const ushort TypeTsig = 250, ClassAny = 255;

    // RFC 8945 §10 recommends this allowance for clocks that differ, in seconds.
    private const ushort Fudge = 300;

    /// <summary>Adds the TSIG record to a whole message and counts it. Gives the MAC, which the reply's signature covers.</summary>
    public static byte[] Sign(List<byte> message, TsigKey key, DateTimeOffset now)
    {
        var time = now.ToUnixTimeSeconds();
        var id = message.GetRange(0, 2);
        var mac = key.Hash([.. message, .. Variables(key, time, Fudge, 0, [])]);
        DnsWriter.Name(message, key.Name);
        DnsWriter.UInt16(message, TypeTsig);
        DnsWriter.UInt16(message, ClassAny);
        DnsWriter.UInt32(message, 0);
        DnsWriter.Counted(message, data =>
        {
            DnsWriter.Name(data, key.AlgorithmName);
            Time(data, time);
            DnsWriter.UInt16(data, Fudge);
            DnsWriter.UInt16(data, (ushort)mac.Length);
            data.AddRange(mac);
            data.AddRange(id);
            DnsWriter.UInt16(data, 0);
            DnsWriter.UInt16(data, 0);
        });
        message[11]++;
        return mac;
    }

    /// <summary>Checks a reply to a request that was signed with <paramref name="requestMac"/>.</summary>
    /// <param name="error">The extended error of the TSIG record, such as 18 for BADTIME; 0 when there is none.</param>
    public static TsigCheck Check(ReadOnlySpan<byte> reply, TsigKey key, byte[] requestMac, DateTimeOffset now, out int error)
    {
        error = 0;
        if (!TryFind(reply, out var start, out var found)) return TsigCheck.Missing;
        error = found.Error;
        if (found.Mac.Length == 0) return TsigCheck.Missing;
        if (found.Name != DnsName.Normalize(key.Name) || found.Algorithm != key.AlgorithmName) return TsigCheck.Wrong;
        // RFC 8945 §5.3.1: the request's MAC, the reply without its TSIG record, the variables.
        var covered = new List<byte>(reply.Length + 128);
        DnsWriter.UInt16(covered, (ushort)requestMac.Length);
        covered.AddRange(requestMac);
        var from = covered.Count;
        covered.AddRange(reply[..start]);
        covered[from] = (byte)(found.OriginalId >> 8);
        covered[from + 1] = (byte)found.OriginalId;
        var additional = BinaryPrimitives.ReadUInt16BigEndian(reply[10..]) - 1;
        covered[from + 10] = (byte)(additional >> 8);
        covered[from + 11] = (byte)additional;
        covered.AddRange(Variables(key, found.Time, found.Fudge, (ushort)found.Error, found.Other));
        // RFC 8945 §5.2.2.1: a shortened MAC is not accepted.
        if (!CryptographicOperations.FixedTimeEquals(key.Hash([.. covered]), found.Mac)) return TsigCheck.Wrong;
        return found.Error == 0 && Math.Abs(now.ToUnixTimeSeconds() - found.Time) > found.Fudge ? TsigCheck.Wrong : TsigCheck.Good;
    }

    private readonly record struct Found(
        string Name, string Algorithm, long Time, ushort Fudge, byte[] Mac, ushort OriginalId, int Error, byte[] Other);

    // RFC 8945 §5.1: TSIG is the last record of the additional section.
    private static bool TryFind(ReadOnlySpan<byte> reply, out int start, out Found found)
    {
        (start, found) = (0, default);
        if (reply.Length < 12) return false;
        var reader = new DnsReader(reply);
        reader.TrySkip(12);
        for (var i = BinaryPrimitives.ReadUInt16BigEndian(reply[4..]); i > 0; i--)
            if (!reader.TryName(out _) || !reader.TrySkip(4)) return false;
        var records = BinaryPrimitives.ReadUInt16BigEndian(reply[6..]) + BinaryPrimitives.ReadUInt16BigEndian(reply[8..])
            + BinaryPrimitives.ReadUInt16BigEndian(reply[10..]);
        if (BinaryPrimitives.ReadUInt16BigEndian(reply[10..]) == 0) return false;
        for (; records > 1; records--)
            if (!reader.TryName(out _) || !reader.TrySkip(8) || !reader.TryUInt16(out var length) || !reader.TrySkip(length)) return false;
        start = reader.At;
        return reader.TryName(out var name) && reader.TryUInt16(out var type) && type == TypeTsig && reader.TrySkip(8)
            && TryData(ref reader, name, out found);
    }

    private static bool TryData(ref DnsReader reader, string name, out Found found)
    {
        found = default;
        if (!reader.TryName(out var algorithm) || !reader.TryUInt16(out var high) || !reader.TryUInt32(out var low)
            || !reader.TryUInt16(out var fudge) || !reader.TryUInt16(out var size) || !reader.TryOctets(size, out var mac)
            || !reader.TryUInt16(out var id) || !reader.TryUInt16(out var error) || !reader.TryUInt16(out var rest)
            || !reader.TryOctets(rest, out var other)) return false;
        found = new(name, algorithm, ((long)high << 32) | low, fudge, mac.ToArray(), id, error, other.ToArray());
        return true;
    }

    private static List<byte> Variables(TsigKey key, long time, ushort fudge, ushort error, byte[] other)
    {
        var into = new List<byte>(64);
        DnsWriter.Name(into, key.Name);
        DnsWriter.UInt16(into, ClassAny);
        DnsWriter.UInt32(into, 0);
        DnsWriter.Name(into, key.AlgorithmName);
        Time(into, time);
        DnsWriter.UInt16(into, fudge);
        DnsWriter.UInt16(into, error);
        DnsWriter.UInt16(into, (ushort)other.Length);
        into.AddRange(other);
        return into;
    }

    private static void Time(List<byte> into, long seconds)
    {
        DnsWriter.UInt16(into, (ushort)(seconds >> 32));
        DnsWriter.UInt32(into, (uint)seconds);
    }
}
