using Aviso.Base;
using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>An account as the table needs it: declared or made by a verb, with its state from the store.</summary>
internal sealed record TableAccount(
    AccountId Id, string Address, bool Suspended, long QuotaOctets, IReadOnlyList<string> ForwardTo, Source Source);

/// <param name="Table">Null when there are contradictions.</param>
/// <param name="Warnings">What works but is hardly meant, such as an alias to an address that nobody has.</param>
public sealed record TableBuild(AddressTable? Table, IReadOnlyList<Contradiction> Contradictions, IReadOnlyList<string> Warnings);

/// <summary>
/// Compares all facts about addresses and makes the table, or says which two contradict each other and where they stand
/// (design.md section 5 "Who owns an account" and "Postfix virtual lists").
/// </summary>
internal sealed class AddressTableBuilder
{
    // Of one alias: a list that comes from elsewhere may be wrong as a whole.
    private const int MostDead = 10;

    private readonly List<Contradiction> _no = [];
    private string _hostName = "";
    private readonly List<string> _warnings = [];
    private readonly Dictionary<string, DeclaredDomain> _domains = [];
    private readonly Dictionary<AddressKey, TableAccount> _accounts = [];
    private readonly Dictionary<AddressKey, AliasEntry> _aliases = [];
    private readonly Dictionary<string, AliasEntry> _catchAlls = [];
    private readonly Dictionary<AddressKey, AliasTarget[]> _copies = [];

    public static TableBuild Build(
        IEnumerable<DeclaredDomain> domains, IEnumerable<TableAccount> accounts, IEnumerable<DeclaredAlias> aliases,
        string? postmaster, Source postmasterSource, string hostName = "")
    {
        var builder = new AddressTableBuilder { _hostName = DomainName.TryParse(hostName, out var name) ? name.Ascii : "" };
        foreach (var domain in domains) builder.Domain(domain);
        builder.DomainAliases();
        foreach (var account in accounts) builder.Account(account);
        foreach (var alias in aliases) builder.Alias(alias);
        return builder.Finish(postmaster, postmasterSource);
    }

    private void Domain(DeclaredDomain domain)
    {
        if (!AddressKey.TryDomain(domain.Name, out var name))
        {
            No($"{domain.Source}: `{domain.Name}` is not a domain", domain.Source);
        }
        else if (_domains.TryGetValue(name, out var there))
        {
            No($"domain {name} stands twice: {there.Source} and {domain.Source}", there.Source, domain.Source);
        }
        else
        {
            _domains.Add(name, domain with { Name = name });
            if (domain.CatchAll is not { } target) return;
            if (domain.AliasOf is { } of)
                No($"{domain.Source}: {name} is an alias of {of} and has a catch_all too; it uses that of {of}", domain.Source);
            else if (Entry(new("", name), [target], domain.Source, $"catch_all of {name}") is { } entry) _catchAlls.Add(name, entry);
        }
    }

    private void DomainAliases()
    {
        foreach (var domain in _domains.Values.Where(d => d.AliasOf is not null).ToList())
        {
            if (!AddressKey.TryDomain(domain.AliasOf!, out var of) || !_domains.TryGetValue(of, out var real))
                No($"{domain.Source}: {domain.Name} is an alias of {domain.AliasOf}, which is not in `domains`", domain.Source);
            else if (real.AliasOf is not null || real == domain)
                No($"{domain.Source}: {domain.Name} is an alias of {of}, which is an alias itself ({real.Source})", domain.Source, real.Source);
            else _domains[domain.Name] = domain with { AliasOf = of };
        }
    }

    private void Account(TableAccount account)
    {
        if (!AddressKey.TryParse(account.Address, out var key)) No($"{account.Source}: `{account.Address}` is not an address", account.Source);
        else if (!_domains.ContainsKey(key.Domain)) NoDomain("account", key, account.Source);
        else if (_accounts.TryGetValue(key, out var there))
            No($"account {key} stands twice: {there.Source} and {account.Source}", there.Source, account.Source);
        else _accounts.Add(key, account);
    }

