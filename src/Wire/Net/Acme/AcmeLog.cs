using Microsoft.Extensions.Logging;

namespace Aviso.Net;

/// <summary>Log events of certificates by ACME, 1100-1199.</summary>
internal static partial class AcmeLog
{
    [LoggerMessage(EventId = 1101, EventName = "CertificateIssued", Level = LogLevel.Information,
        Message = "certificate for {Names} received from {Authority}, valid until {Until:u}, to be renewed at {RenewAt:u}")]
    public static partial void WasIssued(this ILogger log, string names, string authority, DateTime until, DateTime renewAt);

    [LoggerMessage(EventId = 1102, EventName = "CertificateFailed", Level = LogLevel.Error,
        Message = "no certificate for {Name} from {Authority} ({Reason}): {Problem}. The present one ends {Until:u}; this authority is asked again at {NextTry:u}")]
    public static partial void NotIssued(
        this ILogger log, string name, string authority, string reason, string problem, DateTime? until, DateTime nextTry);

    [LoggerMessage(EventId = 1103, EventName = "CertificateWindow", Level = LogLevel.Information,
        Message = "{Authority} wants the certificate {Name} renewed at {RenewAt:u} {Explanation}")]
    public static partial void RenewalMoved(this ILogger log, string name, string authority, DateTime? renewAt, string explanation);

    [LoggerMessage(EventId = 1104, EventName = "CertificateKeyKept", Level = LogLevel.Warning,
        Message = "certificate {Name} is renewed with the key it has: {Reason}; see `aviso certificates tlsa`")]
    public static partial void KeptKey(this ILogger log, string name, string reason);

    [LoggerMessage(1105, LogLevel.Error, "the stored certificate {Name} cannot be read; a new one is ordered")]
    public static partial void StoredUnreadable(this ILogger log, string name);

    [LoggerMessage(1106, LogLevel.Error, "renewing certificates failed by a fault of our own; it is tried again")]
    public static partial void RenewalFault(this ILogger log, Exception e);

    [LoggerMessage(1107, LogLevel.Error, "renewing the certificate {Name} failed by a fault of our own; it is tried again")]
    public static partial void RenewalFaultOf(this ILogger log, Exception e, string name);

    [LoggerMessage(1108, LogLevel.Error, "the new certificate {Name} serves but could not be stored: the next start orders another")]
    public static partial void NotStored(this ILogger log, Exception e, string name);

    [LoggerMessage(1109, LogLevel.Error, "the stored account at {Authority} cannot be read; a new one is made")]
    public static partial void AccountUnreadable(this ILogger log, string authority);

    [LoggerMessage(1110, LogLevel.Warning, "the TXT record {Name} could not be taken away and may be deleted by hand: {Problem}")]
    public static partial void TextRecordLeft(this ILogger log, string name, string problem);
}
