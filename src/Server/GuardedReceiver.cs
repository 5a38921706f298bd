using Aviso.Base;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Smtp;

namespace Aviso.Server;

/// <summary>Stands before the receive steps: the rates of strangers, and what their refused recipients and their spam say about them.</summary>
internal sealed class GuardedReceiver(IMailReceiver inner, Gatekeeper gate) : IMailReceiver
{
    private static readonly Refusal TooMany = new(450, new(4, 7, 1), "Too many messages from your address, try again later", Reason.Rate, "messages a minute");
    private static readonly Refusal TooManyRecipients = new(450, new(4, 7, 1), "Too many recipients from your address, try again later", Reason.Rate, "recipients a minute");

    public async ValueTask<Refusal?> CheckSenderAsync(MailTransaction transaction, CancellationToken cancel)
    {
        var (origin, stranger) = Who(transaction);
        if (stranger && !gate.Allows(ClientRate.Messages, origin.Kind, origin.Remote.Address)) return TooMany;
        return await inner.CheckSenderAsync(transaction, cancel);
    }

    public async ValueTask<Refusal?> CheckRecipientAsync(MailTransaction transaction, MailRecipient recipient, CancellationToken cancel)
    {
        var (origin, stranger) = Who(transaction);
        if (stranger && !gate.AllowsRecipient(origin.Kind, origin.Remote.Address)) return TooManyRecipients;
        var refusal = await inner.CheckRecipientAsync(transaction, recipient, cancel);
        if (stranger && refusal is { IsPermanent: true, Reason.IsEvidence: true })
            gate.RefusedRecipient(origin.Kind, origin.Remote.Address, refusal.Reason);
        return refusal;
    }

    public SpooledBody BeginBody() => inner.BeginBody();

    public async ValueTask<ReceiveResult> ReceiveAsync(MailTransaction transaction, SpooledBody body, CancellationToken cancel)
    {
        var result = await inner.ReceiveAsync(transaction, body, cancel);
        var (origin, stranger) = Who(transaction);
        if (!stranger) return result;
        if (result.Recipients is [{ Reason: var reason }, ..] && reason == Reason.Spam)
            gate.Report(new(origin.Kind, origin.Remote.Address, reason));
        else if (!result.IsTagged && result.Recipients.Any(r => r is null)) gate.Delivered(origin.Remote.Address);
        return result;
    }

    private static (WireOrigin Origin, bool IsStranger) Who(MailTransaction transaction) =>
        (transaction.Client.Origin, transaction.Client is { Login: null, Origin.Kind: not ListenerKind.Lmtp });
}
