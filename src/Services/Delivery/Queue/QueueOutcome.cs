using Aviso.Base;
using Aviso.Smtp;
using Aviso.Store;

namespace Aviso.Delivery;

internal enum Fate
{
    Delivered, Deferred, Failed, Held,
}

/// <summary>What one attempt at one recipient came to.</summary>
/// <param name="Status">RFC 3463, for the report.</param>
/// <param name="Reply">What is shown in the queue: the remote's words or our reason.</param>
/// <param name="FromPeer">The remote's words, for Diagnostic-Code; null when the reason is ours.</param>
internal sealed record QueueOutcome(
    QueueRecipient Recipient, Fate Fate, EnhancedCode Status, string Reply, string Host, RemoteReply? FromPeer)
{
    /// <summary>The next hop passes DSN on, so it will report success itself.</summary>
    public bool PeerHasDsn { get; init; }

    /// <summary>Nobody is told of the delay: the owner has had one letter about all of it.</summary>
    public bool IsQuiet { get; init; }

    /// <summary>The other side refuses it for good because the mailbox is full: taken as temporary, but not for five days.</summary>
    public bool IsFull { get; init; }

    /// <summary>Name of the relay that took it.</summary>
    public string Relay { get; init; } = "";

    public static QueueOutcome Of(QueueRecipient recipient, RecipientOutcome outcome, string host, string tls)
    {
        var via = tls.Length > 0 ? $" [{tls}]" : "";
        if (outcome.Failure is not { } failure)
            return new(recipient, Fate.Delivered, outcome.Reply!.Enhanced ?? new(2, 0, 0), Cut($"{host}: {outcome.Reply}{via}"), host, outcome.Reply);
        if (failure.Trouble == SmtpTrouble.Unsupported && LeadingCode(failure.Text) is { } code)
            return new(recipient, Fate.Failed, code, Cut($"{host}: {failure.Text}"), host, null);
        var status = failure.Reply switch
        {
            { Enhanced: { } enhanced } => enhanced,
            { } reply => new(reply.IsPermanent ? 5 : 4, 0, 0),
            null => new EnhancedCode(4, 4, 2),
        };
        // 421 and broken wires are temporary whatever else was said; RFC 5321 §4.5.3.1.10: 552 to RCPT is to be taken as 452. Many say so
        // of a full mailbox too (RFC 3463 §3.3, X.2.2), which is no matter of one transaction.
        var permanent = failure is { Trouble: SmtpTrouble.Refused, IsPermanent: true } and not { Stage: SmtpStage.Rcpt, Reply.Code: 552 }
            && failure is { Stage: not (SmtpStage.Greeting or SmtpStage.Ehlo or SmtpStage.Auth or SmtpStage.StartTls) };
        if (!permanent) status = status with { Class = 4 };
        return new(recipient, permanent ? Fate.Failed : Fate.Deferred, status, Cut($"{host}: {failure.Text}{via}"), host, failure.Reply)
        {
            IsFull = !permanent && failure is { Stage: SmtpStage.Rcpt, Reply: { Code: 552, Enhanced: { Subject: 2, Detail: 2 } } },
        };
    }

    public static QueueOutcome Of(QueueRecipient recipient, Refusal refusal) => new(
        recipient, refusal.IsPermanent ? Fate.Failed : Fate.Deferred, refusal.Enhanced, Cut(refusal.ToString()), "", null);

    public static QueueOutcome Hold(QueueRecipient recipient, string reason) =>
        new(recipient, Fate.Held, new(4, 7, 0), Cut(reason), "", null);

    private static string Cut(string text) => text.Length > 1000 ? text[..1000] : text;

    // Our own reasons begin with their enhanced code.
    private static EnhancedCode? LeadingCode(string text)
    {
        var parts = text.Split(' ', 2)[0].Split('.');
        return parts.Length == 3 && parts[0] == "5" && int.TryParse(parts[1], out var subject) && int.TryParse(parts[2], out var detail)
            ? new(5, subject, detail) : null;
    }
}
