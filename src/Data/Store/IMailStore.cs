using Aviso.Base;

namespace Aviso.Store;

/// <summary>
/// The truth about mail: mailboxes, entries, bodies, changes, queue rows and account rows. Every method that changes
/// something returns after the change is durable (design.md section 2 rule 1). A SQLite store implements it today;
/// a PostgreSQL store will later, so nothing here shows an engine. Thread-safe.
/// </summary>
public interface IMailStore : IMailboxes, IEntries, IQueueRows, IAccountRows, IDocumentRows, IAsyncDisposable
{
    /// <summary>
    /// Stores one message for all its local mailboxes and queue recipients in one transaction: the body once, a prefix
    /// for each. Durable when it returns. Over-quota targets are refused one by one in the result, the others stored.
    /// </summary>
    /// <returns>One result a target, in order. <see cref="StoreError.DiskFull"/> or ReadOnly on the outcome: nothing stored.</returns>
    Task<Outcome<Accepted>> AcceptAsync(Acceptance acceptance, CancellationToken cancel);

    /// <summary>As above for several messages that belong together (a copy for a mailbox and one with another sender for the queue):
    /// one transaction. They may share a body.</summary>
    Task<Outcome<IReadOnlyList<Accepted>>> AcceptAllAsync(IReadOnlyList<Acceptance> acceptances, CancellationToken cancel);

    /// <summary>Where new bodies are spooled; one budget for the process.</summary>
    BodySpool Spool { get; }

    /// <summary>Can the store take mail right now; refreshed by a background canary write, at most 10 s old.</summary>
    StoreHealth Health { get; }

    /// <summary>Calls <paramref name="changed"/> after each commit that changed the account, on a pool thread; a hint, it may
    /// repeat. Dispose to stop.</summary>
    IDisposable Watch(AccountId account, Action<AccountChange> changed);

    /// <summary>As <see cref="Watch"/>, for every account.</summary>
    IDisposable WatchAll(Action<AccountChange> changed);

    /// <summary>Full-text candidates; the caller verifies on the text (RFC 9051 §6.4.4 wants substrings).</summary>
    ISearchIndex SearchIndex { get; }

    /// <summary>The store's self-check: rows against segments, counters, orphans. Empty when all is well.</summary>
    IAsyncEnumerable<StoreFinding> CheckAsync(StoreCheckDepth depth, CancellationToken cancel);
}

/// <summary>One message on its way in.</summary>
/// <param name="Body">As received, without our prefix. The caller disposes it after the call.</param>
/// <param name="Targets">Local mailboxes.</param>
/// <param name="Queue">Recipients elsewhere, or null.</param>
public sealed record Acceptance(
    SpooledBody Body, Rendered Rendered, IReadOnlyList<AcceptTarget> Targets, QueueSubmission? Queue)
{
    /// <summary>When it arrived, Unix seconds UTC.</summary>
    public required long ReceivedAt { get; init; }
}

/// <summary>One local mailbox of an <see cref="Acceptance"/>.</summary>
/// <param name="Mailbox">Name below the account; a mailbox that does not exist falls back to INBOX.</param>
/// <param name="Prefix">Return-Path, Delivered-To and trace fields, CRLF lines, put before the body.</param>
/// <param name="Keywords">Keywords to set, by name.</param>
/// <param name="IgnoreQuota">True for our own notices.</param>
public sealed record AcceptTarget(
    AccountId Account, string Mailbox, ReadOnlyMemory<byte> Prefix, SystemFlags Flags, IReadOnlyList<string> Keywords,
    bool IgnoreQuota = false);

/// <summary>What became of an <see cref="Acceptance"/>.</summary>
public sealed record Accepted(IReadOnlyList<Outcome<AppendedEntry>> Targets, QueueId? Queue);

/// <summary>Where an entry went: UIDPLUS wants both numbers.</summary>
public sealed record AppendedEntry(MailboxId Mailbox, uint UidValidity, uint Uid, EmailId Email, long ModSeq);

