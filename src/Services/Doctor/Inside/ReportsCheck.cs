using Aviso.Delivery;

namespace Aviso.Doctor;

/// <summary>What others report about us stays well, and does not fall silent when it is needed (incidents 1 and 2).</summary>
/// <param name="list">Everything kept since then.</param>
public sealed class ReportsCheck(Func<DateTimeOffset, CancellationToken, Task<KeptReports>> list, TimeProvider clock) : IDoctorCheck
{
    private const int RegularDays = 5;
    private const double MuchTls = 0.05;
    private static readonly TimeSpan Recent = TimeSpan.FromDays(4), Before = TimeSpan.FromDays(14);

    public string Name => "reports";

    public string LooksAt => "DMARC and TLS reports: what they say, and whether they still come";

    public TimeSpan Every => CheckTimes.Hourly;

    public IReadOnlyList<FindingCode> Codes { get; } = [FindingCode.MailPutAside, FindingCode.ReportsStopped,
        FindingCode.TlsReportsFailures];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var kept = await list(now - Before, cancel);
        var dmarc = kept.Dmarc.Where(r => r.IsBelievable && r.End <= now.AddDays(2)).ToList();
        foreach (var domain in dmarc.GroupBy(r => r.Published.Domain))
        {
            var days = domain.Where(r => r.End < now - Recent).Select(r => r.End.UtcDateTime.Date).Distinct().Count();
            var last = domain.Max(r => r.End);
            if (days >= RegularDays && last < now - Recent)
                seen.Add(FindingCode.ReportsStopped, domain.Key, $"DMARC reports about {domain.Key} have stopped",
                    $"on {days} days there were some, the last ended at {last:u}");
        }
        var recent = ReportSummary.Of(kept with
        {
            Dmarc = [.. dmarc.Where(r => r.End >= now - Recent)],
            Tls = [.. kept.Tls.Where(r => r.End >= now - Recent)],
        });
        foreach (var domain in recent.Domains)
        {
            // A source of which nothing ever passes is a stranger who uses our name, and is rightly put aside.
            var ours = domain.Sources.Where(s => s.PutAside > 0 && (s.SpfAligned || s.DkimAligned || s.Messages > s.Failed)).ToList();
            if (ours.Count == 0) continue;
            seen.Add(FindingCode.MailPutAside, domain.Domain,
                $"mail of {domain.Domain} from {ours[0].Address} is put aside or refused for DMARC",
                Sightings.First(3, "; ",
                    [.. ours.Select(s => $"{s.Address}: {s.PutAside} of {s.Messages}, as {string.Join(", ", s.Reporters)} report")]));
        }
        foreach (var tls in recent.Tls.Where(t => t.Failed > (t.Failed + t.Successful) * MuchTls))
            seen.Add(FindingCode.TlsReportsFailures, tls.Domain, $"TLS to {tls.Domain} fails for others",
                $"{tls.Failed} of {tls.Failed + tls.Successful} sessions; "
                    + Sightings.First(3, "; ", [.. tls.Failures.Select(f => $"{f.Result} at {f.MxHost}")]));
    }
}
