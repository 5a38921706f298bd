using System.Collections.Concurrent;
using System.Net;

namespace Aviso.Dns;

/// <summary>How the resolver behaves; the defaults are meant to be kept.</summary>
public sealed record ResolverOptions
{
    /// <summary>Recursive servers in order of preference; empty for the system's (/etc/resolv.conf).</summary>
    public IReadOnlyList<IPEndPoint> Upstreams { get; init; } = [];

    /// <summary>Wait for one reply of one server.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Rounds over all servers before giving up, 1 or more.</summary>
    public int Rounds { get; init; } = 2;

    /// <summary>Memory for cached answers, octets.</summary>
    public long CacheOctets { get; init; } = 16 * 1024 * 1024;

    /// <summary>Longest time an answer is kept.</summary>
    public TimeSpan MaxTtl { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Longest time a "no such record" is kept (RFC 2308 §5).</summary>
    public TimeSpan MaxNegativeTtl { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Questions on the way at once; more wait.</summary>
    public int MaxConcurrent { get; init; } = 256;

    /// <summary>Believe the AD bit: null for only when the server is on this machine (the path to it cannot be forged).</summary>
    public bool? TrustAuthenticated { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>
/// A stub resolver with its own cache: asks recursive servers, fails over, follows CNAMEs, and joins equal questions.
/// Thread-safe.
/// </summary>
public sealed class Resolver : IResolver, IDisposable
{
    // RFC 1034 §3.6.2 sets no number; real chains stay below this.
    private const int MaxAliases = 10;

    // RFC 2308 §7.1 at most five minutes, RFC 9520 §3.2 at least one second.
    private static readonly TimeSpan FailureTtl = TimeSpan.FromSeconds(5);

    // notes of a real installation: a denial kept for long hides the fix of one's own records.
    private static readonly TimeSpan OwnNegativeTtl = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Penalty = TimeSpan.FromSeconds(30);

    private readonly ResolverOptions _options;
    private readonly DnsCache _cache;
    private readonly SemaphoreSlim _slots;
    private readonly ConcurrentDictionary<(string, DnsType), Lazy<Task<DnsAnswer>>> _inFlight = new();
    private readonly Upstream[] _upstreams;
    private readonly CancellationTokenSource _closed = new();

    public Resolver(ResolverOptions options)
    {
        _options = options;
        _cache = new(options.Clock, options.CacheOctets);
        _slots = new(options.MaxConcurrent);
        var system = options.Upstreams.Count == 0 ? ResolvConf.Read() : null;
        _upstreams = (system?.Servers ?? options.Upstreams)
            .Select(s => new Upstream(s, options.TrustAuthenticated ?? (IPAddress.IsLoopback(s.Address) || system is { TrustAd: true })))
            .ToArray();
    }

    private sealed class Upstream(IPEndPoint server, bool trusted)
    {
        public readonly IPEndPoint Server = server;
        public readonly bool Trusted = trusted;
        public long AvoidUntil;
        public volatile bool NoEdns;
    }

    /// <summary>Domains we are responsible for: a "no" at or below them is kept 60 s at most. Lower-case ASCII.</summary>
    public IReadOnlySet<string> OwnDomains { get; set; } = new HashSet<string>();

    /// <summary>The servers that are asked.</summary>
    public IReadOnlyList<IPEndPoint> Servers => [.. _upstreams.Select(u => u.Server)];

    public int Cached => _cache.Count;

    /// <summary>Forgets every cached answer.</summary>
    public void Flush() => _cache.Clear();

    public void Dispose()
    {
        _closed.Cancel();
        _closed.Dispose();
        _slots.Dispose();
    }

    public async ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancel)
    {
        if (DnsName.Normalize(name) is not { } asked) return DnsAnswer.None(DnsStatus.NxDomain);
        DnsAnswer? answer = null;
        var (at, authenticated, ttl) = (asked, true, _options.MaxTtl);
        for (var aliases = 0; aliases <= MaxAliases; aliases++)
        {
            answer = await AskOrJoinAsync(at, type, cancel);
            authenticated &= answer.Authenticated;
            if (answer.Ttl < ttl) ttl = answer.Ttl;
            // An upstream that leaves the end of a chain to us says NoData with the alias as canonical name.
            if (answer.Status != DnsStatus.NoData || answer.CanonicalName == at || answer.CanonicalName.Length == 0)
                return answer with { Authenticated = authenticated, Ttl = ttl };
            at = answer.CanonicalName;
        }
        return DnsAnswer.None(DnsStatus.ServFail, FailureTtl);
    }

    private Task<DnsAnswer> AskOrJoinAsync(string name, DnsType type, CancellationToken cancel)
    {
        if (_cache.Find(name, type) is { } known)
        {
            DnsMeters.CacheHits.Add(1);
            return Task.FromResult(known);
        }
        var key = (name, type);
        var asking = _inFlight.GetOrAdd(key, _ => new(() => AskAndKeepAsync(name, type)));
        return asking.Value.WaitAsync(cancel);
    }

    private async Task<DnsAnswer> AskAndKeepAsync(string name, DnsType type)
    {
        try
        {
            await Task.Yield();
            await _slots.WaitAsync(_closed.Token);
            try
            {
                var answer = await AskUpstreamsAsync(name, type);
                DnsMeters.Queries.Add(1, new KeyValuePair<string, object?>("status", answer.Status.ToString()));
                _cache.Keep(name, type, answer);
                return answer;
            }
            finally
            {
                _slots.Release();
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            return DnsAnswer.None(DnsStatus.Timeout);
        }
        finally
        {
            _inFlight.TryRemove((name, type), out _);
        }
    }

    private async Task<DnsAnswer> AskUpstreamsAsync(string name, DnsType type)
    {
        var status = DnsStatus.Timeout;
        for (var round = 0; round < _options.Rounds; round++)
        {
            foreach (var upstream in InOrder())
            {
                var reply = await AskOneAsync(upstream, name, type);
                if (reply is null)
                {
                    Volatile.Write(ref upstream.AvoidUntil, Now + (long)Penalty.TotalMilliseconds);
                    continue;
                }
                Volatile.Write(ref upstream.AvoidUntil, 0);
                if (reply.Rcode is 0 or DnsMessage.RcodeNxDomain) return Interpret(reply, upstream.Trusted, name, type);
                status = DnsStatus.ServFail;
            }
        }
        return DnsAnswer.None(status, FailureTtl);
    }

    // RFC 6891 §7: a server that does not know EDNS answers FORMERR or NOTIMP; ask it again without.
    private async Task<DnsMessage?> AskOneAsync(Upstream upstream, string name, DnsType type)
    {
        var edns = !upstream.NoEdns;
        var reply = await DnsExchange.AskAsync(upstream.Server, name, type, edns, _options.Timeout, _options.Clock, _closed.Token);
        if (!edns || reply?.Rcode is not (DnsMessage.RcodeFormErr or DnsMessage.RcodeNotImp)) return reply;
        reply = await DnsExchange.AskAsync(upstream.Server, name, type, false, _options.Timeout, _options.Clock, _closed.Token);
        if (reply?.Rcode is 0 or DnsMessage.RcodeNxDomain) upstream.NoEdns = true;
        return reply;
    }

    // Those that lately did not answer come last, in their own order.
    private IEnumerable<Upstream> InOrder()
    {
        var now = Now;
        return _upstreams.OrderBy(u => Volatile.Read(ref u.AvoidUntil) > now);
    }

    private long Now => _options.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    private DnsAnswer Interpret(DnsMessage reply, bool trusted, string name, DnsType type)
    {
        var (canonical, ttl) = FollowAliases(reply, name, type);
        var records = canonical is null ? [] : reply.Answers.Where(r => r.Type == type && r.Name == canonical).ToList();
        if (canonical is null) return DnsAnswer.None(DnsStatus.ServFail, FailureTtl);
        foreach (var record in records) ttl = Math.Min(ttl, record.Ttl);
        var authenticated = trusted && reply.AuthenticData;
        if (records.Count > 0)
            return new(DnsStatus.Ok, authenticated, records, Min(Seconds(ttl), _options.MaxTtl)) { CanonicalName = canonical };
        // RFC 6604 §3: with aliases the code speaks of the last name.
        var nx = reply.Rcode == DnsMessage.RcodeNxDomain;
        var left = !nx && canonical != name ? Min(Seconds(ttl), _options.MaxTtl) : NegativeTtl(reply, canonical, ttl);
        return new(nx ? DnsStatus.NxDomain : DnsStatus.NoData, authenticated, [], left) { CanonicalName = canonical };
    }

    // The end of the chain that starts at name; null when it runs in a circle.
    private static (string? Canonical, uint Ttl) FollowAliases(DnsMessage reply, string name, DnsType type)
    {
        var ttl = uint.MaxValue;
        if (type == DnsType.Cname) return (name, ttl);
        for (var aliases = 0; aliases <= MaxAliases; aliases++)
        {
            var next = reply.Answers.OfType<CnameRecord>().FirstOrDefault(c => c.Name == name);
            if (next is null) return (name, ttl);
            ttl = Math.Min(ttl, next.Ttl);
            name = next.Target;
        }
        return (null, ttl);
    }

    // RFC 2308 §5: the smaller of the SOA's own TTL and its minimum; without SOA it is not kept.
    private TimeSpan NegativeTtl(DnsMessage reply, string name, uint chainTtl)
    {
        var soa = reply.Authority.OfType<SoaRecord>().FirstOrDefault();
        if (soa is null) return TimeSpan.Zero;
        var ttl = Seconds(Math.Min(Math.Min(soa.Ttl, soa.Minimum), chainTtl));
        return Min(ttl, IsOwn(name) ? OwnNegativeTtl : _options.MaxNegativeTtl);
    }

    private bool IsOwn(string name)
    {
        var own = OwnDomains;
        if (own.Count == 0) return false;
        for (var rest = name; ;)
        {
            if (own.Contains(rest)) return true;
            var dot = rest.IndexOf('.', StringComparison.Ordinal);
            if (dot < 0) return false;
            rest = rest[(dot + 1)..];
        }
    }

    private static TimeSpan Seconds(uint seconds) => TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue));

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
