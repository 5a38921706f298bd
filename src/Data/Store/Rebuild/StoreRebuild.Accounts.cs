using Aviso.Store.Sqlite;

namespace Aviso.Store.Rebuild;

/// <summary>Accounts: one row an address, whatever the files call it by; what belongs to them beside mail.</summary>
public sealed partial class StoreRebuild
{
    private readonly Dictionary<long, long> _accountOf = [];

    /// <summary>Ids of one address, the living one first.</summary>
    private IEnumerable<long[]> ByAddress() => State.Accounts.Where(pair => pair.Value.Row is not null)
        .GroupBy(pair => pair.Value.Row!.Address, StringComparer.Ordinal)
        .Select(group => group.OrderByDescending(pair => pair.Value.NamedAt).ThenByDescending(pair => pair.Key).Select(pair => pair.Key).ToArray());

    private void RestoreAccounts()
    {
        foreach (var target in _bodies.Emails.Values.Select(pair => pair.Target))
        {
            if (State.GoneAccounts.Contains(target.Account) || target.Address.Length == 0) continue;
            NameAccount(target.Account, target.Address, declared: false);
        }
        var named = State.Accounts.Values.Select(account => account.Row?.Address).ToHashSet();
        foreach (var address in _wishes.Addresses.Where(address => !named.Contains(address))) NameAccount(_ids.Next(), address, declared: true);
        foreach (var ids in ByAddress().ToArray())
        {
            foreach (var id in ids) _accountOf[id] = ids[0];
            RestoreAccount(ids[0], [.. ids.Select(id => State.Accounts[id])]);
        }
    }

    private void NameAccount(long id, string address, bool declared)
    {
        if (!State.Accounts.TryGetValue(id, out var account)) State.Accounts[id] = account = new();
        account.Row ??= new(new(id), address, AccountState.Active, declared, 0, _batch.Now);
    }

    private void RestoreAccount(long id, JournalAccount[] known)
    {
        var row = known[0].Row!;
        _db.Use(Statements.InsertAccount).Add(id).Add(row.Address).Add((long)row.State).Add(row.Declared).Add(row.QuotaOctets).Add(row.CreatedAt).Run();
        var account = _batch.Account(row.Id)!;
        // Every change of before has a lower modseq, every change to come a higher one.
        account.ModSeq = known.Max(one => one.ModSeq ?? 0) + SafeDistance;
        _batch.Touch(account);
        _db.Use(Statements.RaiseGoneFloor).Add(account.ModSeq).Add(id).Run();
        foreach (var name in known.SelectMany(one => one.Subscriptions).Distinct()) _db.Use(Statements.Subscribe).Add(id).Add(name).Run();
        foreach (var (entry, value) in known[0].Metadata) _db.Use(Statements.SetMetadata).Add(id).Add(0).Add(entry).Add(value).Run();
        if (known.Select(one => one.Credential).FirstOrDefault(one => one is not null) is { } credential)
            SqliteMailStore.Set(_batch, credential with { Account = row.Id });
        _findings.Accounts++;
    }

    /// <summary>Documents, facts, and a lock for each account whose second factor is not known.</summary>
    private void RestoreDocuments()
    {
        foreach (var fact in State.Facts.Values) SqliteMailStore.Set(_batch, fact);
        var present = new HashSet<DocumentKey>();
        foreach (var document in State.Documents.Values.OrderBy(document => document.ChangedAt))
        {
            if (document.ExpiresAt > 0 && document.ExpiresAt <= _batch.Now) continue;
            var owner = document.Key.Owner.Value;
            if (owner != 0 && !_accountOf.TryGetValue(owner, out owner)) continue;
            var moved = document with { Key = document.Key with { Owner = new(owner) } };
            SqliteMailStore.Set(_batch, moved);
            present.Add(moved.Key);
        }
        if (_known.KnowsDocuments || _wishes.Lock is null) return;
        foreach (var id in _accountOf.Values.Distinct().ToArray())
        {
            var shut = _wishes.Lock(new(id));
            if (present.Contains(shut.Key)) continue;
            SqliteMailStore.Set(_batch, shut);
            _findings.Locked.Add(State.Accounts[id].Row!.Address);
        }
    }
}
