using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Mime;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Everything kept of a span.</summary>
public sealed record KeptReports(IReadOnlyList<DmarcReport> Dmarc, IReadOnlyList<TlsReport> Tls, int Complaints,
    IReadOnlyList<UnreadReport> Unread);

/// <summary>
/// Reports about our domains that came in, kept for a while: what others saw of mail in our name (RFC 7489 §7) and of TLS on the way
/// to us (RFC 8460), and complaints (RFC 5965); and what said it was a report and could not be read. One document a report, the same
/// report twice is one; see <see cref="ReportShelf"/> for how many.
/// </summary>
public sealed class ReportBook(IDocumentRows documents, TimeProvider clock, ILogger log)
{
    private const string Dmarc = "report-dmarc", Tls = "report-tls", Feedback = "report-feedback", Unread = "report-unread";
    private const int MostKept = 64 << 20;
    private const int FeedbackOctets = 256 * 1024;

    private readonly ReportShelf _shelf = new(documents, clock, log);

    /// <summary>How long a report is kept.</summary>
    public TimeSpan Keep { get; set; } = TimeSpan.FromDays(400);

    /// <summary>Keeps the report that a message brings, if it brings one; says in one line what is wrong with mail of ours.</summary>
    /// <returns>True when the message was a report, readable or not.</returns>
    public async Task<bool> ReadAsync(SpooledBody body, MimePart root, CancellationToken cancel)
    {
        var found = FoundReport.Find(root, MessageReader.Reader(body), new(WorkLimits.Report, clock, cancel));
        switch (found)
        {
            case null: return false;
            case { Dmarc: { } dmarc }:
                await KeepAsync(Dmarc, Name(dmarc.End, dmarc.Organization, dmarc.ReportId, dmarc.Published.Domain),
                    DmarcReportWriter.Write(Marked(dmarc)), cancel);
                Tell(dmarc);
                break;
            case { Tls: { } tls }:
                await KeepAsync(Tls, Name(tls.End, tls.Organization, tls.ReportId, ""), tls.Write(), cancel);
                Tell(tls);
                break;
            case { Feedback: { } feedback }:
                var octets = MessageReader.Reader(body)(root.HeaderOffset, (int)Math.Min(body.Length, FeedbackOctets)).ToArray();
                await KeepAsync(Feedback, Name(clock.GetUtcNow(), feedback.UserAgent, Convert.ToHexString(SHA256.HashData(octets)), ""),
                    octets, cancel);
                ReportMeters.Received("feedback", 1);
                log.FeedbackReceived(feedback.Type, string.Join(' ', feedback.ReportedDomains), feedback.SourceIp?.ToString()
                    ?? "", feedback.OriginalMailFrom);
                break;
            case { Problem: { } problem }:
                await KeepUnreadAsync(body, root, problem, cancel);
                break;
        }
        return true;
    }

    /// <summary>Everything that speaks of days since <paramref name="since"/>, or came since, oldest first.</summary>
    public async Task<KeptReports> ListAsync(DateTimeOffset since, CancellationToken cancel)
    {
        var from = Day(since);
        var dmarc = (await DueAsync(Dmarc)).Select(d => DmarcReport.Parse(Open(d), Own(), out _)).OfType<DmarcReport>();
        var tls = (await DueAsync(Tls)).Select(d => TlsReport.Parse(Open(d), Own(), out _)).OfType<TlsReport>();
        var unread = (await DueAsync(Unread)).Select(d => JsonSerializer.Deserialize(Open(d), UnreadJson.Default.UnreadReport))
            .OfType<UnreadReport>();
        return new([.. dmarc], [.. tls], (await DueAsync(Feedback)).Count(), [.. unread]);

        // The name begins with the last day that a report speaks of; where that is none, the day it came is what is known.
        async Task<IEnumerable<Document>> DueAsync(string kind) => (await documents.ListDocumentsAsync(default, kind, cancel))
            .Where(d => string.CompareOrdinal(d.Key.Name, from) >= 0 || d.ChangedAt >= since.ToUnixTimeSeconds());
    }

