using Aviso.Base;
using Aviso.Store.Blobs;

namespace Aviso.Store.Commit;

/// <summary>One <see cref="EmailSet"/>: ids and records are made by the caller, rows by the committing thread.</summary>
internal sealed class EmailSetPlan
{
    private readonly AccountId _account;
    private readonly EmailSet _set;
    private readonly long[] _emails;

    /// <param name="names">Of mailboxes as they were when the caller looked; a rebuild without a journal goes by them.</param>
    public EmailSetPlan(
        AccountId account, EmailSet set, IdSource ids, string address, IReadOnlyDictionary<MailboxId, string> names)
    {
        (_account, _set) = (account, set);
        _emails = new long[set.Create.Count];
        Bodies = new BodyWrite[set.Create.Count];
        for (var i = 0; i < Bodies.Length; i++)
        {
            var made = set.Create[i];
            var body = ids.Next();
            _emails[i] = ids.Next();
            var name = made.Mailboxes.Count == 0 ? "" : names.GetValueOrDefault(made.Mailboxes[0], "");
            var target = new RecordTarget(account.Value, address, _emails[i], name, made.Flags, made.Keywords, made.ReceivedAt, default);
            Bodies[i] = new(body, made.Body, new([target], 0, null, made.ReceivedAt), made.ReceivedAt);
        }
    }

    public BodyWrite[] Bodies { get; }

    public Outcome<EmailsSet> Apply(WriteBatch batch)
    {
        if (batch.Account(_account) is not { } account) return GiveUp(batch, StoreError.NotFound);
        if (_set.IfInState is { } state && state != account.ModSeq) return GiveUp(batch, StoreError.StateMismatch);
        var old = account.ModSeq;
        var change = new EmailChange(batch, account);
        var created = new Outcome<CreatedEmail>[Bodies.Length];
        for (var i = 0; i < created.Length; i++)
        {
            created[i] = change.Create(_set.Create[i], _emails[i], Bodies[i]);
            if (!created[i].Ok) GiveUp(batch, i);
        }
        var entries = new EmailEntries(batch, account, _set);
        var updated = new StoreError[_set.Update.Count];
        for (var i = 0; i < updated.Length; i++)
            updated[i] = change.Update(_set.Update[i], entries.Of(_set.Update[i].Email, _set.Update[i].Seen));
        var destroyed = new StoreError[_set.Destroy.Count];
        for (var i = 0; i < destroyed.Length; i++)
            destroyed[i] = change.Destroy(entries.Of(_set.Destroy[i].Email, _set.Destroy[i].Seen));
        return new EmailsSet(old, account.ModSeq, created, updated, destroyed);
    }

    private StoreError GiveUp(WriteBatch batch, StoreError error)
    {
        for (var i = 0; i < Bodies.Length; i++) GiveUp(batch, i);
        return error;
    }

    /// <summary>The body on disk is garbage.</summary>
    private void GiveUp(WriteBatch batch, int index)
    {
        batch.BodyUnused(Bodies[index]);
        batch.Journal.EmailRefused(_emails[index]);
    }
}