    private void Alias(DeclaredAlias alias)
    {
        var isCatchAll = MailAddress.TryCut(alias.Address, out var local, out var domain) && local is "" or "*";
        AddressKey key = default;
        if (!AddressKey.TryDomain(domain, out var name) || !(isCatchAll || AddressKey.TryParse(alias.Address, out key)))
            No($"{alias.Source}: `{alias.Address}` is not an address", alias.Source);
        else if (local.Count('*') > 1) No($"{alias.Source}: `{alias.Address}` is no pattern: it has more than one *", alias.Source);
        else if (!_domains.ContainsKey(name)) NoDomain("alias", isCatchAll ? new("", name) : key, alias.Source);
        else if (alias.To.Count == 0) No($"{alias.Source}: alias {alias.Address} has no target", alias.Source);
        else if (isCatchAll) CatchAll(name, alias);
        else if (_accounts.TryGetValue(key, out var account)) OnMailbox(key, alias, account);
        else if (Entry(key, alias.To, alias.Source, $"alias {key}") is { } entry && !_aliases.TryAdd(key, entry)) Twice(_aliases[key], entry);
    }

    // design.md: `@d t` is the catch-all of d, a contradiction only if `catch_all` says otherwise.
    private void CatchAll(string domain, DeclaredAlias alias)
    {
        if (_domains[domain].AliasOf is { } of)
            No($"{alias.Source}: @{domain} has a catch-all, but {domain} is an alias of {of} ({_domains[domain].Source})", alias.Source, _domains[domain].Source);
        else if (Entry(new("", domain), alias.To, alias.Source, $"catch-all @{domain}") is { } entry && !_catchAlls.TryAdd(domain, entry))
            Twice(_catchAlls[domain], entry);
    }

    // design.md: `a@d a@d` is a no-op; `a@d a@d, b@x` keeps and forwards; without a@d among the targets it is refused.
    private void OnMailbox(AddressKey key, DeclaredAlias alias, TableAccount account)
    {
        if (Entry(key, alias.To, alias.Source, $"alias {key}") is not { } entry) return;
        if (!Array.Exists(entry.Targets, t => t.Key == key))
        {
            No($"alias {key} ({alias.Source}) would take the mail of the account {key} ({account.Source}); "
                + $"to keep it and send copies, give the account `forward_to: [{string.Join(", ", alias.To)}]`", alias.Source, account.Source);
            return;
        }
        var others = entry.Targets.Where(t => t.Key != key).ToArray();
        if (_copies.TryGetValue(key, out var there) && !Same(there, others))
            No($"alias {key} ({alias.Source}) stands twice with other targets", alias.Source, account.Source);
        else _copies[key] = others;
    }

    private AliasEntry? Entry(AddressKey address, IReadOnlyList<string> to, Source source, string name)
    {
        var targets = new List<AliasTarget>(to.Count);
        foreach (var text in to)
        {
            if (!AliasTarget.TryParse(text, out var target)) No($"{source}: {name}: `{text}` is not an address", source);
            else if (target.Key.LocalPart.Contains('*')) No($"{source}: {name}: a target cannot be a pattern (`{text}`)", source);
            else if (!targets.Contains(target)) targets.Add(target);
        }
        return targets.Count == 0 ? null : new(address, [.. targets], $"{name} ({source})", source);
    }

    private void Twice(AliasEntry there, AliasEntry entry)
    {
        if (!Same(there.Targets, entry.Targets)) No($"{there.Text} and {entry.Text} say different things", there.Source, entry.Source);
    }

    private static bool Same(AliasTarget[] a, AliasTarget[] b) => a.Select(t => t.Key).ToHashSet().SetEquals(b.Select(t => t.Key));

