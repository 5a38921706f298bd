using Aviso.Base;
using Aviso.MailAuth;

namespace Aviso.Delivery;

/// <summary>Finds out who sent a message: SPF, DKIM, DMARC, ARC. Never defers mail: what was not found out is not proven.</summary>
internal sealed class VerifySender(ReceiveParts parts) : IReceiveStep
{
    public async ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (context.IsSubmission || parts.Filters.Verifier is not { } verifier)
        {
            context.SenderIsProven = true;
            return null;
        }
        var transaction = context.Transaction;
        var client = transaction.Client;
        var remote = client.Origin.Remote.Address;
        var (address, helo) = OriginalClient.Find(context.Header.Octets.Span, remote, client.Helo, parts.Filters.IsTrustedRelay);
        context.Auth = await verifier.VerifyAsync(new(address, helo, transaction.Sender.Address, context.Body)
        {
            SignaturesOnly = client.Origin.IsInternal && address.Equals(remote),
        }, cancel);
        context.SenderIsProven = context.Auth.SenderIsGenuine || IsOwnMachine(context);
        return null;
    }

    // A printer that speaks for one of ours has no way to prove it but to stand in a network of ours.
    private bool IsOwnMachine(ReceiveContext context) => context.Transaction.Client.Origin.IsInternal
        && context.Auth is { Spf.Result: SpfResult.None } && parts.Accounts.Table.IsLocalDomain(context.Transaction.Sender.Domain);
}
