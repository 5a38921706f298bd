using Aviso.Store.Commit;

namespace Aviso.Store;

public sealed partial class SqliteMailStore : IEmailWrites
{
    public async Task<Outcome<EmailsSet>> SetEmailsAsync(AccountId account, EmailSet set, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var names = set.Create.Count == 0 ? []
            : (await ListMailboxesAsync(account, cancel)).ToDictionary(static mailbox => mailbox.Id, static mailbox => mailbox.Name);
        var plan = new EmailSetPlan(account, set, _ids, _addresses.GetValueOrDefault(account.Value, ""), names);
        return await ChangeAsync<EmailsSet>(plan.Apply, plan.Bodies, bringsMail: set.Create.Count > 0);
    }
}
