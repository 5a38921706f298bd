using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>A certificate in use.</summary>
/// <param name="IsOwn">Of our own authority: it is made again by itself, and no stranger believes it.</param>
public sealed record CertificateSight(IReadOnlyList<string> Names, DateTimeOffset From, DateTimeOffset Until, bool IsOwn = false)
{
    /// <summary>RFC 9525 §6.3: a wildcard is the whole first label.</summary>
    public bool Covers(string name) => Names.Any(n => n.Equals(name, StringComparison.OrdinalIgnoreCase)
        || (n.StartsWith("*.", StringComparison.Ordinal) && name.IndexOf('.', StringComparison.Ordinal) is var dot and > 0
            && name[(dot + 1)..].Equals(n[2..], StringComparison.OrdinalIgnoreCase)));
}

/// <summary>A certificate that ACME should bring.</summary>
/// <param name="Until">Null: there is none yet.</param>
/// <param name="Problem">Why the last try failed; empty when it did not.</param>
public sealed record WantedCertificateSight(string Name, DateTimeOffset? Until, DateTimeOffset? RenewAt, string Problem);

/// <summary>Certificates are renewed in time and are for the names by which we are reached.</summary>
/// <param name="servesPolicy">An MTA-STS policy is served, under a name of its own for each domain.</param>
public sealed class CertificateCheck(
    Func<Deployment> now, Func<IReadOnlyList<CertificateSight>> shown, Func<IReadOnlyList<WantedCertificateSight>> wanted,
    Func<bool> servesPolicy, IResolver resolver, TimeProvider clock) : IDoctorCheck
{
    // A try that failed is made again by itself within hours; after this somebody must look.
    private static readonly TimeSpan Overdue = TimeSpan.FromDays(1), AtLeast = TimeSpan.FromDays(2);

    // Whoever renews does so in the last third.
    private const double EndsSoon = 1.0 / 6;

    public string Name => "certificates";

    public string LooksAt => "certificates: their names, their age, and renewals that should have come";

    public TimeSpan Every => CheckTimes.Hourly;

    public IReadOnlyList<FindingCode> Codes { get; } =
    [
        FindingCode.CertificateExpired, FindingCode.CertificateEndsSoon, FindingCode.CertificateNotRenewed,
            FindingCode.CertificateNameMissing,
    ];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        var (at, certificates) = (clock.GetUtcNow(), shown());
        foreach (var wish in wanted()) Wanted(wish, at, seen);
        var byAcme = wanted().Select(w => w.Until).OfType<DateTimeOffset>().ToHashSet();
        foreach (var one in certificates)
        {
            var subject = one.Names.Count > 0 ? one.Names[0] : "certificate";
            if (one.Until <= at)
                seen.Add(FindingCode.CertificateExpired, subject, $"the certificate for {string.Join(", ", one.Names)} is over",
                    $"it ended at {one.Until:u}");
            else if (!one.IsOwn && !byAcme.Contains(one.Until) && one.Until - at < Soon(one))
                seen.Add(FindingCode.CertificateEndsSoon, subject,
                    $"the certificate for {string.Join(", ", one.Names)} ends soon and was not renewed",
                    $"valid from {one.From:u} until {one.Until:u}");
        }
        if (certificates.Count > 0) await NamesAsync(certificates, seen, cancel);
    }

    private static TimeSpan Soon(CertificateSight one) =>
        (one.Until - one.From) * EndsSoon is var share && share > AtLeast ? share : AtLeast;

    private static void Wanted(WantedCertificateSight wish, DateTimeOffset at, Sightings seen)
    {
        var isLate = wish.RenewAt is { } due ? at - due > Overdue : wish.Until is null && wish.Problem.Length > 0;
        if (!isLate) return;
        seen.Add(FindingCode.CertificateNotRenewed, wish.Name,
            wish.Until is { } until ? $"the certificate {wish.Name} should have been renewed at {wish.RenewAt:u} and ends at {until:u}"
                : $"the certificate {wish.Name} has not come",
            wish.Problem.Length > 0 ? wish.Problem : "no try has succeeded", "Do what the evidence says, then try again.",
            $"aviso certificates renew {wish.Name}");
    }

    private async Task NamesAsync(IReadOnlyList<CertificateSight> certificates, Sightings seen, CancellationToken cancel)
    {
        var deployment = now();
        var names = new List<(string Name, string Why)> { (deployment.HostName, "it is this server's name") };
        foreach (var domain in deployment.PublicDomains)
        {
            if (servesPolicy()) names.Add(("mta-sts." + domain.Name, $"the MTA-STS policy of {domain.Name} is fetched by it"));
            foreach (var mx in (await resolver.QueryAsync(domain.Name, DnsType.Mx, cancel)).Of<MxRecord>())
            {
                if (mx.Exchange == "." || !await IsOursAsync(mx.Exchange, deployment, cancel)) continue;
                names.Add((mx.Exchange, $"it takes mail for {domain.Name}"));
            }
        }
        foreach (var (name, why) in names.DistinctBy(n => n.Name, StringComparer.OrdinalIgnoreCase)
            .Where(n => !certificates.Any(c => c.Covers(n.Name))))
            seen.Add(FindingCode.CertificateNameMissing, name, $"no certificate in use is for {name}", $"{why}; the certificates are for "
                + string.Join(", ", certificates.SelectMany(c => c.Names)));
    }

    // A backup MX of somebody else has certificates of its own.
    private async Task<bool> IsOursAsync(string exchange, Deployment deployment, CancellationToken cancel)
    {
        if (exchange.Equals(deployment.HostName, StringComparison.OrdinalIgnoreCase)) return true;
        var own = await deployment.OutgoingAsync(resolver, cancel);
        return (await resolver.AddressesAsync(exchange, cancel)).All.Any(own.Contains);
    }
}
