using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.MailAuth;

namespace Aviso.Doctor;

/// <summary>
/// What others are asked to do with mail in our name that is not proven: the record can be read, its reports come to somebody who takes
/// them, and our own mail can pass (RFC 9989).
/// </summary>
/// <param name="hasMailbox">Whether an address is somebody's here; null when its domain is not ours.</param>
public sealed class DmarcCheck(
    Func<Deployment> now, Func<IReadOnlyList<SigningKeyInfo>> keys, Func<string, bool?> hasMailbox, IResolver resolver,
        PublicSuffixes suffixes,
    TimeProvider clock) : IDoctorCheck
{
    private readonly SenderRecords _records = new(resolver, clock);

    public string Name => "dmarc";

    public string LooksAt => "DMARC records, where their reports go, and whether our mail can pass";

    public TimeSpan Every => CheckTimes.Hourly;

    public IReadOnlyList<FindingCode> Codes { get; } =
    [
        FindingCode.DmarcMissing, FindingCode.DmarcBroken, FindingCode.DmarcOldTags, FindingCode.DmarcReportsNowhere,
        FindingCode.DmarcReportsRefused, FindingCode.DmarcNoReports, FindingCode.DmarcCannotPass,
    ];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        var deployment = now();
        foreach (var domain in deployment.PublicDomains) await DomainAsync(deployment, domain, seen, cancel);
    }

    private async Task DomainAsync(Deployment deployment, SendingDomain domain, Sightings seen, CancellationToken cancel)
    {
        // RFC 9989 §4.10: a domain without a record of its own has its organisation's.
        var at = domain.Name;
        var (texts, answered) = await TextsAsync(at, cancel);
        if (texts.Count == 0 && answered && suffixes.OrganizationalDomain(domain.Name) is { } above && above != at)
            (texts, answered) = await TextsAsync(at = above, cancel);
        if (!answered)
        {
            seen.Unsure(domain.Name);
            return;
        }
        if (texts.Count == 0)
        {
            seen.Add(FindingCode.DmarcMissing, domain.Name, $"{domain.Name} sends mail and has no DMARC record",
                $"_dmarc.{domain.Name} has no TXT record",
                "Publish the record; raise p= when the reports say that your mail passes.",
                SenderRecords.Line("_dmarc." + domain.Name, $"v=DMARC1; p=none; rua=mailto:postmaster@{domain.Name}"));
            return;
        }
        var record = texts.Count == 1 ? DmarcRecord.Parse(texts[0]) : null;
        if (record is null)
        {
            seen.Add(FindingCode.DmarcBroken, domain.Name,
                texts.Count > 1 ? $"{at} has {texts.Count} DMARC records, which counts as none"
                    : $"the DMARC record of {at} cannot be read",
                string.Join(" | ", texts));
            return;
        }
        Tags(domain.Name, texts[0], seen);
        await ReportsAsync(domain.Name, at, record, seen, cancel);
        var policy = at == domain.Name ? record.Policy : record.SubdomainPolicy;
        if (policy != DmarcPolicy.None && await CannotPassAsync(deployment, domain, cancel) is { } why)
            seen.Add(FindingCode.DmarcCannotPass, domain.Name,
                $"{domain.Name} asks others to {(policy == DmarcPolicy.Reject ? "refuse" : "put aside")} what fails DMARC, and its own "
                    + $"mail fails", why);
    }

    private async Task<(List<string> Texts, bool Answered)> TextsAsync(string domain, CancellationToken cancel)
    {
        var answer = await resolver.QueryAsync("_dmarc." + domain, DnsType.Txt, cancel);
        return ([.. answer.Of<TxtRecord>().Select(t => t.Text)
            .Where(t => t.TrimStart().StartsWith("v=DMARC1", StringComparison.OrdinalIgnoreCase))],
            !answer.IsTemporary);
    }

    private static void Tags(string domain, string text, Sightings seen)
    {
        var parts = text.Split(';').Select(p => p.Trim()).Where(p => p.Length > 0).ToList();
        var old = parts.Where(p => p.Split('=')[0].Trim().ToLowerInvariant() is "pct" or "rf" or "ri").ToList();
        if (old.Count == 0) return;
        seen.Add(FindingCode.DmarcOldTags, domain, $"the DMARC record of {domain} has tags that RFC 9989 has taken out",
            string.Join("; ", old),
            "Publish the record without them.", SenderRecords.Line("_dmarc." + domain, string.Join("; ", parts.Except(old))));
    }

    private async Task ReportsAsync(string domain, string at, DmarcRecord record, Sightings seen, CancellationToken cancel)
    {
        var addresses = record.AggregateReports.Where(u => u.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase))
            .Select(u => Uri.UnescapeDataString(u[7..].Split('?')[0].Split('!')[0]).Trim()).Where(a => MailAddress.TryParse(a, out _))
                .ToList();
        if (addresses.Count == 0)
        {
            seen.Add(FindingCode.DmarcNoReports, domain, $"the DMARC record of {domain} asks for no reports", "there is no rua=mailto:");
            return;
        }
        foreach (var address in addresses)
        {
            var theirs = MailAddress.DomainOf(address);
            if (hasMailbox(address) == false)
                seen.Add(FindingCode.DmarcReportsNowhere, domain, $"DMARC reports about {domain} go to {address}, which nobody has here",
                    $"rua=mailto:{address}", "Make the address.", $"aviso alias add {address} postmaster@{theirs}");
            // RFC 9990 §4: whoever is not of the same organisation must have agreed.
            else if (suffixes.OrganizationalDomain(theirs) != suffixes.OrganizationalDomain(at)) await AgreesAsync(domain, at, theirs,
                seen, cancel);
        }
    }

    private async Task AgreesAsync(string domain, string at, string theirs, Sightings seen, CancellationToken cancel)
    {
        var name = $"{at}._report._dmarc.{theirs}";
        var answer = await resolver.QueryAsync(name, DnsType.Txt, cancel);
        if (answer.IsTemporary) seen.Unsure(domain);
        else if (!answer.Of<TxtRecord>().Any(t => t.Text.StartsWith("v=DMARC1", StringComparison.Ordinal)))
            seen.Add(FindingCode.DmarcReportsRefused, domain,
                $"DMARC reports about {domain} go to {theirs}, which has not agreed to take them",
                $"{name} has no TXT record", $"Have {theirs} publish the record, or name an address here in rua=.",
                    SenderRecords.Line(name, "v=DMARC1"));
    }

    // Passing once is enough for each way; what cannot be said counts for us.
    private async Task<string?> CannotPassAsync(Deployment deployment, SendingDomain domain, CancellationToken cancel)
    {
        foreach (var key in keys().Where(k => DkimCheck.Signs(k) && k.Domain.Equals(domain.Name, StringComparison.OrdinalIgnoreCase)))
            if ((await _records.KeyAsync(key, cancel)).State is KeyState.Published or KeyState.NotAnswered) return null;
        var spf = await _records.SpfAsync(domain.Name, cancel);
        var isUsable = spf.Trouble is SpfTrouble.None or SpfTrouble.NotAnswered;
        foreach (var relay in domain.Relays)
        {
            if (await SignsAsync(relay, domain.Name, cancel)) continue;
            if (!isUsable || (relay.Spf is { } wanted && spf.Trouble == SpfTrouble.None && !spf.Has(wanted)))
                return $"by the relay {relay.Name} neither SPF nor a signature can pass";
        }
        if (!domain.Direct) return null;
        foreach (var address in await deployment.OutgoingAsync(resolver, cancel))
            if (!isUsable || await _records.IsAllowedAsync(address, deployment, domain.Name, cancel) == false)
                return $"from {address} neither SPF nor a signature can pass";
        return null;
    }

    private async Task<bool> SignsAsync(RelayNeeds relay, string domain, CancellationToken cancel)
    {
        foreach (var selector in relay.DkimSelectors)
            if (await _records.HasKeyAsync(selector, domain, cancel) != false) return true;
        return false;
    }
}
