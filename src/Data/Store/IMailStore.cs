using Aviso.Base;

namespace Aviso.Store;

/// <summary>
/// The truth about mail: mailboxes, entries, bodies, changes, queue rows and account rows. Every method that changes
/// something returns after the change is durable (design.md section 2 rule 1). A SQLite store implements it today;
/// a PostgreSQL store will later, so nothing here shows an engine. Thread-safe.
/// </summary>
public interface IMailStore : IMailboxes, IEntries, IAccountChanges, IEmailWrites, IMailboxWrites, IMoveInWrites, IQueueRows,
    IAccountRows, IDocumentRows, IUndelete, IAsyncDisposable
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
