using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Aviso.Dns;

/// <summary>A DNS message taken apart (RFC 1035 §4.1). Additional records are only read for OPT.</summary>
/// <param name="Rcode">With the upper bits of EDNS (RFC 6891 §6.1.3).</param>
internal sealed record DnsMessage(
    ushort Id, ushort Flags, int Rcode, string QuestionName, DnsType QuestionType,
    IReadOnlyList<DnsRecord> Answers, IReadOnlyList<DnsRecord> Authority)
{
    /// <summary>RFC 6891 §6.2.5 leaves the size to us: 1232 octets pass every path without fragments.</summary>
    public const int UdpPayload = 1232;

    public const int RcodeFormErr = 1, RcodeServFail = 2, RcodeNxDomain = 3, RcodeNotImp = 4, RcodeRefused = 5;

    public bool IsResponse => (Flags & 0x8000) != 0;

    public bool Truncated => (Flags & 0x0200) != 0;

    /// <summary>RFC 4035 §3.2.3.</summary>
    public bool AuthenticData => (Flags & 0x0020) != 0;

    /// <summary>
    /// Writes a query with RD and AD set (RFC 6840 §5.7: AD asks for AD back), with <paramref name="edns"/> an OPT
    /// record with DO. Returns its length, or 0 when the name cannot be written.
    /// </summary>
    public static int WriteQuery(Span<byte> into, ushort id, string name, DnsType type, bool edns, bool checkingDisabled = false)
    {
        into[..12].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(into, id);
        BinaryPrimitives.WriteUInt16BigEndian(into[2..], (ushort)(0x0120 | (checkingDisabled ? 0x0010 : 0)));
        into[5] = 1;
        into[11] = edns ? (byte)1 : (byte)0;
        if (!DnsName.TryWrite(name, into.Slice(12, DnsName.MaxWireLength), out var length)) return 0;
        var at = 12 + length;
        BinaryPrimitives.WriteUInt16BigEndian(into[at..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(into[(at + 2)..], 1);
        at += 4;
        return edns ? at + WriteOpt(into[at..]) : at;
    }

    /// <summary>Reads a whole message; false for anything malformed. Never throws.</summary>
    public static bool TryRead(ReadOnlySpan<byte> octets, [NotNullWhen(true)] out DnsMessage? message)
    {
        message = null;
        var reader = new DnsReader(octets);
        if (!reader.TryUInt16(out var id) || !reader.TryUInt16(out var flags) || !reader.TryUInt16(out var questions)
            || !reader.TryUInt16(out var answers) || !reader.TryUInt16(out var authority)
            || !reader.TryUInt16(out var additional)) return false;
        var name = "";
        ushort type = 0;
        // RFC 9619: one question; a server that cannot read ours may send none back.
        if (questions > 1) return false;
        if (questions == 1 && (!reader.TryName(out name) || !reader.TryUInt16(out type) || !reader.TryUInt16(out _))) return false;
        var rcode = flags & 15;
        if ((flags & 0x0200) != 0)
        {
            // RFC 2181 §9: what a truncated reply carries is ignored; it may end anywhere.
            message = new(id, flags, rcode, name, (DnsType)type, [], []);
            return true;
        }
        if (!reader.TryRecords(answers, out var answer) || !reader.TryRecords(authority, out var authorities)
            || !reader.TryRecords(additional, out var extra)) return false;
        foreach (var record in extra)
            if (record.Type == DnsType.Opt) rcode |= (int)(record.Ttl >> 24) << 4;
        message = new(id, flags, rcode, name, (DnsType)type, answer, authorities);
        return true;
    }

    // RFC 6891 §6.1.2: root name, type 41, class is the payload size, TTL holds the flags, DO is the highest of the low half.
    private static int WriteOpt(Span<byte> into)
    {
        into[..11].Clear();
        into[2] = (byte)DnsType.Opt;
        BinaryPrimitives.WriteUInt16BigEndian(into[3..], UdpPayload);
        into[7] = 0x80;
        return 11;
    }
}
