using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Mime;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>
/// Reports about our domains that came in, kept for a while: what others saw of mail in our name (RFC 7489 §7) and of TLS on the way
/// to us (RFC 8460), and complaints (RFC 5965). One document a report, the same report twice is one.
/// </summary>
public sealed class ReportBook(IDocumentRows documents, TimeProvider clock, ILogger log)
{
    private const string Dmarc = "report-dmarc", Tls = "report-tls", Feedback = "report-feedback";

    /// <summary>How long a report is kept.</summary>
    public TimeSpan Keep { get; set; } = TimeSpan.FromDays(400);

    /// <summary>Keeps the report that a message brings, if it brings one; says what is wrong with mail of ours.</summary>
    /// <returns>True when the message was a report, readable or not.</returns>
    public async Task<bool> ReadAsync(SpooledBody body, MimePart root, CancellationToken cancel)
    {
        var found = FoundReport.Find(root, MessageReader.Reader(body));
        switch (found)
        {
            case null: return false;
            case { Dmarc: { } dmarc }:
                await KeepAsync(Dmarc, Name(dmarc.Begin, dmarc.Organization, dmarc.ReportId, dmarc.Published.Domain),
                    DmarcReportWriter.Write(dmarc), cancel);
                Tell(dmarc);
                break;
            case { Tls: { } tls }:
                await KeepAsync(Tls, Name(tls.Start, tls.Organization, tls.ReportId, ""), tls.Write(), cancel);
                Tell(tls);
                break;
            case { Feedback: { } feedback }:
                var octets = MessageReader.Reader(body)(root.HeaderOffset, (int)Math.Min(body.Length, 256 * 1024)).ToArray();
                await KeepAsync(Feedback, Name(clock.GetUtcNow(), feedback.UserAgent, Convert.ToHexString(SHA256.HashData(octets)), ""),
                    octets, cancel);
                ReportMeters.Received("feedback", 1);
                log.FeedbackReceived(feedback.Type, string.Join(' ', feedback.ReportedDomains), feedback.SourceIp?.ToString()
                    ?? "", feedback.OriginalMailFrom);
                break;
            case { Problem: { } problem }:
                ReportMeters.Received("unreadable", 1);
                log.ReportUnreadable(problem);
                break;
        }
        return true;
    }

    /// <summary>Everything kept since <paramref name="since"/>, oldest first.</summary>
    public async Task<(IReadOnlyList<DmarcReport> Dmarc, IReadOnlyList<TlsReport> Tls, int Complaints)> ListAsync(
        DateTimeOffset since, CancellationToken cancel)
    {
        var from = Day(since);
        var dmarc = (await documents.ListDocumentsAsync(default, Dmarc, cancel)).Where(IsDue).Select(d => DmarcReport.Parse(Open(d), out _))
            .OfType<DmarcReport>();
        var tls = (await documents.ListDocumentsAsync(default, Tls, cancel)).Where(IsDue).Select(d => TlsReport.Parse(Open(d), out _))
            .OfType<TlsReport>();
        var complaints = (await documents.ListDocumentsAsync(default, Feedback, cancel)).Count(IsDue);
        return ([.. dmarc], [.. tls], complaints);

        bool IsDue(Document document) => string.CompareOrdinal(document.Key.Name, from) >= 0;
    }

    private async Task KeepAsync(string kind, string name, byte[] octets, CancellationToken cancel)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(octets);
        var now = clock.GetUtcNow();
        await documents.ChangeDocumentsAsync(
            [new(new(default, kind, name), packed.ToArray(), now.ToUnixTimeSeconds(), (now + Keep).ToUnixTimeSeconds())], [], cancel);
    }

    private static byte[] Open(Document document) => ReportArchive.Open(document.Value, FoundReport.MostOctets, out _) ?? [];

    private static string Name(DateTimeOffset begin, string who, string id, string domain) =>
        $"{Day(begin)}:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{who}\n{id}\n{domain}")))[..24]}";

    private static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyyMMdd", System.Globalization.CultureInfo.InvariantCulture);

    // Incident 1: mail of ours that others put aside is the first sign that relay and SPF have drifted apart.
    private void Tell(DmarcReport report)
    {
        var failed = report.Rows.Where(r => !r.Passed).Sum(r => r.Count);
        ReportMeters.Messages("pass", report.Rows.Where(r => r.Passed).Sum(r => r.Count));
        ReportMeters.Messages("fail", failed);
        ReportMeters.Received("dmarc", 1);
        log.DmarcReceived(report.Organization, report.Published.Domain, report.Rows.Sum(r => r.Count), failed);
        foreach (var row in report.Rows.Where(r => !r.Passed && r.Disposition is "quarantine" or "reject").Take(10))
            log.MailPutAside(report.Organization, row.Count, report.Published.Domain, row.SourceIp?.ToString() ?? "?", row.Disposition);
    }

    private void Tell(TlsReport report)
    {
        ReportMeters.Received("tls", 1);
        foreach (var policy in report.Policies)
        {
            ReportMeters.Sessions("ok", policy.Successful);
            ReportMeters.Sessions("failed", policy.Failed);
            log.TlsReceived(report.Organization, policy.Domain, policy.Successful, policy.Failed);
            foreach (var failure in policy.Failures.Take(10)) log.TlsFailed(
                report.Organization, failure.Count, policy.Domain, failure.Result, failure.MxHost);
        }
    }
}
