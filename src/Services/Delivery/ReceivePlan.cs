using Aviso.Base;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>The steps that say where each copy goes and store them all at once.</summary>
public sealed partial class MailReceiver
{
    // One copy for an account, however many recipients lead to it; one queue row for an address elsewhere.
    private Refusal? PlanTargets(ReceiveContext context)
    {
        var trace = context.Trace = new(context.Transaction, options.HostName, context.Id, context.Now);
        var single = context.Recipients.Count == 1 && context.Recipients[0].Local.Count < 2 && context.Recipients[0].External.Count < 2;
        var seen = single ? null : new HashSet<object>();
        foreach (var recipient in context.Recipients)
        {
            foreach (var target in recipient.Local)
            {
                if (seen is null || seen.Add(target.Account)) context.Local.Add(new(target, recipient, trace.Local(target.Address, recipient.Shown)));
            }
            foreach (var address in recipient.External.Select(ReceiveQueue.Wire))
            {
                if (seen is null || seen.Add(address.ToLowerInvariant())) context.Queued.Add(new(address, recipient));
            }
        }
        var message = new PlannedMessage(context.Body, context.Rendered)
        {
            Queue = context.Queued.Count > 0 ? ReceiveQueue.Submission(context, router) : null,
        };
        message.Copies.AddRange(context.Local);
        context.Messages.Add(message);
        return null;
    }

    private async ValueTask<Refusal?> StoreAsync(ReceiveContext context, CancellationToken cancel)
    {
        var acceptances = context.Messages.ConvertAll(message => Acceptance(context, message));
        var outcome = await store.AcceptAllAsync(acceptances, cancel);
        if (!outcome.Ok) return Refusals.NoRoom($"the store says {outcome.Error}");
        for (var i = 0; i < acceptances.Count; i++)
        {
            var copies = context.Messages[i].Copies;
            for (var k = 0; k < copies.Count; k++) copies[k].Error = outcome.Value![i].Targets[k].Error;
        }
        if (acceptances.Exists(a => a.Queue is not null)) Queued?.Invoke();
        return null;
    }

    private static Acceptance Acceptance(ReceiveContext context, PlannedMessage message) => new(
        message.Body, message.Rendered,
        message.Copies.ConvertAll(c => new AcceptTarget(c.Target.Account, c.Mailbox, context.Trace![c.Prefix], c.Flags, c.Keywords)), message.Queue)
    {
        ReceivedAt = context.Now.ToUnixTimeSeconds(),
    };
}
