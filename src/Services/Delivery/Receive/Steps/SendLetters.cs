using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>Sends what scripts answer, now that the message is stored, and remembers what they want remembered.</summary>
internal sealed class SendLetters(ReceiveParts parts) : IReceiveStep
{
    private readonly SendingGate? _gate = SendingGate.Of(parts);

    public async ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (parts.Filters.Sieve is not { } sieve) return null;
        foreach (var (account, plan) in context.Sorted)
        {
            // RFC 5230 §4.2: what is remembered is answers that were sent; a forger must not use up the one for the real sender.
            var said = plan with { Letters = [.. plan.Letters.Where(l => MaySend(context, l))] };
            var due = await sieve.CommitAsync(account, said, cancel);
            if (due.Count > 0 && parts.Filters.Post is { } post && await post.SendAsync(account, due, _gate, cancel)) parts.Queued();
        }
        return null;
    }

    // RFC 3834 §2: no answer to somebody who did not write. A notification goes to whom the owner of the script names.
    private static bool MaySend(ReceiveContext context, SieveLetter letter) => letter.Kind switch
    {
        "note" => true,
        "vacation" => !context.IsTagged && context.SenderIsProven,
        _ => !context.IsTagged,
    };
}
