using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>
/// Before the reply: every share of every accepted recipient is placed, queued, told in a bounce or thrown away by its owner's script.
/// What the reply itself can refuse is refused there; of the rest a sender who is proven hears, and else somebody here keeps it. That
/// neither can be done puts the message off, for nothing that is acknowledged may vanish.
/// </summary>
internal sealed class ProveFates(ReceiveParts parts) : IReceiveStep
{
    private readonly Notices _notices = new(parts);
    private readonly Rescue _rescue = new(parts);

    public async ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        var open = context.Fates.Shares.Where(s => !s.HasFate).ToList();
        if (open.Count > 0 && await SettleAsync(context, open, cancel) is { } no) return no;
        if (!context.Fates.IsProven(context.IsLmtp)) throw new InvalidOperationException("a recipient would be accepted without a fate");
        // When nobody has it, nothing more happens because of it.
        var replies = context.Fates.Replies(context.IsLmtp);
        if (!context.IsLmtp && replies is [{ } refused, ..]) return refused;
        if (await _notices.TellDeliveredAsync(context, cancel)) parts.Queued();
        return null;
    }

    private async Task<Refusal?> SettleAsync(ReceiveContext context, List<Share> open, CancellationToken cancel)
    {
        var settling = Decide(context, open);
        if (settling.Tell.Count > 0)
        {
            var (told, queued) = await _notices.TellFailedAsync(context, settling.Tell, cancel);
            if (queued) parts.Queued();
            if (!told) settling.Keep.AddRange(settling.Tell);
        }
        return settling.Keep.Count == 0 || await _rescue.KeepAsync(context, settling.Keep, cancel) ? null
            : Refusals.NoRoom("a part of the message could be neither filed nor bounced");
    }

    private static Settling Decide(ReceiveContext context, List<Share> open)
    {
        var settling = new Settling(context);
        // What only scripts led to has no say in the reply.
        foreach (var share in open.Where(s => !s.IsDirect && !s.OnlySendsOn)) settling.Add(share, mayTell: share.Rejection is not null);
        foreach (var share in open.Where(s => s.IsDirect))
        {
            // RFC 5429 §2.2: words that a reply cannot carry go to the sender in a message; §2.1.1: those of ereject are replaced.
            if (Notices.IsByMessage(context, share) && Notices.MayTell(context, share)) settling.Add(share, mayTell: true);
            // Where its script sent it on to it is refused: an error of the script.
            else if (share.OnlySendsOn && !settling.Settles(share)) settling.Add(share, mayTell: false);
        }
        var accepted = context.Fates.Recipients.Where(r => r.Shares.Exists(settling.Settles)).ToList();
        foreach (var (_, shares) in context.IsLmtp || accepted.Count == 0 ? accepted : context.Fates.Recipients)
        {
            foreach (var share in shares.Where(s => !settling.Settles(s))) settling.Add(share, mayTell: true);
        }
        return settling;
    }

    /// <summary>What is told and what is kept.</summary>
    private sealed class Settling(ReceiveContext context)
    {
        private readonly HashSet<Share> _all = [];

        public List<Share> Tell { get; } = [];

        public List<Share> Keep { get; } = [];

        public void Add(Share share, bool mayTell)
        {
            if (_all.Add(share)) (mayTell && Notices.MayTell(context, share) ? Tell : Keep).Add(share);
        }

        /// <summary>It has a fate, or will have one.</summary>
        public bool Settles(Share share) => share.HasFate || share.Leads(s => _all.Contains(s) && IsFor(share, s));

        // What is kept for whoever sent it there first is a fate for him and for those who sent it to him.
        private static bool IsFor(Share share, Share settled) =>
            settled == share || settled.IsDirect || settled.Rejection is not null || settled.By is not { } by || share.Leads(s => s == by);
    }
}
