namespace Aviso.Store;

/// <summary>Changes of the mailbox tree by level and parent (RFC 8621 §2), several at once.</summary>
public interface IMailboxWrites
{
    /// <summary>
    /// All of it in one transaction. Where the tree is valid when everything is done, everything is done, though it be not valid on the way
    /// (RFC 8620 §5.3: two mailboxes may change names); else one after the other, each by itself: creates, updates, destroys.
    /// StateMismatch: the account's state is not <see cref="MailboxSet.IfInState"/>, nothing was done.
    /// </summary>
    Task<Outcome<MailboxesSet>> SetMailboxesAsync(AccountId account, MailboxSet set, CancellationToken cancel);
}

public sealed record MailboxSet
{
    /// <summary>Only when the account's modseq is this.</summary>
    public long? IfInState { get; init; }

    public IReadOnlyList<NewMailbox> Create { get; init; } = [];

    public IReadOnlyList<MailboxUpdate> Update { get; init; } = [];

    public IReadOnlyList<MailboxRef> Destroy { get; init; } = [];

    /// <summary>A mailbox that is destroyed loses its emails; else one that has any stays.</summary>
    public bool DestroyRemovesEmails { get; init; }
}

/// <summary>A mailbox that is there, or the one that this set creates in that place of <see cref="MailboxSet.Create"/>.</summary>
public readonly record struct MailboxRef(MailboxId Id, int Created = -1)
{
    public static MailboxRef ToCreated(int index) => new(default, index);
}

/// <param name="Name">Of its own level.</param>
/// <param name="Parent">Null: the top.</param>
public sealed record NewMailbox(string Name, MailboxRef? Parent, SpecialUse Use, int SortOrder, bool Subscribed);

/// <summary>What changes; null: nothing.</summary>
public sealed record MailboxUpdate(MailboxRef Mailbox)
{
    public string? Name { get; init; }

    public MailboxMove? Move { get; init; }

    public SpecialUse? Use { get; init; }

    public int? SortOrder { get; init; }

    public bool? Subscribed { get; init; }
}

/// <param name="To">Null: the top.</param>
public sealed record MailboxMove(MailboxRef? To);

/// <summary>Why one mailbox was left as it was.</summary>
public enum MailboxProblem
{
    None, NotFound,

    /// <summary>There is no such parent.</summary>
    NoParent,

    /// <summary>Empty, with a separator or control characters, or too long with all its parents.</summary>
    BadName,

    /// <summary>Another one has this name and parent.</summary>
    NameTaken,

    /// <summary>Another one has this special use.</summary>
    UseTaken,

    /// <summary>INBOX keeps its name, place and use, and stays.</summary>
    IsInbox,

    /// <summary>It would be below itself.</summary>
    Loop, TooDeep, TooMany, HasChild, HasEmail,
}

/// <param name="Created">For each: its id, and why not.</param>
public sealed record MailboxesSet(
    long OldState, long NewState, IReadOnlyList<(MailboxProblem Problem, MailboxId Id)> Created, IReadOnlyList<MailboxProblem> Updated,
    IReadOnlyList<MailboxProblem> Destroyed);
