namespace Aviso.Sieve;

/// <summary>What is to happen with a message.</summary>
/// <param name="Actions">In order, at least one: a message nobody keeps has <see cref="SieveAction.Discard"/>.</param>
/// <param name="Error">
/// One line for the account's owner, "name:line:column: text", when a script failed. Its actions are not in <paramref name="Actions"/>;
/// the message is kept as though the script were absent.
/// </param>
/// <param name="Edit">The message as the scripts left it; null when they changed nothing.</param>
/// <param name="Trace">What was decided and why, a line each; bounded.</param>
public sealed record SieveOutcome(
    IReadOnlyList<SieveAction> Actions, string? Error, SieveEdit? Edit, IReadOnlyList<string> Trace)
{
    /// <summary>What `duplicate` saw for the first time; to be remembered when the actions are committed (RFC 7352 §3).</summary>
    public IReadOnlyList<SieveDuplicate> Duplicates { get; init; } = [];

    /// <summary>What it cost.</summary>
    public SieveSpent Spent { get; init; }

    /// <summary>True when the message stays in some mailbox of the account.</summary>
    public bool IsKept => Actions.Any(a => a is SieveAction.Keep or SieveAction.FileInto);
}

/// <summary>A changed message (RFC 5293, RFC 5703).</summary>
/// <param name="Header">The new header block with CRLF line ends and the empty line that ends it.</param>
/// <param name="Body">The new body after the header, or null: as received, from the root part's BodyOffset.</param>
public sealed record SieveEdit(byte[] Header, byte[]? Body)
{
    /// <summary>The header block as bytes; the name other parts use.</summary>
    public ReadOnlyMemory<byte> EditedHeader => Header;
}

/// <summary>A mark of `duplicate`.</summary>
/// <param name="Key">64 hexadecimal digits: handle and value, hashed; to be kept per account.</param>
/// <param name="For">How long the mark lasts from now.</param>
public sealed record SieveDuplicate(string Key, TimeSpan For);

/// <summary>Where a copy of what the script sends goes (RFC 8580).</summary>
public sealed record SieveFcc(string Mailbox, IReadOnlyList<string> Flags, bool Create, string? SpecialUse, string? MailboxId);

/// <summary>One thing to do with the message.</summary>
public abstract record SieveAction
{
    /// <summary>The message as it stood when the action was taken; null: as received.</summary>
    public SieveEdit? Edit { get; init; }

    /// <summary>No script asked for it: the keep nothing cancelled, or the discard that is left when there is nothing else.</summary>
    public bool IsImplicit { get; init; }

    /// <summary>Where in the script: "name:line", for logs.</summary>
    public string At { get; init; } = "";

    /// <summary>For traces: "file into Lists".</summary>
    public string Describe() => this switch
    {
        Keep => "keep",
        FileInto into => $"file into {into.Mailbox}",
        Redirect redirect => $"redirect to {redirect.Address}",
        Reject => "reject",
        Discard => "discard",
        Vacation { Unsent: { } why } => $"no answer: {why}",
        Vacation vacation => $"answer {vacation.To}",
        Notify { Unsent: { } why } => $"no notification: {why}",
        Notify notify => $"notify {notify.Method}",
        _ => GetType().Name,
    };

    /// <summary>Into the inbox, with these flags.</summary>
    public sealed record Keep(IReadOnlyList<string> Flags) : SieveAction
    {
        /// <summary>The script said `fileinto "INBOX"`: that very mailbox is meant, whatever the server keeps elsewhere.</summary>
        public bool IsNamed { get; init; }
    }

    /// <summary>
    /// Into a mailbox. When <paramref name="MailboxId"/> names one that exists it is meant (RFC 9042), else the one with
    /// <paramref name="SpecialUse"/> (RFC 8579), else <paramref name="Mailbox"/> by name ("/" between levels, UTF-8), which is created
    /// when <paramref name="Create"/>. A mailbox that is not there and may not be created: inbox, and a note.
    /// </summary>
    public sealed record FileInto(
        string Mailbox, IReadOnlyList<string> Flags, bool Copy, bool Create, string? SpecialUse, string? MailboxId) : SieveAction;

    /// <summary>To another address, as <see cref="Edit"/> stands.</summary>
    public sealed record Redirect(string Address, bool Copy) : SieveAction
    {
        /// <summary>RFC 6009: NOTIFY and RET of the new envelope; null for the server's choice.</summary>
        public string? DsnNotify { get; init; }

        public string? DsnRet { get; init; }

        /// <summary>RFC 6009: DELIVERBY seconds and mode ("N", "R", with "T" for trace), or null.</summary>
        public long? ByTime { get; init; }

        public string? ByMode { get; init; }
    }

    /// <summary>Refuse: ereject prefers a 5xx reply to a bounce (RFC 5429 §2.1).</summary>
    public sealed record Reject(string Reason, bool IsEreject) : SieveAction;

    /// <summary>The message goes nowhere.</summary>
    public sealed record Discard : SieveAction
    {
        /// <summary>What the script said: a rejection that there is nobody to tell of. Whoever can still refuse the message does that.</summary>
        public Reject? InPlaceOf { get; init; }
    }

    /// <summary>Answer the sender, unless one with this handle went to <paramref name="To"/> within <paramref name="Every"/>.</summary>
    /// <param name="To">The envelope sender.</param>
    /// <param name="Own">The address of the account the message was sent to.</param>
    /// <param name="From">From field as the script gave it (one address, perhaps with a name), or null: <paramref name="Own"/>.</param>
    /// <param name="Subject">Ready to use, decoded.</param>
    /// <param name="Reason">Text, or with <paramref name="IsMime"/> a MIME part: fields, empty line, content.</param>
    /// <param name="Handle">Key of "answered before": the same for the same answer (RFC 5230 §4.7); 64 hexadecimal digits.</param>
    /// <param name="Every">How long not to answer this sender again; zero answers each time.</param>
    public sealed record Vacation(
        string To, string Own, string? From, string Subject, string Reason, bool IsMime, string Handle, TimeSpan Every) : SieveAction
    {
        /// <summary>Why there is no answer (RFC 5230 §4.5, §4.6), in a few words; null: there is one.</summary>
        public string? Unsent { get; init; }

        /// <summary>Message-ID of the answered message without angle brackets, or null.</summary>
        public string? InReplyTo { get; init; }

        /// <summary>Ids for References, the answered one last.</summary>
        public IReadOnlyList<string> References { get; init; } = [];

        public SieveFcc? Fcc { get; init; }
    }

    /// <summary>Tell somebody (RFC 5435, 5436).</summary>
    /// <param name="Method">The URI, such as mailto:alice@example.org.</param>
    /// <param name="To">Recipients the URI names.</param>
    /// <param name="Own">The address of the account.</param>
    /// <param name="From">As given, or null.</param>
    /// <param name="Subject">Ready to use, decoded.</param>
    /// <param name="Text">Body of the notification.</param>
    /// <param name="Importance">1 (high) to 3 (low).</param>
    public sealed record Notify(
        string Method, IReadOnlyList<string> To, string Own, string? From, string Subject, string Text, int Importance) : SieveAction
    {
        /// <summary>Why there is no notification (RFC 5436 §2.7.1), in a few words; null: there is one.</summary>
        public string? Unsent { get; init; }

        /// <summary>Other fields of the URI (RFC 6068), safe ones only.</summary>
        public IReadOnlyList<KeyValuePair<string, string>> Fields { get; init; } = [];

        /// <summary>Cc recipients of the URI.</summary>
        public IReadOnlyList<string> Cc { get; init; } = [];

        public SieveFcc? Fcc { get; init; }
    }
}
