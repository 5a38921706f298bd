using Aviso.Store.Blobs;
using Aviso.Store.Commit;
using Aviso.Store.Copying;
using Aviso.Store.Sqlite;

namespace Aviso.Store;

/// <summary>What comes back from a backup while the store works.</summary>
public sealed partial class SqliteMailStore
{
    /// <summary>Makes a mailbox that was deleted, with the UIDVALIDITY that it had; what is delivered from now on comes above all UIDs that
    /// clients can know. AlreadyExists; NotFound without the account.</summary>
    public Task<Outcome<MailboxId>> ReturnMailboxAsync(AccountId account, ReturningMailbox mailbox) => ChangeAsync<MailboxId>(batch =>
    {
        if (batch.Account(account) is not { } open) return StoreError.NotFound;
        if (open.Find(mailbox.Name) is not null) return StoreError.AlreadyExists;
        batch.CreateParents(open, mailbox.Name);
        batch.NextModSeq(open);
        var use = open.ById.Values.Any(other => other.Use == mailbox.Use) ? SpecialUse.None : mailbox.Use;
        var made = batch.RestoreMailbox(open, batch.Ids.Next(), mailbox.Name, use, mailbox.UidValidity, mailbox.SortOrder);
        batch.SetSubscribed(open, mailbox.Name, subscribed: true);
        batch.Delta(open, made);
        made.FirstRecent = made.UidNext = mailbox.UidNext;
        batch.Journal.UidNext(account.Value, made.Id, made.UidNext);
        return new MailboxId(made.Id);
    });

    /// <summary>Puts a message back. It keeps its UID in a mailbox that was made for it and into which nothing has come since; else it gets
    /// the next one, for UIDs only grow (RFC 9051 §2.3.1.1). False when it is there already; OverQuota, LimitReached (keywords),
    /// NotFound.</summary>
    public async Task<Outcome<bool>> ReturnMessageAsync(AccountId account, MailboxInfo mailbox, ReturningMessage message)
    {
        var target = new RecordTarget(
            account.Value, _addresses.GetValueOrDefault(account.Value, ""), message.Email.Value, mailbox.Name, message.Flags,
            message.Keywords, message.InternalDate, default);
        BodyWrite[] bodies = [new(_ids.Next(), message.Body, new([target], 0, null, message.InternalDate), message.InternalDate)];
        return await ChangeAsync<bool>(batch => Return(batch, account, mailbox.Id, message, bodies[0]), bodies, bringsMail: true);
    }

    private static Outcome<bool> Return(WriteBatch batch, AccountId at, MailboxId mailbox, ReturningMessage message, BodyWrite body)
    {
        if (batch.Account(at) is not { } account || batch.Mailbox(at, mailbox) is not { } box) return GiveUp(StoreError.NotFound);
        if (IsIn(batch, at, mailbox, message.Email))
        {
            batch.BodyUnused(body);
            return false;
        }
        if (account.IsOver(message.Body.Length)) return GiveUp(StoreError.OverQuota);
        if (!batch.TryKeywords(account, box, message.Keywords, add: true, out var keywords)) return GiveUp(StoreError.LimitReached);
        var modSeq = batch.NextModSeq(account);
        var flags = new EntryFlags(message.Flags, keywords);
        var (next, last) = (box.UidNext, batch.Db.Use(Statements.LastUid).Add(at.Value).Add(mailbox.Value).Number() ?? 0);
        if (message.Uid <= last || message.Uid >= next)
        {
            Add();
            return true;
        }
        box.UidNext = message.Uid;
        Add();
        // RFC 9051 §2.3.1.1: it changes whenever a message is added.
        box.UidNext = next + 1;
        return true;

        void Add()
        {
            if (batch.Db.Use(Statements.EmailOwner).Add(message.Email.Value).Add(at.Value).Number() is null)
            {
                batch.BodyStored(body, 1);
                batch.AddEmail(account, box, message.Email.Value, body.Record.BodyId, message.Rendered, default, body.Record.BodyLength,
                    flags, message.InternalDate, modSeq);
                return;
            }
            // It waits for the end of the undelete window, or is in another mailbox: one email, one more entry.
            batch.BodyUnused(body);
            batch.Db.Use(Statements.ForgetUndelete).Add(message.Email.Value).Run();
            var origin = batch.HoldEmail(message.Email, flags, modSeq);
            var entry = new Entry(0, flags, modSeq, message.Email, message.InternalDate, batch.Now, message.Body.Length);
            batch.AddEntry(account, box, entry, origin);
        }

        StoreError GiveUp(StoreError error)
        {
            batch.BodyUnused(body);
            return error;
        }
    }

    private static bool IsIn(WriteBatch batch, AccountId account, MailboxId mailbox, EmailId email) =>
        batch.Db.Use(Statements.EntryOfEmail).Add(account.Value).Add(mailbox.Value).Add(email.Value).Number() is not null;
}
