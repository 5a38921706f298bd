using Aviso.Net;
using Aviso.Store;

namespace Aviso.Imap;

/// <summary>
/// The mailbox tree as a login with a limited scope sees it: what is outside does not exist, and nothing can be put there. Every name
/// comes to an id through here, so no command needs to look at the scope itself.
/// </summary>
internal sealed class ScopedMailboxes(IMailboxes inner, LoginScope scope) : IMailboxes
{
    public async Task<IReadOnlyList<MailboxInfo>> ListMailboxesAsync(AccountId account, CancellationToken cancel) =>
        [.. (await inner.ListMailboxesAsync(account, cancel)).Where(m => scope.Sees(m.Name))];

    public Task<MailboxInfo?> FindMailboxAsync(AccountId account, string name, CancellationToken cancel) =>
        scope.Sees(name) ? inner.FindMailboxAsync(account, name, cancel) : Task.FromResult<MailboxInfo?>(null);

    public Task<Outcome<MailboxInfo>> CreateMailboxAsync(AccountId account, string name, SpecialUse use, CancellationToken cancel) =>
        scope.Sees(name) ? inner.CreateMailboxAsync(account, name, use, cancel) : Task.FromResult<Outcome<MailboxInfo>>(StoreError.NotPermitted);

    public Task<StoreError> DeleteMailboxAsync(AccountId account, MailboxId mailbox, CancellationToken cancel) =>
        inner.DeleteMailboxAsync(account, mailbox, cancel);

    // The names below go along: none of them may leave the scope, and none outside may be moved.
    public async Task<StoreError> RenameMailboxAsync(AccountId account, MailboxId mailbox, string newName, CancellationToken cancel)
    {
        if (!scope.Sees(newName)) return StoreError.NotPermitted;
        var all = await inner.ListMailboxesAsync(account, cancel);
        if (all.FirstOrDefault(m => m.Id == mailbox) is { } from && from.Name != "INBOX")
        {
            foreach (var below in all.Where(m => m.Name.StartsWith(from.Name + "/", StringComparison.Ordinal)))
            {
                if (!scope.Sees(below.Name) || !scope.Sees(newName + below.Name[from.Name.Length..])) return StoreError.NotPermitted;
            }
        }
        return await inner.RenameMailboxAsync(account, mailbox, newName, cancel);
    }

    public Task<StoreError> SetSpecialUseAsync(AccountId account, MailboxId mailbox, SpecialUse use, CancellationToken cancel) =>
        inner.SetSpecialUseAsync(account, mailbox, use, cancel);

    public Task SetSubscribedAsync(AccountId account, string name, bool subscribed, CancellationToken cancel) =>
        scope.Sees(name) ? inner.SetSubscribedAsync(account, name, subscribed, cancel) : Task.CompletedTask;

    public async Task<IReadOnlyList<string>> ListSubscriptionsAsync(AccountId account, CancellationToken cancel) =>
        [.. (await inner.ListSubscriptionsAsync(account, cancel)).Where(scope.Sees)];

    // Without a mailbox it is the account's (RFC 5464 §3), which a login for some mailboxes does not have.
    public Task<IReadOnlyDictionary<string, byte[]>> GetMetadataAsync(AccountId account, MailboxId? mailbox, CancellationToken cancel) => mailbox is null
        ? Task.FromResult<IReadOnlyDictionary<string, byte[]>>(new Dictionary<string, byte[]>()) : inner.GetMetadataAsync(account, mailbox, cancel);

    public Task<StoreError> SetMetadataAsync(AccountId account, MailboxId? mailbox, string entry, byte[]? value, CancellationToken cancel) =>
        mailbox is null ? Task.FromResult(StoreError.NotPermitted) : inner.SetMetadataAsync(account, mailbox, entry, value, cancel);

    public Task<QuotaUse> GetQuotaAsync(AccountId account, CancellationToken cancel) => inner.GetQuotaAsync(account, cancel);
}
