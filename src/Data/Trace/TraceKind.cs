namespace Aviso.Trace;

/// <summary>What can happen to a message: the closed catalogue of events. Frozen: the numbers are on disk.</summary>
public enum TraceKind : byte
{
    /// <summary>A client came and said who it is.</summary>
    Connected = 1,

    /// <summary>MAIL FROM.</summary>
    Mail = 2,

    /// <summary>RCPT TO that leads somewhere.</summary>
    RecipientAccepted = 3,

    /// <summary>RCPT TO that was refused.</summary>
    RecipientRefused = 4,

    /// <summary>MAIL FROM that was refused.</summary>
    SenderRefused = 5,

    /// <summary>A client that was turned away before it could name a message.</summary>
    ConnectionRefused = 6,

    /// <summary>The client ended the transaction before the message was whole.</summary>
    GivenUp = 7,

    /// <summary>What the message's own header says.</summary>
    Header = 8,

    /// <summary>One check of who sent it: iprev, spf, dkim, dmarc, arc.</summary>
    Authentication = 9,

    /// <summary>What the spam filter made of it.</summary>
    Judged = 10,

    /// <summary>A step was left out because it failed or took too long.</summary>
    StepSkipped = 11,

    /// <summary>A script of the account acted.</summary>
    Script = 12,

    /// <summary>A copy lies in a mailbox.</summary>
    Filed = 13,

    /// <summary>It waits in the queue for an address elsewhere.</summary>
    Queued = 14,

    /// <summary>The account's own script threw it away.</summary>
    Discarded = 15,

    /// <summary>The address is nobody's; the message taught the filter.</summary>
    Trapped = 16,

    /// <summary>The reply after the data was no.</summary>
    Refused = 17,

    /// <summary>The reply after the data was yes.</summary>
    Accepted = 18,

    /// <summary>A copy could not be filed, although others were.</summary>
    NotFiled = 19,

    /// <summary>One attempt to hand it to the next server.</summary>
    Tried = 20,

    /// <summary>A report about it went to its sender (RFC 3464).</summary>
    Reported = 21,

    /// <summary>Thrown out of the queue by hand.</summary>
    Dropped = 22,

    /// <summary>Flags changed.</summary>
    Flagged = 23,

    /// <summary>From one mailbox into another.</summary>
    Moved = 24,

    /// <summary>Into one more mailbox.</summary>
    Copied = 25,

    /// <summary>Gone from a mailbox for good.</summary>
    Expunged = 26,

    /// <summary>The server wrote this message itself.</summary>
    Made = 27,

    /// <summary>What a relay told later of a message that it had taken.</summary>
    RelaySaid = 28,

    /// <summary>So many more events are not kept: the message has too many of them.</summary>
    Cut = 29,
}

/// <summary>The catalogue's words.</summary>
public static class TraceKinds
{
    /// <summary>In JSON: <c>recipient_refused</c>.</summary>
    public static string Word(TraceKind kind) => kind switch
    {
        TraceKind.Connected => "connected",
        TraceKind.Mail => "mail",
        TraceKind.RecipientAccepted => "recipient_accepted",
        TraceKind.RecipientRefused => "recipient_refused",
        TraceKind.SenderRefused => "sender_refused",
        TraceKind.ConnectionRefused => "connection_refused",
        TraceKind.GivenUp => "given_up",
        TraceKind.Header => "header",
        TraceKind.Authentication => "authentication",
        TraceKind.Judged => "judged",
        TraceKind.StepSkipped => "step_skipped",
        TraceKind.Script => "script",
        TraceKind.Filed => "filed",
        TraceKind.Queued => "queued",
        TraceKind.Discarded => "discarded",
        TraceKind.Trapped => "trapped",
        TraceKind.Refused => "refused",
        TraceKind.Accepted => "accepted",
        TraceKind.NotFiled => "not_filed",
        TraceKind.Tried => "tried",
        TraceKind.Reported => "reported",
        TraceKind.Dropped => "dropped",
        TraceKind.Flagged => "flagged",
        TraceKind.Moved => "moved",
        TraceKind.Copied => "copied",
        TraceKind.Expunged => "expunged",
        TraceKind.Made => "made",
        TraceKind.RelaySaid => "relay_said",
        TraceKind.Cut => "cut",
        _ => "unknown",
    };

    /// <summary>For people, and the whole of what a link shows beside the safe evidence.</summary>
    public static string Title(TraceKind kind) => kind switch
    {
        TraceKind.Connected => "connection",
        TraceKind.Mail => "sender named",
        TraceKind.RecipientAccepted => "recipient accepted",
        TraceKind.RecipientRefused => "recipient refused",
        TraceKind.SenderRefused => "sender refused",
        TraceKind.ConnectionRefused => "client turned away",
        TraceKind.GivenUp => "ended before the message was whole",
        TraceKind.Header => "message received",
        TraceKind.Authentication => "sender checked",
        TraceKind.Judged => "spam filter",
        TraceKind.StepSkipped => "a step was left out",
        TraceKind.Script => "script",
        TraceKind.Filed => "put into a mailbox",
        TraceKind.Queued => "queued for another server",
        TraceKind.Discarded => "discarded by the owner's script",
        TraceKind.Trapped => "taken by a trap",
        TraceKind.Refused => "refused",
        TraceKind.Accepted => "accepted",
        TraceKind.NotFiled => "could not be put into a mailbox",
        TraceKind.Tried => "handed to the next server",
        TraceKind.Reported => "report sent",
        TraceKind.Dropped => "thrown out of the queue",
        TraceKind.Flagged => "flags changed",
        TraceKind.Moved => "moved",
        TraceKind.Copied => "copied",
        TraceKind.Expunged => "deleted",
        TraceKind.Made => "written by this server",
        TraceKind.RelaySaid => "the relay reports",
        TraceKind.Cut => "more events are not kept",
        _ => "event of a newer server",
    };
}
