using System.Text.Json.Serialization;
using Aviso.MailAuth;

namespace Aviso.Delivery;

/// <summary>What the reports of a span say together, by domain.</summary>
/// <param name="LeftOut">Reports with counts that nobody can believe, by reporter and id: they are not summed.</param>
/// <param name="Unread">Messages that said they were reports and could not be read.</param>
public sealed record ReportSummary(
    IReadOnlyList<DomainSummary> Domains, IReadOnlyList<TlsSummary> Tls, int Complaints, IReadOnlyList<string> LeftOut,
    IReadOnlyList<UnreadReport> Unread)
{
    private const int MostSources = 20;
    private const int MostLeftOut = 50;

    public static ReportSummary Of(KeptReports kept)
    {
        var (dmarc, tls) = (kept.Dmarc.ToLookup(r => r.IsBelievable), kept.Tls.ToLookup(r => r.IsBelievable));
        var leftOut = dmarc[false].Select(r =>
            $"{r.Organization} {r.ReportId} about {r.Published.Domain}").Concat(tls[false].Select(r => $"{r.Organization} {r.ReportId}"));
        return new(
            [.. dmarc[true].GroupBy(r => r.Published.Domain).OrderBy(g => g.Key, StringComparer.Ordinal).Select(Domain)],
            [.. tls[true].SelectMany(r => r.Policies.Select(p => (Reporter: r.Organization, Policy: p))).GroupBy(p => p.Policy.Domain)
                .OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => TlsOf(g.Key, [.. g]))],
            kept.Complaints, [.. leftOut.Take(MostLeftOut)], kept.Unread);
    }

    private static TlsSummary TlsOf(string domain, IReadOnlyList<(string Reporter, TlsReportPolicy Policy)> policies) => new(
        domain, policies.Select(p => p.Policy.Successful).Total(), policies.Select(p => p.Policy.Failed).Total(),
        [.. policies.Select(p => p.Reporter).Distinct().Order(StringComparer.Ordinal)],
        [.. policies.SelectMany(p => p.Policy.Failures).GroupBy(f => (f.Result, f.MxHost)).Select(f =>
            new TlsFailureSummary(f.Key.Result, f.Key.MxHost, f.Select(x => x.Count).Total()))
            .OrderByDescending(f => f.Count).Take(MostSources)]);

    private static DomainSummary Domain(IGrouping<string, DmarcReport> reports)
    {
        var rows = reports.SelectMany(r => r.Rows.Select(row => (r.Organization, Row: row))).ToList();
        var sources = rows.GroupBy(r => r.Row.SourceIp?.ToString() ?? "?").Select(g => new SourceSummary(
            g.Key, g.Select(r => r.Row.Count).Total(), g.Where(r => !r.Row.Passed).Select(r => r.Row.Count).Total(),
            g.Where(r => !r.Row.Passed && r.Row.Disposition is "quarantine" or "reject").Select(r => r.Row.Count).Total(),
            g.Any(r => r.Row.DkimPass), g.Any(r => r.Row.SpfPass),
            [.. g.SelectMany(r => r.Row.Dkim).Where(d => d.Result == "pass").Select(d =>
                d.Domain).Concat(g.SelectMany(r => r.Row.Spf).Where(s => s.Result == "pass").Select(s => s.Domain))
                .Where(d => d.Length > 0).Distinct().Take(5)],
            [.. g.Select(r => r.Organization).Distinct().Take(5)]));
        return new(
            reports.Key, reports.Count(), rows.Select(r => r.Row.Count).Total(),
                rows.Where(r => r.Row.Passed).Select(r => r.Row.Count).Total(),
            [.. reports.Select(r => r.Organization).Distinct().Order(StringComparer.Ordinal)],
            [.. sources.OrderByDescending(s => s.Failed).ThenByDescending(s => s.Messages).Take(MostSources)]);
    }
}

/// <summary>Sums of strangers' numbers.</summary>
internal static class ReportSums
{
    /// <summary>Stays at the largest number where the sum would be larger: no report may break the others'.</summary>
    public static long Total(this IEnumerable<long> counts)
    {
        var sum = 0L;
        foreach (var count in counts) sum = count > long.MaxValue - sum ? long.MaxValue : sum + count;
        return sum;
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

public sealed record TlsSummary(string Domain, long Successful, long Failed, IReadOnlyList<string> Reporters,
    IReadOnlyList<TlsFailureSummary> Failures);

public sealed record TlsFailureSummary(string Result, string MxHost, long Count);

/// <param name="At">When it came.</param>
/// <param name="Sender">Its From as it stands, at most 200 characters.</param>
public sealed record UnreadReport(DateTimeOffset At, string Sender, string Problem);

[JsonSerializable(typeof(UnreadReport))]
internal sealed partial class UnreadJson : JsonSerializerContext;
