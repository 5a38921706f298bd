using Aviso.Accounts;
using Aviso.Base;
using Aviso.Smtp;
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

    public Rendered Rendered { get; set; } = null!;

    public TraceFields? Trace { get; set; }

    /// <summary>One for each local account, in the order of <see cref="Acceptance.Targets"/>.</summary>
    public List<PlannedTarget> Local { get; } = [];

    public List<PlannedQueue> Queued { get; } = [];

    public Acceptance? Acceptance { get; set; }

    public Accepted? Accepted { get; set; }

    /// <summary>Set by the step that refuses the whole message.</summary>
    public Refusal? Refused { get; set; }

    /// <summary>Somebody who logged in sends (RFC 6409), on whatever listener.</summary>
    public bool IsSubmission => transaction.Client.Login is not null;

    public bool IsLmtp => transaction.Client.Origin.Kind == Net.ListenerKind.Lmtp;

    public void Dispose()
    {
        Body.Dispose();
        Trace?.Dispose();
    }
}

/// <param name="For">The first RCPT that led here.</param>
internal sealed record PlannedTarget(LocalTarget Target, ResolvedRecipient For, Range Prefix);

internal sealed record PlannedQueue(string Address, ResolvedRecipient For);
