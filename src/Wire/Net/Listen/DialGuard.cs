using System.Net;
using System.Net.Sockets;

namespace Aviso.Net;

/// <summary>
/// Asked after resolution, before any dial to a name that came from DNS or from a stranger: no way back into our own
/// network or to ourselves. What an administrator named (relay, route, allow_private) is always allowed. Networks for
/// documentation are allowed: nothing answers there, and tests use them.
/// </summary>
/// <param name="allowPrivate">outbound.allow_private and the addresses of named relays and routes.</param>
/// <param name="ownAddresses">The addresses of this host; asked at every dial, as they may change.</param>
public sealed class DialGuard(IReadOnlyList<IPNetwork> allowPrivate, Func<IReadOnlySet<IPAddress>> ownAddresses)
{
    private static readonly Networks Refused = Networks.Parse(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
        // ::/96 holds unspecified, loopback and the IPv4-compatible form; 2001::/32 is Teredo, whose IPv4 address is hidden.
        "::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8");

    private static readonly Networks Nat64 = Networks.Parse("64:ff9b::/96"); // RFC 6052 §2.1
    private static readonly Networks SixToFour = Networks.Parse("2002::/16"); // RFC 3056 §2

    private readonly Networks _allowed = new(allowPrivate);

    /// <summary>True when this address may be dialled.</summary>
    public bool Allows(IPAddress address)
    {
        var normal = Networks.Normal(address);
        if (_allowed.Contains(normal)) return true;
        if (Refused.Contains(normal) || ownAddresses().Contains(normal)) return false;
        return Embedded(normal) is not { } inner || Allows(inner);
    }

    private static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return null;
        if (Nat64.Contains(address)) return new IPAddress(address.GetAddressBytes().AsSpan(12, 4));
        return SixToFour.Contains(address) ? new IPAddress(address.GetAddressBytes().AsSpan(2, 4)) : null;
    }
}
