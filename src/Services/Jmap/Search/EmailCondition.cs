using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>The properties of a FilterCondition of Email (RFC 8621 §4.4.1).</summary>
internal enum ConditionKind
{
    InMailbox, InMailboxOtherThan, Before, After, MinSize, MaxSize, AllInThreadHaveKeyword, SomeInThreadHaveKeyword,
    NoneInThreadHaveKeyword,
    HasKeyword, NotKeyword, HasAttachment, Text, From, To, Cc, Bcc, Subject, Body, Header,
}

/// <summary>One of them.</summary>
internal sealed record EmailCondition(ConditionKind Kind)
{
    public IReadOnlyList<MailboxId> Mailboxes { get; init; } = [];

    /// <summary>Octets, or seconds since 1970.</summary>
    public long Number { get; init; }

    /// <summary>What hasAttachment must be.</summary>
    public bool Flag { get; init; }

    /// <summary>A keyword, or the name of a header field.</summary>
    public string Name { get; init; } = "";

    /// <summary>All of them must be found.</summary>
    public IReadOnlyList<SearchTerm> Terms { get; init; } = [];

    /// <summary>It asks about other emails of the thread.</summary>
    public bool IsAboutThread =>
        Kind is ConditionKind.AllInThreadHaveKeyword or ConditionKind.SomeInThreadHaveKeyword or ConditionKind.NoneInThreadHaveKeyword;

    /// <summary>What it asks about may change while the email is there: mailboxIds and keywords do, nothing else.</summary>
    public bool IsMutable => IsAboutThread
        || Kind is ConditionKind.InMailbox or ConditionKind.InMailboxOtherThan or ConditionKind.HasKeyword or ConditionKind.NotKeyword;
}
