using Aviso.Dns;
using Aviso.MailAuth;

namespace Aviso.Doctor;

/// <summary>
/// Whoever sends for a domain of ours is named by its SPF record, and the record is one that receivers can use. A relay that was changed
/// here and not in the DNS puts all mail into junk for days before anybody notices.
/// </summary>
public sealed class SpfCheck(Func<Deployment> now, IResolver resolver, TimeProvider clock) : IDoctorCheck
{
    private readonly SenderRecords _records = new(resolver, clock);

    public string Name => "spf";

    public string LooksAt => "who sends for our domains and what SPF says of them";

    public TimeSpan Every => CheckTimes.Hourly;

    public IReadOnlyList<FindingCode> Codes { get; } =
    [
        FindingCode.SpfMissing, FindingCode.SpfSeveral, FindingCode.SpfBroken, FindingCode.SpfTooManyLookups, FindingCode.SpfTooManyVoids,
        FindingCode.SpfAllowsEverybody, FindingCode.RelayNotInSpf, FindingCode.RelayWithoutSpf, FindingCode.DirectNotInSpf,
        FindingCode.RecordsNotAnswered, FindingCode.NotLookedAt,
    ];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        var deployment = now();
        if (deployment.IsCaptured)
            seen.Add(FindingCode.NotLookedAt, "dns", "nothing leaves this server, so that its records in the DNS are not looked at",
                "outbound.capture is set");
        else if (deployment.Domains.Where(d => !Deployment.IsPublic(d.Name)).Select(d => d.Name).ToList() is { Count: > 0 } names)
            seen.Add(FindingCode.NotLookedAt, "dns", $"records of {string.Join(", ", names)} are not looked at",
                "the name cannot be in the public DNS (RFC 6761)");
        foreach (var domain in deployment.PublicDomains) await LookAsync(deployment, domain, seen, cancel);
        foreach (var relay in deployment.PublicDomains.SelectMany(d => d.Relays).Where(r => r.Spf is null).DistinctBy(r => r.Name))
            seen.Add(FindingCode.RelayWithoutSpf, relay.Name, $"nobody said what SPF must hold for the relay {relay.Name}",
                "relays.spf is not given");
    }

    /// <summary>One domain.</summary>
    internal async Task LookAsync(Deployment deployment, SendingDomain domain, Sightings seen, CancellationToken cancel)
    {
        var spf = await _records.SpfAsync(domain.Name, cancel);
        var own = spf.Record.Length > 0 ? $"{domain.Name} TXT \"{spf.Record}\"" : $"{domain.Name} has no SPF record";
        switch (spf.Trouble)
        {
            case SpfTrouble.NotAnswered:
                seen.Unsure(domain.Name);
                foreach (var relay in domain.Relays) seen.Unsure(Subject(domain, relay));
                seen.Add(FindingCode.RecordsNotAnswered, domain.Name, $"the DNS does not answer for the mail records of {domain.Name}",
                    spf.Problem);
                return;
            case SpfTrouble.NoRecord:
                seen.Add(FindingCode.SpfMissing, domain.Name, $"{domain.Name} sends mail and has no SPF record", spf.Problem,
                    "Publish the record.", SenderRecords.Line(domain.Name, await WantedAsync(deployment, domain, cancel)));
                return;
            case SpfTrouble.Several:
                seen.Add(FindingCode.SpfSeveral, domain.Name, $"{domain.Name} has several SPF records, which counts as broken", own);
                return;
            case SpfTrouble.Broken:
                seen.Add(FindingCode.SpfBroken, domain.Name, $"the SPF record of {domain.Name} cannot be used", $"{spf.Problem}; {own}");
                break;
            case SpfTrouble.TooManyLookups:
                seen.Add(FindingCode.SpfTooManyLookups, domain.Name, $"the SPF record of {domain.Name} asks the DNS too often",
                    $"{spf.Problem}; {own}");
                break;
            case SpfTrouble.TooManyVoids:
                seen.Add(FindingCode.SpfTooManyVoids, domain.Name, $"the SPF record of {domain.Name} has too many names that lead nowhere",
                    $"{spf.Problem}; {own}");
                break;
        }
        if (spf.AllowsEverybody)
            seen.Add(FindingCode.SpfAllowsEverybody, domain.Name, $"the SPF record of {domain.Name} lets everybody send in its name", own,
                "End it in -all.", SenderRecords.Line(domain.Name, spf.Record.Replace("+all", "-all", StringComparison.OrdinalIgnoreCase)));
        foreach (var relay in domain.Relays.Where(r => spf.IsReadable && r.Spf is { } wanted && !spf.Has(wanted)))
            seen.Add(FindingCode.RelayNotInSpf, Subject(domain, relay),
                $"mail of {domain.Name} leaves through the relay {relay.Name}, which its SPF record does not name",
                    $"{relay.Spf} is missing; {own}",
                "Publish the record.", SenderRecords.Line(domain.Name, With(spf.Record, relay.Spf!)));
        // Anybody may send where everybody may; a broken record says nothing of anybody.
        if (domain.Direct && spf.Trouble == SpfTrouble.None) await DirectAsync(deployment, domain, spf, seen, cancel);
    }

    private async Task DirectAsync(Deployment deployment, SendingDomain domain, SpfSurvey spf, Sightings seen, CancellationToken cancel)
    {
        foreach (var address in await deployment.OutgoingAsync(resolver, cancel))
        {
            var allowed = await _records.IsAllowedAsync(address, deployment, domain.Name, cancel);
            if (allowed is null) seen.Unsure(domain.Name);
            if (allowed != false) continue;
            seen.Add(FindingCode.DirectNotInSpf, domain.Name,
                $"mail of {domain.Name} leaves from {address}, which its SPF record does not allow",
                $"{domain.Name} TXT \"{spf.Record}\"", "Publish the record.",
                    SenderRecords.Line(domain.Name, With(spf.Record, SpfText.Term(address))));
            return;
        }
    }

    private static string Subject(SendingDomain domain, RelayNeeds relay) => $"{domain.Name} by {relay.Name}";

    // As the DNS plan has it.
    private async Task<string> WantedAsync(Deployment deployment, SendingDomain domain, CancellationToken cancel) => SpfText.Naming(
        await deployment.OutgoingAsync(resolver, cancel), domain.Relays.Select(r => r.Spf).OfType<string>()).ToString();

    private static string With(string record, string terms) =>
        SpfText.Parse(record).With(terms.Split(' ', StringSplitOptions.RemoveEmptyEntries), [], "~all").ToString();
}
