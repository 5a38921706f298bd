using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>All facts of one change put together, before anything is written.</summary>
internal sealed class AccountsPlan(AccountsDeclaration declaration, StoredFacts facts, IReadOnlyList<AccountRow> rows)
{
    private static readonly Source Verb = new("made by a verb") { IsStored = true };
    private readonly HashSet<string> _new = [];

    public AccountsDeclaration Declaration => declaration;

    public IReadOnlyList<DeclaredAccount> AccountList { get; set; } = [];

    public IReadOnlyList<DeclaredAlias> AliasList { get; set; } = [];

    public List<Contradiction> Contradictions { get; } = [];

    public List<string> ListEvents { get; } = [];

    public List<string> Events { get; } = [];

    public IReadOnlyList<string> Warnings { get; private set; } = [];

    public IReadOnlyList<DeclaredDomain> Domains { get; private set; } = [];

    public IReadOnlyList<DeclaredAlias> Aliases { get; private set; } = [];

    public List<KnownAccount> Known { get; set; } = [];

    public bool IsNew(KnownAccount account) => _new.Contains(account.Row.Address);

    public void Compare()
    {
        Domains = [.. declaration.Domains, .. facts.All<StoredDomain>(StoredFacts.Domains)
            .Select(d => new DeclaredDomain(d.Key, d.Value.CatchAll, d.Value.AliasOf, Verb))];
        Aliases = [.. declaration.Aliases, .. AliasList, .. facts.All<StoredAlias>(StoredFacts.Aliases)
            .Select(a => new DeclaredAlias(a.Key, a.Value.To, Verb))];
        Events.AddRange(ListEvents);
        Accounts();
        var build = Build();
        Contradictions.AddRange(build.Contradictions);
        Warnings = build.Warnings;
    }

    public TableBuild Build() => AddressTableBuilder.Build(Domains,
        Known.Where(InTable).Select(k => new TableAccount(k.Row.Id, k.Row.Address, k.Suspended, k.Said.QuotaOctets, k.Said.ForwardTo, k.Said.Source)),
        Aliases, declaration.Postmaster, declaration.PostmasterSource, declaration.HostName);

    private void Accounts()
    {
        var byAddress = rows.ToDictionary(r => r.Address);
        var owned = new HashSet<string>();
        var provisional = 0L;
        foreach (var account in declaration.Accounts.Concat(AccountList))
        {
            owned.Add(Add(account, suspended: false, byAddress, ref provisional));
        }
        foreach (var (address, stored) in facts.All<StoredAccount>(StoredFacts.Accounts))
        {
            // An account that the file has taken over belongs to the file.
            if (!owned.Add(address)) continue;
            Add(new(address, null, stored.QuotaOctets, stored.SendAs ?? [], stored.ForwardTo ?? [], Verb), stored.Suspended, byAddress, ref provisional);
        }
        foreach (var row in rows.Where(r => !owned.Contains(r.Address)))
            Known.Add(new(row, new(row.Address, null, row.QuotaOctets, [], [], new(row.Declared ? "no longer in the settings" : Verb.Name) { IsStored = !row.Declared }), Suspended: true, Vanished: true));
    }

    private string Add(DeclaredAccount account, bool suspended, Dictionary<string, AccountRow> byAddress, ref long provisional)
    {
        var address = AddressKey.TryParse(account.Address, out var key) ? key.ToString() : account.Address;
        if (!byAddress.TryGetValue(address, out var row))
        {
            row = new(new(--provisional), address, AccountState.Active, true, 0, 0);
            _new.Add(address);
        }
        Known.Add(new(row, account, suspended, false));
        return address;
    }

    // An account that is gone gives way: to an alias on its address, and with its domain.
    private bool InTable(KnownAccount account)
    {
        if (!account.Vanished) return true;
        return AddressKey.TryParse(account.Row.Address, out var key)
            && Domains.Any(d => AddressKey.TryDomain(d.Name, out var name) && name == key.Domain)
            && !Aliases.Any(a => AddressKey.TryParse(a.Address, out var alias) && alias == key);
    }
}
