namespace Aviso.Store;

/// <summary>
/// Mailboxes and messages as another server had them: the numbers that clients keep their caches by (UIDVALIDITY, UID, UIDNEXT) are given,
/// not
/// made. What RFC 9051 §2.3.1.1 asks holds all the same: a UID is given once in a mailbox, and they only grow.
/// </summary>
public interface IMoveInWrites
{
    /// <summary>
    /// The mailbox of this name with this UIDVALIDITY: one that has it already, one that is made with its missing parents, or one that
    /// never
    /// held a message, in whose place a new one comes with its use, subscription and order. Conflict: there is one with another UIDVALIDITY
    /// that has given out UIDs; NotPermitted: no name for a mailbox, or no UIDVALIDITY to go on from (0, or within 2^20 of the end);
    /// LimitReached.
    /// </summary>
    Task<Outcome<MailboxInfo>> TakeMailboxAsync(AccountId account, string name, uint uidValidity, CancellationToken cancel);

    /// <summary>
    /// Appends messages under their UIDs, all or none, and writes what the mover notes of them in the same transaction. None is \Recent.
    /// Conflict: a UID is not above all that the mailbox has given out, or within 2^20 of the end.
    /// </summary>
    /// <param name="uids">One for each message, growing; 0: the next one.</param>
    Task<Outcome<IReadOnlyList<AppendedEntry>>> TakeEntriesAsync(
        AccountId account, MailboxId mailbox, IReadOnlyList<AppendMessage> messages, IReadOnlyList<uint> uids,
        Func<IReadOnlyList<AppendedEntry>, IReadOnlyList<Document>> notes, CancellationToken cancel);

    /// <summary>
    /// Moves entries within their mailbox, so that they get UIDs above all others, and writes what the mover notes of them in the same
    /// transaction. UIDs gone meanwhile are left out.
    /// </summary>
    Task<Outcome<EntriesCopied>> RenumberAsync(
        AccountId account, MailboxId mailbox, IReadOnlyList<uint> uids, Func<EntriesCopied, IReadOnlyList<Document>> notes,
        CancellationToken cancel);

    /// <summary>UIDs below this are not given out any more: the other server had given them. NotPermitted within 2^20 of the end.</summary>
    Task<StoreError> RaiseUidNextAsync(AccountId account, MailboxId mailbox, uint uidNext, CancellationToken cancel);
}
