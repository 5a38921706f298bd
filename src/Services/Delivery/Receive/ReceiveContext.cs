using Aviso.Accounts;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Mime;
using Aviso.Smtp;
using Aviso.Spam;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>How this server receives; from the settings.</summary>
public sealed record ReceiveOptions
{
    /// <summary>In Received and Message-ID.</summary>
    public required string HostName { get; init; }

    /// <summary>Octets; 0 is no limit beyond that of the listener.</summary>
    public long MaxSize { get; init; }

    /// <summary>RFC 5321 §6.3: more Received fields than this are a loop.</summary>
    public int MaxReceived { get; init; } = 50;

    /// <summary>Local mode and `outbound.capture`: nothing is queued, mail for other domains goes to this address.</summary>
    public string? OutsideMailbox { get; init; }

    /// <summary>Mailboxes and addresses elsewhere that one transaction may reach, aliases followed.</summary>
    public int MaxTargets { get; init; } = 5000;
}

/// <summary>A RCPT and where it leads.</summary>
/// <param name="Shown">The address as the sender gave it, in wire form.</param>
internal sealed record ResolvedRecipient(MailRecipient Recipient, string Shown, IReadOnlyList<LocalTarget> Local, IReadOnlyList<string> External)
{
    /// <summary>An address of ours that sends copies elsewhere.</summary>
    public bool Forwards { get; init; }

    /// <summary>An address that no person has: the mail is taken, teaches, and goes to nobody.</summary>
    public bool IsTrap { get; init; }
}

/// <summary>Kept in <see cref="MailTransaction.Notes"/> between RCPT and the data.</summary>
internal sealed class ReceiveNotes
{
    public List<ResolvedRecipient> Resolved { get; } = [];

    public int Targets { get; set; }

    /// <summary>What RCPT found out; the session may have dropped a recipient since, so they are matched by identity.</summary>
    public static IEnumerable<ResolvedRecipient> Of(MailTransaction transaction)
    {
        var known = (transaction.Notes as ReceiveNotes)?.Resolved ?? [];
        var at = 0;
        foreach (var recipient in transaction.Recipients)
        {
            while (at < known.Count && !ReferenceEquals(known[at].Recipient, recipient)) at++;
            if (at == known.Count) throw new InvalidOperationException("a recipient was added that was never checked");
            yield return known[at++];
        }
    }
}

/// <summary>One message on its way through the receive steps.</summary>
internal sealed class ReceiveContext(MailTransaction transaction, SpooledBody body, string id, DateTimeOffset now) : IDisposable
{
    public MailTransaction Transaction => transaction;

    /// <summary>Our id of this message: in the reply, in Received and in the log.</summary>
    public string Id => id;

    public DateTimeOffset Now => now;

    /// <summary>As it is stored; submission may put another in its place.</summary>
    public SpooledBody Body { get; set; } = body;

    public List<ResolvedRecipient> Recipients { get; } = [];

    public ReceiveHeader Header { get; set; } = null!;

    /// <summary>Who sent it: the client, or the one a trusted relay took it from.</summary>
    public System.Net.IPAddress Sender => Auth?.Client ?? transaction.Client.Origin.Remote.Address;

    /// <summary>Null for submissions, and when nobody looked.</summary>
    public AuthVerdict? Auth { get; set; }

    /// <summary>Null for submissions, and when nobody looked.</summary>
    public SpamVerdict? Spam { get; set; }

    /// <summary>DKIM-Signature fields of a submission.</summary>
    public ReadOnlyMemory<byte> Signatures { get; set; }

    /// <summary>At or above the tag threshold for everybody.</summary>
    public bool IsTagged => Spam is { } spam && (spam.Action >= SpamAction.Tag || spam.Score >= spam.Required);

    /// <summary>Recipients that no person has.</summary>
    public int Traps => Recipients.Count(r => r.IsTrap);

    /// <summary>The parts of <see cref="Body"/>.</summary>
    public MimePart Parts { get; set; } = null!;

    public Rendered Rendered { get; set; } = null!;

    public TraceFields? Trace { get; set; }

    /// <summary>Copies for mailboxes, in the order they were planned.</summary>
    public List<PlannedCopy> Local { get; } = [];

    /// <summary>Addresses elsewhere.</summary>
    public List<PlannedQueue> Queued { get; } = [];

    /// <summary>Accounts and addresses elsewhere that have their copy planned.</summary>
    public HashSet<object> Seen { get; } = [];

    /// <summary>What scripts want, to be committed once the message is stored.</summary>
    public List<(AccountId Account, SievePlan Plan)> Sorted { get; } = [];

    /// <summary>What is stored in one transaction.</summary>
    public List<PlannedMessage> Messages { get; } = [];

    /// <summary>Set by the step that refuses the whole message.</summary>
    public Refusal? Refused { get; set; }

    /// <summary>Somebody who logged in sends (RFC 6409), on whatever listener.</summary>
    public bool IsSubmission => transaction.Client.Login is not null;

    public bool IsLmtp => transaction.Client.Origin.Kind == Net.ListenerKind.Lmtp;

    public void Dispose()
    {
        Body.Dispose();
        foreach (var message in Messages)
        {
            if (message.Body != Body) message.Body.Dispose();
        }
        Trace?.Dispose();
    }
}

/// <summary>One body as it is stored: for mailboxes and for addresses elsewhere with one sender.</summary>
internal sealed record PlannedMessage(SpooledBody Body, Rendered Rendered)
{
    public List<PlannedCopy> Copies { get; } = [];

    public QueueSubmission? Queue { get; init; }
}

/// <summary>One copy for one mailbox.</summary>
/// <param name="For">The first RCPT that led here.</param>
/// <param name="Prefix">Where its Return-Path and trace fields stand in <see cref="TraceFields"/>.</param>
internal sealed record PlannedCopy(LocalTarget Target, ResolvedRecipient For, Range Prefix)
{
    public string Mailbox { get; init; } = "INBOX";

    public SystemFlags Flags { get; init; }

    public IReadOnlyList<string> Keywords { get; init; } = [];

    /// <summary>The words of a script that refuses it for this account; such a copy is not stored.</summary>
    public string? Rejection { get; init; }

    /// <summary>The words do not fit into a reply: the sender gets them in a bounce (RFC 5429 §2.2).</summary>
    public bool IsRejectedByMessage { get; init; }

    /// <summary>A bounce about this copy is stored.</summary>
    public bool IsTold { get; set; }

    /// <summary>What became of it; set by the step that stores.</summary>
    public StoreError Error { get; set; }
}

/// <param name="For">The first RCPT that led here.</param>
internal sealed record PlannedQueue(string Address, ResolvedRecipient For);
