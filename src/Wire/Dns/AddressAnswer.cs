using System.Net;

namespace Aviso.Dns;

/// <summary>Where a host is, as its A and AAAA records say.</summary>
/// <param name="IsTemporary">One of the two could not be asked: there may be more.</param>
/// <param name="IsMissing">The name does not exist.</param>
public sealed record AddressAnswer(IReadOnlyList<IPAddress> Four, IReadOnlyList<IPAddress> Six, bool IsTemporary, bool IsMissing)
{
    /// <summary>IPv4 first.</summary>
    public IReadOnlyList<IPAddress> All { get; } = [.. Four, .. Six];
}

/// <summary>Questions that are put together of several.</summary>
public static class ResolverQuestions
{
    /// <summary>Addresses of both families.</summary>
    public static async ValueTask<AddressAnswer> AddressesAsync(this IResolver resolver, string host, CancellationToken cancel)
    {
        var six = await resolver.QueryAsync(host, DnsType.Aaaa, cancel);
        var four = await resolver.QueryAsync(host, DnsType.A, cancel);
        return new([.. four.Of<ARecord>().Select(r => r.Address)], [.. six.Of<AaaaRecord>().Select(r => r.Address)],
            six.IsTemporary || four.IsTemporary, six.Status == DnsStatus.NxDomain && four.Status == DnsStatus.NxDomain);
    }
}
