namespace Aviso.Smtp;

/// <summary>The transaction of a session, from MAIL to the reply after the data.</summary>
internal sealed class OpenTransaction(MailTransaction mail, IReceiving receiving)
{
    public IReceiving Receiving => receiving;

    public SmtpClientInfo Client => mail.Client;

    public ReversePath Sender => mail.Sender;

    public MailParameters Parameters => mail.Parameters;

    /// <summary>Accepted recipients, in order.</summary>
    public List<MailRecipient> Recipients { get; } = [];
}
