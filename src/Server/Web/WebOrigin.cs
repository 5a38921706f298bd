using System.Net;
using Aviso.Net;

namespace Aviso.Web;

/// <summary>How a browser sees us (RFC 6454): what it writes into Origin, where cookies and passkeys belong, what URLs begin
/// with.</summary>
/// <param name="Authority">A name of ours, with the port if it is not the scheme's own.</param>
internal sealed record WebOrigin(string Scheme, string Authority)
{
    public bool IsSecure => Scheme == Uri.UriSchemeHttps;

    /// <summary>The name alone.</summary>
    public string HostName => Authority.StartsWith('[') ? Authority[..(Authority.IndexOf(']') + 1)] : Authority.Split(':')[0];

    public override string ToString() => $"{Scheme}://{Authority}";

    /// <summary>
    /// Kind https; kind http of this machine; and kind http behind a proxy of ours, which speaks TLS for us unless it says otherwise. Null
    /// for whatever else came in the clear: nothing that is secret goes there.
    /// </summary>
    public static WebOrigin? Of(WebExchange exchange, Forwarded? forwarded, bool isProxied)
    {
        var authority = exchange.Request.Headers.Host.ToString();
        if (exchange.Kind == ListenerKind.Https) return new(Uri.UriSchemeHttps, authority);
        if (forwarded?.Scheme is "http") return null;
        if (forwarded is not null || isProxied) return new(Uri.UriSchemeHttps, authority);
        return IPAddress.IsLoopback(exchange.Peer) ? new(Uri.UriSchemeHttp, authority) : null;
    }
}
