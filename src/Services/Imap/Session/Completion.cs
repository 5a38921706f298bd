using Aviso.Store;

namespace Aviso.Imap;

internal enum CompletionStatus : byte
{
    Ok, No, Bad,

    /// <summary>The handler wrote its own end, or the connection is over.</summary>
    Silent,
}

/// <summary>How a command ended: RFC 9051 §7.1 status, response code without brackets, text.</summary>
internal readonly record struct Completion(CompletionStatus Status, string Code, string Text)
{
    public static Completion Silent => new(CompletionStatus.Silent, "", "");

    public static Completion Ok(string text, string code = "") => new(CompletionStatus.Ok, code, text);

    public static Completion No(string code, string text) => new(CompletionStatus.No, code, text);

    public static Completion Bad(string text, string code = "") => new(CompletionStatus.Bad, code, text);

    public static Completion Syntax => Bad("The command cannot be read");

    /// <summary>RFC 9051 §7.1 LIMIT.</summary>
    public static Completion TooComplex => No("LIMIT", "The search is too deep or has too many keys");

    public static Completion BadName => No("CANNOT", "That cannot be a mailbox name");

    public static Completion NoSuchMailbox => No("NONEXISTENT", "No such mailbox");

    // RFC 9051 §7.1: TRYCREATE for APPEND, COPY and MOVE.
    public static Completion TryCreate => No("TRYCREATE", "No such mailbox");

    public static Completion ReadOnly => No("READ-ONLY", "The mailbox is open read-only");

    /// <summary>RFC 5530 §3: what the credential was not made for.</summary>
    public static Completion NotAllowed => No("NOPERM", "The password you logged in with is not for that");

    public static Completion OfStore(StoreError error) => error switch
    {
        StoreError.NotFound => NoSuchMailbox,
        StoreError.AlreadyExists => No("ALREADYEXISTS", "That mailbox exists"),
        StoreError.OverQuota => No("OVERQUOTA", "The account is over its quota"),
        StoreError.LimitReached => No("LIMIT", "A limit of this server is reached"),
        StoreError.NotPermitted => No("CANNOT", "That is not possible for this mailbox"),
        StoreError.Conflict => No("INUSE", "Something else is in the way"),
        StoreError.DiskFull or StoreError.ReadOnly => No("UNAVAILABLE", "The server cannot write at the moment"),
        _ => No("SERVERBUG", "Internal fault"),
    };
}
