using Aviso.Accounts;
using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>
/// Redirects of scripts: to accounts of ours, whose scripts run in turn, and to addresses elsewhere. A redirect that places and
/// queues nothing is an error of its script (RFC 5228 §2.10.6), never a way for a message to get lost.
/// </summary>
internal sealed class Redirects(ReceiveParts parts, Sorting sorting, MessageEdits edits)
{
    private readonly Forwards _forwards = new(parts);
    private readonly SendingGate? _gate = SendingGate.Of(parts);

    /// <returns>What came to nothing, in words for the owner of the script.</returns>
    public async Task<List<string>> FollowAsync(
        ReceiveContext context, Share share, Arrival arrival, IReadOnlyList<SieveForward> redirects, CancellationToken cancel)
    {
        var errors = new List<string>();
        foreach (var redirect in redirects)
        {
            if (await FollowAsync(context, share, arrival, redirect, cancel) is { } wrong) errors.Add($"{redirect.At}: redirect to {redirect.Address}: {wrong}");
        }
        return errors;
    }

    private async Task<string?> FollowAsync(ReceiveContext context, Share share, Arrival arrival, SieveForward redirect, CancellationToken cancel)
    {
        if (!MailAddress.TryParse(redirect.Address, out var to)) return "that is no address";
        var way = Resolve(to);
        if (way is { Kind: not ResolutionKind.NotLocal, Local.Count: 0, External.Count: 0 })
            return way.Kind == ResolutionKind.Suspended ? "that mailbox is not available now" : "nobody here has this address";
        var message = redirect.Edit is not { } edit ? arrival.Message : edits.SentOn(arrival.Message, edit, context.Trace[share.Prefix.Octets].Span);
        if (message != arrival.Message) context.Messages.Add(message);
        var marks = (byte[])[.. arrival.Marks.Span, .. redirect.Prefix.Span];
        string? wrong = null;
        foreach (var target in way.Local)
        {
            var inner = await sorting.ReachAsync(context, new(target, share.For, redirect.Address, share, message, marks), cancel);
            if (IsReached(share, inner)) share.Onward.Add(inner);
            else wrong ??= Keep(share, arrival, target);
        }
        IReadOnlyList<MailAddress> elsewhere = way.Kind == ResolutionKind.NotLocal ? [to] : way.External;
        return await SendAsync(context, share, arrival, message, marks, elsewhere, cancel) ?? wrong;
    }

    private Resolution Resolve(MailAddress address)
    {
        var table = parts.Accounts.Table;
        var way = table.Resolve(address);
        return way.Kind == ResolutionKind.NotLocal
            && parts.Options.OutsideMailbox is { } outside && MailAddress.TryParse(outside, out var here)
            ? table.Resolve(here) : way;
    }

    // An account that was here before is only harmless when it holds a copy, or sends the message on to where it is held.
    private static bool IsReached(Share from, Share to) => to == from ? from.Copies.Count > 0 : to.IsPlanned;

    // A list may hold the account that redirects to it, and circles end somewhere: there the message stays.
    private static string? Keep(Share share, Arrival arrival, LocalTarget target)
    {
        if (share.Copies.Count > 0) return null;
        Sorting.Place(share, arrival.Message, share.Keep);
        return target.Account == arrival.Target.Account ? "that leads back to this mailbox"
            : $"{target.Address.Shown} does not keep it, or sends it back here";
    }

    private async Task<string?> SendAsync(
        ReceiveContext context, Share share, Arrival arrival, PlannedMessage message, byte[] marks, IReadOnlyList<MailAddress> elsewhere,
        CancellationToken cancel)
    {
        if (elsewhere.Count == 0) return null;
        var (account, address, _) = arrival.Target;
        if (_gate is not null && await _gate.CountAsync(account, address.Wire, elsewhere, "a script", cancel) is { } no) return no.Text;
        var from = share.For with { Local = [arrival.Target], External = elsewhere, Forwards = true };
        var fresh = new List<PlannedQueue>();
        foreach (var to in elsewhere)
        {
            share.Onward.Add(context.Fates.Elsewhere(to, from, out var isNew));
            if (isNew) fresh.Add(new(to, from));
        }
        if (fresh.Count > 0) context.Messages.Add(await _forwards.MakeAsync(context, message, from, fresh, marks, account, cancel));
        return null;
    }
}
