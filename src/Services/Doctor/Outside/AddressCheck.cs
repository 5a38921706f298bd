using System.Net;
using System.Net.Sockets;
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>
/// What strangers think of the addresses that our mail comes from: their names, and lists of bad senders. Behind a relay all of this is the
/// relay's matter, so it is looked at only where mail leaves directly.
/// </summary>
/// <param name="lists">Zones of lists (RFC 5782).</param>
public sealed class AddressCheck(Func<Deployment> now, Func<IReadOnlyList<string>> lists, IResolver resolver) : IDoctorCheck
{
    public string Name => "address";

    public string LooksAt => "names (PTR) of our addresses, our greeting, and lists of bad senders";

    public TimeSpan Every => CheckTimes.Hourly;

    public IReadOnlyList<FindingCode> Codes { get; } =
        [FindingCode.PtrMissing, FindingCode.PtrNotForward, FindingCode.HeloNoAddress, FindingCode.AddressListed];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        var deployment = now();
        if (!deployment.SendsDirectly) return;
        await HeloAsync(deployment.HostName, seen, cancel);
        foreach (var address in await deployment.OutgoingAsync(resolver, cancel))
        {
            await NameAsync(deployment.HostName, address, seen, cancel);
            foreach (var list in lists()) await ListAsync(list, address, seen, cancel);
        }
    }

    private async Task HeloAsync(string host, Sightings seen, CancellationToken cancel)
    {
        var published = await resolver.AddressesAsync(host, cancel);
        if (published.IsTemporary) seen.Unsure(host);
        else if (published.All.Count == 0)
            seen.Add(FindingCode.HeloNoAddress, host, $"we greet others as {host}, which has no address in the DNS",
                $"{host} has neither A nor AAAA");
    }

    private async Task NameAsync(string host, IPAddress address, Sightings seen, CancellationToken cancel)
    {
        var names = await ClientNames.OfAsync(resolver, address, 1, cancel);
        var subject = address.ToString();
        if (names.Status is DnsStatus.ServFail or DnsStatus.Timeout) seen.Unsure(subject);
        else if (!names.HasAny)
            seen.Add(FindingCode.PtrMissing, subject, $"{address}, which mail leaves from, has no name",
                $"{DnsName.Reverse(address)} has no PTR record",
                $"Have the provider of the address set its name to {host}.", $"{DnsName.Reverse(address)}. PTR {host}.");
        else if (names.Valid.Count == 0)
            seen.Add(FindingCode.PtrNotForward, subject, $"the name of {address}, which mail leaves from, does not lead back to it",
                $"no PTR record of {DnsName.Reverse(address)} has this address",
                    $"Have the provider of the address set its name to {host}.",
                $"{DnsName.Reverse(address)}. PTR {host}.");
    }

    private async Task ListAsync(string list, IPAddress address, Sightings seen, CancellationToken cancel)
    {
        var question = $"{Reversed(address)}.{list}";
        var subject = $"{address} on {list}";
        var answer = await resolver.QueryAsync(question, DnsType.A, cancel);
        if (answer.IsTemporary)
        {
            seen.Unsure(subject);
            return;
        }
        var codes = answer.Of<ARecord>().Select(a => a.Address).Where(IsListing).ToList();
        // The list does not want to answer us, which says nothing of the address.
        if (codes.Count == 0 && answer.Records.Count > 0) seen.Unsure(subject);
        if (codes.Count > 0)
            seen.Add(FindingCode.AddressListed, subject, $"{list} lists {address}, which mail leaves from",
                $"{question} A {string.Join(", ", codes)}");
    }

    // RFC 5782 §2.1: listings are in 127.0.0.0/8. Spamhaus: 127.255.255.252, .254 and .255 are errors, never listings; 127.0.0.1 is
    // nobody's.
    private static bool IsListing(IPAddress code)
    {
        Span<byte> octets = stackalloc byte[16];
        return code.AddressFamily == AddressFamily.InterNetwork && code.TryWriteBytes(octets, out _) && octets[0] == 127
            && octets[..4] is not [_, 255, 255, _] && octets[..4] is not [_, 0, 0, 1 or 255] && octets[..4] is not [_, 0, 1, 255];
    }

    // in-addr.arpa and ip6.arpa without their ends.
    private static string Reversed(IPAddress address)
    {
        var name = DnsName.Reverse(address).TrimEnd('.');
        return name[..^(address.AddressFamily == AddressFamily.InterNetwork ? ".in-addr.arpa" : ".ip6.arpa").Length];
    }
}
