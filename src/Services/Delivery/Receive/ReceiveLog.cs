using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Log events of mail on its way in, 4000-4099.</summary>
internal static partial class ReceiveLog
{
    [LoggerMessage(4001, LogLevel.Information,
        "message {Id}: session {Session} from domain {Domain} size {Size} recipients {Recipients} local {Local} queued {Queued} refused {Refused} result {Result} in {Milliseconds} ms")]
    public static partial void Message(this ILogger log, string id, string session, string domain, long size, int recipients, int local,
        int queued, int refused, string result, double milliseconds);

    [LoggerMessage(
        4002, LogLevel.Information, "refused: session {Session} from {Remote} sender {Sender} recipient {Recipient}: {Reply} ({Cause})")]
    public static partial void Refused(
        this ILogger log, string session, System.Net.IPEndPoint remote, string sender, string recipient, string reply, string cause);

    [LoggerMessage(4004, LogLevel.Error, "message {Id}: the notice to its sender could not be stored ({Kind})")]
    public static partial void NoticeLost(this ILogger log, Exception? e, string id, string kind);

    [LoggerMessage(4005, LogLevel.Warning, "message {Id}: forwarding of {Recipient} stopped, the message was forwarded from there before")]
    public static partial void LoopCut(this ILogger log, string id, string recipient);

    [LoggerMessage(4006, LogLevel.Error, "message {Id}: {Step} failed and is left out; the message goes on")]
    public static partial void StepSkipped(this ILogger log, Exception e, string id, string step);

    [LoggerMessage(
        4007, LogLevel.Information,
        "message {Id}: client {Client} spf {Spf} dkim {Dkim} dmarc {Dmarc} arc {Arc} score {Score} action {Action} symbols {Symbols} skipped {Skipped}")]
    public static partial void Judged(
        this ILogger log, string id, System.Net.IPAddress client, string spf, string dkim, string dmarc, string arc,
        double score, string action, string symbols, string skipped);

    [LoggerMessage(4008, LogLevel.Warning,
        "message {Id}: looks like spam (score {Score}) and is not forwarded from {Recipient}; kept in Junk of {Keeper}")]
    public static partial void ForwardKept(this ILogger log, string id, double score, string recipient, string keeper);

    [LoggerMessage(4010, LogLevel.Error, "message {Id}: {Step} failed; all recipients are put off")]
    public static partial void StepDeferred(this ILogger log, Exception e, string id, string step);

    [LoggerMessage(4011, LogLevel.Warning,
        "message {Id}: what came for {Recipient} would have ended nowhere and is kept in a mailbox of {Keeper}: {Reason}")]
    public static partial void FateRescued(this ILogger log, string id, string recipient, string keeper, string reason);

    [LoggerMessage(4012, LogLevel.Error, "whom account {Account} wrote to cannot be read; nobody counts as new to it")]
    public static partial void CorrespondentsUnreadable(this ILogger log, Exception e, string account);

    [LoggerMessage(4009, LogLevel.Warning,
        "message {Id}: filed over the quota of {Recipient}, for nothing proves the sender that a bounce would go to")]
    public static partial void FiledOverQuota(this ILogger log, string id, string recipient);
}
