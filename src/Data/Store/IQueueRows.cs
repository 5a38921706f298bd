namespace Aviso.Store;

/// <summary>
/// The outbound queue as rows: one message, many recipients, each with its own state. Delivery decides, the store keeps.
/// Leased rows are given to nobody else until the lease ends (a crash hands them out again).
/// </summary>
public interface IQueueRows
{
    /// <summary>Up to <paramref name="limit"/> due recipients, leased until <paramref name="leaseUntil"/>: destination by destination,
    /// the one that waits longest first, in each the oldest due first. Destinations in <paramref name="busy"/> are passed over. All times
    /// are Unix milliseconds UTC.</summary>
    Task<IReadOnlyList<QueueRecipient>> LeaseAsync(
        long now, long leaseUntil, int limit, IReadOnlySet<string> busy, CancellationToken cancel);

    /// <summary>When to look next, Unix ms: never later than the first recipient is due, perhaps earlier; null when nothing
    /// waits.</summary>
    Task<long?> NextDueAsync(CancellationToken cancel);

    /// <summary>Messages of these ids, without recipients; gone ones are left out.</summary>
    Task<IReadOnlyList<QueueMessage>> QueueMessagesAsync(IReadOnlyList<QueueId> ids, CancellationToken cancel);

    /// <summary>The octets to send: prefix, then body. Null when the message is gone.</summary>
    Task<StoredBody?> OpenQueueBodyAsync(QueueId id, CancellationToken cancel);

    /// <summary>
    /// Writes outcomes of attempts in one transaction, together with messages that follow from them (bounces, notices):
    /// a bounce and the end of what it reports are one commit. A message goes with its last recipient.
    /// </summary>
    Task SettleAsync(IReadOnlyList<QueueSettlement> settlements, IReadOnlyList<Acceptance> follows, CancellationToken cancel);

    /// <summary>Everything queued, oldest first, recipients included, filtered and at most <paramref name="limit"/> messages.</summary>
    Task<IReadOnlyList<QueueItem>> ListQueueAsync(QueueFilter filter, int limit, CancellationToken cancel);

    /// <summary>Changes state by hand (retry now, hold, release, drop). Returns the recipients changed.</summary>
    Task<int> ChangeQueueAsync(QueueFilter filter, QueueChange change, long now, CancellationToken cancel);

    /// <summary>Counts and the oldest arrival (Unix ms), for metrics.</summary>
    Task<QueueTotals> QueueTotalsAsync(CancellationToken cancel);

    /// <summary>Recipients sent through a relay since <paramref name="since"/> (Unix ms): its quota counts a rolling day.</summary>
    Task<long> RelayUseAsync(string relay, long since, CancellationToken cancel);
}

/// <summary>RFC 3461 §4.3 RET.</summary>
public enum DsnReturn : byte
{
    Unspecified = 0, Full = 1, Headers = 2,
}

/// <summary>RFC 3461 §4.1 NOTIFY. Frozen: the numbers are on disk.</summary>
[Flags]
public enum DsnNotify : byte
{
    Unspecified = 0, Never = 1, Success = 2, Failure = 4, Delay = 8,
}

/// <summary>What a next hop must be able to do. Frozen: the numbers are on disk.</summary>
[Flags]
public enum QueueNeeds : byte
{
    None = 0, EightBit = 1, SmtpUtf8 = 2, BinaryMime = 4,

    /// <summary>RFC 8689 §4.1 REQUIRETLS: only over verified TLS to hops that promise the same.</summary>
    RequireTls = 8,

    /// <summary>RFC 8689 §3 "TLS-Required: No": delivery is worth more to the sender than what the recipient's domain says about
    /// TLS.</summary>
    TlsOptional = 16,
}

/// <summary>Who gets the last of a relay's quota: people first (design.md row 2). Frozen.</summary>
public enum QueuePriority : byte
{
    Person = 0, Automatic = 1, Bulk = 2,
}

/// <summary>What goes into the queue.</summary>
/// <param name="Sender">Reverse-path without brackets; empty for bounces.</param>
/// <param name="Account">Who submitted it, or null for forwards and notices.</param>
/// <param name="EnvelopeId">RFC 3461 §4.4 ENVID as given (xtext decoded), or empty.</param>
/// <param name="Prefix">Trace fields put before the body.</param>
public sealed record QueueSubmission(
    string Sender, AccountId? Account, string EnvelopeId, DsnReturn Return, QueueNeeds Needs, QueuePriority Priority,
    ReadOnlyMemory<byte> Prefix, IReadOnlyList<QueueTarget> Recipients);

/// <param name="Address">Forward-path without brackets.</param>
/// <param name="Destination">What connections are shared by: a domain in lower-case ASCII or "relay:NAME".</param>
/// <param name="OriginalRecipient">RFC 3461 §4.2 ORCPT, "type;address", or empty.</param>
/// <param name="DueAt">Unix ms UTC.</param>
public sealed record QueueTarget(
    string Address, string Destination, DsnNotify Notify, string OriginalRecipient, long DueAt);

public sealed record QueueMessage(
    QueueId Id, string Sender, AccountId? Account, string EnvelopeId, DsnReturn Return, QueueNeeds Needs,
    QueuePriority Priority, long ArrivedAt, long Size, string MessageId);

/// <summary>Frozen: the numbers are on disk.</summary>
public enum QueueState : byte
{
    Waiting = 0, Held = 1,
}

/// <param name="LastReply">The remote reply or our reason at the last attempt, at most 1,000 characters.</param>
/// <param name="DelayNotified">A delay notice has been sent.</param>
/// <param name="HoldReason">Why it is held: a verb, a relay's quota; empty when waiting.</param>
public sealed record QueueRecipient(
    QueueId Message, int Number, string Address, string Destination, DsnNotify Notify, string OriginalRecipient,
    QueueState State, string HoldReason, int Attempts, long DueAt, string LastReply, long LastAttemptAt, bool DelayNotified);

public sealed record QueueItem(QueueMessage Message, IReadOnlyList<QueueRecipient> Recipients);

/// <summary>What becomes of a recipient after an attempt.</summary>
public enum QueueResult
{
    /// <summary>Delivered or failed for good: the row goes.</summary>
    Done,

    /// <summary>Try again at <see cref="QueueSettlement.DueAt"/>; counts as an attempt.</summary>
    Retry,

    /// <summary>Wait (quota, hold) until DueAt without counting an attempt.</summary>
    Postpone,
}

/// <param name="Relay">Name of the relay that took it, counted in its quota; empty otherwise.</param>
/// <param name="Destination">A new destination when routing changed, else null.</param>
public sealed record QueueSettlement(
    QueueId Message, int Number, QueueResult Result, long DueAt, string Reply, long At, string Relay = "",
    bool DelayNotified = false, string HoldReason = "", string? Destination = null);

/// <summary>All that is set must match.</summary>
/// <param name="Account">Who submitted it.</param>
/// <param name="HoldReason">How the reason of the hold begins.</param>
public sealed record QueueFilter(
    QueueId? Id = null, string? Recipient = null, string? Destination = null, string? Sender = null, AccountId? Account = null,
        string? HoldReason = null);

public enum QueueChange
{
    RetryNow, Hold, Release, Drop,
}

/// <param name="Held">Recipients held by hand or by a relay's quota.</param>
/// <param name="Deferred">Recipients that were tried, and wait to be tried again.</param>
public sealed record QueueTotals(long Messages, long Recipients, long Held, long? OldestArrival, long Deferred = 0);
