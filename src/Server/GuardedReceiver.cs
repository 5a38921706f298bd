using Aviso.Base;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Smtp;

namespace Aviso.Server;

/// <summary>Stands before the receive steps: the message rate of strangers, and what their refused recipients say about them.</summary>
internal sealed class GuardedReceiver(IMailReceiver inner, Gatekeeper gate) : IMailReceiver
{
    private static readonly Refusal TooMany = new(450, new(4, 7, 1), "Too many messages from your address, try again later", "rate: messages a minute");

    public async ValueTask<Refusal?> CheckSenderAsync(MailTransaction transaction, CancellationToken cancel)
    {
        var client = transaction.Client;
        if (client.Login is null && !gate.AllowsMessage(client.Origin.Kind, client.Origin.Remote.Address)) return TooMany;
        return await inner.CheckSenderAsync(transaction, cancel);
    }

    public async ValueTask<Refusal?> CheckRecipientAsync(MailTransaction transaction, MailRecipient recipient, CancellationToken cancel)
    {
        var refusal = await inner.CheckRecipientAsync(transaction, recipient, cancel);
        var client = transaction.Client;
        if (refusal is { IsPermanent: true } && client.Login is null && client.Origin.Kind != ListenerKind.Lmtp && WordOf(refusal) is { } word)
            gate.Report(new(client.Origin.Kind, client.Origin.Remote.Address, word));
        return refusal;
    }

    public SpooledBody BeginBody() => inner.BeginBody();

    public async ValueTask<ReceiveResult> ReceiveAsync(MailTransaction transaction, SpooledBody body, CancellationToken cancel)
    {
        var result = await inner.ReceiveAsync(transaction, body, cancel);
        var client = transaction.Client;
        if (client.Login is null && client.Origin.Kind != ListenerKind.Lmtp && result.Recipients is [{ Cause: var cause }, ..] && cause.StartsWith("spam:", StringComparison.Ordinal))
            gate.Report(new(client.Origin.Kind, client.Origin.Remote.Address, GuardWords.Spam));
        return result;
    }

    // The first word of a cause is fixed (ReceiveRefusals).
    private static string? WordOf(Refusal refusal) =>
        refusal.Cause.StartsWith("unknown:", StringComparison.Ordinal) ? GuardWords.UnknownRecipient
        : refusal.Cause.StartsWith("relay:", StringComparison.Ordinal) ? GuardWords.RelayDenied : null;
}
