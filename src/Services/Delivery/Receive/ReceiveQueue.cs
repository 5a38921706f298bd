using System.Text;
using Aviso.Base;
using Aviso.Smtp;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>What of a received message goes on to other systems.</summary>
internal static class ReceiveQueue
{
    /// <summary>The reverse-path without brackets, empty for the null one.</summary>
    public static string Sender(ReversePath sender) => sender.Address.Wire;

    /// <param name="prefix">Trace fields, signatures and seals.</param>
    /// <param name="account">Whose mail it is: the login's, or the one whose script sends it on; its sending brake holds it.</param>
    public static QueueSubmission Submission(
        ReceiveContext context, IRouter router, List<PlannedQueue> recipients, string sender, ReadOnlyMemory<byte> prefix,
        AccountId? account)
    {
        var transaction = context.Transaction;
        var due = context.Now.ToUnixTimeMilliseconds();
        return new(sender, account,
            transaction.Parameters.EnvelopeId ?? "", Return(transaction.Parameters.Return), Needs(context, recipients, sender), Priority(context),
            prefix, recipients.ConvertAll(q => Target(q, sender, due, router)));
    }

    private static QueueTarget Target(PlannedQueue queued, string sender, long due, IRouter router)
    {
        // RFC 3461 §5.2.7.1: a forwarded message keeps what its sender asked for, under the address the sender knows.
        var original = queued.For.Recipient.OriginalRecipient
            ?? (queued.For.Forwards ? (Ascii.IsValid(queued.For.Shown) ? "rfc822;" : "utf-8;") + queued.For.Shown : "");
        var destination = router.DestinationFor(RowAddresses.Read(sender), queued.Address);
        return new(queued.Address.Wire, destination, Notify(queued.For.Recipient.Notify), original, due);
    }

    /// <summary>RFC 3461 §4.1.</summary>
    public static DsnNotify Notify(string? keywords)
    {
        var notify = DsnNotify.Unspecified;
        foreach (var word in (keywords ?? "").Split(','))
        {
            notify |= word.Trim().ToUpperInvariant() switch
            {
                "NEVER" => DsnNotify.Never,
                "SUCCESS" => DsnNotify.Success,
                "FAILURE" => DsnNotify.Failure,
                "DELAY" => DsnNotify.Delay,
                _ => DsnNotify.Unspecified,
            };
        }
        return notify;
    }

    public static DsnReturn Return(string? word) => word?.ToUpperInvariant() switch
    {
        "FULL" => DsnReturn.Full,
        "HDRS" => DsnReturn.Headers,
        _ => DsnReturn.Unspecified,
    };

    // What the octets need, not what was declared: clients declare 8BITMIME for everything and send 8-bit text without it.
    private static QueueNeeds Needs(ReceiveContext context, List<PlannedQueue> recipients, string sender)
    {
        var parameters = context.Transaction.Parameters;
        var needs = QueueNeeds.None;
        if (!IsAscii(context.Body)) needs |= QueueNeeds.EightBit;
        if (parameters.Body == BodyType.BinaryMime) needs |= QueueNeeds.BinaryMime;
        var addresses = Ascii.IsValid(sender) && !recipients.Exists(q => q.Address.NeedsUtf8);
        if (!addresses || (parameters.SmtpUtf8 && !Ascii.IsValid(context.Header.Octets.Span))) needs |= QueueNeeds.SmtpUtf8;
        // RFC 8689 §3: of the two the parameter counts.
        if (parameters.RequireTls) needs |= QueueNeeds.RequireTls;
        else if (context.Header.IsTlsOptional) needs |= QueueNeeds.TlsOptional;
        return needs;
    }

    private static QueuePriority Priority(ReceiveContext context) => context.Header.IsBulk ? QueuePriority.Bulk
        : context.Header.IsAutomatic || context.Transaction.Sender.IsNull ? QueuePriority.Automatic : QueuePriority.Person;

    private static bool IsAscii(SpooledBody body)
    {
        var ascii = true;
        body.ForEachPiece(piece => ascii = ascii && Ascii.IsValid(piece.Span));
        return ascii;
    }
}
