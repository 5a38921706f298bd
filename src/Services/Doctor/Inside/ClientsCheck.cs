using System.Net;
using Aviso.Net;

namespace Aviso.Doctor;

/// <summary>What the settings say of networks, as far as clients are concerned.</summary>
/// <param name="Relays">Trusted relays: all mail may come by one of them.</param>
public sealed record DeclaredNetworks(Networks Proxies, Networks Internal, Networks Relays);

/// <summary>
/// Limits, bans and reputation see the real clients: a proxy that hides them shows as one address, one that is not declared is refused
/// (incident 24), and a way that is shut shows as silence.
/// </summary>
/// <param name="sights">Who came, by kind of listener.</param>
/// <param name="forged">Who sent PROXY undeclared, and how often.</param>
/// <param name="since">Since when it is watched.</param>
/// <param name="kinds">Kinds that are listened on for the public.</param>
public sealed class ClientsCheck(
    Func<IReadOnlyList<ClientSight>> sights, Func<IReadOnlyDictionary<IPAddress, long>> forged, DateTimeOffset since,
    Func<IReadOnlyList<ListenerKind>> kinds, Func<DeclaredNetworks> networks, TimeProvider clock) : IDoctorCheck
{
    /// <summary>So many connections from one address alone are a proxy, not a busy client.</summary>
    private const int Enough = 50;

    private const int Forgeries = 3;
    private static readonly TimeSpan Silence = TimeSpan.FromDays(7);

    private static readonly Networks Private = Networks.Parse("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7");

    public string Name => "clients";

    public string LooksAt => "which addresses reach the listeners, and by which proxies";

    public TimeSpan Every => CheckTimes.Often;

    public IReadOnlyList<FindingCode> Codes { get; } =
        [FindingCode.OneClientAddress, FindingCode.ProxyUndeclared, FindingCode.InternalUndeclared, FindingCode.ListenerUnreached];

    public Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        var declared = networks();
        foreach (var sight in sights().Where(s => s is { Kind: ListenerKind.Smtp, Connections: >= Enough, Clients.Count: 1 }))
        {
            var only = sight.Clients[0];
            if (declared.Relays.Contains(only)) continue;
            seen.Add(FindingCode.OneClientAddress, ListenerKinds.Name(sight.Kind),
                $"all {sight.Connections} connections to {ListenerKinds.Name(sight.Kind)} came from {only}", "no other address was seen",
                $"If {only} is a proxy or balancer, have it send PROXY and name it.", $"networks: {{ proxies: [{only}] }}");
        }
        foreach (var (address, times) in forged().Where(f => f.Value >= Forgeries && Private.Contains(f.Key)))
            seen.Add(FindingCode.ProxyUndeclared, address.ToString(), $"{address} sends PROXY headers and is not declared: it is refused",
                $"{times} times since {since:u}", "Name it if it is a proxy of yours.", $"networks: {{ proxies: [{address}] }}");
        Undeclared(declared, seen);
        Unreached(seen);
        return Task.CompletedTask;
    }

    private void Undeclared(DeclaredNetworks declared, Sightings seen)
    {
        var unknown = sights().SelectMany(s => s.Clients).Distinct()
            .Where(c => Private.Contains(c) && !declared.Internal.Contains(c) && !declared.Proxies.Contains(c)).ToList();
        // One address alone is told of as a proxy.
        if (unknown.Count > 0 && !sights().Any(s => s is { Connections: >= Enough, Clients.Count: 1 }))
            seen.Add(FindingCode.InternalUndeclared, "networks.internal",
                "machines with private addresses connect that are not declared as ours",
                Sightings.First(5, ", ", [.. unknown.Select(u => u.ToString())]));
    }

    private void Unreached(Sightings seen)
    {
        var now = clock.GetUtcNow();
        foreach (var kind in kinds())
        {
            var last = sights().FirstOrDefault(s => s.Kind == kind)?.LastAt ?? since;
            if (now - last < Silence) continue;
            seen.Add(FindingCode.ListenerUnreached, ListenerKinds.Name(kind),
                $"nobody from outside has reached {ListenerKinds.Name(kind)} for {(now - last).TotalDays:0} days",
                last == since ? $"none since the start at {since:u}" : $"the last came at {last:u}");
        }
    }
}
