using Aviso.Accounts;
using Aviso.MailAuth;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>
/// Forwards: the sender becomes one of ours (SRS), the chain of custody is sealed (ARC, RFC 8617), and what looks like spam stays here,
/// for a relay that sends it on is taken for its source.
/// </summary>
internal sealed class Forwards(ReceiveParts parts)
{
    /// <summary>Takes the addresses elsewhere from recipients that forward, when the message looks like spam; somebody here keeps it.</summary>
    public void KeepSpam(ReceiveContext context)
    {
        if (!context.IsTagged) return;
        for (var i = 0; i < context.Recipients.Count; i++)
        {
            var recipient = context.Recipients[i];
            if (!recipient.Forwards || recipient.External.Count == 0) continue;
            IReadOnlyList<LocalTarget> keepers = recipient.Local.Count > 0 ? recipient.Local : KeeperOf(recipient) is { } keeper ? [keeper] : [];
            if (keepers.Count == 0) continue;
            parts.Log.ForwardKept(context.Id, context.Spam?.Score ?? 0, recipient.Shown, keepers[0].Address.Wire);
            ReceiveMeters.ForwardsKept.Add(1, new KeyValuePair<string, object?>("reason", "spam"));
            context.Recipients[i] = recipient with { Local = keepers, External = [] };
        }
    }

    /// <summary>The message for the queue of an address of ours that sends copies elsewhere.</summary>
    /// <param name="marks">Fields that say whose scripts sent it on; empty for an alias.</param>
    /// <param name="account">Whose script sends it; null for an alias.</param>
    public async ValueTask<PlannedMessage> MakeAsync(
        ReceiveContext context, PlannedMessage message, ResolvedRecipient from, List<PlannedQueue> to, ReadOnlyMemory<byte> marks,
        AccountId? account, CancellationToken cancel)
    {
        var (sender, genuine) = await SenderAsync(context, from, cancel);
        // RFC 5321 §7.6: with several recipients nothing in the message may name one of them to another.
        var prefix = context.Trace.Queued(from.Shown.ToLowerInvariant(), context.Recipients.Count == 1 ? from.Shown : null,
            [.. marks.Span, .. Seal(context, message, from)]);
        var queue = ReceiveQueue.Submission(context, parts.Router, to, sender, context.Trace[prefix], account);
        var planned = message.Again() with { IsForward = true };
        // Who keeps a failed forward keeps all of it.
        planned.Queue = genuine ? queue : queue with { Return = DsnReturn.Full };
        return planned;
    }

    /// <summary>Who keeps what this address of ours may not send on.</summary>
    public LocalTarget? KeeperOf(ResolvedRecipient from) =>
        from.Local.Count > 0 ? from.Local[0] : parts.Accounts.Table.KeeperOf(from.Recipient.Domain);

    // A failed forward is told to a sender who is real; otherwise the address here that forwards hears of it (incident: backscatter).
    // That somebody uses the name of one of ours proves nothing: an unproven sender of ours is an unproven sender.
    private async ValueTask<(string Sender, bool Genuine)> SenderAsync(
        ReceiveContext context, ResolvedRecipient from, CancellationToken cancel)
    {
        var sender = context.Transaction.Sender.Address;
        if (sender.IsNone || parts.Filters.Srs is not { } srs) return (sender.Wire, true);
        if (!context.SenderIsProven && KeeperOf(from) is { } keeper)
            return ((await srs.ForwardAsync(keeper.Address, from.Recipient.Domain, cancel)).Wire, false);
        if (parts.Accounts.Table.IsLocalDomain(sender.Domain)) return (sender.Wire, true);
        return ((await srs.ForwardAsync(sender, from.Recipient.Domain, cancel)).Wire, true);
    }

    private byte[] Seal(ReceiveContext context, PlannedMessage message, ResolvedRecipient from)
    {
        if (context.Auth is not { } auth || parts.Filters.Keys is not { } keys) return [];
        try
        {
            var key = keys.KeysOf(from.Recipient.Domain.Ascii).FirstOrDefault(k => k.Algorithm == DkimAlgorithm.RsaSha256);
            return key is null ? [] : ArcSealer.Seal(message.Body, auth.Arc, auth.Results(parts.Options.HostName), key, context.Now);
        }
        catch (Exception e)
        {
            // A forward without a seal is better than none.
            parts.Log.StepSkipped(e, context.Id, "sealing");
            return [];
        }
    }
}
