using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Log events of reports, 4100-4149.</summary>
internal static partial class ReportLog
{
    [LoggerMessage(4100, LogLevel.Information, "DMARC report of {Reporter} about {Domain}: {Messages} messages, {Failed} failed")]
    public static partial void DmarcReceived(this ILogger log, string reporter, string domain, long messages, long failed);

    [LoggerMessage(4101, LogLevel.Warning,
        "{Reporter} put {Count} of {Messages} messages from {Domain} aside, most sent by {Source} ({Disposition}): if that is ours or a relay's, SPF or DKIM does not cover it")]
    public static partial void MailPutAside(
        this ILogger log, string reporter, long count, long messages, string domain, string source, string disposition);

    [LoggerMessage(4102, LogLevel.Information, "TLS report of {Reporter} about {Domain}: {Successful} sessions, {Failed} failed")]
    public static partial void TlsReceived(this ILogger log, string reporter, string domain, long successful, long failed);

    [LoggerMessage(4103, LogLevel.Warning,
        "{Reporter} had {Failed} failed TLS sessions beside {Successful} good ones to {Domain}, most: {Result} at {Mx}")]
    public static partial void TlsFailed(
        this ILogger log, string reporter, long failed, long successful, string domain, string result, string mx);

    [LoggerMessage(4104, LogLevel.Warning, "feedback report ({Type}) about {Domains}: source {Source}, sender {Sender}")]
    public static partial void FeedbackReceived(this ILogger log, string type, string domains, string source, string sender);

    [LoggerMessage(4105, LogLevel.Warning, "a report could not be read: {Problem}")]
    public static partial void ReportUnreadable(this ILogger log, string problem);

    [LoggerMessage(4109, LogLevel.Warning, "{Reporter} sent report {Id} with counts that nobody can believe; it is kept and not summed")]
    public static partial void ReportUnbelievable(this ILogger log, string reporter, string id);

    [LoggerMessage(4110, LogLevel.Warning,
        "{Messages} messages will be in no DMARC report of ours: at most {Most} domains a day are counted")]
    public static partial void MessagesNotCounted(this ILogger log, long messages, int most);

    [LoggerMessage(4111, LogLevel.Warning,
        "{Sessions} sessions will be in no TLS report of ours: at most {Most} domains a day are counted")]
    public static partial void SessionsNotCounted(this ILogger log, long sessions, int most);

    [LoggerMessage(4112, LogLevel.Warning, "{Most} reports ({Kind}) are kept, which is the most: the oldest go before their time")]
    public static partial void ReportsFull(this ILogger log, int most, string kind);

    [LoggerMessage(4106, LogLevel.Information, "{Kind} report about {Domain} for {Day} queued to {Recipients}")]
    public static partial void ReportSent(this ILogger log, string kind, string domain, string day, string recipients);

    [LoggerMessage(4107, LogLevel.Information, "{Kind} report about {Domain} is not sent to {Recipient}: {Reason}")]
    public static partial void ReportNotSent(this ILogger log, string kind, string domain, string recipient, string reason);

    [LoggerMessage(4108, LogLevel.Error, "reports could not be kept or sent; it is tried again")]
    public static partial void ReportsFailed(this ILogger log, Exception e);
}

internal static class ReportMeters
{
    private static readonly Meter Meter = new("Aviso.Delivery");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    /// <summary>Reports that came in, by kind: dmarc, tls, feedback, unreadable, unread.</summary>
    private static readonly Counter<long> ReportsReceived = Meter.CreateCounter<long>("aviso_reports_received_total");

    /// <summary>Messages in our name that others told of, by DMARC result.</summary>
    private static readonly Counter<long> ReportedMessages = Meter.CreateCounter<long>("aviso_reported_messages_total");

    /// <summary>TLS sessions to us that others told of, by result.</summary>
    private static readonly Counter<long> ReportedSessions = Meter.CreateCounter<long>("aviso_reported_tls_sessions_total");

    /// <summary>Reports that we sent, by kind.</summary>
    private static readonly Counter<long> ReportsSent = Meter.CreateCounter<long>("aviso_reports_sent_total");

    /// <summary>What a report to others will lack because a bound of its counting was reached, by kind: dmarc-tally, tls-tally.</summary>
    private static readonly Counter<long> Uncounted = Meter.CreateCounter<long>("aviso_reports_not_counted_total");

    public static void NotCounted(string kind) => Uncounted.Add(1, new KeyValuePair<string, object?>("kind", kind));

    public static void Received(string kind, long count) => ReportsReceived.Add(count, new KeyValuePair<string, object?>("kind", kind));

    public static void Messages(string result, long count) =>
        ReportedMessages.Add(count, new KeyValuePair<string, object?>("result", result));

    public static void Sessions(string result, long count) =>
        ReportedSessions.Add(count, new KeyValuePair<string, object?>("result", result));

    public static void Sent(string kind) => ReportsSent.Add(1, new KeyValuePair<string, object?>("kind", kind));
}
