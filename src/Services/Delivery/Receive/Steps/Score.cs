using Aviso.Base;
using Aviso.Spam;

namespace Aviso.Delivery;

/// <summary>
/// Asks the filter. One that fails does not put mail off: the header says that nobody looked. What must be scanned still must.
/// </summary>
internal sealed class Score(ReceiveParts parts) : IReceiveStep
{
    public async ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (context.IsSubmission) return null;
        if (parts.Filters.Spam() is { } filter) context.Spam = await filter.CheckAsync(Input(context), cancel);
        return null;
    }

    public void WasSkipped(ReceiveContext context) => context.Spam = parts.Filters.Spam()?.Unchecked("filter (fault)");

    private SpamInput Input(ReceiveContext context)
    {
        var client = context.Transaction.Client;
        return new()
        {
            Body = context.Body,
            Root = context.Parts,
            Auth = context.Auth,
            Client = context.Sender,
            Helo = context.Auth?.Helo ?? client.Helo,
            Sender = context.Transaction.Sender.Address,
            Recipients = [.. context.Recipients.Where(r => !r.IsTrap).Select(r => r.Shown)],
            Accounts = [.. context.Recipients.SelectMany(r => r.Local).Select(l => l.Account).Distinct()],
            IsInternal = client.Origin.IsInternal,
            IsRelayed = context.IsLmtp || parts.Filters.IsTrustedRelay(client.Origin.Remote.Address),
            Traps = context.Traps,
        };
    }
}
