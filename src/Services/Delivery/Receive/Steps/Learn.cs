using Aviso.Accounts;
using Aviso.Base;
using Aviso.Spam;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>Learns from what was stored: traps, whom an account writes to, reports about our domains.</summary>
internal sealed class Learn(ReceiveParts parts) : IReceiveStep
{
    public async ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (context.Traps > 0) await TrapAsync(context);
        if (context.Account is { } account) LearnCorrespondents(account, context);
        else if (parts.Filters.Reports is { } reports && context.Recipients.Exists(TakesReports))
            reports.Take(context.Body, context.Parts);
        // RFC 3464 §2: a delivery status comes with the null reverse-path.
        if (context.Transaction.Sender.IsNull)
            parts.Filters.Bounces?.Invoke(context.Body, context.Parts, context.Recipients.ConvertAll(r => r.Recipient.Address.Wire));
        return null;
    }

    private Task TrapAsync(ReceiveContext context)
    {
        var transaction = context.Transaction;
        var input = new SpamInput
        {
            Body = context.Body,
            Root = context.Parts,
            Auth = context.Auth,
            Client = context.Sender,
            Sender = transaction.Sender.Address,
            IsInternal = transaction.Client.Origin.IsInternal,
        };
        var id = System.Text.Encoding.ASCII.GetBytes(context.Id);
        // Its words are written to the disk.
        return Task.Run(() => parts.Filters.Traps?.Caught(input, id, transaction.Client.Origin.Kind), CancellationToken.None);
    }

    private bool TakesReports(ResolvedRecipient recipient)
    {
        var local = recipient.Recipient.LocalPart.Split(AddressTable.DetailSeparator)[0];
        return Postmaster.Is(local) || parts.Filters.ReportAddresses().Contains($"{local}@{recipient.Recipient.Domain.Ascii}".ToLowerInvariant());
    }

    private void LearnCorrespondents(AccountId account, ReceiveContext context)
    {
        var id = context.MessageId;
        parts.Filters.Correspondents?.WroteTo(account, context.Recipients.Select(r => r.Shown), id.Length > 0 ? [id] : []);
    }
}
