using Aviso.Store.Commit;
using Aviso.Store.Sqlite;

namespace Aviso.Store;

public sealed partial class SqliteMailStore : IAccountRows
{
    internal static readonly (string Name, SpecialUse Use)[] FirstMailboxes =
    [
        ("INBOX", SpecialUse.Inbox), ("Drafts", SpecialUse.Drafts), ("Sent", SpecialUse.Sent), ("Junk", SpecialUse.Junk),
        ("Trash", SpecialUse.Trash), ("Archive", SpecialUse.Archive),
    ];

    public async Task<IReadOnlyList<AccountRow>> ListAccountsAsync(CancellationToken cancel) => await _reads.ReadAsync(
        static db =>
        {
            var accounts = new List<AccountRow>();
            using var row = db.Use(Statements.ListAccounts);
            while (row.Step()) accounts.Add(ReadAccount(row));
            return accounts;
        },
        cancel);

    public async Task<AccountRow> EnsureAccountAsync(string address, bool declared, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var account = await ChangeAsync(batch => Ensure(batch, address, declared), refused: null);
        _addresses[account.Id.Value] = account.Address;
        return account;
    }

    public Task<StoreError> UpdateAccountAsync(AccountRow row, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync(
            batch =>
            {
                if (batch.Account(row.Id) is not { } account) return StoreError.NotFound;
                account.Row = account.Row with { State = row.State, Declared = row.Declared, QuotaOctets = row.QuotaOctets };
                batch.Db.Use(Statements.UpdateAccount).Add((long)row.State).Add(row.Declared).Add(row.QuotaOctets).Add(row.Id.Value).Run();
                batch.Journal.Account(account.Row);
                return StoreError.None;
            },
            static no => no);
    }

    public async Task<StoreError> PurgeAccountAsync(AccountId account, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var purged = await ChangeAsync(batch => Purge(batch, account), static no => no);
        if (purged == StoreError.None) _addresses.TryRemove(account.Value, out _);
        return purged;
    }

    public async Task<CredentialRow?> GetCredentialAsync(AccountId account, CancellationToken cancel) => await _reads.ReadAsync(
        db =>
        {
            using var row = db.Use(Statements.GetCredential).Add(account.Value);
            return row.Step() ? new CredentialRow(account, row.Text(0), row.Bytes(1), row.Int(2)) : null;
        },
        cancel);

    public async Task<IReadOnlyList<CredentialRow>> ListCredentialsAsync(CancellationToken cancel) => await _reads.ReadAsync(
        static db =>
        {
            var credentials = new List<CredentialRow>();
            using var row = db.Use(Statements.ListCredentials);
            while (row.Step()) credentials.Add(new(new(row.Int(0)), row.Text(1), row.Bytes(2), row.Int(3)));
            return credentials;
        },
        cancel);

    public Task SetCredentialAsync(CredentialRow row, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync(
            batch =>
            {
                Set(batch, row);
                return 0;
            },
            refused: null);
    }

    public async Task<IReadOnlyList<FactRow>> ListFactsAsync(string kind, CancellationToken cancel) => await _reads.ReadAsync(
        db =>
        {
            var facts = new List<FactRow>();
            using var row = db.Use(Statements.ListFacts).Add(kind);
            while (row.Step()) facts.Add(new(kind, row.Text(0), row.Text(1), row.Int(2)));
            return facts;
        },
        cancel);

    public Task SetFactAsync(FactRow row, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync(
            batch =>
            {
                Set(batch, row);
                return 0;
            },
            refused: null);
    }

    public Task<bool> RemoveFactAsync(string kind, string key, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync(
            batch =>
            {
                batch.Journal.FactGone(kind, key);
                return batch.Db.Use(Statements.RemoveFact).Add(kind).Add(key).RunCounting() > 0;
            },
            refused: null);
    }

    internal static void Set(WriteBatch batch, CredentialRow row)
    {
        batch.Db.Use(Statements.SetCredential).Add(row.Account.Value).Add(row.Record).Add(row.DeclaredFingerprint).Add(row.ChangedAt).Run();
        batch.Journal.Credential(row);
    }

    internal static void Set(WriteBatch batch, FactRow row)
    {
        batch.Db.Use(Statements.SetFact).Add(row.Kind).Add(row.Key).Add(row.Value).Add(row.ChangedAt).Run();
        batch.Journal.Fact(row);
    }

    private static AccountRow Ensure(WriteBatch batch, string address, bool declared)
    {
        if (batch.Db.Use(Statements.FindAccount).Add(address).Number() is { } there)
        {
            var known = batch.Account(new(there))!;
            if (!declared || known.Row.Declared) return known.Row;
            known.Row = known.Row with { Declared = true };
            batch.Db.Use(Statements.UpdateAccount).Add((long)known.Row.State).Add(1).Add(known.Row.QuotaOctets).Add(there).Run();
            batch.Journal.Account(known.Row);
            return known.Row;
        }
        var row = new AccountRow(new(batch.Ids.Next()), address, AccountState.Active, declared, 0, batch.Now);
        batch.Db.Use(Statements.InsertAccount).Add(row.Id.Value).Add(address).Add((long)row.State).Add(declared)
            .Add(row.QuotaOctets).Add(row.CreatedAt).Run();
        batch.Journal.Account(row);
        var account = batch.Account(row.Id)!;
        foreach (var (name, use) in FirstMailboxes)
        {
            batch.SetSubscribed(account, name, subscribed: true);
            batch.CreateMailbox(account, name, use);
        }
        return row;
    }

    private static StoreError Purge(WriteBatch batch, AccountId id)
    {
        if (batch.Account(id) is not { } account) return StoreError.NotFound;
        foreach (var mailbox in account.ById.Values.ToArray()) batch.DeleteMailbox(account, mailbox);
        var emails = new List<(long At, long Email)>();
        using (var row = batch.Db.Use(Statements.UndeleteOfAccount).Add(id.Value))
        {
            while (row.Step()) emails.Add((row.Int(0), row.Int(1)));
        }
        foreach (var (at, email) in emails) batch.ForgetEmail(at, email);
        batch.Db.Use(Statements.DeleteThreads).Add(id.Value).Run();
        batch.Db.Use(Statements.TrimEmailsGone).Add(id.Value).Add(long.MaxValue).Run();
        batch.Db.Use(Statements.TrimMailboxesGone).Add(id.Value).Add(long.MaxValue).Run();
        batch.Db.Use(Statements.DeleteMetadata).Add(id.Value).Add(0).Run();
        batch.Db.Use(Statements.DeleteSubscriptions).Add(id.Value).Run();
        batch.Db.Use(Statements.DeleteCredential).Add(id.Value).Run();
        batch.Db.Use(Statements.RemoveDocumentsOf).Add(id.Value).Run();
        batch.Db.Use(Statements.DeleteAccount).Add(id.Value).Run();
        batch.Journal.AccountGone(id.Value);
        batch.Forget(id.Value);
        return StoreError.None;
    }

    private static AccountRow ReadAccount(Statement row) => new(
        new(row.Int(0)), row.Text(1), (AccountState)row.Int(2), row.Bool(3), row.Int(4), row.Int(5));
}
