namespace Aviso.Store;

/// <summary>
/// Rows behind Accounts: who exists, how they log in, and what verbs made. What stands in the settings file belongs to the
/// file; the store keeps the id, state and re-made credentials of those accounts too.
/// </summary>
public interface IAccountRows
{
    Task<IReadOnlyList<AccountRow>> ListAccountsAsync(CancellationToken cancel);

    /// <summary>Finds or makes the account of this address (lower-case ASCII domain), with INBOX, Drafts, Sent, Junk, Trash and
    /// Archive and their subscriptions when new.</summary>
    Task<AccountRow> EnsureAccountAsync(string address, bool declared, CancellationToken cancel);

    /// <summary>Sets state, quota and who owns it. NotFound when it is gone.</summary>
    Task<StoreError> UpdateAccountAsync(AccountRow row, CancellationToken cancel);

    /// <summary>Removes the account, its mailboxes and everything in them (`account remove --purge`).</summary>
    Task<StoreError> PurgeAccountAsync(AccountId account, CancellationToken cancel);

    Task<CredentialRow?> GetCredentialAsync(AccountId account, CancellationToken cancel);

    Task<IReadOnlyList<CredentialRow>> ListCredentialsAsync(CancellationToken cancel);

    Task SetCredentialAsync(CredentialRow row, CancellationToken cancel);

    /// <summary>Small named facts made by verbs: kind "alias", "domain", "grant"; key unique within its kind; value is JSON that
    /// Accounts reads and writes.</summary>
    Task<IReadOnlyList<FactRow>> ListFactsAsync(string kind, CancellationToken cancel);

    Task SetFactAsync(FactRow row, CancellationToken cancel);

    Task<bool> RemoveFactAsync(string kind, string key, CancellationToken cancel);
}

/// <summary>Frozen: the numbers are on disk.</summary>
public enum AccountState : byte
{
    Active = 0, Suspended = 1,
}

/// <param name="Declared">The settings file (or a list it names) owns it; verbs that would change it refuse.</param>
/// <param name="QuotaOctets">0: none.</param>
/// <param name="CreatedAt">Unix seconds UTC.</param>
public sealed record AccountRow(
    AccountId Id, string Address, AccountState State, bool Declared, long QuotaOctets, long CreatedAt);

/// <param name="Record">The password record, for example "SCRAM-SHA-256$100000:salt$stored:server". Never logged.</param>
/// <param name="DeclaredFingerprint">SHA-256 of the declared password or hash it came from; a changed declaration wins. Empty
/// when a verb set it.</param>
public sealed record CredentialRow(AccountId Account, string Record, byte[] DeclaredFingerprint, long ChangedAt);

public sealed record FactRow(string Kind, string Key, string Value, long ChangedAt);
