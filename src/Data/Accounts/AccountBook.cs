using System.Collections.Concurrent;
using System.Security.Cryptography;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Accounts;

/// <summary>What a declaration or an edit came to. With contradictions nothing has changed.</summary>
/// <param name="Events">What happened that an administrator should hear of: a list not believed, an account suspended.</param>
public sealed record ApplyResult(IReadOnlyList<Contradiction> Contradictions, IReadOnlyList<string> Warnings, IReadOnlyList<string> Events)
{
    public bool Ok => Contradictions.Count == 0;
}

/// <summary>Everything about accounts as it is now; replaced in one step.</summary>
public sealed record AccountsNow(AddressTable Table, SendAsGrants Grants)
{
    internal AccountFacts Facts { get; init; } = AccountFacts.None;
}

/// <summary>The facts behind a table, for verbs that list them.</summary>
internal sealed record AccountFacts(
    IReadOnlyList<DeclaredDomain> Domains, IReadOnlyList<DeclaredAlias> Aliases, IReadOnlyList<KnownAccount> Accounts)
{
    public static readonly AccountFacts None = new([], [], []);
}

/// <param name="Vanished">It stood in the file once and no longer does.</param>
internal sealed record KnownAccount(AccountRow Row, DeclaredAccount Said, bool Suspended, bool Vanished);

