using Aviso.Base;
using Aviso.Store.Blobs;
using Aviso.Store.Commit;

namespace Aviso.Store;

public sealed partial class SqliteMailStore : IMailStore
{
    public Task<Outcome<Accepted>> AcceptAsync(Acceptance acceptance, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var plan = new AcceptPlan(acceptance, _ids, _addresses);
        return ChangeAsync(batch => (Outcome<Accepted>)plan.Apply(batch), [plan.Body], bringsMail: true);
    }

    public Task<Outcome<IReadOnlyList<Accepted>>> AcceptAllAsync(IReadOnlyList<Acceptance> acceptances, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var plans = acceptances.Select(acceptance => new AcceptPlan(acceptance, _ids, _addresses)).ToArray();
        return ChangeAsync(
            batch => new Outcome<IReadOnlyList<Accepted>>(StoreError.None, Array.ConvertAll(plans, plan => plan.Apply(batch))),
            Array.ConvertAll(plans, plan => plan.Body), bringsMail: true);
    }
}

/// <summary>One message for local mailboxes and queue: ids and record are made by the caller, rows by the committing thread.</summary>
internal sealed class AcceptPlan
{
    private readonly Acceptance _acceptance;
    private readonly long[] _emails;
    private readonly long _queueId;

    public AcceptPlan(Acceptance acceptance, IdSource ids, IReadOnlyDictionary<long, string> addresses)
    {
        _acceptance = acceptance;
        var bodyId = ids.Next();
        _emails = new long[acceptance.Targets.Count];
        _queueId = acceptance.Queue is null ? 0 : ids.Next();
        var targets = new RecordTarget[acceptance.Targets.Count];
        for (var i = 0; i < targets.Length; i++)
        {
            var target = acceptance.Targets[i];
            _emails[i] = ids.Next();
            targets[i] = new(
                target.Account.Value, addresses.GetValueOrDefault(target.Account.Value, ""), _emails[i], target.Mailbox,
                target.Flags, target.Keywords, acceptance.ReceivedAt, target.Prefix);
        }
        Body = new(
            bodyId, acceptance.Body, new(targets, _queueId, acceptance.Queue, acceptance.ReceivedAt), acceptance.ReceivedAt);
    }

    public BodyWrite Body { get; }

    public Accepted Apply(WriteBatch batch)
    {
        var results = new Outcome<AppendedEntry>[_emails.Length];
        var holders = 0;
        for (var i = 0; i < results.Length; i++)
        {
            results[i] = Deliver(batch, _acceptance.Targets[i], _emails[i]);
            if (results[i].Ok) holders++;
            else batch.Journal.EmailRefused(_emails[i]);
        }
        if (_acceptance.Queue is { } queue)
        {
            QueueWrites.Insert(batch, _queueId, queue, Body.Record, _acceptance.Rendered.MessageId, _acceptance.ReceivedAt);
            holders++;
        }
        if (holders > 0) batch.BodyStored(Body, holders);
        else batch.BodyUnused(Body);
        var accepted = new Accepted(results, _queueId == 0 ? null : new QueueId(_queueId));
        batch.MessageMade(_acceptance, accepted, Body.Record.BodyLength);
        return accepted;
    }

    private Outcome<AppendedEntry> Deliver(WriteBatch batch, AcceptTarget target, long email)
    {
        if (batch.Account(target.Account) is not { } account) return StoreError.NotFound;
        if ((account.Find(target.Mailbox) ?? account.Find("INBOX")) is not { } mailbox) return StoreError.NotFound;
        var length = Body.Record.BodyLength;
        if (!target.IgnoreQuota && account.IsOver(target.Prefix.Length + length)) return StoreError.OverQuota;
        // A mailbox that has all its keywords takes the message without them.
        batch.TryKeywords(account, mailbox, target.Keywords, add: true, out var keywords);
        return batch.AddEmail(
            account, mailbox, email, Body.Record.BodyId, _acceptance.Rendered, target.Prefix.Span, length,
            new(target.Flags, keywords), _acceptance.ReceivedAt, batch.NextModSeq(account));
    }
}
