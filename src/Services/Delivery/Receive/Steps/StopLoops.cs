using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>
/// RFC 5321 §6.3. Delivered-To stops only what forwards: a mailbox takes mail that it had before, people resend. Who sent a message
/// that is not forwarded again hears of it like of any other failure.
/// </summary>
internal sealed class StopLoops(ReceiveParts parts) : IReceiveStep
{
    public ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (context.Header.Received > parts.Options.MaxReceived) return new(Refusals.Loop($"{context.Header.Received} Received fields"));
        if (context.Header.DeliveredTo is not { } before) return default;
        for (var i = 0; i < context.Recipients.Count; i++)
        {
            var recipient = context.Recipients[i];
            if (!recipient.Forwards || !before.Contains(recipient.Shown, AddressComparer.Instance)) continue;
            ReceiveMeters.Count(Reason.Loop);
            parts.Log.LoopCut(context.Id, recipient.Shown);
            context.Recipients[i] = recipient with { External = [], IsLoop = true };
        }
        return new(context.Recipients.TrueForAll(r => r.IsLoop && r.Local.Count == 0) ? Refusals.WentInACircle : null);
    }
}
