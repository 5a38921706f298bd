using System.Collections.Concurrent;
using System.Net;
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>Where records are read for one look at them.</summary>
public interface IRecordSource
{
    /// <summary>What stands at a name now. Never throws but for <paramref name="cancel"/>.</summary>
    Task<FoundSet> ReadAsync(string name, DnsType type, CancellationToken cancel);

    /// <summary>What people ought to know of the place, after reading.</summary>
    IReadOnlyList<string> Notes => [];

    /// <summary>Names below a domain at which something stands, after reading; none where a place cannot be listed.</summary>
    IReadOnlyList<string> NamesBelow(string domain) => [];
}

/// <summary>What our own resolver says.</summary>
public sealed class ResolverSource(IResolver resolver) : IRecordSource
{
    public async Task<FoundSet> ReadAsync(string name, DnsType type, CancellationToken cancel) => From(name,
        await resolver.QueryAsync(name, type, cancel));

    internal static FoundSet From(string name, DnsAnswer answer) => answer.IsTemporary
        ? FoundSet.Unknown(answer.Status == DnsStatus.Timeout ? "the resolver does not answer" : "the resolver says SERVFAIL")
        : new([.. answer.Records.Select(r => new FoundRecord(r))])
        {
            Alias = answer.CanonicalName.Length > 0 && answer.CanonicalName != name ? answer.CanonicalName : null,
        };
}

/// <summary>
/// What the servers of the zone say themselves: the first that answers counts, and when none does (port 53 outward is closed in many
/// places)
/// our own resolver. Made for one look: it remembers which server did not answer.
/// </summary>
public sealed class AuthoritySource(IResolver resolver, TimeProvider clock) : IRecordSource
{
    private readonly ZoneServers _zones = new(resolver, clock);
    private readonly OneServer _one = new(clock);
    private readonly ConcurrentDictionary<string, Task<ZoneOfName?>> _found = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<IPEndPoint, bool> _silent = new();

    public async Task<FoundSet> ReadAsync(string name, DnsType type, CancellationToken cancel)
    {
        var servers = (await _found.GetOrAdd(name, n => _zones.FindAsync(n, cancel)))?.Servers ?? [];
        foreach (var server in servers.Where(s => !_silent.ContainsKey(s)))
        {
            var said = await _one.AskAsync(server, name, type, cancel);
            if (said.Trouble.Length == 0) return await FollowedAsync(name, type, said.Answer, resolver, cancel);
            if (said.Answer.Status == DnsStatus.Timeout) _silent[server] = true;
        }
        return ResolverSource.From(name, await resolver.QueryAsync(name, type, cancel));
    }

    /// <summary>An alias that leads out of the zone is followed by the resolver.</summary>
    internal static async Task<FoundSet> FollowedAsync(string name, DnsType type, DnsAnswer answer, IResolver resolver,
        CancellationToken cancel)
    {
        if (answer.Records.Count > 0 || answer.CanonicalName == name || answer.CanonicalName.Length == 0) return ResolverSource.From(name,
            answer);
        return ResolverSource.From(name, await resolver.QueryAsync(answer.CanonicalName, type,
            cancel)) with
        { Alias = answer.CanonicalName };
    }
}
