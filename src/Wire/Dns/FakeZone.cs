using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Aviso.Dns;

/// <summary>
/// A resolver whose records are values, for tests and for trying settings without a network. Names that were never
/// mentioned do not exist; a mentioned one (or a parent of one) without the type has no data. Thread-safe for questions.
/// </summary>
public sealed class FakeZone : IResolver
{
    private const uint Ttl = 300;
    private readonly List<DnsRecord> _records = [];
    private readonly Dictionary<string, DnsStatus> _failing = [];
    private readonly HashSet<string> _secure = [];
    private readonly ConcurrentQueue<(string Name, DnsType Type)> _asked = new();

    /// <summary>Every question so far, in order.</summary>
    public IReadOnlyList<(string Name, DnsType Type)> Asked => [.. _asked];

    /// <summary>An A or AAAA record, by the address.</summary>
    public FakeZone Address(string name, string address)
    {
        var parsed = IPAddress.Parse(address);
        return Add(parsed.AddressFamily == AddressFamily.InterNetwork
            ? new ARecord(Key(name), Ttl, parsed) : new AaaaRecord(Key(name), Ttl, parsed));
    }

    public FakeZone A(string name, string address) => Address(name, address);

    public FakeZone Aaaa(string name, string address) => Address(name, address);

    public FakeZone Mx(string name, ushort preference, string exchange) =>
        Add(new MxRecord(Key(name), Ttl, preference, Key(exchange)));

    /// <summary>RFC 7505: this domain takes no mail.</summary>
    public FakeZone NullMx(string name) => Add(new MxRecord(Key(name), Ttl, 0, "."));

    public FakeZone Txt(string name, params string[] strings) =>
        Add(new TxtRecord(Key(name), Ttl, strings.Select(Encoding.Latin1.GetBytes).ToList()));

    public FakeZone Cname(string name, string target) => Add(new CnameRecord(Key(name), Ttl, Key(target)));

    public FakeZone Ptr(string address, string target) =>
        Add(new PtrRecord(DnsName.Reverse(IPAddress.Parse(address)), Ttl, Key(target)));

    public FakeZone Srv(string name, ushort priority, ushort weight, ushort port, string target) =>
        Add(new SrvRecord(Key(name), Ttl, priority, weight, port, Key(target)));

    public FakeZone Tlsa(string name, byte usage, byte selector, byte matchingType, byte[] data) =>
        Add(new TlsaRecord(Key(name), Ttl, usage, selector, matchingType, data));

    /// <summary>Any record.</summary>
    public FakeZone Add(DnsRecord record)
    {
        _records.Add(record);
        return this;
    }

    /// <summary>Questions for this name end so, whatever the type.</summary>
    public FakeZone Fail(string name, DnsStatus status)
    {
        _failing[Key(name)] = status;
        return this;
    }

    /// <summary>Answers for this name carry the AD bit.</summary>
    public FakeZone Secure(string name)
    {
        _secure.Add(Key(name));
        return this;
    }

    /// <summary>Removes every record and failure of this name.</summary>
    public FakeZone Remove(string name)
    {
        var key = Key(name);
        _records.RemoveAll(r => r.Name == key);
        _failing.Remove(key);
        return this;
    }

    public ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (DnsName.Normalize(name) is not { } at) return ValueTask.FromResult(DnsAnswer.None(DnsStatus.NxDomain));
        _asked.Enqueue((at, type));
        return ValueTask.FromResult(Answer(at, type));
    }

    private DnsAnswer Answer(string at, DnsType type)
    {
        var authenticated = true;
        for (var aliases = 0; aliases <= 10; aliases++)
        {
            if (_failing.TryGetValue(at, out var failure)) return DnsAnswer.None(failure);
            authenticated &= _secure.Contains(at);
            var here = _records.Where(r => r.Name == at).ToList();
            var hits = here.Where(r => r.Type == type).ToList();
            if (hits.Count > 0)
                return new(DnsStatus.Ok, authenticated, hits, TimeSpan.FromSeconds(Ttl)) { CanonicalName = at };
            if (here.OfType<CnameRecord>().FirstOrDefault() is not { } alias)
            {
                var exists = here.Count > 0 || _records.Any(r => r.Name.EndsWith("." + at, StringComparison.Ordinal));
                return new(exists ? DnsStatus.NoData : DnsStatus.NxDomain, authenticated, [], TimeSpan.FromSeconds(60))
                {
                    CanonicalName = at,
                };
            }
            at = alias.Target;
        }
        return DnsAnswer.None(DnsStatus.ServFail);
    }

    private static string Key(string name) =>
        DnsName.Normalize(name) ?? throw new ArgumentException("not a domain name: " + name, nameof(name));
}
