using Aviso.Accounts;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Smtp;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>
/// Forwards: the sender becomes one of ours (SRS), the chain of custody is sealed (ARC, RFC 8617), and what looks like spam stays here,
/// for a relay that sends it on is taken for its source.
/// </summary>
public sealed partial class MailReceiver
{
    /// <summary>A bounce to a sender that we once rewrote: where it goes. Null for any other address.</summary>
    private string? ReturnPath(MailRecipient recipient) =>
        Filters.Srs is { } srs && Srs.IsSrs(recipient.LocalPart) && accounts.Table.IsLocalDomain(recipient.Domain) ? srs.Reverse(recipient.LocalPart).Address?.Wire : null;

    // To the stranger whose mail we forwarded, or to one of ours who keeps reports about what a stranger's false sender may not get.
    private ResolvedRecipient? Returned(MailRecipient recipient, string address)
    {
        var shown = TraceFields.Shown(recipient.LocalPart, recipient.Domain);
        if (!AddressKey.TryParse(address, out var key)) return new(recipient, shown, [], [address]);
        var way = accounts.Table.Resolve(key.LocalPart, key.Domain);
        return way.Kind switch
        {
            ResolutionKind.NotLocal => new(recipient, shown, [], [address]),
            ResolutionKind.Found when way.Local.Count > 0 => new(recipient, shown, way.Local, []),
            _ => null,
        };
    }

    /// <summary>Takes the addresses elsewhere from recipients that forward, when the message looks like spam; somebody here keeps it.</summary>
    private void KeepSpam(ReceiveContext context)
    {
        if (!context.IsTagged) return;
        for (var i = 0; i < context.Recipients.Count; i++)
        {
            var recipient = context.Recipients[i];
            if (!recipient.Forwards || recipient.External.Count == 0) continue;
            IReadOnlyList<LocalTarget> keepers = recipient.Local.Count > 0 ? recipient.Local
                : accounts.Table.KeeperOf(recipient.Recipient.Domain) is { } keeper ? [keeper] : [];
            if (keepers.Count == 0) continue;
            log.ForwardKept(context.Id, context.Spam!.Score, recipient.Shown, keepers[0].Address);
            ReceiveMeters.ForwardsKept.Add(1, new KeyValuePair<string, object?>("reason", "spam"));
            context.Recipients[i] = recipient with { Local = keepers, External = [] };
        }
    }

    /// <summary>One message for the queue for each address of ours that sends copies elsewhere.</summary>
    /// <param name="redirect">What a script changed, or null for an alias.</param>
    private PlannedMessage Forward(ReceiveContext context, ResolvedRecipient from, List<PlannedQueue> to, SieveForward? redirect = null)
    {
        var (sender, genuine) = ForwardSender(context, from);
        var message = redirect?.Edit is { } edit ? Edited(context, edit) : new PlannedMessage(context.Body, context.Rendered);
        // RFC 5321 §7.6: with several recipients nothing in the message may name one of them to another.
        var prefix = context.Trace!.Queued(from.Shown.ToLowerInvariant(), context.Recipients.Count == 1 ? from.Shown : null,
            [.. (redirect?.Prefix ?? default).Span, .. Seal(context, message.Body, from)]);
        var queue = ReceiveQueue.Submission(context, router, to, sender, context.Trace[prefix]);
        // Who keeps a failed forward keeps all of it.
        return message with { Queue = genuine ? queue : queue with { Return = DsnReturn.Full } };
    }

    // A failed forward is told to a sender who is real; otherwise the address here that forwards hears of it (incident: backscatter).
    private (string Sender, bool Genuine) ForwardSender(ReceiveContext context, ResolvedRecipient from)
    {
        var sender = context.Transaction.Sender;
        var shown = ReceiveQueue.Sender(sender);
        if (sender.IsNull || Filters.Srs is not { } srs || accounts.Table.IsLocalDomain(sender.Domain)) return (shown, true);
        if (context.Auth is not { SenderIsGenuine: false } || KeeperOf(from) is not { } keeper) return (srs.Forward(sender.Address, from.Recipient.Domain).Wire, true);
        return (srs.Forward(RowAddresses.Read(keeper.Address), from.Recipient.Domain).Wire, false);
    }

    private LocalTarget? KeeperOf(ResolvedRecipient from) => from.Local.Count > 0 ? from.Local[0] : accounts.Table.KeeperOf(from.Recipient.Domain);

    private byte[] Seal(ReceiveContext context, SpooledBody message, ResolvedRecipient from)
    {
        if (context.Auth is not { } auth || Filters.Keys is not { } keys) return [];
        try
        {
            var key = keys.KeysOf(from.Recipient.Domain.Ascii).FirstOrDefault(k => k.Algorithm == DkimAlgorithm.RsaSha256);
            return key is null ? [] : ArcSealer.Seal(message, auth.Arc, auth.Results(options.HostName), key, context.Now);
        }
        catch (Exception e)
        {
            log.StepSkipped(e, context.Id, "sealing");
            return [];
        }
    }
}