/// <summary>
/// Keeps the present accounts: takes what the settings say, adds what verbs made, brings the rows of the store in line and puts
/// the new table in place in one step. One change at a time.
/// </summary>
public sealed class AccountBook(IAccountRows rows, TimeProvider clock, ILogger log) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private readonly ConcurrentDictionary<long, Credential> _credentials = [];
    private readonly ConcurrentDictionary<long, string> _proved = [];
    private readonly ListSafety<DeclaredAccount> _accountList = new("list", a => a.Address,
        a => new(a.Address, a.Source.Line, null), (name, i) => new(i.A, null, 0, [], [], new(name, i.L)));
    private readonly ListSafety<DeclaredAlias> _aliasList = new("list", a => a.Address,
        a => new(a.Address, a.Source.Line, a.To), (name, i) => new(i.A, i.T ?? [], new(name, i.L)));

    private AccountsDeclaration _declaration = AccountsDeclaration.Empty;
    private AccountsNow _now = new(AddressTable.Empty, SendAsGrants.None);
    private bool _scramOffered;
    private Credential[] _decoys = [];

    /// <summary>A password or hash changed, or the account was suspended or removed: its sessions should end.</summary>
    public event Action<AccountId>? CredentialChanged;

    public AccountsNow Now => Volatile.Read(ref _now);

    public AddressTable Table => Now.Table;

    public SendAsGrants Grants => Now.Grants;

    /// <summary>True while every account that may log in has SCRAM keys.</summary>
    public bool ScramOffered => Volatile.Read(ref _scramOffered);

    /// <summary>Account that the settings name as postmaster; null when they name none, or an alias.</summary>
    internal AccountId? Postmaster => _declaration.Postmaster is { } address ? Table.FindAccount(address) : null;

    internal TimeProvider Clock => clock;

    internal IAccountRows Rows => rows;

    internal ILogger Log => log;

    /// <summary>32 octets from which made-up SCRAM salts of unknown users come; the same after a restart.</summary>
    internal byte[] DecoySecret { get; private set; } = RandomNumberGenerator.GetBytes(32);

    /// <summary>Takes what the settings file and its lists say now. At start and at every reload.</summary>
    public Task<ApplyResult> ApplyAsync(AccountsDeclaration declaration, CancellationToken cancel) =>
        ChangeAsync(declaration, [], cancel);

    /// <summary>Only looks: what <see cref="ApplyAsync"/> would say now, with what verbs made, without changing anything.</summary>
    public async Task<IReadOnlyList<Contradiction>> TryAsync(AccountsDeclaration declaration, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            return (await PlanAsync(declaration, true, [], cancel)).Contradictions;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Only looks at the declaration itself: what <see cref="ApplyAsync"/> would say, without changing anything. For `check`.</summary>
    public static IReadOnlyList<Contradiction> Check(AccountsDeclaration declaration) => Check(declaration, out _);

    public static IReadOnlyList<Contradiction> Check(AccountsDeclaration declaration, out IReadOnlyList<string> warnings)
    {
        var accounts = declaration.Accounts.Concat(declaration.AccountsFrom?.Items ?? []).ToList();
        var build = AddressTableBuilder.Build(declaration.Domains,
            accounts.Select((a, i) => new TableAccount(new(i + 1), a.Address, false, a.QuotaOctets, a.ForwardTo, a.Source)),
            declaration.Aliases.Concat(declaration.AliasesFrom?.Items ?? []), declaration.Postmaster, declaration.PostmasterSource,
            declaration.HostName);
        warnings = build.Warnings;
        List<Contradiction> no = [.. build.Contradictions, .. accounts.Select(SecretProblem).OfType<Contradiction>()];
        foreach (var problem in new[] { declaration.AccountsFrom?.Problem, declaration.AliasesFrom?.Problem }.OfType<string>())
            no.Add(new(problem, new(problem)));
        return no;
    }

    /// <summary>Active accounts that cannot use SCRAM yet: they need one login, or their declared password is not derived yet.</summary>
    public IReadOnlyList<string> WithoutScram() => [.. ActiveCredentials().Where(c => !c.HasScram)
        .Select(c => Table.AddressOf(c.Account)!).Order(StringComparer.Ordinal)];

    /// <summary>Something its sessions were let in by holds no longer: they should end.</summary>
    public void EndSessions(AccountId account) => CredentialChanged?.Invoke(account);

    internal Task<ApplyResult> EditAsync(IReadOnlyList<FactEdit> edits, CancellationToken cancel) => ChangeAsync(null, edits, cancel);

    internal Credential? CredentialOf(AccountId account) => _credentials.GetValueOrDefault(account.Value);

    /// <summary>All credentials in use, in the order of their accounts.</summary>
    internal Credential[] Credentials => Volatile.Read(ref _decoys);

    /// <summary>Puts a new record in place of the credential it was derived from, and stores it. The password is the same.
    /// False when that credential is no longer in use.</summary>
    internal async Task<bool> ReplaceAsync(Credential old, ScramRecord record, bool write, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (!ReferenceEquals(CredentialOf(old.Account), old)) return false;
            var row = new CredentialRow(old.Account, record.Format(), Credential.Fingerprint(old.Declared), clock.GetUtcNow().ToUnixTimeSeconds());
            if (write) await rows.SetCredentialAsync(row, cancel);
            if (old.Password is { } password) _proved[old.Account.Value] = password;
            _credentials[old.Account.Value] = new(old.Account, record, null, null, old.Declared);
        }
        finally
        {
            _one.Release();
        }
        CountScram();
        return true;
    }

    /// <summary>Sets a password by verb.</summary>
    internal async Task SetAsync(AccountId account, ScramRecord record, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            await rows.SetCredentialAsync(new(account, record.Format(), [], clock.GetUtcNow().ToUnixTimeSeconds()), cancel);
            if (!Table.IsSuspended(account)) _credentials[account.Value] = new(account, record, null, null, null);
        }
        finally
        {
            _one.Release();
        }
        CountScram();
        CredentialChanged?.Invoke(account);
    }

    /// <summary>Sets the hash that an older server had, until the next login makes a record of it.</summary>
    internal async Task SetHashAsync(AccountId account, string hash, CancellationToken cancel)
    {
        var row = new CredentialRow(account, hash, [], clock.GetUtcNow().ToUnixTimeSeconds());
        await _one.WaitAsync(cancel);
        try
        {
            await rows.SetCredentialAsync(row, cancel);
            if (!Table.IsSuspended(account) && Credential.Of(account, null, row) is { } credential)
                _credentials[account.Value] = credential;
        }
        finally
        {
            _one.Release();
        }
        CountScram();
        CredentialChanged?.Invoke(account);
    }

    public void Dispose() => _one.Dispose();

    private async Task<ApplyResult> ChangeAsync(AccountsDeclaration? next, IReadOnlyList<FactEdit> edits, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var plan = await PlanAsync(next ?? _declaration, next is not null, edits, cancel);
            if (plan.Contradictions.Count > 0) return new(plan.Contradictions, plan.Warnings, plan.Events);
            await CommitAsync(plan, edits, cancel);
            _declaration = next ?? _declaration;
            return new([], plan.Warnings, plan.Events);
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<AccountsPlan> PlanAsync(
        AccountsDeclaration declaration, bool readLists, IReadOnlyList<FactEdit> edits, CancellationToken cancel)
    {
        var facts = await StoredFacts.ReadAsync(rows, cancel);
        foreach (var edit in edits) facts.Apply(edit);
        var plan = new AccountsPlan(declaration, facts, await rows.ListAccountsAsync(cancel));
        if (readLists)
        {
            var lists = await rows.ListFactsAsync("list", cancel);
            plan.AccountList = Believe(_accountList, declaration.AccountsFrom, lists, plan);
            plan.AliasList = Believe(_aliasList, declaration.AliasesFrom, lists, plan);
        }
        else
        {
            plan.AccountList = _accountList.Believed;
            plan.AliasList = _aliasList.Believed;
        }
        plan.Compare();
        plan.Contradictions.AddRange(plan.Known.Select(k => SecretProblem(k.Said)).OfType<Contradiction>());
        return plan;
    }

    private static IReadOnlyList<T> Believe<T>(
        ListSafety<T> safety, ListReading<T>? reading, IReadOnlyList<FactRow> lists, AccountsPlan plan)
        where T : class
    {
        if (reading is null) return [];
        var (items, problem) = safety.Settle(reading, lists);
        if (items is null) plan.Contradictions.Add(new(problem!, new(reading.Name)));
        else if (problem is not null) plan.ListEvents.Add(problem);
        return items ?? [];
    }

    private static Contradiction? SecretProblem(DeclaredAccount account)
    {
        if (account.Secret is not { } secret) return null;
        var problem = secret.IsHash switch
        {
            false => PasswordText.Prepare(secret.Text) is null ? "the password is empty, too long or has control characters" : null,
            true when ScramRecord.TryParse(secret.Text) is not null => null,
            true when PasswordText.CryptString(secret.Text) is not { } hash => "this kind of hash is not known; crypt(5) and Argon2id hashes and SCRAM-SHA-256 records of 65536 rounds or more are",
            true when !CryptHash.IsAffordable(PasswordText.CryptString(secret.Text)!) => "the hash is broken or asks for more than a second of work",
            _ => null,
        };
        return problem is null ? null : new($"{account.Source}: account {account.Address}: {problem}", account.Source);
    }

    private async Task CommitAsync(AccountsPlan plan, IReadOnlyList<FactEdit> edits, CancellationToken cancel)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        foreach (var edit in edits)
        {
            if (edit.Value is { } value) await rows.SetFactAsync(new(edit.Kind, edit.Key, value, now), cancel);
            else await rows.RemoveFactAsync(edit.Kind, edit.Key, cancel);
        }
        await WriteListsAsync(plan, now, cancel);
        await LoadDecoySecretAsync(now, cancel);
        var known = new List<KnownAccount>(plan.Known.Count);
        foreach (var account in plan.Known) known.Add(account with { Row = await InLineAsync(account, plan, cancel) });
        plan.Known = known;
        var table = plan.Build().Table!;
        var grants = new SendAsGrants(table, known.Where(k => !k.Vanished).Select(k => (k.Row.Id, k.Said.SendAs)));
        var stored = (await rows.ListCredentialsAsync(cancel)).ToDictionary(c => c.Account.Value);
        Volatile.Write(ref _now, new(table, grants) { Facts = new(plan.Domains, plan.Aliases, known) });
        TakeCredentials(known, stored);
        foreach (var text in plan.ListEvents)
        {
            AccountsMeters.ListKept();
            log.ListKept(text);
        }
    }

    private async Task WriteListsAsync(AccountsPlan plan, long now, CancellationToken cancel)
    {
        if (plan.Declaration.AccountsFrom is { } accounts && _accountList.Believe(accounts.Name, plan.AccountList, now) is { } list) await rows.SetFactAsync(list, cancel);
        if (plan.Declaration.AliasesFrom is { } aliases && _aliasList.Believe(aliases.Name, plan.AliasList, now) is { } other) await rows.SetFactAsync(other, cancel);
    }

    private async Task LoadDecoySecretAsync(long now, CancellationToken cancel)
    {
        if ((await rows.ListFactsAsync("secret", cancel)).FirstOrDefault(f => f.Key == "decoy") is { } fact) DecoySecret = Convert.FromBase64String(fact.Value);
        else await rows.SetFactAsync(new("secret", "decoy", Convert.ToBase64String(DecoySecret), now), cancel);
    }

    private async Task<AccountRow> InLineAsync(KnownAccount account, AccountsPlan plan, CancellationToken cancel)
    {
        var declared = !account.Said.Source.IsStored;
        var row = plan.IsNew(account) ? await rows.EnsureAccountAsync(account.Row.Address, declared, cancel) : account.Row;
        var state = account.Suspended ? AccountState.Suspended : AccountState.Active;
        if (account.Vanished && row.Declared && row.State == AccountState.Active)
        {
            AccountsMeters.Vanished();
            log.Vanished(row.Address);
            plan.Events.Add($"account {row.Address} no longer stands in the settings: it is suspended, its mail is kept");
        }
        var wanted = row with { State = state, Declared = declared, QuotaOctets = account.Vanished ? row.QuotaOctets : account.Said.QuotaOctets };
        if (wanted != row) await rows.UpdateAccountAsync(wanted, cancel);
        return wanted;
    }

    private void TakeCredentials(List<KnownAccount> known, Dictionary<long, CredentialRow> stored)
    {
        var changed = new List<AccountId>();
        var gone = _credentials.Keys.ToHashSet();
        foreach (var account in known.Where(k => !k.Suspended))
        {
            var old = _credentials.GetValueOrDefault(account.Row.Id.Value);
            if (Credential.Of(account.Row.Id, account.Said.Secret, stored.GetValueOrDefault(account.Row.Id.Value)) is not { } credential) continue;
            gone.Remove(account.Row.Id.Value);
            if (old is not null && (old.IsSame(credential) || Proved(old, credential))) continue;
            _credentials[account.Row.Id.Value] = credential;
            if (old is not null) changed.Add(account.Row.Id);
        }
        foreach (var account in gone)
        {
            if (_credentials.TryRemove(account, out _)) changed.Add(new(account));
        }
        CountScram();
        foreach (var account in changed) CredentialChanged?.Invoke(account);
    }

    // A declared password that this process has compared with the record already need not be compared again.
    private bool Proved(Credential old, Credential again) => again.Password is { } password && old.HasScram
        && old.Record!.Format() == again.Record?.Format() && _proved.TryGetValue(again.Account.Value, out var known) && known == password;

    private IEnumerable<Credential> ActiveCredentials() => _credentials.Values.Where(c => !Table.IsSuspended(c.Account));

    private void CountScram()
    {
        Volatile.Write(ref _scramOffered, ActiveCredentials().All(c => c.HasScram));
        Volatile.Write(ref _decoys, [.. _credentials.Values.OrderBy(c => c.Account.Value)]);
    }
}
