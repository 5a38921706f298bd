using System.Net;
using System.Net.Sockets;
using Aviso.Net;

namespace Aviso.Guard;

/// <summary>Whom no decision may be about, and who is spared.</summary>
public sealed partial class Gatekeeper
{
    private const int Widest4 = 8, Widest6 = 16;

    /// <summary>Why a person may not add this; null when nothing is wrong with it.</summary>
    public string? Objection(Decision decision)
    {
        var network = decision.Network;
        var widest = network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? Widest4 : Widest6;
        if (network.PrefixLength < widest) return $"{decision.Value} is wider than /{widest}, which is too much for one decision";
        return Loopback.Contains(network) || _options.Exempt.Contains(network)
            ? $"{decision.Value} is one of ours (networks.internal, networks.proxies, networks.trusted_relays, guard.never, loopback) and is never refused" : null;
    }

    /// <summary>Why others (bouncers, nftables) are not told of it though it holds here; null when they are.</summary>
    public string? Unexported(Decision decision) => Loopback.Overlaps(decision.Network) || _options.Exempt.Overlaps(decision.Network)
        ? $"{decision.Value} holds here and is not told to bouncers and nftables: it covers some of ours (networks.internal, networks.proxies, networks.trusted_relays, guard.never, loopback), which a firewall would refuse too"
        : null;

    private bool HasDelivered(IPAddress client) =>
        _clients.Peek(Networks.ClientKey(client), record => record.Delivered) is var last && last != default
            && clock.GetUtcNow() - last < _options.TrustAfterDelivery;

    /// <summary>Trust outlives a restart.</summary>
    private static BoundedTable<UInt128, LoginRecord> Remembered(DecisionBook book)
    {
        var logins = new BoundedTable<UInt128, LoginRecord>(MostClients);
        foreach (var (client, at) in book.Proven.All) logins.With(client, login => login.At = at);
        return logins;
    }
}
