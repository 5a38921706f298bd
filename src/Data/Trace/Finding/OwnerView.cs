namespace Aviso.Trace;

/// <summary>
/// What of a message's life its owner may see: whoever logged in to send it sees whom it was for and what other servers said; whoever
/// got it sees where it came from and what happened in the own mailbox. Neither sees the other's mailbox, scripts or forwards, and nobody
/// sees who else got it.
/// </summary>
public sealed class OwnerView(string account, Func<string, bool> isOwnAddress)
{
    /// <summary>Null: it is neither from nor to this account.</summary>
    public MessageTrace? Of(MessageTrace trace)
    {
        var isSender = trace.Events.Any(e => e.Kind == TraceKind.Connected && IsOwn(e));
        if (!isSender && !trace.Events.Any(e => IsOwn(e) || IsOwnRecipient(e))) return null;
        var queues = trace.Events.Where(e => e.Kind == TraceKind.Queued && IsOwn(e)).SelectMany(e => e.All(TraceField.Queue)).ToHashSet();
        var isSubmission = trace.Events.Any(e => e.Kind == TraceKind.Connected && e.Get(TraceField.Login).Length > 0);
        var shown = new List<TraceEvent>();
        foreach (var one in trace.Events)
            if (Shown(one, isSender, isSubmission, queues) is { } seen) shown.Add(seen.Only(IsForOwners));
        return trace with { Events = shown };
    }

    private TraceEvent? Shown(TraceEvent one, bool isSender, bool isSubmission, HashSet<string> queues) => one.Kind switch
    {
        // Where a neighbour sat when he wrote is his own matter.
        TraceKind.Connected => isSender ? one : isSubmission ? null : one.Only(e => e.Field != TraceField.Login),
        TraceKind.Mail or TraceKind.Header or TraceKind.Authentication or TraceKind.Judged or TraceKind.SenderRefused
            or TraceKind.Accepted or TraceKind.GivenUp or TraceKind.Made => one,
        // By LMTP each recipient has its own answer.
        TraceKind.Refused => one.Get(TraceField.Recipient).Length == 0 || isSender || IsOwnRecipient(one) ? one : null,
        TraceKind.RecipientAccepted or TraceKind.RecipientRefused => isSender || IsOwn(one) || IsOwnRecipient(one) ? one : null,
        // That a neighbour's script threw it away is his own matter too.
        TraceKind.Filed or TraceKind.Discarded or TraceKind.Trapped => IsOwn(one) ? one
            : isSender ? (one with { Kind = TraceKind.Filed }).Only(e => e.Field == TraceField.Recipient) : null,
        TraceKind.NotFiled => IsOwn(one) ? one : isSender ? one.Only(e => e.Field == TraceField.Recipient) : null,
        TraceKind.Script or TraceKind.Queued or TraceKind.Flagged or TraceKind.Moved or TraceKind.Copied or TraceKind.Expunged =>
            IsOwn(one) ? one : null,
        TraceKind.Tried or TraceKind.Reported or TraceKind.Dropped => queues.Contains(one.Get(TraceField.Queue)) ? one : null,
        TraceKind.RelaySaid => one.Get(TraceField.Queue) is { Length: > 0 } queue ? queues.Contains(queue) ? one : null
            : isSender ? one : null,
        _ => null,
    };

    private bool IsOwn(TraceEvent one) => one.Has(TraceField.Account, account);

    private bool IsOwnRecipient(TraceEvent one) =>
        one.Kind is TraceKind.RecipientAccepted or TraceKind.RecipientRefused or TraceKind.Refused
        && isOwnAddress(one.Get(TraceField.Recipient));

    // Why we do something is the administrator's to know, and numbers of accounts are ours.
    private static bool IsForOwners(TraceEvidence one) => one.Field is not (TraceField.Cause or TraceField.Account or TraceField.Step);
}
