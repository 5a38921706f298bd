// Delivery, inbound: from MAIL to the reply after the data. Owns the order of the receive steps; the queue has its own files.
// Rules: a step says yes with null and no with a Refusal; nothing is acknowledged before it is durable everywhere it belongs; one
// message is one commit for all its mailboxes and the queue; an optional step can never defer mail.
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Smtp;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>
/// Takes mail from SMTP, submission and LMTP sessions. A mailbox that
/// turns out to be full after the data, while others took the message, is reported to the sender by a bounce, for the reply must be
/// the same for all (LMTP: its own reply).
/// </summary>
public sealed partial class MailReceiver(
    ReceiveOptions options, AccountBook accounts, IMailStore store, MessageReader reader, IRouter router, IdSource ids, TimeProvider clock,
    ILogger log) : IMailReceiver
{
    private delegate ValueTask<Refusal?> Step(MailReceiver receiver, ReceiveContext context, CancellationToken cancel);

    /// <summary>What happens to a message that is whole, in order.</summary>
    private static readonly Step[] Steps =
    [
        (r, c, _) => new(r.ReadHeader(c)),
        (r, c, _) => new(r.StopLoops(c)),
        (r, c, _) => new(r.ApplySubmissionRules(c)),
        (r, c, cancel) => r.LimitSendingAsync(c, cancel),
        (r, c, cancel) => r.VerifySenderAsync(c, cancel),
        (r, c, _) => new(r.ReadParts(c)),
        (r, c, cancel) => r.ScoreAsync(c, cancel),
        (r, c, _) => new(r.Sign(c)),
        (r, c, cancel) => r.PlanAsync(c, cancel),
        (r, c, cancel) => r.StoreAsync(c, cancel),
        (r, c, cancel) => r.TellSenderAsync(c, cancel),
        (r, c, cancel) => r.AnswerAsync(c, cancel),
        (r, c, cancel) => r.LearnAsync(c, cancel),
    ];

    /// <summary>Called when something new stands in the queue, so that it is sent at once.</summary>
    public Action? Queued { get; init; }

    public ReceiveFilters Filters { get; init; } = new();

    private readonly ReceiveNotices _notices = new(options.HostName, options.OutsideMailbox, accounts, store, reader, router, ids, clock, log);

    public ValueTask<Refusal?> CheckSenderAsync(MailTransaction transaction, CancellationToken cancel)
    {
        var client = transaction.Client;
        Refusal? no = null;
        if (!store.Health.CanAccept) no = Refusals.NoRoom(store.Health.Reason);
        else if (options.MaxSize > 0 && transaction.Parameters.Size > options.MaxSize) no = Refusals.TooLarge(transaction.Parameters.Size.Value);
        else if (client.Login is { } login) no = SubmissionRules.CheckEnvelope(accounts.Grants, login, transaction.Sender);
        // The session asks for a login first; this is the second lock on the same door.
        else if (client.Origin.Kind is Net.ListenerKind.Submission or Net.ListenerKind.Submissions) no = Refusals.LoginFirst;
        if (no is not null) Tell(transaction, "", no);
        return new(no);
    }

    public async ValueTask<Refusal?> CheckRecipientAsync(MailTransaction transaction, MailRecipient recipient, CancellationToken cancel)
    {
        var notes = (ReceiveNotes)(transaction.Notes ??= new ReceiveNotes());
        var no = Resolve(transaction, recipient, out var resolved) ?? await CheckRoomAsync(transaction, resolved!, cancel);
        if (no is null && notes.Targets + resolved!.Local.Count + resolved.External.Count > options.MaxTargets) no = Refusals.TooMany;
        if (no is not null)
        {
            Tell(transaction, recipient.ToString(), no);
            return no;
        }
        notes.Targets += resolved!.Local.Count + resolved.External.Count;
        notes.Resolved.Add(resolved);
        return null;
    }

    public SpooledBody BeginBody() => store.Spool.Begin();

    public async ValueTask<ReceiveResult> ReceiveAsync(MailTransaction transaction, SpooledBody body, CancellationToken cancel)
    {
        var started = clock.GetTimestamp();
        using var context = new ReceiveContext(transaction, body, IdText.Format(ids.Next()), clock.GetUtcNow());
        context.Recipients.AddRange(ReceiveNotes.Of(transaction));
        try
        {
            foreach (var step in Steps)
            {
                context.Refused = await step(this, context, cancel);
                if (context.Refused is not null) break;
            }
        }
        catch (SpoolFullException)
        {
            context.Refused = Refusals.NoRoom("the spool is full");
        }
        var results = Results(context);
        Finish(context, results, clock.GetElapsedTime(started));
        return new(context.Id, context.IsLmtp ? results : Agreed(results)) { IsTagged = context.IsTagged };
    }

    // ---- at RCPT

    private Refusal? Resolve(MailTransaction transaction, MailRecipient recipient, out ResolvedRecipient? resolved)
    {
        var way = accounts.Table.Resolve(recipient.Address);
        resolved = null;
        if (transaction.Sender.IsNull && way.Step is ResolutionStep.None or ResolutionStep.CatchAll && ReturnPath(recipient) is { } back)
        {
            resolved = Returned(recipient, back);
            return resolved is null ? Refusals.Unknown : null;
        }
        if (IsTrap(transaction, recipient, way))
        {
            resolved = new(recipient, TraceFields.Shown(recipient.LocalPart, recipient.Domain), [], []) { IsTrap = true };
            return null;
        }
        switch (way.Kind)
        {
            case ResolutionKind.UnknownUser: return Refusals.Unknown;
            case ResolutionKind.Suspended: return Refusals.Suspended(way.Source);
            // Networks of ours grant no relay (design.md section 5, networks.internal): only a login does.
            case ResolutionKind.NotLocal when transaction.Client.Login is null: return Refusals.Relay;
        }
        var shown = recipient.Address.Wire;
        IReadOnlyList<string> external = way.Kind == ResolutionKind.NotLocal ? [shown] : way.External;
        resolved = new(recipient, shown, way.Local, external) { Forwards = way.Kind == ResolutionKind.Found && external.Count > 0 };
        return options.OutsideMailbox is not null && external.Count > 0 ? Capture(ref resolved) : null;
    }

    // A trap that is named wins over what takes any address; a pattern of traps only takes what nobody has.
    private bool IsTrap(MailTransaction transaction, MailRecipient recipient, Resolution way)
    {
        if (Filters.Traps is not { } traps || transaction.Client.Login is not null || !accounts.Table.IsLocalDomain(recipient.Domain)) return false;
        var address = $"{recipient.LocalPart}@{recipient.Domain.Ascii}";
        return way.Step is ResolutionStep.None or ResolutionStep.CatchAll or ResolutionStep.Pattern && traps.IsNamed(address)
            || way.Step is ResolutionStep.None or ResolutionStep.CatchAll && way.Kind != ResolutionKind.Suspended && traps.IsInPattern(address);
    }

    // design.md section 5, `serve --local`: mail for foreign domains is not sent, it lands in one mailbox.
    private Refusal? Capture(ref ResolvedRecipient? resolved)
    {
        if (!AddressKey.TryParse(options.OutsideMailbox!, out var outside)) return Refusals.Unknown;
        var way = accounts.Table.Resolve(outside.LocalPart, outside.Domain);
        if (way.Local.Count == 0) return Refusals.Unknown;
        resolved = resolved! with { Local = [.. resolved!.Local, .. way.Local], External = [], Forwards = false };
        return null;
    }

    private async ValueTask<Refusal?> CheckRoomAsync(MailTransaction transaction, ResolvedRecipient resolved, CancellationToken cancel)
    {
        if (resolved.External.Count > 0 || resolved.IsTrap) return null;
        foreach (var target in resolved.Local)
        {
            if (accounts.Table.QuotaOf(target.Account) == 0) return null;
            var use = await store.GetQuotaAsync(target.Account, cancel);
            if (use.OctetLimit == 0 || use.Octets + (transaction.Parameters.Size ?? 1) <= use.OctetLimit) return null;
        }
        return Refusals.Full;
    }

    // ---- after the data, in the order of Steps

    private Refusal? ReadHeader(ReceiveContext context)
    {
        if (options.MaxSize > 0 && context.Body.Length > options.MaxSize) return Refusals.TooLarge(context.Body.Length);
        context.Header = ReceiveHeader.Read(context.Body, context.IsSubmission);
        return null;
    }

    // RFC 5321 §6.3. Delivered-To stops only what forwards: a mailbox takes mail that it had before, people resend.
    private Refusal? StopLoops(ReceiveContext context)
    {
        if (context.Header.Received > options.MaxReceived) return Refusals.Loop($"{context.Header.Received} Received fields");
        if (context.Header.DeliveredTo is not { } before) return null;
        for (var i = 0; i < context.Recipients.Count; i++)
        {
            var recipient = context.Recipients[i];
            if (!recipient.Forwards || !before.Contains(recipient.Shown.ToLowerInvariant())) continue;
            ReceiveMeters.Count("loop", isInternal: false);
            log.LoopCut(context.Id, recipient.Shown);
            context.Recipients[i] = recipient with { External = [] };
        }
        return context.Recipients.TrueForAll(r => r.Local.Count == 0 && r.External.Count == 0 && !r.IsTrap) ? Refusals.Loop("Delivered-To names the forwarding address") : null;
    }

    private Refusal? ApplySubmissionRules(ReceiveContext context)
    {
        if (context.Transaction.Client.Login is not { } login) return null;
        if (SubmissionRules.CheckHeader(accounts.Grants, login, context.Header) is { } no) return no;
        context.Body = SubmissionRules.Complete(context.Body, context.Header, store.Spool, options.HostName, context.Id, context.Now);
        return null;
    }

    private Refusal? ReadParts(ReceiveContext context)
    {
        context.Parts = reader.Scan(context.Body);
        return null;
    }

    private async ValueTask<Refusal?> TellSenderAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (context.Transaction.Sender.IsNull) return null;
        if (await _notices.SendAsync(context, cancel)) Queued?.Invoke();
        return null;
    }

    // ---- what came of it

    private static List<Refusal?> Results(ReceiveContext context)
    {
        if (context.Refused is { } no) return [.. context.Recipients.Select(_ => no)];
        var results = new List<Refusal?>(context.Recipients.Count);
        foreach (var recipient in context.Recipients) results.Add(ResultOf(context, recipient));
        return results;
    }

    // One reply speaks for all (RFC 5321 §4.2.5): yes when anybody has the message, for a "no" would bring it again to those who
    // have it. When all refuse, a reason that may pass wins over one that will not.
    private static List<Refusal?> Agreed(List<Refusal?> results)
    {
        var said = results.Contains(null) ? null : results.Find(r => !r!.IsPermanent) ?? results.FirstOrDefault();
        return results.ConvertAll(_ => said);
    }

    // A recipient has the message when any of its mailboxes or the queue took it.
    private static Refusal? ResultOf(ReceiveContext context, ResolvedRecipient recipient)
    {
        if (recipient.External.Count > 0) return null;
        // Sent on or discarded by a script: it has been dealt with.
        if (!context.Local.Exists(c => recipient.Local.Any(l => l.Account == c.Target.Account))) return null;
        var error = StoreError.None;
        foreach (var copy in context.Local)
        {
            if (!recipient.Local.Any(l => l.Account == copy.Target.Account)) continue;
            error = copy.Error;
            if (error == StoreError.None) return null;
            // Without the bounce the reply is all that the sender hears.
            if (copy.Rejection is { } words) return copy is { IsRejectedByMessage: true, IsTold: true } ? null : Refusals.ByScript(words, context.Transaction.Parameters.SmtpUtf8);
        }
        return Refusals.NotStored(error);
    }

    private void Finish(ReceiveContext context, List<Refusal?> results, TimeSpan took)
    {
        var transaction = context.Transaction;
        var refused = results.Count(r => r is not null);
        if (refused == results.Count && results.Count > 0) Tell(transaction, "", results[0]!);
        else
        {
            ReceiveMeters.AcceptToStored.Record(took.TotalSeconds);
            ReceiveMeters.Count("local", context.Local.Count);
            ReceiveMeters.Count("queued", context.Queued.Count);
        }
        if (log.IsEnabled(LogLevel.Information))
        {
            log.Message(context.Id, transaction.Client.SessionId, transaction.Sender.Domain.Ascii, context.Body.Length, results.Count, context.Local.Count,
                context.Queued.Count, refused, refused == 0 ? "accepted" : refused == results.Count ? results[0]!.ToString() : "accepted in part", took.TotalMilliseconds);
        }
    }

    // Incidents 7 and 35: a refusal of one of our own machines is an event of its own, at once, with everything that names it.
    private void Tell(MailTransaction transaction, string recipient, Refusal no)
    {
        var client = transaction.Client;
        ReceiveMeters.Count(no.Cause.Split(':')[0], client.Origin.IsInternal);
        if (client.Origin.IsInternal)
            log.RefusedInternal(client.SessionId, client.Origin.Remote, client.Helo, transaction.Sender.ToString(), recipient, no.ToString(), no.Cause);
        else
            log.Refused(client.SessionId, client.Origin.Remote, transaction.Sender.ToString(), recipient, no.ToString(), no.Cause);
    }
}
