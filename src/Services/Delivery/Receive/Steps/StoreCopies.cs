using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>Stores all copies and queue rows of the message in one transaction.</summary>
internal sealed class StoreCopies(ReceiveParts parts) : IReceiveStep
{
    public async ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        var messages = context.Messages.FindAll(m => m.Copies.Count > 0 || m.Queue is not null);
        // Scripts may want it nowhere.
        if (messages.Count == 0) return null;
        var outcome = await parts.Store.AcceptAllAsync(messages.ConvertAll(m => m.Acceptance(context)), cancel);
        if (outcome.Value is not { } accepted) return Refusals.NoRoom($"the store says {outcome.Error}");
        for (var i = 0; i < messages.Count; i++)
        {
            var copies = messages[i].Copies;
            var outcomes = accepted[i].Targets;
            for (var k = 0; k < copies.Count; k++) (copies[k].Error, copies[k].Entry) = (outcomes[k].Error, outcomes[k].Value);
            messages[i].QueueId = accepted[i].Queue;
        }
        if (messages.Exists(m => m.Queue is not null)) parts.Queued();
        return null;
    }
}
