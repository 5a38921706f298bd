using Aviso.Delivery;

namespace Aviso.Web;

/// <summary>https://mta-sts.DOMAIN/.well-known/mta-sts.txt for each domain of ours (RFC 8461 §3.2).</summary>
/// <param name="policy">The policy to serve now; null for none.</param>
/// <param name="isOurs">Is this a domain whose mail we take.</param>
internal sealed class StsPages(Func<StsPolicy?> policy, Func<string, bool> isOurs)
{
    private const string Host = "mta-sts.";

    /// <summary>On kind http behind a proxy that speaks TLS for us.</summary>
    public WebRow Row => new(WebKinds.Public, HostRule.Sts, WebRow.Read, "/.well-known/mta-sts.txt", (exchange, _) =>
        exchange.AnswerAsync(200, WebExchange.Plain, policy()?.Write() ?? ""))
    {
        IsOn = () => policy() is not null,
    };

    /// <summary>Is this the host of a policy of ours.</summary>
    public bool Knows(string host) => policy() is not null && host.StartsWith(Host, StringComparison.OrdinalIgnoreCase) && isOurs(host[Host.Length..]);
}
