using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>The resolver answers, soon, says no when a name does not exist, and validates DNSSEC.</summary>
public sealed class ResolverCheck(Func<Deployment> now, IResolver resolver, TimeProvider clock) : IDoctorCheck
{
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);

    // RFC 6761 §6.4: nothing below it exists.
    private const string Nowhere = "aviso-doctor.invalid";

    private int _slow;

    public string Name => "resolver";

    public string LooksAt => "the resolver: whether it answers, lies and validates";

    public TimeSpan Every => CheckTimes.Hourly;

    public IReadOnlyList<FindingCode> Codes { get; } =
        [FindingCode.ResolverFails, FindingCode.ResolverLies, FindingCode.ResolverSlow, FindingCode.ResolverNoDnssec];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        // Where nothing is public there may be no network at all.
        if (!now().IsInPublic) return;
        var began = clock.GetTimestamp();
        var root = await resolver.QueryAsync(".", DnsType.Ns, cancel);
        var took = clock.GetElapsedTime(began);
        if (root.Status != DnsStatus.Ok)
        {
            seen.Add(FindingCode.ResolverFails, "resolver", "the resolver does not answer for the root of the DNS", $". NS: {root.Status}");
            return;
        }
        if (!root.Authenticated)
            seen.Add(FindingCode.ResolverNoDnssec, "resolver", "the resolver does not validate DNSSEC, or is not on this machine",
                ". NS came without the AD bit that we can trust");
        if ((await resolver.QueryAsync(Nowhere, DnsType.A, cancel)).Of<ARecord>().FirstOrDefault() is { } lie)
            seen.Add(FindingCode.ResolverLies, "resolver", "the resolver makes up answers for names that do not exist",
                $"{Nowhere} A {lie.Address}");
        // Once is the network.
        _slow = took > Slow ? _slow + 1 : 0;
        if (_slow > 1)
            seen.Add(FindingCode.ResolverSlow, "resolver", "the resolver is slow",
                $"it took {took.TotalSeconds:0.0} s, {_slow} times in a row");
    }
}
