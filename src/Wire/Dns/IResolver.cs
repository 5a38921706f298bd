using System.Net;
using System.Text;

namespace Aviso.Dns;

// Dns owns the questions we ask the domain name system: wire format, resolver, cache, typed records, and FakeZone for tests.
// Rules in here: names are lower-case ASCII without the last dot (the root is "."), octets that are no letters, digits, '-'
// or '_' stand as \DDD or behind a backslash (RFC 1035 §5.1); a reply is believed only when address, id and question match;
// everything a stranger sends is bounded; a "no" is a status, never an exception.

/// <summary>Asks the DNS. Never throws for what the network or a stranger does; only cancellation throws.</summary>
public interface IResolver
{
    /// <summary>
    /// Records of <paramref name="type"/> at <paramref name="name"/>, CNAMEs followed. The name is ASCII (IDN as A-labels),
    /// in any case, with or without the last dot; one that cannot stand in the DNS answers <see cref="DnsStatus.NxDomain"/>.
    /// </summary>
    ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancel);
}

/// <summary>How a question ended.</summary>
public enum DnsStatus
{
    /// <summary>At least one record.</summary>
    Ok,

    /// <summary>The name exists, without records of this type (RFC 2308 §2.2).</summary>
    NoData,

    /// <summary>The name does not exist (RFC 2308 §2.1).</summary>
    NxDomain,

    /// <summary>The servers answered that they cannot say, or nonsense: temporary.</summary>
    ServFail,

    /// <summary>Nobody answered in time: temporary.</summary>
    Timeout,
}

/// <summary>What came of one question.</summary>
/// <param name="Authenticated">Every step carried the AD bit from a resolver we trust with it (RFC 4035 §3.2.3, RFC 6840 §5.8).</param>
/// <param name="Records">Records of the type asked for, in the order given; empty unless Ok.</param>
/// <param name="Ttl">How long this may still be kept.</param>
public sealed record DnsAnswer(DnsStatus Status, bool Authenticated, IReadOnlyList<DnsRecord> Records, TimeSpan Ttl)
{
    /// <summary>The name at the end of the CNAME chain.</summary>
    public string CanonicalName { get; init; } = "";

    /// <summary>Trying again later may help.</summary>
    public bool IsTemporary => Status is DnsStatus.ServFail or DnsStatus.Timeout;

    /// <summary>The records as <typeparamref name="T"/>.</summary>
    public IEnumerable<T> Of<T>() where T : DnsRecord => Records.OfType<T>();

    public static DnsAnswer None(DnsStatus status, TimeSpan ttl = default) => new(status, false, [], ttl);
}

/// <summary>RFC 1035 §3.2.2 TYPE values that we know by name.</summary>
public enum DnsType : ushort
{
    A = 1, Ns = 2, Cname = 5, Soa = 6, Ptr = 12, Mx = 15, Txt = 16, Aaaa = 28, Srv = 33, Opt = 41, Ds = 43, Rrsig = 46,
    Dnskey = 48, Tlsa = 52, Caa = 257,
}

/// <summary>One resource record of class IN. Ttl in seconds.</summary>
public abstract record DnsRecord(string Name, uint Ttl)
{
    public abstract DnsType Type { get; }
}

public sealed record ARecord(string Name, uint Ttl, IPAddress Address) : DnsRecord(Name, Ttl)
{
    public override DnsType Type => DnsType.A;
}

public sealed record AaaaRecord(string Name, uint Ttl, IPAddress Address) : DnsRecord(Name, Ttl)
{
    public override DnsType Type => DnsType.Aaaa;
}

public sealed record NsRecord(string Name, uint Ttl, string Target) : DnsRecord(Name, Ttl)
{
    public override DnsType Type => DnsType.Ns;
}

public sealed record CnameRecord(string Name, uint Ttl, string Target) : DnsRecord(Name, Ttl)
{
    public override DnsType Type => DnsType.Cname;
}

public sealed record PtrRecord(string Name, uint Ttl, string Target) : DnsRecord(Name, Ttl)
{
    public override DnsType Type => DnsType.Ptr;
}

/// <summary>Exchange "." is a null MX (RFC 7505 §3).</summary>
public sealed record MxRecord(string Name, uint Ttl, ushort Preference, string Exchange) : DnsRecord(Name, Ttl)
{
    public override DnsType Type => DnsType.Mx;
}

/// <summary>Character-strings as sent; most readers want <see cref="Text"/>.</summary>
public sealed record TxtRecord(string Name, uint Ttl, IReadOnlyList<byte[]> Strings) : DnsRecord(Name, Ttl)
{
    public override DnsType Type => DnsType.Txt;

    /// <summary>All strings joined without a gap (RFC 7208 §3.3, RFC 6376 §3.6.2.2), one char an octet.</summary>
    public string Text => string.Concat(Strings.Select(Encoding.Latin1.GetString));
}

public sealed record SrvRecord(string Name, uint Ttl, ushort Priority, ushort Weight, ushort Port, string Target)
    : DnsRecord(Name, Ttl)
{
    public override DnsType Type => DnsType.Srv;
}

/// <summary>RFC 6698 §2.1.</summary>
public sealed record TlsaRecord(string Name, uint Ttl, byte Usage, byte Selector, byte MatchingType, byte[] Data)
    : DnsRecord(Name, Ttl)
{
    public override DnsType Type => DnsType.Tlsa;
}

/// <summary>RFC 8659 §4.1.</summary>
public sealed record CaaRecord(string Name, uint Ttl, byte Flags, string Tag, byte[] Value) : DnsRecord(Name, Ttl)
{
    public override DnsType Type => DnsType.Caa;
}

/// <summary>Minimum: the negative caching time (RFC 2308 §4), seconds.</summary>
public sealed record SoaRecord(string Name, uint Ttl, string PrimaryServer, string Mailbox, uint Serial, uint Minimum)
    : DnsRecord(Name, Ttl)
{
    public override DnsType Type => DnsType.Soa;
}

/// <summary>A record of a type we do not read.</summary>
public sealed record RawRecord(string Name, uint Ttl, DnsType RawType, byte[] Data) : DnsRecord(Name, Ttl)
{
    public override DnsType Type => RawType;
}
