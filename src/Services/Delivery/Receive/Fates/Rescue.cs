using Aviso.Accounts;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>
/// Keeps what ended nowhere, over the quota if need be: in the mailbox of the account itself, of the account whose script sent it on,
/// or of whoever keeps what its address of ours may not send on. Each is an event.
/// </summary>
internal sealed class Rescue(ReceiveParts parts)
{
    private readonly Forwards _forwards = new(parts);

    /// <summary>False when any of them could not be kept.</summary>
    public async Task<bool> KeepAsync(ReceiveContext context, List<Share> shares, CancellationToken cancel)
    {
        var kept = true;
        foreach (var share in shares) kept &= await KeepAsync(context, share, cancel);
        return kept;
    }

    private async Task<bool> KeepAsync(ReceiveContext context, Share share, CancellationToken cancel)
    {
        foreach (var place in Places(context, share))
        {
            if (!place.IsHeld && !await StoreAsync(context, place, cancel)) continue;
            share.IsKeptElsewhere = place.Owner != share;
            Tell(context, share, place);
            return true;
        }
        return false;
    }

    private IEnumerable<Place> Places(ReceiveContext context, Share share)
    {
        if (share.Arrival is not null && (share.IsDirect || share.Rejection is not null)) yield return Own(context, share);
        else if (share.By is { } by) yield return Own(context, by);
        if (_forwards.KeeperOf(share.For) is { } keeper && keeper.Account != share.Arrival?.Target.Account) yield return At(context, share, keeper);
        // The account is gone since RCPT.
        if (parts.Accounts.Table.KeeperOf(share.For.Recipient.Domain) is { } last) yield return At(context, share, last);
    }

    // The copy that did not fit, or the whole message as it came.
    private static Place Own(ReceiveContext context, Share share)
    {
        var arrival = share.Arrival ?? throw new InvalidOperationException("only an account has a mailbox");
        if (share.Copies is [var first, ..] && share.Rejection is null)
        {
            var message = context.Messages.Find(m => m.Copies.Exists(c => ReferenceEquals(c, first))) ?? arrival.Message;
            return new(share, message, first with { Error = null }, share.For) { IsOverQuota = first.Error == StoreError.OverQuota };
        }
        var mailbox = share.Rejection is null ? share.Keep : share.Junk;
        return new(share, arrival.Message, new(arrival.Target, share.Prefix.Octets) { Mailbox = mailbox }, share.For);
    }

    private static Place At(ReceiveContext context, Share share, LocalTarget keeper)
    {
        if (context.Fates.Of(keeper.Account) is { IsHeld: true } holder) return Own(context, holder);
        var prefix = context.Trace.Local(keeper.Address.Wire, share.For.Shown, default);
        return new(null, context.Messages[0], new(keeper, prefix.Octets), share.For);
    }

    private async Task<bool> StoreAsync(ReceiveContext context, Place place, CancellationToken cancel)
    {
        var outcome = await parts.Store.AcceptAsync(place.Message.Acceptance(context, [place.Copy], ignoreQuota: true), cancel);
        place.Copy.Error = outcome.Value is { Targets: [var target] } ? target.Error : StoreError.ReadOnly;
        if (!place.Copy.IsStored) return false;
        place.Copy.Entry = outcome.Value?.Targets[0].Value;
        if (place.Owner is { } owner) owner.Copies.Add(place.Copy);
        else context.KeptCopies.Add((place.Copy, place.For));
        return true;
    }

    private void Tell(ReceiveContext context, Share share, Place place)
    {
        var isOwn = place.Owner == share;
        ReceiveMeters.Rescue(
            share.No is null && isOwn ? "quota" : share.Rejection is not null ? "rejected" : share.No is not null ? "loop" : "redirect");
        if (isOwn && place.IsOverQuota) parts.Log.FiledOverQuota(context.Id, place.Copy.Target.Address.Wire);
        else parts.Log.FateRescued(
            context.Id, share.For.Shown, place.Copy.Target.Address.Wire, share.No?.Text ?? "it could not be filed where it was sent on to");
    }

    /// <param name="Owner">The share whose account it is; null for one that had none of this message.</param>
    private sealed record Place(Share? Owner, PlannedMessage Message, PlannedCopy Copy, ResolvedRecipient For)
    {
        public bool IsOverQuota { get; init; }

        /// <summary>The account has the message already.</summary>
        public bool IsHeld => Owner is { IsHeld: true };
    }
}
