using Aviso.Base;

namespace Aviso.Store;

/// <summary>
/// Changes of emails as wholes, whatever mailboxes they are in (RFC 8621 §4.6): a change of flags reaches every entry of the email. Who
/// looks through IMAP sees entries come, change and go as by STORE, COPY, MOVE and EXPUNGE.
/// </summary>
public interface IEmailWrites
{
    /// <summary>
    /// All of it in one transaction, under one modseq; each email succeeds or fails by itself. Creates come first, destroys last.
    /// StateMismatch: the account's state is not <see cref="EmailSet.IfInState"/>, nothing was done.
    /// </summary>
    Task<Outcome<EmailsSet>> SetEmailsAsync(AccountId account, EmailSet set, CancellationToken cancel);
}

/// <summary>What to do; each email at most once.</summary>
public sealed record EmailSet
{
    /// <summary>Only when the account's modseq is this.</summary>
    public long? IfInState { get; init; }

    public IReadOnlyList<NewEmail> Create { get; init; } = [];

    public IReadOnlyList<EmailUpdate> Update { get; init; } = [];

    public IReadOnlyList<EmailDestroy> Destroy { get; init; } = [];
}

/// <param name="Body">The caller disposes it after the call.</param>
/// <param name="Mailboxes">Where it goes; at least one.</param>
/// <param name="ReceivedAt">Unix seconds UTC.</param>
public sealed record NewEmail(
    SpooledBody Body, Rendered Rendered, IReadOnlyList<MailboxId> Mailboxes, SystemFlags Flags, IReadOnlyList<string> Keywords,
    long ReceivedAt);

/// <param name="Keywords">Null: as they are.</param>
/// <param name="Mailboxes">Null: where it is.</param>
public sealed record EmailUpdate(EmailId Email, KeywordsChange? Keywords, MailboxesChange? Mailboxes)
{
    /// <summary>Where the caller saw its entries last; looked at first, and believed only when they are all there are.</summary>
    public IReadOnlyList<EntryPlace> Seen { get; init; } = [];
}

public sealed record EmailDestroy(EmailId Email)
{
    /// <summary>As <see cref="EmailUpdate.Seen"/>.</summary>
    public IReadOnlyList<EntryPlace> Seen { get; init; } = [];
}

/// <summary>Where an entry is.</summary>
public readonly record struct EntryPlace(MailboxId Mailbox, uint Uid);

/// <summary>A change of flags and keywords together; \Deleted is never touched.</summary>
/// <param name="Whole">What is added is all there will be.</param>
public sealed record KeywordsChange(bool Whole, KeywordSet Add, KeywordSet Remove);

public sealed record KeywordSet(SystemFlags Flags, IReadOnlyList<string> Names)
{
    public static KeywordSet None { get; } = new(SystemFlags.None, []);
}

/// <param name="Whole">What is added is all there will be.</param>
public sealed record MailboxesChange(bool Whole, IReadOnlyList<MailboxId> Add, IReadOnlyList<MailboxId> Remove);

/// <param name="Created">One for each, in order: NoSuchMailbox, OverQuota, or LimitReached for keywords.</param>
/// <param name="Updated">One for each: NotFound, NoSuchMailbox, NotPermitted when it would be in no mailbox, OverQuota,
/// LimitReached.</param>
/// <param name="Destroyed">One for each: NotFound.</param>
public sealed record EmailsSet(
    long OldState, long NewState, IReadOnlyList<Outcome<CreatedEmail>> Created, IReadOnlyList<StoreError> Updated,
    IReadOnlyList<StoreError> Destroyed);

public sealed record CreatedEmail(EmailId Email, ThreadId Thread, long Size);
