using Aviso.Store.Commit;
using Aviso.Store.Sqlite;

namespace Aviso.Store;

/// <summary>Emails as a whole: set by one who knows no mailbox, and brought back when they have none.</summary>
public sealed partial class SqliteMailStore : IEmailWrites, IUndelete
{
    public async Task<Outcome<EmailsSet>> SetEmailsAsync(AccountId account, EmailSet set, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var names = set.Create.Count == 0 ? []
            : (await ListMailboxesAsync(account, cancel)).ToDictionary(static mailbox => mailbox.Id, static mailbox => mailbox.Name);
        var plan = new EmailSetPlan(account, set, _ids, _addresses.GetValueOrDefault(account.Value, ""), names);
        return await ChangeAsync<EmailsSet>(plan.Apply, plan.Bodies, bringsMail: set.Create.Count > 0);
    }

    public async Task<IReadOnlyList<ExpungedEmail>> ListExpungedAsync(
        AccountId account, long since, int most, CancellationToken cancel, string? mailbox = null, IReadOnlyList<EmailId>? emails = null) =>
        await _reads.ReadAsync(
            db =>
            {
                var list = new List<ExpungedEmail>();
                if (emails is null) Read(Use(Statements.ExpungedOf).Add(most));
                else foreach (var email in emails.Distinct().Take(most)) Read(Use(Statements.ExpungedOne).Add(email.Value));
                return list;

                Statement Use(string text) => db.Use(text).Add(account.Value).Add(since).Add(mailbox ?? "").Add(mailbox ?? "");

                void Read(Statement row)
                {
                    using (row)
                    {
                        while (row.Step())
                        {
                            list.Add(new(new(row.Int(0)), row.Int(1), row.Text(2), (SystemFlags)row.Int(3),
                                WriteBatch.KeywordsOf(row.Text(4)), row.Int(5), row.Int(6), row.Bytes(7), row.Text(8)));
                        }
                    }
                }
            },
            cancel);

    public TimeSpan UndeleteWindow => _options.UndeleteWindow;

    public Task<Outcome<IReadOnlyList<BroughtBack>>> BringBackAsync(
        AccountId account, IReadOnlyList<EmailId> emails, string? into, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync<IReadOnlyList<BroughtBack>>(batch =>
        {
            if (batch.Account(account) is not { } owner) return StoreError.NotFound;
            var target = into is null ? null : owner.Find(into);
            if (into is not null && target is null) return StoreError.NoSuchMailbox;
            var gone = emails.Distinct().Select(email => batch.FindExpunged(owner, email)).OfType<WriteBatch.ExpungedRow>().ToList();
            if (gone.Count > 0 && owner.IsOver(gone.Sum(row => row.Size))) return StoreError.OverQuota;
            if (gone.Count == 0) return new Outcome<IReadOnlyList<BroughtBack>>(StoreError.None, []);
            var modSeq = batch.NextModSeq(owner);
            var back = new List<BroughtBack>(gone.Count);
            foreach (var row in gone.OrderBy(row => row.Email))
            {
                var box = target ?? Place(batch, owner, row);
                back.Add(new(new(row.Email), box.Name, batch.BringBack(owner, box, row, modSeq).Uid));
            }
            return new Outcome<IReadOnlyList<BroughtBack>>(StoreError.None, back);
        });
    }

    // Where it was: the mailbox itself under whatever name, one of that name, or the name made again.
    private static OpenMailbox Place(WriteBatch batch, OpenAccount owner, WriteBatch.ExpungedRow row)
    {
        if (owner.ById.GetValueOrDefault(row.Mailbox) is { } same) return same;
        if (owner.Find(row.MailboxName) is { } named) return named;
        // A row of before names were kept, or no place for another mailbox.
        if (!MailboxName.IsValid(row.MailboxName)
            || owner.ById.Count + row.MailboxName.AsSpan().Count(MailboxName.Separator) >= MostMailboxes) return owner.ByName["INBOX"];
        batch.CreateParents(owner, row.MailboxName);
        return batch.CreateMailbox(owner, row.MailboxName, SpecialUse.None);
    }
}