    private TableBuild Finish(string? postmaster, Source postmasterSource)
    {
        var reader = postmaster is null ? null : Entry(new("postmaster", ""), [postmaster], postmasterSource, "postmaster");
        if (_no.Count > 0) return new(null, _no, _warnings);
        var table = Table(reader);
        foreach (var alias in _aliases.Values.Concat(_catchAlls.Values)) Check(table, alias);
        if (reader is not null && table.Expand(reader).Count == 0) No($"{postmasterSource}: nobody has {postmaster}", postmasterSource);
        foreach (var account in _accounts.Values.Where(a => a.ForwardTo.Count > 0))
        {
            if (Entry(new("", ""), account.ForwardTo, account.Source, $"forward_to of {account.Address}") is { } copies) Check(table, copies);
        }
        return _no.Count > 0 ? new(null, _no, _warnings) : new(table, [], _warnings);
    }

    private AddressTable Table(AliasEntry? postmaster)
    {
        var patterns = _aliases.Values.Where(a => a.Address.LocalPart.Contains('*')).ToLookup(a => a.Address.Domain);
        var domains = _domains.Values.ToDictionary(d => d.Name, d => new DomainEntry(d.Name, d.AliasOf,
            [.. patterns[d.Name].Select(a => new PatternEntry(a)).OrderByDescending(p => p.Weight).ThenBy(p => p.Alias.Address.LocalPart, StringComparer.Ordinal)],
            _catchAlls.GetValueOrDefault(d.Name), d.Source));
        var mailboxes = _accounts.ToDictionary(a => a.Key, a => new MailboxEntry(a.Value.Id, a.Key, a.Value.Suspended,
            a.Value.QuotaOctets, Copies(a.Key, a.Value), $"account {a.Key} ({a.Value.Source})"));
        var exact = _aliases.Where(a => !a.Key.LocalPart.Contains('*')).ToDictionary(a => a.Key, a => a.Value);
        return new(domains, mailboxes, exact, postmaster, _hostName);
    }

    private AliasTarget[] Copies(AddressKey key, TableAccount account)
    {
        var declared = Entry(key, account.ForwardTo, account.Source, $"forward_to of {key}")?.Targets ?? [];
        return [.. declared.Concat(_copies.GetValueOrDefault(key) ?? []).Where(t => t.Key != key).DistinctBy(t => t.Key)];
    }

    private void Check(AddressTable table, AliasEntry alias)
    {
        var ends = table.Expand(alias);
        if (ends.TooDeep) No($"{alias.Text} leads through more than {AddressTable.MaxDepth} aliases", alias.Source);
        else if (ends.TooMany) No($"{alias.Text} has more than {AddressTable.MaxTargets} ends", alias.Source);
        else if (ends.Count == 0 && ends.Looped)
        {
            No(Array.FindIndex(alias.Targets, t => IsCaught(table, t.Key)) is >= 0 and var at
                ? $"{alias.Text} leads to {alias.Targets[at].Key}, which nobody has" : $"{alias.Text} leads back to itself and to nobody", alias.Source);
        }
        foreach (var dead in ends.Dead.Take(MostDead)) _warnings.Add($"{alias.Text} leads to {dead}, which nobody has");
        if (ends.Dead.Count > MostDead) _warnings.Add($"{alias.Text} leads to {ends.Dead.Count - MostDead} more addresses that nobody has");
    }

    // Only a catch-all takes it: nobody has this address itself.
    private static bool IsCaught(AddressTable table, AddressKey key) =>
        table.HasDomain(key.Domain) && table.TryFind(key, out var match) && match.Step == ResolutionStep.CatchAll;

    private void NoDomain(string what, AddressKey key, Source source) =>
        No($"{source}: {what} {(key.LocalPart.Length > 0 ? key.ToString() : "@" + key.Domain)}: {key.Domain} is not in `domains`", source);

    private void No(string text, Source first, Source? second = null) => _no.Add(new(text, first, second));
}
