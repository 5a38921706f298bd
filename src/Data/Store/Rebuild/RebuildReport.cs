namespace Aviso.Store.Rebuild;

/// <summary>What a rebuild brought back, and by name what it could not.</summary>
/// <param name="LeftOut">Emails that were expunged.</param>
/// <param name="Damaged">Stretches of segments and files that hold no whole record.</param>
/// <param name="Unknown">Kinds of things that no file tells of.</param>
public sealed record RebuildReport(
    int Accounts, int Mailboxes, int Entries, int QueuedMessages, int LeftOut, int Damaged, IReadOnlyList<string> Unknown)
{
    /// <summary>Messages and stretches of files that are gone, each by name.</summary>
    public IReadOnlyList<string> Lost { get; init; } = [];

    /// <summary>Messages that came back with octets that are not those that were stored; they carry the keyword $Damaged.</summary>
    public IReadOnlyList<string> Marked { get; init; } = [];

    /// <summary>Accounts whose second factor is not known: nobody logs in until an administrator has seen to them.</summary>
    public IReadOnlyList<string> Locked { get; init; } = [];

    /// <summary>Queued messages that may have been sent already: held until they are released or dropped.</summary>
    public IReadOnlyList<string> Held { get; init; } = [];

    /// <summary>Mailboxes that have a new UIDVALIDITY: clients fetch them anew. All others keep theirs.</summary>
    public IReadOnlyList<string> NewUidValidity { get; init; } = [];

    /// <summary>What was read, and where it had gaps.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Where the old database and journal are kept.</summary>
    public string Aside { get; init; } = "";
}

/// <summary>What the caller knows that no file of the folder tells.</summary>
/// <param name="Addresses">Accounts of the settings: each has a row after the rebuild.</param>
/// <param name="Lock">The document that keeps an account shut until somebody has seen to it; null: none is shut.</param>
public sealed record RebuildWishes(IReadOnlyList<string> Addresses, Func<AccountId, Document>? Lock)
{
    public static readonly RebuildWishes None = new([], null);
}
