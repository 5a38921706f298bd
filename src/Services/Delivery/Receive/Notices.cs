using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>
/// Tells the sender what the reply after the data could not: that a copy was not filed although others were (a bounce), or that it
/// was filed and NOTIFY=SUCCESS asked for word of it (RFC 3461 §6.2). A bounce is stored before the message is acknowledged. Both go
/// only to senders who are proven: RFC 3461 wants the report, but nobody gets mail because a stranger used his name.
/// </summary>
internal sealed class Notices(ReceiveParts parts)
{
    private readonly NoticeTarget _target = new(parts.Accounts, null, parts.Options.OutsideMailbox);

    /// <summary>The sender is real, and asked for no silence (RFC 3461 §4.1).</summary>
    public static bool MayTell(ReceiveContext context, Share share)
    {
        if (context.Transaction.Sender.IsNull || !context.SenderIsProven || (context.IsTagged && share.Rejection is not null)) return false;
        var notify = ReceiveQueue.Notify(share.For.Recipient.Notify);
        return notify == DsnNotify.Unspecified || notify.HasFlag(DsnNotify.Failure);
    }

    /// <summary>The words of a script that a reply cannot carry (RFC 5429 §2.2).</summary>
    public static bool IsByMessage(ReceiveContext context, Share share) =>
        share.Rejection is { IsEreject: false } words && !context.Transaction.Parameters.SmtpUtf8 && !Ascii.IsValid(words.Reason);

    /// <summary>One bounce for all of them. Stored: they have been told.</summary>
    public async Task<(bool Stored, bool Queued)> TellFailedAsync(ReceiveContext context, IReadOnlyList<Share> shares, CancellationToken cancel)
    {
        var sent = await SendAsync(context, [.. shares.Select(Failed)], isFailure: true, cancel);
        foreach (var share in shares) share.IsTold = sent.Stored;
        return sent;
    }

    /// <summary>Word of what was filed, to whom it is wanted. True when it waits in the queue now.</summary>
    public async Task<bool> TellDeliveredAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (context.Transaction.Sender.IsNull || context.IsTagged || !context.SenderIsProven) return false;
        var reports = context.Fates.Shares.Where(s => s.IsHeld && ReceiveQueue.Notify(s.For.Recipient.Notify).HasFlag(DsnNotify.Success))
            .Select(s => Report(s, "delivered", "2.0.0", null)).ToList();
        return reports.Count > 0 && (await SendAsync(context, reports, isFailure: false, cancel)).Queued;
    }

    private static RecipientReport Failed(Share share)
    {
        if (share.Rejection is { } words) return Report(share, "failed", "5.7.1", Refusals.ByScript(words.Reason, utf8: true).ToString());
        return share.No is { } no ? Report(share, "failed", no.Enhanced.ToString(), no.ToString())
            : Report(share, "failed", "5.2.2", "552 5.2.2 Mailbox is full");
    }

    private static RecipientReport Report(Share share, string action, string status, string? diagnostic) => new(share.For.Shown, action, status)
    {
        OriginalRecipient = share.For.Recipient.OriginalRecipient,
        DiagnosticCode = diagnostic,
    };

    private async Task<(bool Stored, bool Queued)> SendAsync(
        ReceiveContext context, List<RecipientReport> reports, bool isFailure, CancellationToken cancel)
    {
        var kind = isFailure ? "failed" : "delivered";
        try
        {
            using var body = parts.Store.Spool.Make(b => b.Write(Compose(context, reports, isFailure)));
            var sender = context.Transaction.Sender;
            var address = sender.Address.Wire;
            var local = (await _target.FindAsync(address, cancel)).Local;
            if (local is null && parts.Accounts.Table.IsLocalDomain(sender.Domain))
            {
                parts.Log.NoticeLost(null, context.Id, kind);
                return default;
            }
            var queue = local is null ? Queued(context, address, body) : null;
            var stored = await parts.Store.AcceptAsync(
                new(body, parts.Reader.Render(body), local is null ? [] : [local], queue)
                {
                    ReceivedAt = context.Now.ToUnixTimeSeconds(),
                    Origin = "notice",
                }, cancel);
            var isStored = stored.Value is { } accepted && accepted.Targets.All(t => t.Ok);
            if (!isStored) parts.Log.NoticeLost(null, context.Id, kind);
            return (isStored, isStored && queue is not null);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The message itself is stored; a report of it may not undo that (design.md section 2 rule 2).
            parts.Log.NoticeLost(e, context.Id, kind);
            return default;
        }
    }

    private QueueSubmission Queued(ReceiveContext context, string address, SpooledBody body)
    {
        var needs = context.Transaction.Parameters.RequireTls ? QueueNeeds.RequireTls : QueueNeeds.None;
        body.ForEachPiece(piece => needs |= Ascii.IsValid(piece.Span) ? QueueNeeds.None : QueueNeeds.EightBit);
        if (!Ascii.IsValid(address)) needs |= QueueNeeds.SmtpUtf8;
        var destination = parts.Router.DestinationFor("", address);
        return new("", null, "", DsnReturn.Unspecified, needs, QueuePriority.Automatic, default,
            [new(address, destination, DsnNotify.Never, "", parts.Clock.GetUtcNow().ToUnixTimeMilliseconds())]);
    }

    private byte[] Compose(ReceiveContext context, List<RecipientReport> reports, bool isFailure)
    {
        var (sender, hostName) = (context.Transaction.Sender, parts.Options.HostName);
        var utf8 = sender.Address.NeedsUtf8;
        var header = context.Header.Octets;
        return new DeliveryReport
        {
            ReportingMta = hostName,
            From = HeaderAddress.Of("Mail Delivery System", "MAILER-DAEMON", hostName),
            To = HeaderAddress.Of("", sender.Address),
            Subject = isFailure ? "Your message could not be delivered" : "Your message was delivered",
            Text = Text(hostName, reports, isFailure),
            Date = context.Now,
            MessageId = $"{IdText.Format(parts.Ids.Next())}@{hostName}",
            Recipients = reports,
            ArrivalDate = context.Now,
            OriginalEnvelopeId = context.Transaction.Parameters.EnvelopeId,
            OriginalMessageId = context.MessageId,
            Original = header,
            Utf8 = utf8,
        }.Compose();
    }

    private static string Text(string hostName, List<RecipientReport> reports, bool isFailure) => $"This is the mail system at {hostName}.\r\n\r\n"
        + (isFailure ? "Your message could not be put into these mailboxes. It will not be tried again.\r\n" : "Your message was put into these mailboxes.\r\n")
        + string.Concat(reports.Select(r => $"\r\n<{r.FinalRecipient}>\r\n{(r.DiagnosticCode is { } why ? $"    {why}\r\n" : "")}"));
}