/// <summary>A commit touched this account; read what changed with <see cref="IEntries.ChangesAsync"/>.</summary>
/// <param name="Mailboxes">The mailboxes whose entries changed.</param>
/// <param name="TreeChanged">A mailbox was created, renamed, deleted or (un)subscribed.</param>
public sealed record AccountChange(AccountId Account, long ModSeq, IReadOnlyList<MailboxId> Mailboxes, bool TreeChanged);

public sealed record StoreHealth(bool CanAccept, string Reason, DateTimeOffset CheckedAt);

public enum StoreCheckDepth
{
    /// <summary>Rows, counters and references.</summary>
    Rows,

    /// <summary>Also every body record with its checksum.</summary>
    Bodies,
}

/// <summary>Something the self-check found.</summary>
/// <param name="Code">Stable, such as "entry-without-email".</param>
public sealed record StoreFinding(string Code, string Text);

/// <summary>Mailbox tree of an account.</summary>
public interface IMailboxes
{
    Task<IReadOnlyList<MailboxInfo>> ListMailboxesAsync(AccountId account, CancellationToken cancel);

    Task<MailboxInfo?> FindMailboxAsync(AccountId account, string name, CancellationToken cancel);

    /// <summary>Creates the mailbox and its missing parents. AlreadyExists, LimitReached, or Conflict when the special use
    /// is taken.</summary>
    Task<Outcome<MailboxInfo>> CreateMailboxAsync(AccountId account, string name, SpecialUse use, CancellationToken cancel);

    /// <summary>Deletes with its entries; children stay. NotPermitted for INBOX, Conflict when it has children
    /// and must stay as a name.</summary>
    Task<StoreError> DeleteMailboxAsync(AccountId account, MailboxId mailbox, CancellationToken cancel);

    /// <summary>Renames with its children. INBOX: its entries move to a new mailbox and INBOX stays (RFC 9051 §6.3.6).</summary>
    Task<StoreError> RenameMailboxAsync(AccountId account, MailboxId mailbox, string newName, CancellationToken cancel);

    /// <summary>Marks or (None) unmarks: RFC 6154 §2. Conflict when another mailbox has the mark, NotPermitted for INBOX.</summary>
    Task<StoreError> SetSpecialUseAsync(AccountId account, MailboxId mailbox, SpecialUse use, CancellationToken cancel);

    /// <summary>Subscribes to a name, which need not exist (RFC 9051 §6.3.7).</summary>
    Task SetSubscribedAsync(AccountId account, string name, bool subscribed, CancellationToken cancel);

    /// <summary>All subscribed names, existing or not.</summary>
    Task<IReadOnlyList<string>> ListSubscriptionsAsync(AccountId account, CancellationToken cancel);

    /// <summary>RFC 5464 entries; <paramref name="mailbox"/> null for the server's or account's own. Keys are lower-case.</summary>
    Task<IReadOnlyDictionary<string, byte[]>> GetMetadataAsync(AccountId account, MailboxId? mailbox, CancellationToken cancel);

    /// <summary>Sets (or removes, for null) one RFC 5464 entry. LimitReached over 64 KiB a value or 1,000 entries.</summary>
    Task<StoreError> SetMetadataAsync(
        AccountId account, MailboxId? mailbox, string entry, byte[]? value, CancellationToken cancel);

    /// <summary>Octets and messages in use and their limits; limit 0 is none. Undelete window is not counted.</summary>
    Task<QuotaUse> GetQuotaAsync(AccountId account, CancellationToken cancel);
}

public sealed record QuotaUse(long Octets, long OctetLimit, long Messages, long MessageLimit);

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
    /// SELECT gets \Recent (RFC 3501 §2.3.2).</summary>
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

/// <summary>What <see cref="IEntries.ShowEmailsAsync"/> reads; thread and envelope always.</summary>
public enum ShownColumns
{
    Envelope,
    BodyStructure,

    /// <summary>Both structures and the preview.</summary>
    All,

    /// <summary>What SEARCH, SORT and THREAD compare: dates, subject and ids.</summary>
    Keys,
}

