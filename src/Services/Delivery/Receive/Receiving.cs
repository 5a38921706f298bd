using Aviso.Base;
using Aviso.Smtp;

namespace Aviso.Delivery;

/// <summary>One transaction: where its recipients lead is found out at RCPT and used after the data.</summary>
internal sealed class Receiving(ReceiveRun run, MailTransaction transaction) : IReceiving
{
    private readonly List<ResolvedRecipient> _recipients = [];
    private readonly RecipientResolver _resolver = new(run.Parts);
    private readonly TransactionTrace _told = new(run.Parts.Filters.Trace, transaction, run.Parts.Clock.GetUtcNow());
    private int _targets;
    private bool _ended;

    public async ValueTask<Refusal?> AddAsync(MailRecipient recipient, CancellationToken cancel)
    {
        var (resolved, no) = await _resolver.FindAsync(transaction, recipient, cancel);
        if (resolved is not null && _targets + resolved.Targets > run.Parts.Options.MaxTargets) (resolved, no) = (null, Refusals.TooMany);
        if (resolved is null)
        {
            ReceiveOutcome.Tell(run.Parts.Log, transaction, recipient.ToString(), no!);
            Refused(recipient, no!);
            return no;
        }
        _targets += resolved.Targets;
        _recipients.Add(resolved);
        return null;
    }

    public SpooledBody BeginBody(Action? evict = null) => run.Parts.Store.Spool.Begin(transaction.Client.SpoolOwner, evict);

    public void Refused(MailRecipient recipient, Refusal why) => _told.Refused(recipient, why, run.Parts.Clock.GetUtcNow());

    public ValueTask<ReceiveResult> FinishAsync(SpooledBody body, CancellationToken cancel)
    {
        _ended = true;
        return run.RunAsync(transaction, _recipients, body, _told, cancel);
    }

    public void End(string said)
    {
        if (_ended) return;
        _ended = true;
        _told.End(IdText.Format(run.Parts.Ids.Next()), _recipients, said, run.Parts.Clock.GetUtcNow());
    }
}
