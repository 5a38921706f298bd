namespace Aviso.Base;

/// <summary>
/// Why somebody was told no, or why a conversation ended: the one catalogue that logs, metrics, evidence and scenarios speak from. Nobody
/// compares its words; they are for people and dashboards and do not change.
/// </summary>
public sealed class Reason
{
    private static readonly List<Reason> Catalogue = [];

    // Senders, recipients and messages that are refused.
    public static readonly Reason UnknownRecipient = Refuses("unknown", evidence: "unknown-recipient");
    public static readonly Reason RelayDenied = Refuses("relay", evidence: "relay-denied");
    public static readonly Reason Spam = Refuses("spam", evidence: "spam");
    public static readonly Reason Virus = Refuses("virus");
    public static readonly Reason Greylisted = Refuses("greylist");
    public static readonly Reason Unscanned = Refuses("unscanned");
    public static readonly Reason OverQuota = Refuses("full");
    public static readonly Reason Suspended = Refuses("suspended");
    public static readonly Reason LoginNeeded = Refuses("login");
    public static readonly Reason TooManyRecipients = Refuses("recipients");
    public static readonly Reason Script = Refuses("sieve");
    public static readonly Reason Store = Refuses("store");
    public static readonly Reason Size = Refuses("size");
    public static readonly Reason Loop = Refuses("loop");
    public static readonly Reason SendAs = Refuses("send-as");
    public static readonly Reason SendingLimit = Refuses("sending");

    /// <summary>A client does too much of something in too short a time.</summary>
    public static readonly Reason Rate = Refuses("rate", evidence: "rate-limit");

    /// <summary>A step of receiving threw or ran out of time.</summary>
    public static readonly Reason StepFault = Refuses("fault");

    /// <summary>The header is not what RFC 5322 wants, or larger than what is read.</summary>
    public static readonly Reason Header = Refuses("header");

    /// <summary>The domain of the author asks for it.</summary>
    public static readonly Reason Dmarc = Refuses("dmarc");

    /// <summary>Outbound: the host that should take a message did not, or there is none.</summary>
    public static readonly Reason NextHop = Refuses("next-hop");

    // What counts against a client and neither refuses by itself nor ends a session.
    public static readonly Reason LoginFailed = Seen("login-failed");
    public static readonly Reason HeloRejected = Seen("helo-rejected");
    public static readonly Reason SpamTrap = Seen("spam-trap");

    // Ends that are in order, or nobody's doing.
    public static readonly Reason Quit = Ends("quit");
    public static readonly Reason Logout = Ends("logout");
    public static readonly Reason Autologout = Ends("autologout");
    public static readonly Reason Closed = Ends("closed");
    public static readonly Reason Reset = Ends("reset");
    public static readonly Reason Draining = Ends("draining");
    public static readonly Reason Shutdown = Ends("shutdown");
    public static readonly Reason Tls = Ends("tls");
    public static readonly Reason GoneUnseen = Ends("gone before it was seen");
    public static readonly Reason ClosedBeforeProxy = Ends("closed before a PROXY header");
    public static readonly Reason ResetBeforeProxy = Ends("reset before a PROXY header");

    // Ends by us, at the door.
    public static readonly Reason ListenerFull = Drops("listener-full");
    public static readonly Reason NoDescriptor = Drops("no-descriptor");
    public static readonly Reason ClientLimit = Drops("client-limit", isEvidence: true);
    public static readonly Reason Gate = Drops("gate");
    public static readonly Reason ProxyHeader = Drops("proxy-header");
    public static readonly Reason ProxyTimeout = Drops("proxy-timeout");
    public static readonly Reason ProxyUntrusted = Drops("proxy-untrusted", isEvidence: true);

    // Ends by us, in the conversation.
    public static readonly Reason EarlyTalker = Drops("early-talker", isEvidence: true);
    public static readonly Reason NonSmtpCommand = Drops("non-smtp-command", isEvidence: true);
    public static readonly Reason BareLineFeed = Drops("bare-lf", isEvidence: true);
    public static readonly Reason BadCommands = Drops("bad-commands", isEvidence: true);
    public static readonly Reason IdleCommands = Drops("idle-commands", isEvidence: true);
    public static readonly Reason OutOfStep = Drops("out-of-step", isEvidence: true);
    public static readonly Reason RefusedRecipients = Drops("refused-recipients", isEvidence: true);
    public static readonly Reason OctetsBeforeLogin = Drops("octets-before-login", isEvidence: true);
    public static readonly Reason ClearAfterStartTls = Drops("clear-after-starttls", isEvidence: true);
    public static readonly Reason FailedLogins = Drops("failed-logins");
    public static readonly Reason CommandRate = Drops("command-rate");
    public static readonly Reason LineTooLong = Drops("line-too-long");
    public static readonly Reason BadChunk = Drops("bad-chunk");
    public static readonly Reason BadLiteral = Drops("bad-literal");
    public static readonly Reason EndlessMessage = Drops("endless-message");
    public static readonly Reason SessionTime = Drops("session-time");
    public static readonly Reason TooSlow = Drops("too-slow");
    public static readonly Reason Timeout = Drops("timeout");
    public static readonly Reason NoRequest = Drops("no-request");
    public static readonly Reason MailboxGone = Drops("mailbox-gone");
    public static readonly Reason OwnFault = Drops("error");

    // Ends by us, from outside the conversation.
    public static readonly Reason MadeRoom = Drops("made-room");
    public static readonly Reason Banned = Drops("banned");
    public static readonly Reason CredentialChanged = Drops("credential-changed");

    private Reason(string word)
    {
        Word = word;
        Catalogue.Add(this);
    }

    /// <summary>Every reason there is, in the order above.</summary>
    public static IReadOnlyList<Reason> All => Catalogue;

    /// <summary>In logs and in the label <c>reason</c> of metrics.</summary>
    public string Word { get; }

    /// <summary>In the label <c>evidence</c> of Guard's metrics and in what it tells; null: it is no evidence.</summary>
    public string? EvidenceWord { get; private init; }

    /// <summary>It counts against a stranger.</summary>
    public bool IsEvidence => EvidenceWord is not null;

    /// <summary>A session may end for it.</summary>
    public bool EndsSession { get; private init; }

    /// <summary>We end the session for it, against the protocol or before it began; such ends are counted.</summary>
    public bool IsDrop { get; private init; }

    public override string ToString() => Word;

    private static Reason Refuses(string word, string? evidence = null) => new(word) { EvidenceWord = evidence };

    private static Reason Seen(string word) => new(word) { EvidenceWord = word };

    private static Reason Ends(string word) => new(word) { EndsSession = true };

    private static Reason Drops(string word, bool isEvidence = false) =>
        new(word) { EndsSession = true, IsDrop = true, EvidenceWord = isEvidence ? word : null };
}