/// <summary>Columns of one email where the database holds them; what was not asked for is empty. Texts are UTF-8; see
/// <see cref="Rendered"/> for what they mean.</summary>
public readonly ref struct ShownEmail
{
    public ThreadId Thread { get; init; }

    public ReadOnlySpan<byte> Envelope { get; init; }

    public ReadOnlySpan<byte> BodyStructure { get; init; }

    public ReadOnlySpan<byte> Body { get; init; }

    public ReadOnlySpan<byte> Preview { get; init; }

    public long? SentDate { get; init; }

    public ReadOnlySpan<byte> BaseSubject { get; init; }

    public ReadOnlySpan<byte> MessageId { get; init; }

    /// <summary>One a line.</summary>
    public ReadOnlySpan<byte> References { get; init; }
}

public delegate void ShowEmail(int place, in ShownEmail email);

/// <summary>What is kept about an email beside its octets.</summary>
public sealed record StoredEmail(EmailId Id, ThreadId Thread, Rendered Rendered, int PrefixLength, long Size);

/// <summary>A stored message open for reading: prefix, then body.</summary>
public abstract class StoredBody : IDisposable
{
    /// <summary>Octets of the prefix (Return-Path and trace fields).</summary>
    public abstract int PrefixLength { get; }

    /// <summary>Octets in all, prefix included.</summary>
    public abstract long Length { get; }

    /// <summary>Reads from any offset into <paramref name="into"/>; returns octets read, 0 at the end.</summary>
    public abstract int Read(long offset, Span<byte> into);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}

/// <summary>
/// An immutable picture of a mailbox at one modseq, in copy-on-write chunks of about 1,024 entries. Sequence number n is
/// index n-1. Two views of one mailbox share the chunks that did not change.
/// </summary>
public abstract class MailboxView
{
    public abstract MailboxId Mailbox { get; }

    public abstract uint UidValidity { get; }

    public abstract uint UidNext { get; }

    public abstract long HighestModSeq { get; }

    public abstract int Count { get; }

    /// <summary>UIDs from here on are \Recent to whoever claims them (RFC 3501 §2.3.2).</summary>
    public abstract uint FirstRecentUid { get; }

    /// <summary>Keyword names by number, at most 128.</summary>
    public abstract IReadOnlyList<string> Keywords { get; }

    /// <summary>Entry by index, 0 to Count-1, in UID order.</summary>
    public abstract Entry this[int index] { get; }

    /// <summary>Index of the first entry without this flag, or -1.</summary>
    public abstract int FirstWithout(SystemFlags flag);

    /// <summary>Index of the entry with this UID, or the complement (~) of where it would stand.</summary>
    public abstract int IndexOf(uint uid);
}

/// <summary>The full-text index; its loss costs a rebuild, never mail.</summary>
public interface ISearchIndex
{
    /// <summary>
    /// Emails of the account that may contain <paramref name="text"/> (case folded, any substring), and those not indexed
    /// yet. Null when the index cannot narrow this text (for example shorter than three characters): look at all.
    /// </summary>
    Task<SearchCandidates?> CandidatesAsync(AccountId account, string text, CancellationToken cancel);
}

/// <summary>May match: <paramref name="Hits"/>. Must be looked at: <paramref name="Unindexed"/>.</summary>
public sealed record SearchCandidates(IReadOnlySet<EmailId> Hits, IReadOnlySet<EmailId> Unindexed);

/// <summary>What the store needs of Mime, given by the server at start: the store knows no wire syntax.</summary>
public interface IMessageReader
{
    /// <summary>Version of what <see cref="Render"/> writes now.</summary>
    int Version { get; }

    /// <summary>Renders a stored body anew (prefix not included); never throws for any octets.</summary>
    Rendered Render(SpooledBody body);

    /// <summary>Decoded text for the index: header fields and text parts, at most <paramref name="limit"/> characters.
    /// Whole is false when anything that SEARCH could find was left out.</summary>
    (string Text, bool Whole) ExtractText(SpooledBody body, int limit);
}
