namespace Aviso.Store;

/// <summary>
/// An account as a whole, as JMAP sees it (RFC 8620 §5.2): its state is one counter, the account's modseq, which every change raises. An
/// email is seen while it has an entry without \Deleted (RFC 8621 §4.1.1).
/// </summary>
public interface IAccountChanges
{
    /// <summary>The account's modseq, of the last commit; 0 for an account that is gone. Costs a look-up for accounts in use.</summary>
    ValueTask<long> StateAsync(AccountId account, CancellationToken cancel);

    /// <summary>
    /// The mailboxes and what is in them, all of one moment. With an older picture it costs what changed: views of mailboxes that did not
    /// are the same objects. Null when the account is gone.
    /// </summary>
    Task<AccountPicture?> PictureAsync(AccountId account, AccountPicture? older, CancellationToken cancel);

    /// <summary>Threads and ages of every email that is seen, in no order; and when emails last left a mailbox and stayed in
    /// another.</summary>
    Task<AccountOrigins> OriginsAsync(AccountId account, CancellationToken cancel);

    /// <summary>Of these emails, in the order asked; null where gone.</summary>
    Task<IReadOnlyList<Origin?>> OriginsAsync(AccountId account, IReadOnlyList<EmailId> emails, CancellationToken cancel);

    /// <summary>What was seen and is no more: everything that left after <paramref name="since"/> and not after <paramref name="until"/>.
    /// Incomplete when the log does not reach back so far (90 days, or the account's rebuild), or no state was ever called that.</summary>
    Task<GoneSince> GoneAsync(AccountId account, long since, long until, CancellationToken cancel);
}

/// <param name="ModSeq">Nothing of a later commit is in it, and nothing of an earlier one is missing.</param>
/// <param name="Mailboxes">By name. Counters and keywords are those of the moment the tree was read: ask the views.</param>
/// <param name="Views">One for each of <paramref name="Mailboxes"/>.</param>
public sealed record AccountPicture(
    AccountId Account, long ModSeq, IReadOnlyList<MailboxInfo> Mailboxes, IReadOnlyList<MailboxView> Views)
{
    /// <summary>Of the account when the tree was read; a later <see cref="MailboxInfo.TreeModSeq"/> is not in it.</summary>
    internal long TreeReadAt { get; init; }
}

/// <param name="CreatedModSeq">When the email came to be seen; 0: before such things were noted.</param>
/// <param name="LeftModSeq">When it last left a mailbox and stayed in another; 0: never.</param>
public readonly record struct Origin(EmailId Email, ThreadId Thread, long CreatedModSeq, long LeftModSeq);

public sealed record AccountOrigins(IReadOnlyList<Origin> Emails, long Floor);

/// <param name="Complete">False: what else is gone is not known.</param>
public sealed record GoneSince(bool Complete, IReadOnlyList<GoneEmail> Emails, IReadOnlyList<GoneMailbox> Mailboxes);

/// <summary>An email that ceased to be seen; it may be seen again since.</summary>
public readonly record struct GoneEmail(EmailId Email, ThreadId Thread, long CreatedModSeq, long ModSeq);

public readonly record struct GoneMailbox(MailboxId Mailbox, long CreatedModSeq, long ModSeq);
