using Aviso.Delivery;

namespace Aviso.Web;

/// <summary>https://mta-sts.DOMAIN/.well-known/mta-sts.txt for each domain of ours (RFC 8461 §3.2).</summary>
/// <param name="policy">The policy to serve now; null for none.</param>
/// <param name="isOurs">Is this a domain whose mail we take.</param>
internal sealed class StsPages(Func<StsPolicy?> policy, Func<string, bool> isOurs)
{
    private const string Host = "mta-sts.", Path = "/.well-known/mta-sts.txt";

    /// <summary>Is this the host of a policy of ours.</summary>
    public bool Knows(string host) => policy() is not null && host.StartsWith(Host, StringComparison.OrdinalIgnoreCase) && isOurs(host[Host.Length..]);

    /// <summary>The policy as text/plain; null when something else was asked for.</summary>
    public string? Answer(string host, string path) => path == Path && Knows(host) ? policy()?.Write() : null;
}
