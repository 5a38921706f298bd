using System.Net;

namespace Aviso.Dns;

/// <summary>The zone that holds a name, and all servers that answer for it.</summary>
public sealed record ZoneOfName(string Zone, IReadOnlyList<IPEndPoint> Servers);

/// <summary>Asks the servers of a zone themselves: what they say is what the world will hear, whatever caches hold.</summary>
public sealed class ZoneServers(IResolver resolver, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Null when no zone or none of its servers' addresses can be found.</summary>
    public async Task<ZoneOfName?> FindAsync(string name, CancellationToken cancel)
    {
        if (await ZoneAsync(name, cancel) is not { } zone) return null;
        var servers = new List<IPEndPoint>();
        foreach (var ns in (await resolver.QueryAsync(zone, DnsType.Ns, cancel)).Of<NsRecord>())
            servers.AddRange((await resolver.AddressesAsync(ns.Target, cancel)).All.Select(a => new IPEndPoint(a, 53)));
        return servers.Count == 0 ? null : new(zone, servers);
    }

    /// <summary>The apex of the zone that holds a name: the nearest name above with a SOA record. Null when there is none.</summary>
    public async Task<string?> ZoneAsync(string name, CancellationToken cancel)
    {
        for (var at = DnsName.Normalize(name); at is not null and not "."; at = at.IndexOf('.', StringComparison.Ordinal) is var dot and > 0
            ? at[(dot + 1)..] : null)
            if ((await resolver.QueryAsync(at, DnsType.Soa, cancel)).Of<SoaRecord>().Any(s => s.Name == at)) return at;
        return null;
    }

    /// <summary>The TXT values one server holds at a name; null when it did not answer or could not.</summary>
    public async Task<IReadOnlyList<string>?> TextsAsync(IPEndPoint server, string name, CancellationToken cancel)
    {
        if (DnsName.Normalize(name) is not { } asked) return null;
        var reply = await DnsExchange.AskAsync(server, asked, DnsType.Txt, edns: false, Patience, clock, cancel);
        if (reply?.Rcode is not (0 or DnsMessage.RcodeNxDomain)) return null;
        return [.. reply.Answers.OfType<TxtRecord>().Where(t => t.Name == asked).Select(t => t.Text)];
    }
}
