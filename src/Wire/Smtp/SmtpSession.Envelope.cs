using Aviso.Base;

namespace Aviso.Smtp;

/// <summary>MAIL, RCPT and RSET.</summary>
internal sealed partial class SmtpSession
{
    private MailCommand _mail;
    private MailRecipient? _recipient;

    internal Reply? CheckMail() => MailCommand.Read(_argument.Span, out _mail);

    internal async ValueTask MailAsync()
    {
        if (_transactions >= _options.Transactions)
        {
            Close(Replies.TooManyTransactions);
            return;
        }
        // RFC 1870 §6.1: a declared size over the limit is refused before a single octet comes.
        if (_mail.Parameters.Size > _options.MessageSize)
        {
            Say(Replies.TooLarge.With(_options.MessageSize.ToString()));
            return;
        }
        var client = new SmtpClientInfo(connection.Id, connection.Origin, _helo!,
            Protocol(_mail.Parameters.SmtpUtf8), connection.Tls, _login);
        var mail = new MailTransaction(client, _mail.Sender, _mail.Parameters);
        if (await context.Receiver.CheckSenderAsync(mail, connection.Aborted) is { } refusal)
        {
            Say(refusal);
            return;
        }
        _transactions++;
        _transaction = new(mail);
        Say(Replies.SenderOk);
    }

    internal Reply? CheckRcpt() =>
        _transaction!.Chunks is not null ? Replies.ChunksBegun
        : RecipientCommand.Read(_argument.Span, _transaction.Mail.Parameters.SmtpUtf8, out _recipient);

    internal async ValueTask RcptAsync()
    {
        var transaction = _transaction!;
        // RFC 5321 §4.5.3.1.10: temporary, so that the sender keeps the others for another message.
        if (transaction.Mail.Recipients.Count >= _options.Recipients)
        {
            Say(Replies.TooManyRecipients);
            return;
        }
        if (await context.Receiver.CheckRecipientAsync(transaction.Mail, _recipient!, connection.Aborted) is { } refusal)
        {
            Say(refusal);
            transaction.Refused++;
            if (++_refusedRecipients >= _options.RefusedRecipients) Close(Replies.TooManyRefusedRecipients);
            return;
        }
        transaction.Mail.Recipients.Add(_recipient!);
        Say(Replies.RecipientOk);
    }

    internal ValueTask RsetAsync()
    {
        DropTransaction();
        return SayAsync(Replies.Ok);
    }

    private void DropTransaction()
    {
        _transaction?.Dispose();
        _transaction = null;
    }

    // Delivery's no: its cause goes to the log, its text to the peer.
    private void Say(Refusal refusal)
    {
        var reply = Reply.From(refusal);
        Say(reply);
        context.Log.Refused(connection.Id, _verb?.Name ?? "?", reply.ToString(), refusal.Cause);
        // A receiver may end the session with its reply (RFC 5321 §3.8).
        if (refusal.Code == 421) _closing = true;
    }
}
