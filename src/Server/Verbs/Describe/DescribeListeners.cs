using Aviso.Net;
using Aviso.Server;
using Aviso.Settings;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>Where it listens, and for what.</summary>
/// <param name="hasCertificate">There is one to speak TLS with.</param>
internal sealed class DescribeListeners(BoundListeners bound, Func<bool> hasCertificate, Func<ServerSettings> settings) : IDescribed
{
    public string Title => "Listeners";

    public Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        part.Say($"It listens on {Count(bound.All.Count, "address", "addresses")}.");
        var hasProxies = settings().Networks.Proxies.Count > 0;
        part.Table("listeners", bound.All.Select(b => Row(("kind", ListenerKinds.Name(b.Kind)), ("address", $"{b.Address}"),
            ("tls", ListenerKinds.IsImplicitTls(b.Kind) ? "from the first octet"
                : ListenerKinds.IsMail(b.Kind) && hasCertificate() ? "STARTTLS" : "none"),
            ("proxy", hasProxies && b.Kind != ListenerKind.Metrics && bound.ReadsProxy.Contains((b.Kind, b.Address))
                ? "read from `networks.proxies`" : ""))));
        return Task.CompletedTask;
    }
}
