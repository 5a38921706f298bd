// Delivery, inbound: from MAIL to the reply after the data. Owns the order of the receive steps; the queue has its own files.
// Rules: a step says yes with null and no with a Refusal; nothing is acknowledged before it is durable everywhere it belongs; one
// message is one commit for all its mailboxes and the queue; what a step does when it fails is declared in the list of steps.
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
public sealed class MailReceiver(
    ReceiveOptions options, AccountBook accounts, IMailStore store, MessageReader reader, IRouter router, IdSource ids, TimeProvider clock,
    ILogger log) : IMailReceiver
{
    private ReceiveRun? _run;

    /// <summary>Called when something new stands in the queue, so that it is sent at once.</summary>
    public Action? Queued { get; init; }

    public ReceiveFilters Filters { get; init; } = new();

    // Made at the first message, when all of the above is known.
    private ReceiveRun Run
    {
        get
        {
            if (_run is { } made) return made;
            var parts = new ReceiveParts(options, accounts, store, reader, router, ids, clock, log) { Filters = Filters, Queued = Queued ?? (() => { }) };
            return _run = new(parts, ReceiveSteps.Of(parts));
        }
    }

    public ValueTask<Begun> BeginAsync(MailTransaction transaction, CancellationToken cancel)
    {
        if (CheckSender(transaction) is not { } no) return new(new Begun.Open(new Receiving(Run, transaction)));
        ReceiveOutcome.Tell(log, transaction, "", no);
        Refused(transaction, no);
        return new(new Begun.Not(no));
    }

    public void Refused(MailTransaction transaction, Refusal why) =>
        TransactionTrace.Refused(Filters.Trace, transaction, why, IdText.Format(ids.Next()), clock.GetUtcNow());

    private Refusal? CheckSender(MailTransaction transaction)
    {
        var client = transaction.Client;
        if (!store.Health.CanAccept) return Refusals.NoRoom(store.Health.Reason);
        if (options.MessageSize > 0 && transaction.Parameters.Size > options.MessageSize) return Refusals.TooLarge(transaction.Parameters.Size.Value);
        if (client.Login is { } login) return SubmissionRules.CheckEnvelope(accounts.Grants, login, transaction.Sender);
        // The session asks for a login first; this is the second lock on the same door.
        return client.Origin.Kind is Net.ListenerKind.Submission or Net.ListenerKind.Submissions ? Refusals.LoginFirst : null;
    }
}
