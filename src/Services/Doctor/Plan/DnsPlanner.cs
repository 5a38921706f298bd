using System.Net.Sockets;
using Aviso.Base;
using Aviso.Dns;
using Aviso.MailAuth;

namespace Aviso.Doctor;

/// <summary>The plan beside what the DNS holds.</summary>
/// <param name="Notes">What people ought to know of the whole.</param>
public sealed record DnsPlanReport(IReadOnlyList<PlanLine> Lines, IReadOnlyList<string> Notes);

/// <summary>A look at all of it, and when it was taken.</summary>
public sealed record DnsLook(DnsPlanReport Report, DateTimeOffset At);

/// <summary>Where a look at the DNS begins.</summary>
public interface IRecordSources
{
    /// <summary>For one look; null where the DNS is not asked at all, as in local mode.</summary>
    IRecordLook? Look();
}

/// <summary>One look: each name is read where it is known best.</summary>
public interface IRecordLook
{
    IRecordSource For(string name);

    IReadOnlyList<string> Notes { get; }
}

/// <summary>Compares what the DNS ought to hold with what it holds. Changes nothing. Thread-safe.</summary>
/// <param name="input">What the plan is made of now.</param>
/// <param name="owned">What this server wrote last, by place; without values where it removed it.</param>
public sealed class DnsPlanner(
    Func<CancellationToken, Task<PlanInput>> input, IRecordSources sources, Func<CancellationToken, Task<IReadOnlyList<WantedSet>>> owned,
    IResolver resolver, TimeProvider clock) : IDnsDifferences
{
    private const int AtOnce = 8;

    private volatile DnsLook? _lastLook;

    /// <summary>What the DNS ought to hold, without asking it.</summary>
    public async Task<IReadOnlyList<WantedSet>> WantedAsync(CancellationToken cancel) => DnsPlan.Of(await input(cancel));

    /// <summary>False where the DNS is not asked at all.</summary>
    public bool Asks => sources.Look() is not null;

    /// <summary>What was found when all of it was last asked for; null: not since the start.</summary>
    public DnsLook? LastLook => _lastLook;

    public Task<PlanInput> InputAsync(CancellationToken cancel) => input(cancel);

    /// <param name="domain">Only what is for this mail domain or host, or stands below it; null for all.</param>
    public async Task<DnsPlanReport> PlanAsync(string? domain, CancellationToken cancel)
    {
        var facts = await input(cancel);
        var written = await owned(cancel);
        var all = DnsPlan.Of(facts);
        var wanted = all.Where(s => domain is null || s.Domain == domain || s.Name == domain).ToList();
        if (sources.Look() is not { } look)
            return new(wanted.ConvertAll(s => Comparison.Of(s, new FoundSet([]), [])),
                ["the DNS was not asked: nothing leaves this server (`outbound.capture`), so nobody looks for its records"]);
        var lines = new PlanLine?[wanted.Count];
        await Parallel.ForAsync(0, wanted.Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel },
            async (i, stop) => lines[i] = await LineAsync(wanted[i], facts, look, written, stop));
        var leftovers = written.Where(o => o.Values.Count > 0 && (domain is null || o.Domain == domain)
            && !all.Any(s => s.Name == o.Name && s.Type == o.Type && s.Purpose == o.Purpose)).ToList();
        var unused = new List<PlanLine>();
        foreach (var left in leftovers)
        {
            var found = await look.For(left.Name).ReadAsync(left.Name, left.Type, cancel);
            if (found.Trouble.Length == 0 && found.Alias is null && Comparison.Leftover(left, found) is { } line) unused.Add(line);
        }
        // Published for a key that somebody else renews: it breaks with the next certificate, or has done so already.
        if (facts.Tlsa is { IsOurs: false } foreign && (domain is null || domain == facts.HostName)
            && await TlsaAsync(facts, foreign, look, cancel) is { Action: PlanAction.ByHand } risk) unused.Add(risk);
        var report = new DnsPlanReport([.. lines.OfType<PlanLine>().Select(l => Announced(l, lines, facts)), .. unused], [.. look.Notes,
            .. Notes(facts), .. Leftovers(all, facts, look), .. lines.OfType<PlanLine>().SelectMany(Strangers)]);
        if (domain is null) _lastLook = new(report, clock.GetUtcNow());
        return report;
    }

    /// <summary>TLSA records of the mail host, whether its zone is signed or not; null without a certificate.</summary>
    public async Task<PlanLine?> TlsaAsync(CancellationToken cancel)
    {
        var facts = await input(cancel);
        return facts.Tlsa is null ? null : await TlsaAsync(facts, facts.Tlsa, sources.Look(), cancel);
    }

    public async Task<IReadOnlyList<DnsDifference>> DifferencesAsync(CancellationToken cancel) =>
        sources.Look() is null ? [] : [.. (await PlanAsync(null, cancel)).Lines.Select(l => l.Difference).OfType<DnsDifference>()];

    // Keys of former relays stay in a zone for years (incident 3). Others may sign with them, so they are only named.
    private static IEnumerable<string> Leftovers(IReadOnlyList<WantedSet> all, PlanInput facts, IRecordLook look) =>
        facts.Domains.SelectMany(domain =>
        look.For(domain).NamesBelow("_domainkey." + domain).Where(n => !all.Any(s => s.Name == n)).Order(StringComparer.Ordinal)
            .Select(n =>
                $"{n} stands in the DNS, and neither this server nor a relay of the settings signs with it: a leftover, or somebody "
                    + "else's"));

    // A former relay may still send as us (incident 3).
    private static IEnumerable<string> Strangers(PlanLine line) =>
        line is not { Purpose: DnsPurpose.Spf, Wanted: [var text], Ours: [var ours] } ? []
        : SpfText.Parse(text).Senders.Where(t =>
            t.StartsWith("include:", StringComparison.OrdinalIgnoreCase) && !SpfText.Parse(ours).Has(t))
            .Select(t => $"SPF of {line.Name} keeps {t}, which no relay of the settings needs: those servers may send as {line.Domain}");

    // Announced and not to be had: nobody would hear of it (incident F4).
    private static PlanLine Announced(PlanLine line, PlanLine?[] all, PlanInput facts)
    {
        if (line is not { Purpose: DnsPurpose.MtaSts, Type: DnsType.Cname } || !Array.Exists(all, a => a is { Found.Count: > 0 }
            && a.Name == "_" + line.Name)) return line;
        if (line.Action == PlanAction.Fine && facts.WithoutCertificate.Contains(line.Name)) return line with
        {
            Action = PlanAction.ByHand,
            Urgent = true,
            Reason =
                $"the policy is announced, and no certificate in use is for {line.Name}: others cannot read it; let `tls.acme` get one",
        };
        return line.Action is PlanAction.Fine or PlanAction.Unknown ? line : line with { Urgent = true };
    }

    private static async Task<PlanLine> TlsaAsync(PlanInput facts, PlannedTlsa tlsa, IRecordLook? look, CancellationToken cancel)
    {
        var wanted = DnsPlan.TlsaOf(facts.HostName, tlsa);
        var found = look is null ? new FoundSet([]) : await look.For(wanted.Name).ReadAsync(wanted.Name, wanted.Type, cancel);
        var line = Comparison.Of(wanted, found, []);
        if (tlsa.IsOurs) return tlsa.IsSigned is true || look is null ? line
            : line with { Reason = line.Reason + "; without DNSSEC, of which this server's resolver says nothing, nobody looks at it" };
        if (found.Trouble.Length > 0) return line;
        var texts = found.Records.Select(r => Comparison.Meaning(wanted, r.Text)).ToList();
        // Another usage than 3 names an authority: that outlasts keys (RFC 7671 §5.2).
        return line with
        {
            Action = texts.Exists(t => t.StartsWith("3 ", StringComparison.Ordinal)) ? PlanAction.ByHand : PlanAction.Fine,
            Adds = [],
            Removes = [],
            Urgent = texts.Count > 0 && !texts.Contains(tlsa.Current),
            Reason = texts.Count == 0
                ? "none is planned: the certificate's key is not this server's own, and whoever renews it may change it; let `tls.acme` "
                    + "get it"
                : texts.Contains(tlsa.Current)
                    ? "it names the key in use, which somebody else renews: unless the key is kept (certbot: --reuse-key; cert-manager: "
                    + "rotationPolicy: Never), those who check DANE send us no mail after the next renewal"
                : "it names other keys than the one in use: those who check DANE send us no mail now",
        };
    }

    private async Task<PlanLine> LineAsync(
        WantedSet wanted, PlanInput facts, IRecordLook look, IReadOnlyList<WantedSet> written, CancellationToken cancel)
    {
        var source = look.For(wanted.Name);
        var found = await source.ReadAsync(wanted.Name, wanted.Type, cancel);
        var before = written.FirstOrDefault(o => o.Name == wanted.Name && o.Type == wanted.Type && o.Purpose == wanted.Purpose)?.Values
            ?? [];
        if (found.Trouble.Length == 0 && wanted.Type == DnsType.Cname) found = await AliasAsync(wanted, found, facts, source, cancel);
        if (wanted.Purpose != DnsPurpose.Spf) return Comparison.Of(wanted, found, before);
        found = found with { Covered = await CoveredAsync(wanted, found, facts, cancel) };
        return await CostAsync(Comparison.Of(wanted, found, before), cancel);
    }

    // An alias is one way to lead a name to a host; its addresses are another.
    private async Task<FoundSet> AliasAsync(WantedSet wanted, FoundSet found, PlanInput facts, IRecordSource source,
        CancellationToken cancel)
    {
        if (found.Records.Any(r => Comparison.AreSame(wanted, r.Text, wanted.Values[0]))) return found;
        if (wanted.Purpose == DnsPurpose.Dkim)
        {
            var texts = found.Records.Count > 0 ? [] : (await source.ReadAsync(wanted.Name, DnsType.Txt, cancel)).Records;
            return found with { Instead = [.. texts.Select(t => "TXT " + t.Text)] };
        }
        var there = await AddressesAsync(wanted.Name, source, cancel);
        var host = facts.Addresses.Count > 0 ? facts.Addresses.Select(a => a.ToString()).ToHashSet()
            : (await AddressesAsync(facts.HostName, source, cancel)).ToHashSet();
        return found with
        {
            LeadsThere = there.Count > 0 && host.IsSupersetOf(there),
            Instead = found.Records.Count > 0 ? [] : there,
        };
    }

    private static async Task<IReadOnlyList<string>> AddressesAsync(string name, IRecordSource source, CancellationToken cancel) =>
        [.. (await source.ReadAsync(name, DnsType.A, cancel)).Records.Concat((await source.ReadAsync(name, DnsType.Aaaa, cancel)).Records)
            .Select(r => r.Text)];

    // "mx" or "a" may let our addresses pass without naming them.
    private async Task<IReadOnlySet<string>> CoveredAsync(WantedSet wanted, FoundSet found, PlanInput facts, CancellationToken cancel)
    {
        var covered = new HashSet<string>(StringComparer.Ordinal);
        var texts = found.Records.Select(r => r.Text).Where(wanted.IsOurs).ToList();
        if (texts.Count != 1 || wanted.Domain == facts.HostName || !MailAddress.TryParse("postmaster@" + wanted.Domain,
            out var sender)) return covered;
        var there = SpfText.Parse(texts[0]);
        var checker = new SpfChecker(new Overlay(resolver, wanted.Name, texts[0]), facts.HostName, clock);
        foreach (var address in facts.Addresses)
        {
            var term = (address.AddressFamily == AddressFamily.InterNetwork ? "ip4:" : "ip6:") + address;
            if (!there.Has(term) && (await checker.CheckAsync(address, facts.HostName, sender, cancel))
                .Result == SpfResult.Pass) covered.Add(term);
        }
        if (facts.Addresses.Count == 0 && there.Terms.Any(t => t.TrimStart('+').StartsWith("a:" + facts.HostName,
            StringComparison.OrdinalIgnoreCase))) covered.Add("mx");
        return covered;
    }

    // The limits are counted through the real includes of others.
    private async Task<PlanLine> CostAsync(PlanLine line, CancellationToken cancel)
    {
        if (line.Wanted is not [var text] || line.Action == PlanAction.Unknown) return line;
        var spf = await SpfSurvey.OfAsync(resolver, line.Domain, text, cancel);
        var count = $"{spf.Lookups} of {SpfSurvey.MostTerms} lookups{(spf.Costs.Count > 0 ? $" ({string.Join(", ", spf.Costs)})" : "")}";
        if (spf.Trouble == SpfTrouble.NotAnswered)
            return line with { Reason = $"{line.Reason}; its lookups could not all be counted, the DNS does not answer" };
        if (spf.Trouble == SpfTrouble.None) return line with { Reason = $"{line.Reason}; {count}" };
        return line with
        {
            Action = line.Action == PlanAction.Fine ? PlanAction.ByHand : line.Action,
            Reason = $"{(line.Action == PlanAction.Fine ? "" : line.Reason + "; ")}{spf.Problem}; {count}",
            Urgent = true,
        };
    }

    private static IEnumerable<string> Notes(PlanInput facts)
    {
        if (facts.Addresses.Count == 0)
            yield return $"A and AAAA of {facts.HostName} are not planned: `dns.addresses` does not say where the world reaches this "
                + "server";
        if (facts.Tlsa is { IsOurs: true, IsSigned: not true }) yield return facts.Tlsa.IsSigned is null
            ? $"TLSA is not planned: this server's resolver does not say whether {facts.HostName} is signed with DNSSEC (AD); a "
                + "validating one on this machine does"
            : $"TLSA is not planned: the zone of {facts.HostName} is not signed with DNSSEC, so nobody would look at it";
    }

    /// <summary>The resolver, but for the record that was just read at its source.</summary>
    private sealed class Overlay(IResolver inner, string name, string text) : IResolver
    {
        public ValueTask<DnsAnswer> QueryAsync(string asked, DnsType type, CancellationToken cancel) =>
            type == DnsType.Txt && DnsName.Normalize(asked) == name
                ? ValueTask.FromResult(new DnsAnswer(DnsStatus.Ok, false, [DnsUpdate.Txt(name, 0, text)], default) { CanonicalName = name })
                : inner.QueryAsync(asked, type, cancel);
    }
}
