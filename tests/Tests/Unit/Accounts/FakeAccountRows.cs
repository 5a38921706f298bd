using Aviso.Store;

namespace Aviso.Tests.Unit.Accounts;

/// <summary>Account rows in memory.</summary>
internal sealed class FakeAccountRows : IAccountRows
{
    private readonly Dictionary<long, AccountRow> _accounts = [];
    private readonly Dictionary<long, CredentialRow> _credentials = [];
    private readonly Dictionary<(string, string), FactRow> _facts = [];
    private long _next;

    /// <summary>Credential writes fail, as on a full disk.</summary>
    public bool Full { get; set; }

    public int CredentialWrites { get; private set; }

    public Task<IReadOnlyList<AccountRow>> ListAccountsAsync(CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<AccountRow>>([.. _accounts.Values]);

    public Task<AccountRow> EnsureAccountAsync(string address, bool declared, CancellationToken cancel)
    {
        if (_accounts.Values.FirstOrDefault(a => a.Address == address) is { } there) return Task.FromResult(there);
        var row = new AccountRow(new(++_next), address, AccountState.Active, declared, 0, 1);
        _accounts[row.Id.Value] = row;
        return Task.FromResult(row);
    }

    public Task<StoreError> UpdateAccountAsync(AccountRow row, CancellationToken cancel)
    {
        _accounts[row.Id.Value] = row;
        return Task.FromResult(StoreError.None);
    }

    public Task<StoreError> PurgeAccountAsync(AccountId account, CancellationToken cancel)
    {
        _credentials.Remove(account.Value);
        return Task.FromResult(_accounts.Remove(account.Value) ? StoreError.None : StoreError.NotFound);
    }

    public Task<CredentialRow?> GetCredentialAsync(AccountId account, CancellationToken cancel) =>
        Task.FromResult(_credentials.GetValueOrDefault(account.Value));

    public Task<IReadOnlyList<CredentialRow>> ListCredentialsAsync(CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<CredentialRow>>([.. _credentials.Values]);

    public Task SetCredentialAsync(CredentialRow row, CancellationToken cancel)
    {
        if (Full) throw new IOException("disk full");
        CredentialWrites++;
        _credentials[row.Account.Value] = row;
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<FactRow>> ListFactsAsync(string kind, CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<FactRow>>([.. _facts.Values.Where(f => f.Kind == kind)]);

    public Task SetFactAsync(FactRow row, CancellationToken cancel)
    {
        _facts[(row.Kind, row.Key)] = row;
        return Task.CompletedTask;
    }

    public Task<bool> RemoveFactAsync(string kind, string key, CancellationToken cancel) => Task.FromResult(_facts.Remove((kind, key)));
}
