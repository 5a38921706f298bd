using Aviso.MailAuth;

namespace Aviso.Delivery;

/// <summary>What the reports of a span say together, by domain.</summary>
public sealed record ReportSummary(IReadOnlyList<DomainSummary> Domains, IReadOnlyList<TlsSummary> Tls, int Complaints)
{
    private const int MostSources = 20;

    public static ReportSummary Of(IReadOnlyList<DmarcReport> dmarc, IReadOnlyList<TlsReport> tls, int complaints) => new(
        [.. dmarc.GroupBy(r => r.Published.Domain).OrderBy(g => g.Key, StringComparer.Ordinal).Select(Domain)],
        [.. tls.SelectMany(r => r.Policies.Select(p => (Reporter: r.Organization, Policy: p))).GroupBy(p => p.Policy.Domain).OrderBy(g =>
            g.Key, StringComparer.Ordinal).Select(g => new TlsSummary(
            g.Key, g.Sum(p => p.Policy.Successful), g.Sum(p => p.Policy.Failed),
                [.. g.Select(p => p.Reporter).Distinct().Order(StringComparer.Ordinal)],
            [.. g.SelectMany(p => p.Policy.Failures).GroupBy(f => (f.Result, f.MxHost)).Select(f =>
                new TlsFailureSummary(f.Key.Result, f.Key.MxHost, f.Sum(x => x.Count)))
                .OrderByDescending(f => f.Count).Take(MostSources)]))],
        complaints);

    private static DomainSummary Domain(IGrouping<string, DmarcReport> reports)
    {
        var rows = reports.SelectMany(r => r.Rows.Select(row => (r.Organization, Row: row))).ToList();
        var sources = rows.GroupBy(r => r.Row.SourceIp?.ToString() ?? "?").Select(g => new SourceSummary(
            g.Key, g.Sum(r => r.Row.Count), g.Where(r => !r.Row.Passed).Sum(r => r.Row.Count),
            g.Where(r => !r.Row.Passed && r.Row.Disposition is "quarantine" or "reject").Sum(r => r.Row.Count),
            g.Any(r => r.Row.DkimPass), g.Any(r => r.Row.SpfPass),
            [.. g.SelectMany(r => r.Row.Dkim).Where(d => d.Result == "pass").Select(d =>
                d.Domain).Concat(g.SelectMany(r => r.Row.Spf).Where(s => s.Result == "pass").Select(s => s.Domain))
                .Where(d => d.Length > 0).Distinct().Take(5)],
            [.. g.Select(r => r.Organization).Distinct().Take(5)]));
        return new(
            reports.Key, reports.Count(), rows.Sum(r => r.Row.Count), rows.Where(r => r.Row.Passed).Sum(r => r.Row.Count),
            [.. reports.Select(r => r.Organization).Distinct().Order(StringComparer.Ordinal)],
            [.. sources.OrderByDescending(s => s.Failed).ThenByDescending(s => s.Messages).Take(MostSources)]);
    }
}

/// <summary>Mail in the name of one domain of ours.</summary>
public sealed record DomainSummary(
    string Domain, int Reports, long Messages, long Passed, IReadOnlyList<string> Reporters, IReadOnlyList<SourceSummary> Sources)
{
    public long Failed => Messages - Passed;
}

/// <param name="PutAside">Failed and quarantined or refused.</param>
/// <param name="Authenticated">Domains that SPF or DKIM passed for: whose mail server that is.</param>
public sealed record SourceSummary(
    string Address, long Messages, long Failed, long PutAside, bool DkimAligned, bool SpfAligned, IReadOnlyList<string> Authenticated,
        IReadOnlyList<string> Reporters);

public sealed record TlsSummary(
    string Domain, long Successful, long Failed, IReadOnlyList<string> Reporters, IReadOnlyList<TlsFailureSummary> Failures);

public sealed record TlsFailureSummary(string Result, string MxHost, long Count);
