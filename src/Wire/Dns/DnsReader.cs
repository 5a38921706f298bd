using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Aviso.Dns;

/// <summary>Reads names and records of a DNS message, front to back. Never throws, never reads a name twice as long as allowed.</summary>
internal ref struct DnsReader(ReadOnlySpan<byte> message)
{
    // A name has at most 127 labels, so more jumps than that serve nothing.
    private const int MaxJumps = 127;

    private readonly ReadOnlySpan<byte> _message = message;
    private int _at;

    /// <summary>Octets read so far.</summary>
    public readonly int At => _at;

    public bool TrySkip(int count)
    {
        if (count < 0 || _at + count > _message.Length) return false;
        _at += count;
        return true;
    }

    public bool TryOctets(int count, out ReadOnlySpan<byte> octets)
    {
        octets = default;
        var from = _at;
        if (!TrySkip(count)) return false;
        octets = _message.Slice(from, count);
        return true;
    }

    public bool TryUInt16(out ushort value)
    {
        value = 0;
        if (_at + 2 > _message.Length) return false;
        value = BinaryPrimitives.ReadUInt16BigEndian(_message[_at..]);
        _at += 2;
        return true;
    }

    public bool TryUInt32(out uint value)
    {
        value = 0;
        if (_at + 4 > _message.Length) return false;
        value = BinaryPrimitives.ReadUInt32BigEndian(_message[_at..]);
        _at += 4;
        return true;
    }

    // RFC 1035 §4.1.4: labels, ended by zero or by a pointer to an earlier place. A pointer back to labels that lead to it again
    // would turn forever; the bounds on jumps and length end it.
    public bool TryName(out string name)
    {
        name = "";
        var text = new StringBuilder(64);
        var (at, after, length, jumps) = (_at, -1, 1, 0);
        while (at < _message.Length)
        {
            var head = _message[at];
            if (head == 0)
            {
                _at = after >= 0 ? after : at + 1;
                name = text.Length == 0 ? "." : text.ToString();
                return true;
            }
            if (head >= 0xC0)
            {
                if (at + 1 >= _message.Length) return false;
                var target = ((head & 0x3F) << 8) | _message[at + 1];
                if (target >= at || ++jumps > MaxJumps) return false;
                if (after < 0) after = at + 2;
                at = target;
                continue;
            }
            if (head > 63 || at + 1 + head > _message.Length || (length += head + 1) > DnsName.MaxWireLength) return false;
            if (text.Length > 0) text.Append('.');
            DnsName.AppendLabel(text, _message.Slice(at + 1, head));
            at += head + 1;
        }
        return false;
    }

    public bool TryRecords(int count, out List<DnsRecord> records)
    {
        records = new(Math.Min(count, 32));
        for (var i = 0; i < count; i++)
        {
            if (!TryRecord(out var record)) return false;
            if (record is not null) records.Add(record);
        }
        return true;
    }

    // Null for a record of another class than IN: skipped.
    private bool TryRecord(out DnsRecord? record)
    {
        record = null;
        if (!TryName(out var name) || !TryUInt16(out var type) || !TryUInt16(out var cls) || !TryUInt32(out var ttl)
            || !TryUInt16(out var length) || _at + length > _message.Length) return false;
        var end = _at + length;
        if ((DnsType)type == DnsType.Opt)
        {
            record = new RawRecord(name, ttl, DnsType.Opt, []);
            _at = end;
            return true;
        }
        if (ttl > int.MaxValue) ttl = 0; // RFC 2181 §8
        if (cls == 1 && !TryData(name, (DnsType)type, ttl, end, out record)) return false;
        _at = end;
        return true;
    }

    private bool TryData(string name, DnsType type, uint ttl, int end, out DnsRecord? record)
    {
        record = null;
        var data = _message[_at..end];
        switch (type)
        {
            case DnsType.A:
                if (data.Length == 4) record = new ARecord(name, ttl, new IPAddress(data));
                break;
            case DnsType.Aaaa:
                if (data.Length == 16) record = new AaaaRecord(name, ttl, new IPAddress(data));
                break;
            case DnsType.Ns or DnsType.Cname or DnsType.Ptr:
                if (TryName(out var target) && _at == end) record = OfTarget(name, type, ttl, target);
                break;
            case DnsType.Mx:
                if (TryUInt16(out var preference) && TryName(out var exchange) && _at == end)
                    record = new MxRecord(name, ttl, preference, exchange);
                break;
            case DnsType.Srv:
                if (TryUInt16(out var priority) && TryUInt16(out var weight) && TryUInt16(out var port)
                    && TryName(out var host) && _at == end) record = new SrvRecord(name, ttl, priority, weight, port, host);
                break;
            case DnsType.Soa:
                record = Soa(name, ttl, end);
                break;
            case DnsType.Txt:
                record = Txt(name, ttl, data);
                break;
            case DnsType.Tlsa:
                if (data.Length >= 4) record = new TlsaRecord(name, ttl, data[0], data[1], data[2], data[3..].ToArray());
                break;
            case DnsType.Caa:
                if (data.Length >= 2 && data.Length >= 2 + data[1])
                    record = new CaaRecord(name, ttl, data[0],
                        Encoding.Latin1.GetString(data.Slice(2, data[1])).ToLowerInvariant(), data[(2 + data[1])..].ToArray());
                break;
            default:
                record = new RawRecord(name, ttl, type, data.ToArray());
                break;
        }
        return record is not null;
    }

    private static DnsRecord OfTarget(string name, DnsType type, uint ttl, string target) => type switch
    {
        DnsType.Cname => new CnameRecord(name, ttl, target),
        DnsType.Ptr => new PtrRecord(name, ttl, target),
        _ => new NsRecord(name, ttl, target),
    };

    private SoaRecord? Soa(string name, uint ttl, int end) =>
        TryName(out var primary) && TryName(out var mailbox) && TryUInt32(out var serial) && TryUInt32(out _)
        && TryUInt32(out _) && TryUInt32(out _) && TryUInt32(out var minimum) && _at == end
            ? new(name, ttl, primary, mailbox, serial, minimum)
            : null;

    private static TxtRecord? Txt(string name, uint ttl, ReadOnlySpan<byte> data)
    {
        var strings = new List<byte[]>();
        while (data.Length > 0)
        {
            var length = data[0];
            if (data.Length < 1 + length) return null;
            strings.Add(data.Slice(1, length).ToArray());
            data = data[(1 + length)..];
        }
        return new(name, ttl, strings);
    }
}
