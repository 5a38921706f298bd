using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>
/// Says where each copy goes: one for an account, however many recipients lead to it; one queue row for an address elsewhere. Every
/// recipient has at least one share when it ends.
/// </summary>
internal sealed class Plan(ReceiveParts parts) : IReceiveStep
{
    private readonly Sorting _sorting = new(parts);
    private readonly Forwards _forwards = new(parts);

    public async ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        context.Trace = new(context.Transaction, parts.Options.HostName, context.Id, context.Now) { Signatures = context.Signatures };
        _forwards.KeepSpam(context);
        var message = new PlannedMessage(context.Body, parts.Reader.Render(context.Body, context.Parts), context.Parts.HeaderLength);
        context.Messages.Add(message);
        var queued = new List<PlannedQueue>();
        foreach (var recipient in context.Recipients)
        {
            var fates = context.Fates;
            fates.Begin(recipient);
            if (recipient.IsTrap) fates.Lead(fates.Add(new Share(recipient) { IsTrap = true }));
            if (recipient.IsLoop) fates.Lead(fates.Add(new Share(recipient) { No = Refusals.WentInACircle }));
            foreach (var target in recipient.Local)
                fates.Lead(await _sorting.ReachAsync(context, new(target, recipient, recipient.Shown, null, message, default), cancel));
            foreach (var address in recipient.External)
            {
                fates.Lead(fates.Elsewhere(address, recipient, out var isNew));
                if (isNew) queued.Add(new(address, recipient));
            }
            // Whoever resolves an address finds somebody; should it ever not be so, the sender keeps the message.
            if (fates.LeadsNowhere) fates.Lead(fates.Add(new Share(recipient) { No = Refusals.Unknown }));
        }
        await QueueAsync(context, message, queued, cancel);
        KeepRejected(context);
        return null;
    }

    private async Task QueueAsync(ReceiveContext context, PlannedMessage message, List<PlannedQueue> queued, CancellationToken cancel)
    {
        var direct = queued.FindAll(q => !q.For.Forwards);
        if (direct.Count > 0)
        {
            // RFC 5321 §7.6: with several recipients nothing in the message may name one of them to another.
            var prefix = context.Trace.Queued(null, context.Recipients is [var only] ? only.Shown : null);
            message.Queue = ReceiveQueue.Submission(context, parts.Router, direct, context.ReturnPath, context.Trace[prefix], context.Account);
        }
        foreach (var forward in queued.Where(q => q.For.Forwards).GroupBy(q => q.For))
            context.Messages.Add(await _forwards.MakeAsync(context, message, forward.Key, [.. forward], default, context.Account, cancel));
    }

    // RFC 5429 §2.1: refused while that is possible; a sender who is not real is not written to, so the message stays.
    private static void KeepRejected(ReceiveContext context)
    {
        var others = context.Fates.Shares.Any(s => s.Copies.Count > 0 || s.IsQueued || s.IsDiscarded);
        foreach (var share in context.Fates.Shares)
        {
            if (share.Rejection is null || share.Arrival is not { } arrival || Notices.MayTell(context, share)) continue;
            if (share.IsDirect && (context.IsLmtp || !others)) continue;
            Sorting.Place(share, arrival.Message, share.Junk);
            share.No = null;
        }
    }
}
