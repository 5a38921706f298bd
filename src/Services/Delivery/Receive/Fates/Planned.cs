using Aviso.Accounts;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>One body as it is stored: for mailboxes and for addresses elsewhere with one sender.</summary>
/// <param name="HeaderLength">Octets of its header, the empty line included.</param>
internal sealed record PlannedMessage(SpooledBody Body, Rendered Rendered, long HeaderLength)
{
    public List<PlannedCopy> Copies { get; } = [];

    public QueueSubmission? Queue { get; set; }

    /// <summary>An address of ours sends it on: where to is its owner's to know.</summary>
    public bool IsForward { get; init; }

    /// <summary>Where it stands in the queue, once it is stored.</summary>
    public QueueId? QueueId { get; set; }

    /// <summary>The same body with its own copies and queue.</summary>
    public PlannedMessage Again() => new(Body, Rendered, HeaderLength);

    /// <summary>As the store takes it.</summary>
    public Acceptance Acceptance(ReceiveContext context) => Acceptance(context, Copies, ignoreQuota: false) with { Queue = Queue };

    public Acceptance Acceptance(ReceiveContext context, List<PlannedCopy> copies, bool ignoreQuota) => new(Body, Rendered,
        copies.ConvertAll(c => new AcceptTarget(c.Target.Account, c.Mailbox, context.Trace[c.Prefix], c.Flags, c.Keywords, ignoreQuota)), null)
    {
        ReceivedAt = context.Now.ToUnixTimeSeconds(),
        Origin = null,
    };
}

/// <summary>One copy for one mailbox.</summary>
/// <param name="Prefix">Where its Return-Path and trace fields stand in <see cref="TraceFields"/>.</param>
internal sealed record PlannedCopy(LocalTarget Target, Range Prefix)
{
    public string Mailbox { get; init; } = "INBOX";

    public SystemFlags Flags { get; init; }

    public IReadOnlyList<string> Keywords { get; init; } = [];

    /// <summary>What the store said of it; null before it was asked.</summary>
    public StoreError? Error { get; set; }

    /// <summary>Where it lies, once it is stored.</summary>
    public AppendedEntry? Entry { get; set; }

    public bool IsStored => Error == StoreError.None;
}

/// <param name="For">The RCPT that led here.</param>
internal sealed record PlannedQueue(MailAddress Address, ResolvedRecipient For);
