using Aviso.Base;

namespace Aviso.Store;

/// <summary>Messages in mailboxes.</summary>
public interface IEntries
{
    /// <summary>The mailbox as it is now: an immutable snapshot, shared by all sessions. Null when it is gone.</summary>
    ValueTask<MailboxView?> ViewAsync(AccountId account, MailboxId mailbox, CancellationToken cancel);

    /// <summary>
    /// What happened in a mailbox after <paramref name="since"/>: changed or new entries with their present state, and
    /// expunged UIDs. Complete is false below the floor of the expunge log; then Vanished is the complement
    /// of the live UIDs within 1..UIDNEXT-1.
    /// </summary>
    Task<MailboxChanges> ChangesAsync(AccountId account, MailboxId mailbox, long since, CancellationToken cancel);

    /// <summary>What left a mailbox after <paramref name="since"/> and is still in the expunge log, a MOVE elsewhere too; in the order it left.</summary>
    Task<IReadOnlyList<LeftEntry>> LeftAsync(AccountId account, MailboxId mailbox, long since, CancellationToken cancel);

    /// <summary>Marks everything from FirstRecentUid on as no longer recent and returns the old value; the first session to
    /// SELECT gets \Recent (RFC 3501 §2.3.2). Written down soon after, not before it returns; 0 when the mailbox is gone.</summary>
    Task<uint> ClaimRecentAsync(AccountId account, MailboxId mailbox, CancellationToken cancel);

    /// <summary>
    /// Shows rendered columns of these emails one after the other, in the order asked, without making objects of them. Emails
    /// that are gone or were rendered by another version than <paramref name="version"/> are left out: ask
    /// <see cref="EmailsAsync"/> for them. <paramref name="show"/> gets the place in <paramref name="emails"/>; it runs while the
    /// store reads, so it only copies.
    /// </summary>
    ValueTask ShowEmailsAsync(
        AccountId account, IReadOnlyList<EmailId> emails, ShownColumns columns, int version, ShowEmail show, CancellationToken cancel);

    /// <summary>Rendered columns for these emails of one account, in the order asked; null where gone.</summary>
    Task<IReadOnlyList<StoredEmail?>> EmailsAsync(AccountId account, IReadOnlyList<EmailId> emails, CancellationToken cancel);

    /// <summary>Opens the octets of one email, prefix first; null when it is gone. Safe while it is expunged or compacted.</summary>
    Task<StoredBody?> OpenBodyAsync(AccountId account, EmailId email, CancellationToken cancel);

    /// <summary>As <see cref="OpenBodyAsync"/> for several, in the order asked, with one look at the rows. The caller disposes
    /// each.</summary>
    Task<IReadOnlyList<StoredBody?>> OpenBodiesAsync(AccountId account, IReadOnlyList<EmailId> emails, CancellationToken cancel);

    /// <summary>Appends one or more messages in one transaction (MULTIAPPEND: all or none).</summary>
    Task<Outcome<IReadOnlyList<AppendedEntry>>> AppendAsync(
        AccountId account, MailboxId mailbox, IReadOnlyList<AppendMessage> messages, CancellationToken cancel);

    /// <summary>
    /// Changes flags. With <paramref name="unchangedSince"/> entries with a higher modseq are left and returned in
    /// Modified (RFC 7162 §3.1.3). A change that changes nothing makes no new modseq. LimitReached beyond 128 keywords.
    /// </summary>
    Task<Outcome<FlagsStored>> StoreFlagsAsync(
        AccountId account, MailboxId mailbox, IReadOnlyList<uint> uids, FlagChange change, long? unchangedSince,
        CancellationToken cancel);

    /// <summary>Copies, or moves (one transaction, RFC 6851), entries to a mailbox of the same account. UIDs gone meanwhile are
    /// left out. OverQuota for copies.</summary>
    Task<Outcome<EntriesCopied>> CopyAsync(
        AccountId account, MailboxId from, IReadOnlyList<uint> uids, MailboxId to, bool move, CancellationToken cancel);

    /// <summary>Removes entries; with <paramref name="onlyDeleted"/> only those that carry \Deleted. Returns the UIDs removed.</summary>
    Task<Outcome<Expunged>> ExpungeAsync(
        AccountId account, MailboxId mailbox, IReadOnlyList<uint>? uids, bool onlyDeleted, CancellationToken cancel);

    /// <summary>REPLACE (RFC 8508): append and expunge in one transaction.</summary>
    Task<Outcome<AppendedEntry>> ReplaceAsync(
        AccountId account, MailboxId from, uint uid, MailboxId to, AppendMessage message, CancellationToken cancel);
}

/// <summary>One message for APPEND. InternalDate: Unix seconds UTC.</summary>
public sealed record AppendMessage(
    SpooledBody Body, Rendered Rendered, SystemFlags Flags, IReadOnlyList<string> Keywords, long InternalDate);

public enum FlagOperation
{
    Replace, Add, Remove,
}

public sealed record FlagChange(FlagOperation Operation, SystemFlags System, IReadOnlyList<string> Keywords);

/// <summary>Entries as they are after a STORE, changed ones only, and the UIDs that UNCHANGEDSINCE kept back.</summary>
public sealed record FlagsStored(IReadOnlyList<Entry> Changed, IReadOnlyList<uint> Modified, long ModSeq);

public sealed record EntriesCopied(uint UidValidity, IReadOnlyList<uint> Source, IReadOnlyList<uint> Destination, long ModSeq);

public sealed record Expunged(IReadOnlyList<uint> Uids, long ModSeq);

public sealed record MailboxChanges(IReadOnlyList<Entry> Changed, IReadOnlyList<uint> Vanished, bool Complete, long ModSeq);

/// <summary>An entry that is gone from its mailbox.</summary>
public readonly record struct LeftEntry(uint Uid, EmailId Email, long ModSeq);
