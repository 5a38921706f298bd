using System.Net;
using Aviso.Net;

namespace Aviso.Web;

/// <summary>Names under which we are asked.</summary>
/// <param name="ours">Names and addresses a Host header may say, without ports. Loopback names always may.</param>
/// <param name="isSts">Is it the host of an MTA-STS policy of ours.</param>
internal sealed class WebHosts(IReadOnlyCollection<string> ours, Func<string, bool> isSts)
{
    /// <summary>Is it a name under which mail programs look for their settings.</summary>
    public Func<string, bool> IsMailDomain { get; init; } = static _ => false;

    public bool Fits(HostRule rule, ListenerKind kind, string host) => rule switch
    {
        HostRule.Any => true,
        HostRule.Sts => isSts(host),
        HostRule.MailDomain => IsOurs(kind, host) || IsMailDomain(host),
        HostRule.OursOrNone => host.Length == 0 || IsOurs(kind, host),
        _ => IsOurs(kind, host),
    };

    /// <summary>We are meant, whether there is something to say or not.</summary>
    public bool IsKnown(ListenerKind kind, string host) => IsOurs(kind, host) || isSts(host) || IsMailDomain(host);

    private bool IsOurs(ListenerKind kind, string host)
    {
        if (isSts(host)) return false;
        if (host is "localhost" or "127.0.0.1" or "[::1]" || ours.Contains(host, StringComparer.OrdinalIgnoreCase)) return true;
        // Those who collect figures ask by address, by a name inside their cluster, or without any; what a stranger may own is a name with a dot.
        return kind == ListenerKind.Metrics && (IPAddress.TryParse(host.Trim('[', ']'), out _) || !host.Contains('.'));
    }
}
