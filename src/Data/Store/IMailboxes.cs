namespace Aviso.Store;

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

    /// <summary>How this mailbox differs from an older view of it (null: from an empty one): new and changed entries as they are now, and
    /// those that are gone as they were. Both in UID order by themselves. Costs what changed, not what is there.</summary>
    public abstract IReadOnlyList<EntryNews> NewsSince(MailboxView? older);

    /// <summary>Index of the first entry without this flag, or -1.</summary>
    public abstract int FirstWithout(SystemFlags flag);

    /// <summary>Index of the entry with this UID, or the complement (~) of where it would stand.</summary>
    public abstract int IndexOf(uint uid);
}

/// <summary>An entry that is new or has changed; or one that is gone, as it was.</summary>
public readonly record struct EntryNews(Entry Entry, bool IsGone);
