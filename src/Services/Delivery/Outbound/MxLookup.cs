using System.Net;
using Aviso.Base;
using Aviso.Dns;

namespace Aviso.Delivery;

/// <summary>A host that takes mail; the lower the preference, the sooner it is tried.</summary>
internal readonly record struct MxHost(string Name, int Preference);

/// <summary>Where a host is.</summary>
/// <param name="Temporary">None was found because the DNS could not say.</param>
/// <param name="Missing">The name does not exist.</param>
internal readonly record struct HostAddresses(IReadOnlyList<IPAddress> Addresses, bool Temporary, bool Missing);

/// <summary>Hosts to try in this order, or why there are none.</summary>
internal sealed record MxPlan(IReadOnlyList<MxHost> Hosts, Refusal? Problem)
{
    /// <summary>The answer carried the AD bit, so TLSA records of the hosts may be believed (RFC 7672 §2.2.1).</summary>
    public bool Secure { get; init; }

    public static MxPlan No(int code, int subject, int detail, string text) =>
        new([], new(code, new(code / 100, subject, detail), text, Reason.NextHop, text));
}

/// <summary>RFC 5321 §5: from a domain to the hosts that take its mail, and from a host to its addresses.</summary>
internal sealed class MxLookup(IResolver resolver, Func<string, bool> isOurHost)
{
    // A domain may list any number; nobody needs more, and each costs time.
    private const int MaxHosts = 10;
    private const int MaxAddresses = 6;

    public async Task<MxPlan> FindAsync(string domain, CancellationToken cancel)
    {
        // RFC 5321 §4.1.3: an address literal is its own host.
        if (domain is ['[', .., ']']) return new([new(domain, 0)], null);
        var answer = await resolver.QueryAsync(domain, DnsType.Mx, cancel);
        if (answer.IsTemporary) return MxPlan.No(451, 4, 3, $"the DNS cannot say now where mail for {domain} goes");
        // RFC 5321 §5.1: no MX at all means the domain itself, when it exists.
        if (answer.Status == DnsStatus.NxDomain) return MxPlan.No(550, 1, 2, $"the domain {domain} does not exist");
        if (answer.Status == DnsStatus.NoData) return (await ImplicitAsync(domain, cancel)) with { Secure = answer.Authenticated };
        var records = answer.Of<MxRecord>().ToList();
        // RFC 7505 §3: one MX with "." means no mail at all; several that all say so mean nothing else.
        if (records.Count > 0 && records.TrueForAll(r => r.Exchange == "."))
            return MxPlan.No(556, 1, 10, $"the domain {domain} takes no mail (null MX)");
        return Sort(domain, records.Where(r => r.Exchange != ".").ToList()) with { Secure = answer.Authenticated };
    }

    /// <summary>Addresses of a host, IPv6 and IPv4 in turn.</summary>
    public async Task<HostAddresses> AddressesAsync(string host, CancellationToken cancel)
    {
        var literal = host is ['[', .., ']'] ? host[1..^1] : host;
        if (literal.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase)) literal = literal[5..];
        if (IPAddress.TryParse(literal, out var address)) return new([Plain(address)], false, false);
        var found = await resolver.AddressesAsync(host, cancel);
        var sixes = found.Six.Select(Plain).ToArray();
        var fours = found.Four.ToArray();
        // RFC 5321 §5.1: equal ones in random order; RFC 8305 §4 alternates families so that a dead one costs one wait.
        Random.Shared.Shuffle(sixes);
        Random.Shared.Shuffle(fours);
        var both = new List<IPAddress>();
        for (var i = 0; i < Math.Max(sixes.Length, fours.Length) && both.Count < MaxAddresses; i++)
        {
            if (i < sixes.Length) both.Add(sixes[i]);
            if (i < fours.Length) both.Add(fours[i]);
        }
        return new(both, both.Count == 0 && found.IsTemporary, found.IsMissing);
    }

    private async Task<MxPlan> ImplicitAsync(string domain, CancellationToken cancel)
    {
        var (addresses, temporary, _) = await AddressesAsync(domain, cancel);
        if (temporary) return MxPlan.No(451, 4, 3, $"the DNS cannot say now where mail for {domain} goes");
        if (addresses.Count == 0) return MxPlan.No(550, 1, 2, $"the domain {domain} has no mail server (no MX, A or AAAA record)");
        return isOurHost(domain) ? Loop(domain) : new([new(domain, 0)], null);
    }

    private MxPlan Sort(string domain, List<MxRecord> records)
    {
        var shuffled = records.ToArray();
        Random.Shared.Shuffle(shuffled);
        var sorted = shuffled.OrderBy(r => r.Preference).ToList();
        // RFC 5321 §5.1: when we are among them, only the better ones may be tried, or mail would go in a circle.
        if (sorted.FirstOrDefault(r => isOurHost(r.Exchange)) is { } us) sorted.RemoveAll(r => r.Preference >= us.Preference);
        if (sorted.Count == 0) return Loop(domain);
        return new([.. sorted.DistinctBy(r => r.Exchange).Take(MaxHosts).Select(r => new MxHost(r.Exchange, r.Preference))], null);
    }

    public static MxPlan Loop(string domain) =>
        MxPlan.No(554, 4, 6, $"mail for {domain} loops back to this server, which does not take mail for it");

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
