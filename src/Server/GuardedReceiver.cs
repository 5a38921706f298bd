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

    public async ValueTask<Begun> BeginAsync(MailTransaction transaction, CancellationToken cancel)
    {
        var (origin, stranger) = Who(transaction);
        if (stranger && !gate.Allows(ClientRate.Messages, origin.Kind, origin.Remote.Address)) return new Begun.Not(TooMany);
        var begun = await inner.BeginAsync(transaction, cancel);
        return stranger && begun is Begun.Open open ? new Begun.Open(new Guarded(open.Receiving, gate, origin)) : begun;
    }

    private static (WireOrigin Origin, bool IsStranger) Who(MailTransaction transaction) =>
        (transaction.Client.Origin, transaction.Client is { Login: null, Origin.Kind: not ListenerKind.Lmtp });

    /// <summary>A transaction of a stranger.</summary>
    private sealed class Guarded(IReceiving inner, Gatekeeper gate, WireOrigin origin) : IReceiving
    {
        public async ValueTask<Refusal?> AddAsync(MailRecipient recipient, CancellationToken cancel)
        {
            if (!gate.AllowsRecipient(origin.Kind, origin.Remote.Address)) return TooManyRecipients;
            var refusal = await inner.AddAsync(recipient, cancel);
            if (refusal is { IsPermanent: true, Reason.IsEvidence: true })
                gate.RefusedRecipient(origin.Kind, origin.Remote.Address, refusal.Reason);
            return refusal;
        }

        public SpooledBody BeginBody() => inner.BeginBody();

        public async ValueTask<ReceiveResult> FinishAsync(SpooledBody body, CancellationToken cancel)
        {
            var result = await inner.FinishAsync(body, cancel);
            if (result.Recipients is [{ Reason: var reason }, ..] && reason == Reason.Spam)
                gate.Report(new(origin.Kind, origin.Remote.Address, reason));
            else if (!result.IsTagged && result.Recipients.Any(r => r is null)) gate.Delivered(origin.Remote.Address);
            return result;
        }
    }
}