    private async Task KeepUnreadAsync(SpooledBody body, MimePart root, string problem, CancellationToken cancel)
    {
        var header = MessageReader.Reader(body)(root.HeaderOffset, (int)Math.Min(root.HeaderLength, FeedbackOctets));
        var sender = "";
        foreach (var field in new HeaderFields(header.Span))
        {
            if (!field.Is("From"u8)) continue;
            sender = HeaderText.Decode(field.Value[..Math.Min(field.Value.Length, 1000)]);
            break;
        }
        var unread = new UnreadReport(clock.GetUtcNow(), sender.Length > 200 ? sender[..200] : sender, problem);
        await KeepAsync(Unread, Name(unread.At, sender, Convert.ToHexString(SHA256.HashData(header.Span)), ""),
            JsonSerializer.SerializeToUtf8Bytes(unread, UnreadJson.Default.UnreadReport), cancel);
        ReportMeters.Received("unreadable", 1);
        log.ReportUnreadable(problem);
    }

    private async Task KeepAsync(string kind, string name, byte[] octets, CancellationToken cancel)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(octets);
        await _shelf.PutAsync(kind, name, packed.ToArray(), Keep, cancel);
    }

    // What we wrote ourselves is larger than what came, and no stranger's any more.
    private WorkBudget Own() => new(new() { Octets = MostKept, Steps = long.MaxValue, Time = TimeSpan.FromMinutes(1) }, clock);

    private ReadOnlySpan<byte> Open(Document document) =>
        Unpacker.Inflate(new GZipStream(new MemoryStream(document.Value), CompressionMode.Decompress), Own(), MostKept).Octets.Span;

    private static DmarcReport Marked(DmarcReport report) => report.IsCut
        ? report with { Errors = [.. report.Errors, $"it is longer than what is read: {report.Rows.Count} records are kept"] } : report;

    // A report that ends nowhere, or ahead of us, is one of the day it came.
    private string Name(DateTimeOffset end, string who, string id, string domain)
    {
        var now = clock.GetUtcNow();
        var day = end > now.AddDays(2) || end < now - Keep ? now : end;
        return $"{Day(day)}:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{who}\n{id}\n{domain}")))[..24]}";
    }

    private static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    // Incident 1: mail of ours that others put aside is the first sign that relay and SPF have drifted apart.
    private void Tell(DmarcReport report)
    {
        ReportMeters.Received("dmarc", 1);
        if (!report.IsBelievable)
        {
            log.ReportUnbelievable(report.Organization, report.ReportId);
            return;
        }
        var failed = report.Rows.Where(r => !r.Passed).Select(r => r.Count).Total();
        var messages = report.Rows.Select(r => r.Count).Total();
        ReportMeters.Messages("pass", messages - failed);
        ReportMeters.Messages("fail", failed);
        var aside = report.Rows.Where(r => !r.Passed && r.Disposition is "quarantine" or "reject").OrderByDescending(r => r.Count).ToList();
        if (aside is [var most, ..])
            log.MailPutAside(report.Organization, aside.Select(r => r.Count).Total(), messages, report.Published.Domain,
                most.SourceIp?.ToString() ?? "?", most.Disposition);
        else log.DmarcReceived(report.Organization, report.Published.Domain, messages, failed);
    }

    private void Tell(TlsReport report)
    {
        ReportMeters.Received("tls", 1);
        if (!report.IsBelievable)
        {
            log.ReportUnbelievable(report.Organization, report.ReportId);
            return;
        }
        var (successful, failed) = (report.Policies.Select(p => p.Successful).Total(), report.Policies.Select(p => p.Failed).Total());
        ReportMeters.Sessions("ok", successful);
        ReportMeters.Sessions("failed", failed);
        var domains = string.Join(' ', report.Policies.Select(p => p.Domain).Distinct(StringComparer.Ordinal).Take(5));
        if (report.Policies.SelectMany(p => p.Failures).MaxBy(f => f.Count) is { } worst)
            log.TlsFailed(report.Organization, failed, successful, domains, worst.Result, worst.MxHost);
        else log.TlsReceived(report.Organization, domains, successful, failed);
    }
}
