using Aviso.Accounts;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Mime;
using Aviso.Sieve;
using Aviso.Smtp;
using Aviso.Spam;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>A RCPT and where it leads.</summary>
/// <param name="Shown">The address as the sender gave it, in wire form.</param>
internal sealed record ResolvedRecipient(
    MailRecipient Recipient, string Shown, IReadOnlyList<LocalTarget> Local, IReadOnlyList<MailAddress> External)
{
    /// <summary>An address of ours that sends copies elsewhere.</summary>
    public bool Forwards { get; init; }

    /// <summary>An address that no person has: the mail is taken, teaches, and goes to nobody.</summary>
    public bool IsTrap { get; init; }

    /// <summary>The message was forwarded from here before: it is not sent on again, and whoever sent it has to hear of that.</summary>
    public bool IsLoop { get; init; }

    /// <summary>Mailboxes and addresses elsewhere.</summary>
    public int Targets => Local.Count + External.Count;
}

/// <summary>One message on its way through the receive steps.</summary>
internal sealed class ReceiveContext(MailTransaction transaction, SpooledBody body, string id, DateTimeOffset now) : IDisposable
{
    public MailTransaction Transaction => transaction;

    /// <summary>Our id of this message: in the reply, in Received and in the log.</summary>
    public string Id => id;

    public DateTimeOffset Now => now;

    /// <summary>As it is stored; a step may put another in its place and disposes the one before.</summary>
    public SpooledBody Body { get; set; } = body;

    public List<ResolvedRecipient> Recipients { get; } = [];

    private ReceiveHeader? _header;

    public ReceiveHeader Header
    {
        get => _header ?? throw new InvalidOperationException("the header was not read");
        set => _header = value;
    }

    public bool HasHeader => _header is { IsTooLarge: false };

    /// <summary>Who sent it: the client, or the one a trusted relay took it from.</summary>
    public System.Net.IPAddress Sender => Auth?.Client ?? transaction.Client.Origin.Remote.Address;

    /// <summary>Null for submissions, and when nobody looked.</summary>
    public AuthVerdict? Auth { get; set; }

    /// <summary>
    /// The reverse-path is who it says: what is sent to it because of this message reaches whoever sent the message. Set by
    /// VerifySender; what could not be verified is not proven.
    /// </summary>
    public bool SenderIsProven { get; set; }

    /// <summary>Null for submissions, and when nobody looked.</summary>
    public SpamVerdict? Spam { get; set; }

    /// <summary>DKIM-Signature fields of a submission.</summary>
    public ReadOnlyMemory<byte> Signatures { get; set; }

    /// <summary>The author's domain asks for it to be rejected or quarantined, and nothing speaks for it.</summary>
    public bool FailsDmarc { get; set; }

    /// <summary>The domain that a submission is signed for: DMARC asks for the one of From. Empty before it was checked.</summary>
    public string AuthorDomain { get; set; } = "";

    /// <summary>RFC 5321 §4.5.1: who complains must be heard.</summary>
    public bool IsForPostmaster => Recipients.Exists(r => Postmaster.Is(r.Recipient.LocalPart));

    /// <summary>Junk for everybody: at or above the tag threshold, or by DMARC.</summary>
    public bool IsTagged => FailsDmarc || Spam is { } spam && (spam.Action >= SpamAction.Tag || spam.Score >= spam.Required);

    /// <summary>Recipients that no person has.</summary>
    public int Traps => Recipients.Count(r => r.IsTrap);

    /// <summary>The parts of <see cref="Body"/>.</summary>
    public MimePart Parts
    {
        get => field ?? throw new InvalidOperationException("the parts were not read");
        set;
    }

    public TraceFields Trace
    {
        get => field ?? throw new InvalidOperationException("nothing was planned");
        set
        {
            _trace = value;
            field = value;
        }
    }

    private TraceFields? _trace;

    /// <summary>What becomes of the message for every recipient.</summary>
    public FateBook Fates { get; } = new();

    /// <summary>What the scripts of all its recipients may take; made when the first one runs.</summary>
    public SieveBudget? Scripts { get; set; }

    /// <summary>What scripts want, to be committed once the message is stored.</summary>
    public List<(AccountId Account, SievePlan Plan)> Sorted { get; } = [];

    /// <summary>What is stored in one transaction; those without copies and without queue are not.</summary>
    public List<PlannedMessage> Messages { get; } = [];

    /// <summary>What was kept for somebody who had no share of it.</summary>
    public List<(PlannedCopy Copy, ResolvedRecipient For)> KeptCopies { get; } = [];

    /// <summary>Names of steps that were left out.</summary>
    public List<string> Skipped { get; } = [];

    /// <summary>What the trace was told of before the message was whole.</summary>
    public TransactionTrace Told { get; init; } = new(null, transaction, now);

    /// <summary>Set by the step that refuses the whole message.</summary>
    public Refusal? Refused { get; set; }

    /// <summary>The reverse-path without brackets in wire form, empty for the null one.</summary>
    public string ReturnPath { get; } = ReceiveQueue.Sender(transaction.Sender);

    /// <summary>Who logged in to send it, or null.</summary>
    public AccountId? Account => transaction.Client.Login is { } login ? new AccountId(login.Account) : null;

    /// <summary>Message-ID without angle brackets; empty when there is none, and before anything was planned.</summary>
    public string MessageId => Messages is [var first, ..] ? first.Rendered.MessageId : "";

    /// <summary>Somebody who logged in sends (RFC 6409), on whatever listener.</summary>
    public bool IsSubmission => transaction.Client.Login is not null;

    public bool IsLmtp => transaction.Client.Origin.Kind == Net.ListenerKind.Lmtp;

    /// <summary>Puts another body in place of the one that came and reads its header.</summary>
    public void Take(SpooledBody with)
    {
        Body.Dispose();
        Body = with;
        Header = ReceiveHeader.Read(with);
    }

    public void Dispose()
    {
        Body.Dispose();
        // Several may share a body; a body bears being disposed twice.
        foreach (var message in Messages) message.Body.Dispose();
        _trace?.Dispose();
    }
}
