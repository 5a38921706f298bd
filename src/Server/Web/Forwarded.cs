using System.Net;
using Aviso.Net;
using Microsoft.AspNetCore.Http.Features;

namespace Aviso.Web;

/// <summary>What a reverse proxy of ours says about a request that it passes on. From anybody else these fields are what a client made
/// up.</summary>
/// <param name="Client">Null: it does not say.</param>
/// <param name="Scheme">How the client asked the proxy; empty: it does not say.</param>
internal sealed record Forwarded(IPAddress? Client, string Scheme)
{
    private const string ForField = "X-Forwarded-For", ProtoField = "X-Forwarded-Proto";

    /// <summary>Null: nobody passes this on, or not one of ours.</summary>
    public static Forwarded? Read(IFeatureCollection features, Networks proxies)
    {
        if (features.Get<IHttpConnectionFeature>()?.RemoteIpAddress is not { } peer || !proxies.Contains(peer)) return null;
        var headers = features.GetRequiredFeature<IHttpRequestFeature>().Headers;
        var (list, proto) = (headers[ForField].ToString(), headers[ProtoField].ToString());
        return list.Length + proto.Length == 0 ? null : new(LastStranger(list, proxies), proto.Trim().ToLowerInvariant());
    }

    // Each proxy adds who asked it at the end; what stands before the last that is not ours may be anything.
    private static IPAddress? LastStranger(string list, Networks proxies)
    {
        IPAddress? last = null;
        foreach (var entry in list.Split(',').Reverse())
        {
            if (!TryRead(entry.Trim(), out var address)) return last;
            last = Networks.Normal(address);
            if (!proxies.Contains(last)) return last;
        }
        return last;
    }

    // An address, and some proxies add its port.
    private static bool TryRead(string text, out IPAddress address)
    {
        address = IPAddress.None;
        if (IPAddress.TryParse(text, out var plain)) address = plain;
        else if (IPEndPoint.TryParse(text, out var end)) address = end.Address;
        else return false;
        return true;
    }
}
