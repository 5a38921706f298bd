using System.Net;
using System.Net.Sockets;

namespace Aviso.Dns;

/// <summary>Names of a client that lead back to its address, as iprev (RFC 8601 §3) and SPF (RFC 7208 §5.5) ask for them.</summary>
/// <param name="Status">How the question for its names ended.</param>
/// <param name="HasAny">It has names, whether one leads back or not.</param>
/// <param name="Valid">Those that lead back, without the last dot, in the order they were told.</param>
public sealed record ClientNames(DnsStatus Status, bool HasAny, IReadOnlyList<string> Valid)
{
    /// <summary>RFC 7208 §4.6.4: of more names than this the rest is not looked at.</summary>
    private const int MostNames = 10;

    /// <param name="enough">So many valid names are enough: no further ones are asked for.</param>
    public static async ValueTask<ClientNames> OfAsync(IResolver resolver, IPAddress client, int enough, CancellationToken cancel)
    {
        if (client.IsIPv4MappedToIPv6) client = client.MapToIPv4();
        var type = client.AddressFamily == AddressFamily.InterNetworkV6 ? DnsType.Aaaa : DnsType.A;
        var answer = await resolver.QueryAsync(DnsName.Reverse(client), DnsType.Ptr, cancel);
        var names = answer.Of<PtrRecord>().Take(MostNames).Select(name => name.Target).ToList();
        var valid = new List<string>();
        foreach (var name in names)
        {
            if (valid.Count >= enough) break;
            // A name whose own answer is an error is no match.
            var back = await resolver.QueryAsync(name, type, cancel);
            if (back.Records.Any(r => r is ARecord a && a.Address.Equals(client) || r is AaaaRecord b && b.Address.Equals(client)))
                valid.Add(name.TrimEnd('.'));
        }
        return new(answer.Status, names.Count > 0, valid);
    }
}
