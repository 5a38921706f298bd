using Aviso.Base;

namespace Aviso.Store;

public readonly record struct AccountId(long Value)
{
    public override string ToString() => IdText.Format(Value);
}

public readonly record struct MailboxId(long Value)
{
    public override string ToString() => IdText.Format(Value);
}

/// <summary>EMAILID of RFC 8474 and JMAP's Email id: one delivery or APPEND makes one; COPY and MOVE keep it.</summary>
public readonly record struct EmailId(long Value)
{
    public override string ToString() => IdText.Format(Value);
}

public readonly record struct ThreadId(long Value)
{
    public override string ToString() => IdText.Format(Value);
}

public readonly record struct QueueId(long Value)
{
    public override string ToString() => IdText.Format(Value);
}

/// <summary>RFC 9051 §2.3.2 system flags. Frozen: the numbers are on disk. \Recent is a session's matter, see
/// <see cref="MailboxView.FirstRecentUid"/>.</summary>
[Flags]
public enum SystemFlags : byte
{
    None = 0, Seen = 1, Answered = 2, Flagged = 4, Deleted = 8, Draft = 16,
}

/// <summary>The flags of one entry. Bit n of <paramref name="Keywords"/> is the mailbox's keyword number n (0-127).</summary>
public readonly record struct EntryFlags(SystemFlags System, UInt128 Keywords);

/// <summary>RFC 6154 §2 special uses, one for a mailbox. Frozen: the numbers are on disk.</summary>
public enum SpecialUse : byte
{
    None = 0, Inbox = 1, Drafts = 2, Sent = 3, Junk = 4, Trash = 5, Archive = 6, All = 7, Flagged = 8, Important = 9,
}

/// <summary>One message in one mailbox. <paramref name="ModSeq"/> is the account's counter at its last change.</summary>
/// <param name="Uid">1 or more, growing within the mailbox.</param>
/// <param name="InternalDate">Unix seconds, UTC.</param>
/// <param name="SaveDate">Unix seconds, UTC, of coming into this mailbox (RFC 8514).</param>
/// <param name="Size">RFC822.SIZE in octets, prefix included.</param>
public readonly record struct Entry(
    uint Uid, EntryFlags Flags, long ModSeq, EmailId Email, long InternalDate, long SaveDate, long Size);

/// <summary>A mailbox as LIST and STATUS show it.</summary>
/// <param name="Name">Unicode NFC, levels separated by '/', "INBOX" in capitals.</param>
/// <param name="HighestModSeq">The mailbox's own last change.</param>
/// <param name="Octets">Sum of the entries' sizes.</param>
/// <param name="Keywords">Names by keyword number, at most 128.</param>
public sealed record MailboxInfo(
    MailboxId Id, AccountId Account, string Name, SpecialUse SpecialUse, bool Subscribed, uint UidValidity, uint UidNext,
    long HighestModSeq, int Exists, int Unseen, int Deleted, long Octets, IReadOnlyList<string> Keywords)
{
    /// <summary>As <see cref="MailboxView.FirstRecentUid"/>: UIDNEXT when nothing is recent.</summary>
    public uint FirstRecentUid { get; init; }

    /// <summary>The account's modseq when it was made; 0 for one of before such things were noted.</summary>
    public long CreatedModSeq { get; init; }

    /// <summary>When its name, place, use, subscription or sort order last changed.</summary>
    public long TreeModSeq { get; init; }

    /// <summary>RFC 8621 §2: a lower one is shown first among siblings; 0 to 2^31-1.</summary>
    public int SortOrder { get; init; }
}

/// <summary>What Mime wrote about a message when it came in, kept as opaque bytes (design.md section 3).</summary>
/// <param name="Version">Version of the writer; an older one is rendered anew on read.</param>
/// <param name="Envelope">IMAP ENVELOPE with its parentheses.</param>
/// <param name="BodyStructure">IMAP BODYSTRUCTURE (extensible form) with its parentheses.</param>
/// <param name="Body">IMAP BODY (short form) with its parentheses.</param>
/// <param name="Parts">Mime's own part index: offsets of every part, relative to the body without prefix.</param>
/// <param name="Preview">RFC 8970, at most 256 characters.</param>
public sealed record Rendered(
    int Version, byte[] Envelope, byte[] BodyStructure, byte[] Body, byte[] Parts, string Preview)
{
    /// <summary>Message-ID without angle brackets, quotes undone (RFC 5256 §3), or empty.</summary>
    public string MessageId { get; init; } = "";

    /// <summary>Ancestors of RFC 5256 §3, the parent last: References, else the first id of In-Reply-To; at most 100, quotes
    /// undone.</summary>
    public IReadOnlyList<string> References { get; init; } = [];

    /// <summary>All of In-Reply-To: joins threads (RFC 8621 §3) beside <see cref="References"/> when the message comes in; not kept
    /// apart.</summary>
    public IReadOnlyList<string> RepliedTo { get; init; } = [];

    /// <summary>RFC 5256 §2.1 base subject as a key of i;unicode-casemap.</summary>
    public string BaseSubject { get; init; } = "";

    /// <summary>Sent date (the Date field, RFC 5256 §2.2) in Unix seconds; null when absent or unreadable.</summary>
    public long? SentDate { get; init; }

    /// <summary>Octets from the body's start (without prefix) to the end of the header, empty line included.</summary>
    public long HeaderSize { get; init; }
}

/// <summary>Why the store said no. Everything else is an exception: our own fault.</summary>
public enum StoreError
{
    None, NotFound, AlreadyExists, OverQuota, LimitReached, NotPermitted, Conflict, DiskFull, ReadOnly, NoSuchMailbox, StateMismatch,
}

/// <summary>A value, or why there is none.</summary>
public readonly record struct Outcome<T>(StoreError Error, T? Value)
{
    public bool Ok => Error == StoreError.None;

    public static implicit operator Outcome<T>(T value) => new(StoreError.None, value);

    public static implicit operator Outcome<T>(StoreError error) => new(error, default);
}
