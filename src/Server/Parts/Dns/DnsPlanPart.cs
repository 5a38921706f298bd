using Aviso.Accounts;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Doctor;
using Aviso.Settings;
using Aviso.Store;

namespace Aviso.Server;

/// <summary>The plan of our own DNS records, and who changes them.</summary>
internal sealed class DnsPlanPart : IPart
{
    /// <summary>What the settings say now.</summary>
    private sealed record Taken(
        PlanInput Facts, DnsHosts Hosts, bool Asks, IReadOnlyList<System.Net.IPEndPoint> CheckWith, TimeSpan Rotation)
    {
        public static Taken Of(ServerSettings settings, IResolver resolver, TimeProvider clock) => new(
            DnsMapping.Facts(settings), DnsMapping.Hosts(settings, resolver, clock), DnsMapping.Asks(settings), settings.Dns.CheckWith,
            settings.MailAuth.DkimRotation);
    }

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _rotating;

    private readonly Site _site;
    private readonly DnsApply _apply;
    private volatile Taken _now;
    private DnsHosts _former = DnsHosts.None;

    private DnsPlanPart(Site site, ServerSettings settings)
    {
        var (resolver, log) = (site.The<IResolver>(), site.Log("Doctor"));
        (_site, _now) = (site, Taken.Of(settings, resolver, site.Clock));
        var owned = new OwnedRecords(site.The<SqliteMailStore>(), site.Clock);
        var sources = new HostSources(() => _now.Hosts, () => _now.Asks, resolver, site.Clock);
        var planner = site.Put(new DnsPlanner(InputAsync, sources, owned.WrittenAsync, resolver, site.Clock));
        _apply = site.Put(new DnsApply(planner, owned, () => _now.Hosts, resolver, site.Clock, log));
        var keys = site.The<SigningKeys>();
        keys.Witness = new ZoneWitness(() => _now.Hosts, resolver, site.Clock);
        var rotation = site.Put(new DkimRotation(
            keys, _apply, owned.AllAsync, () => _now.Hosts, () => _now.Rotation, LookAgainAsync, site.Clock, log));
        // Where nothing leaves, nobody looks for our records.
        _rotating = settings.Outbound.Capture is null ? rotation.RunAsync(_stop.Token) : Task.CompletedTask;
        site.Put(new DnsCheck(planner, site.The<DnsPart>().Servers, () => _now.CheckWith, () => _now.Hosts, resolver, site.Clock));
    }

    public string Name => "dns plan";

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel) =>
        Task.FromResult<IPart>(new DnsPlanPart(site, settings));

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        // What is under way goes on with what it has; what came before that is over.
        Close(_former);
        (_former, _now) = (_now.Hosts, Taken.Of(now, _site.The<IResolver>(), _site.Clock));
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _rotating.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Close(_former);
        Close(_now.Hosts);
        _apply.Dispose();
        _stop.Dispose();
    }

    // A key that was published signs from now on.
    private Task LookAgainAsync(string domain, CancellationToken cancel)
    {
        _site.The<DnsPart>().Flush();
        return _site.The<SigningKeys>().CheckAsync(domain, cancel);
    }

    private static void Close(DnsHosts hosts)
    {
        foreach (var entry in hosts.All) (entry.Host as IDisposable)?.Dispose();
    }

    private async Task<PlanInput> InputAsync(CancellationToken cancel)
    {
        var (now, certificates) = (_now, _site.The<CertificatesPart>());
        var host = now.Facts.HostName;
        var domains = _site.The<AccountBook>().Table.Domains.Order(StringComparer.Ordinal).ToList();
        return now.Facts with
        {
            Domains = domains,
            Keys = [.. _site.The<SigningKeys>().Records().Select(k => new PlannedKey(k.Domain, k.Selector, k.Text, k.Signs, k.IsRetired))],
            WithoutCertificate = [.. domains.Select(d => "mta-sts." + d).Where(h => !(certificates.Shown?.All ?? [])
                .Any(c => c.MatchesHostname(h, allowWildcards: true, allowCommonName: false)))],
            Doors = PlannedDoors.Of(_site.The<BoundListeners>().All.Select(b => (b.Kind, b.Address))),
            Tlsa = certificates.Shown?.For(host) is { } shown
                ? TlsaValues.Of(shown, certificates.Renewer?.NextKeyOf(host), now.Asks ? await IsSignedAsync(host, cancel) : null,
                    IsOurs(certificates, host)) : null,
            Authorities = now.Asks && certificates.Renewer is { } renewer ? await renewer.IdentitiesAsync(cancel) : [],
        };
    }

    // A certificate from files is renewed by somebody else, with a key of their choice; one of our own authority is made anew with another.
    private static bool IsOurs(CertificatesPart certificates, string host) => certificates.Renewer?.NextKeyOf(host) is not null;

    /// <summary>Null when our resolver does not judge: then it never says AD, not even of the root.</summary>
    private async Task<bool?> IsSignedAsync(string host, CancellationToken cancel)
    {
        var resolver = _site.The<IResolver>();
        var answer = await resolver.QueryAsync(host, DnsType.A, cancel);
        if (answer.Authenticated && !answer.IsTemporary) return true;
        return !answer.IsTemporary && (await resolver.QueryAsync(".", DnsType.Soa, cancel)).Authenticated ? false : null;
    }
}
