using Aviso.Accounts;
using Aviso.Dns;
using Aviso.Settings;

namespace Aviso.Server;

/// <summary>Who answers questions of the DNS, and which domains are our own.</summary>
internal sealed class DnsPart(Resolver resolver, AccountBook book) : IPart
{
    public string Name => "dns";

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var resolver = new Resolver(new() { Upstreams = settings.Dns.Resolvers, Clock = site.Clock });
        site.Put<IResolver>(resolver);
        var part = site.Put(new DnsPart(resolver, site.The<AccountBook>()));
        part.TakeDomains();
        return Task.FromResult<IPart>(part);
    }

    /// <summary>Our own resolvers.</summary>
    public IReadOnlyList<System.Net.IPEndPoint> Servers => resolver.Servers;

    /// <summary>What was changed is seen at once.</summary>
    public void Flush() => resolver.Flush();

    /// <summary>After domains came or went.</summary>
    public void TakeDomains() => resolver.OwnDomains = book.Table.Domains.ToHashSet(StringComparer.OrdinalIgnoreCase);

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        TakeDomains();
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public ValueTask DisposeAsync()
    {
        resolver.Dispose();
        return default;
    }
}
