using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Mime;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>
/// Tells the sender what the reply after the data could not: that a copy was not filed although others were (a bounce), or that it
/// was filed and NOTIFY=SUCCESS asked for word of it (RFC 3461 §6.2). A bounce is stored before the message is acknowledged.
/// </summary>
internal sealed class ReceiveNotices(
    string hostName, string? capture, AccountBook accounts, IMailStore store, IMessageReader reader, IRouter router, IdSource ids, TimeProvider clock, ILogger log)
{
    private readonly NoticeTarget _target = new(accounts, null, capture);

    /// <summary>True when a notice now waits in the queue.</summary>
    public async Task<bool> SendAsync(ReceiveContext context, CancellationToken cancel)
    {
        List<RecipientReport>? failed = null, delivered = null;
        var told = new List<PlannedCopy>();
        foreach (var planned in context.Local)
        {
            var stored = planned.Error == StoreError.None;
            var notify = ReceiveQueue.Notify(planned.For.Recipient.Notify);
            if (!stored && IsUntold(context, planned) && (notify == DsnNotify.Unspecified || notify.HasFlag(DsnNotify.Failure)))
            {
                told.Add(planned);
                (failed ??= []).Add(Report(planned, "failed", planned.Rejection is null ? "5.2.2" : "5.7.1"));
            }
            else if (stored && notify.HasFlag(DsnNotify.Success)) (delivered ??= []).Add(Report(planned, "delivered", "2.0.0"));
        }
        var (isTold, queued) = failed is null ? default : await SendAsync(context, failed, isFailure: true, cancel);
        foreach (var planned in told) planned.IsTold = isTold;
        return (delivered is not null && (await SendAsync(context, delivered, isFailure: false, cancel)).Queued) || queued;
    }

    // The peer hears of a refusal itself when all recipients refuse, and over LMTP when this recipient got nothing.
    internal static bool IsUntold(ReceiveContext context, PlannedCopy planned)
    {
        if (planned.IsRejectedByMessage) return true;
        var any = context.Queued.Count > 0 || context.Local.Exists(l => l.Error == StoreError.None);
        if (!context.IsLmtp) return any;
        return planned.For.External.Count > 0
            || context.Local.Exists(l => l.Error == StoreError.None && planned.For.Local.Any(t => t.Account == l.Target.Account));
    }

    private static RecipientReport Report(PlannedCopy planned, string action, string status) => new(planned.For.Shown, action, status)
    {
        OriginalRecipient = planned.For.Recipient.OriginalRecipient,
        DiagnosticCode = action != "failed" ? null : planned.Rejection is { } words ? Refusals.ByScript(words, utf8: true).ToString() : "552 5.2.2 Mailbox is full",
    };

    private async Task<(bool Stored, bool Queued)> SendAsync(ReceiveContext context, List<RecipientReport> reports, bool isFailure, CancellationToken cancel)
    {
        var kind = isFailure ? "failed" : "delivered";
        try
        {
            using var body = store.Spool.Begin();
            body.Write(Compose(context, reports, isFailure));
            var sender = context.Transaction.Sender;
            var address = TraceFields.Shown(sender.LocalPart, sender.Domain);
            var (local, _) = await _target.FindAsync(address, cancel);
            if (local is null && accounts.Table.IsLocalDomain(sender.Domain))
            {
                log.NoticeLost(null, context.Id, kind);
                return default;
            }
            var stored = await store.AcceptAsync(
                new(body, reader.Render(body), local is null ? [] : [local], local is null ? Queued(address, body, context.Transaction.Parameters.RequireTls) : null)
                {
                    ReceivedAt = context.Now.ToUnixTimeSeconds(),
                },
                cancel);
            if (!stored.Ok) log.NoticeLost(null, context.Id, kind);
            return (stored.Ok, stored.Ok && local is null);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The message itself is stored; a report of it may not undo that (design.md section 2 rule 2).
            log.NoticeLost(e, context.Id, kind);
            return default;
        }
    }

    private QueueSubmission Queued(string address, SpooledBody body, bool requireTls)
    {
        var needs = requireTls ? QueueNeeds.RequireTls : QueueNeeds.None;
        body.ForEachPiece(piece => needs |= Ascii.IsValid(piece.Span) ? QueueNeeds.None : QueueNeeds.EightBit);
        if (!Ascii.IsValid(address)) needs |= QueueNeeds.SmtpUtf8;
        return new("", null, "", DsnReturn.Unspecified, needs, QueuePriority.Automatic, default,
            [new(address, router.DestinationFor("", address), DsnNotify.Never, "", clock.GetUtcNow().ToUnixTimeMilliseconds())]);
    }

    private byte[] Compose(ReceiveContext context, List<RecipientReport> reports, bool isFailure)
    {
        var sender = context.Transaction.Sender;
        var utf8 = sender.Address.NeedsUtf8;
        var header = context.Header.Octets;
        return new DeliveryReport
        {
            ReportingMta = hostName,
            From = HeaderAddress.Of("Mail Delivery System", "MAILER-DAEMON", hostName),
            To = HeaderAddress.Of("", sender.Address),
            Subject = isFailure ? "Your message could not be delivered" : "Your message was delivered",
            Text = $"This is the mail system at {hostName}.\r\n\r\n"
                + (isFailure ? "Your message could not be put into these mailboxes. It will not be tried again.\r\n"
                    : "Your message was put into these mailboxes.\r\n")
                + string.Concat(reports.Select(r => $"\r\n<{r.FinalRecipient}>\r\n{(r.DiagnosticCode is { } why ? $"    {why}\r\n" : "")}")),
            Date = context.Now,
            MessageId = $"{IdText.Format(ids.Next())}@{hostName}",
            Recipients = reports,
            ArrivalDate = context.Now,
            OriginalEnvelopeId = context.Transaction.Parameters.EnvelopeId,
            OriginalMessageId = context.Rendered.MessageId,
            Original = utf8 || Ascii.IsValid(header.Span) ? header : default,
            Utf8 = utf8,
        }.Compose();
    }
}

/// <summary>Finds the mailbox of a notice to one of ours: notices are filed over quota, and go to one account only.</summary>
/// <param name="capture">Where mail for other domains lands when nothing may leave.</param>
public sealed class NoticeTarget(AccountBook accounts, Srs? srs = null, string? capture = null) : INoticeTarget
{
    public ValueTask<NoticeAddress> FindAsync(string sender, CancellationToken cancel)
    {
        if (!AddressKey.TryParse(sender, out var key)) return new(new NoticeAddress(null, sender));
        if (srs is not null && Srs.IsSrs(key.LocalPart) && accounts.Table.IsLocalDomain(key.Domain) && srs.Reverse(RowAddresses.Read(sender).LocalPart).Address?.Wire is { } before)
        {
            sender = before;
            if (!AddressKey.TryParse(sender, out key)) return new(new NoticeAddress(null, sender));
        }
        var way = accounts.Table.Resolve(key.LocalPart, key.Domain);
        if (way.Kind == ResolutionKind.NotLocal && capture is not null && AddressKey.TryParse(capture, out var outside)) way = accounts.Table.Resolve(outside.LocalPart, outside.Domain);
        if (way.Local.Count == 0) return new(new NoticeAddress(null, sender));
        var prefix = Encoding.UTF8.GetBytes($"Return-Path: <>\r\nDelivered-To: {way.Local[0].Address}\r\n");
        return new(new NoticeAddress(new AcceptTarget(way.Local[0].Account, "INBOX", prefix, SystemFlags.None, [], IgnoreQuota: true), sender));
    }
}
