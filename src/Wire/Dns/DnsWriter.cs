namespace Aviso.Dns;

/// <summary>Writes names and records as they stand in a message, without compression (RFC 1035 §4.1.3).</summary>
internal static class DnsWriter
{
    public static void UInt16(List<byte> into, ushort value)
    {
        into.Add((byte)(value >> 8));
        into.Add((byte)value);
    }

    public static void UInt32(List<byte> into, uint value)
    {
        UInt16(into, (ushort)(value >> 16));
        UInt16(into, (ushort)value);
    }

    /// <exception cref="ArgumentException">It can't be a name in the DNS.</exception>
    public static void Name(List<byte> into, string name)
    {
        Span<byte> wire = stackalloc byte[DnsName.MaxWireLength];
        if (!DnsName.TryWrite(name, wire, out var length)) throw new ArgumentException($"`{name}` is no domain name");
        into.AddRange(wire[..length]);
    }

    /// <summary>Two octets of length, then what <paramref name="write"/> writes.</summary>
    public static void Counted(List<byte> into, Action<List<byte>> write)
    {
        var data = new List<byte>();
        write(data);
        if (data.Count > ushort.MaxValue) throw new ArgumentException("a record's data is longer than 65,535 octets");
        UInt16(into, (ushort)data.Count);
        into.AddRange(data);
    }

    /// <summary>The RDATA of a record.</summary>
    /// <exception cref="ArgumentException">A name or string in it can't be written.</exception>
    public static void Data(List<byte> into, DnsRecord record)
    {
        switch (record)
        {
            case ARecord a: into.AddRange(a.Address.GetAddressBytes()); break;
            case AaaaRecord a: into.AddRange(a.Address.GetAddressBytes()); break;
            case NsRecord ns: Name(into, ns.Target); break;
            case CnameRecord cname: Name(into, cname.Target); break;
            case PtrRecord ptr: Name(into, ptr.Target); break;
            case MxRecord mx:
                UInt16(into, mx.Preference);
                Name(into, mx.Exchange);
                break;
            case SrvRecord srv:
                UInt16(into, srv.Priority);
                UInt16(into, srv.Weight);
                UInt16(into, srv.Port);
                Name(into, srv.Target);
                break;
            case TxtRecord txt: foreach (var text in txt.Strings) CharacterString(into, text); break;
            case TlsaRecord tlsa: into.AddRange([tlsa.Usage, tlsa.Selector, tlsa.MatchingType, .. tlsa.Data]); break;
            case CaaRecord caa:
                into.Add(caa.Flags);
                CharacterString(into, System.Text.Encoding.ASCII.GetBytes(caa.Tag));
                into.AddRange(caa.Value);
                break;
            case RawRecord raw: into.AddRange(raw.Data); break;
            default: throw new ArgumentException($"records of type {record.Type} are not written");
        }
    }

    // RFC 1035 §3.3: one octet of length.
    private static void CharacterString(List<byte> into, byte[] text)
    {
        if (text.Length > 255) throw new ArgumentException("a character-string has at most 255 octets");
        into.Add((byte)text.Length);
        into.AddRange(text);
    }
}
