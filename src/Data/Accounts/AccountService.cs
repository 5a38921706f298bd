using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>What a verb is told.</summary>
/// <param name="Text">A sentence, whether it worked or not.</param>
public sealed record VerbAnswer(bool Ok, string Text);

/// <summary>An account as `account list --json` shows it.</summary>
/// <param name="State">"active" or "suspended".</param>
/// <param name="Owner">Where it stands: file and line, or "made by a verb".</param>
public sealed record AccountInfo(
    string Address, string Id, string State, string Owner, long QuotaOctets, bool Scram, IReadOnlyList<string> SendAs, IReadOnlyList<string> ForwardTo);

public sealed record AliasInfo(string Address, IReadOnlyList<string> To, string Owner);

public sealed record DomainInfo(string Name, string? CatchAll, string? AliasOf, string Owner);

/// <summary>What `account set` changes; null leaves it. An empty list empties.</summary>
public sealed record AccountChange(
    string? Password = null, long? QuotaOctets = null, bool? Suspended = null, IReadOnlyList<string>? SendAs = null,
    IReadOnlyList<string>? ForwardTo = null);

/// <summary>
/// Verbs about accounts, aliases and domains. What stands in the settings file or a list of it is refused, naming the place;
/// every change is compared with all other facts before it is written.
/// </summary>
public sealed class AccountService(AccountBook book, Authenticator authenticator)
{
    public IReadOnlyList<AccountInfo> ListAccounts() => [.. book.Now.Facts.Accounts.OrderBy(a => a.Row.Address, StringComparer.Ordinal).Select(a =>
        new AccountInfo(a.Row.Address, a.Row.Id.ToString(), a.Suspended ? "suspended" : "active", a.Said.Source.ToString(), a.Row.QuotaOctets,
            book.CredentialOf(a.Row.Id) is { HasScram: true }, a.Said.SendAs, a.Said.ForwardTo))];

    public IReadOnlyList<AliasInfo> ListAliases() => [.. book.Now.Facts.Aliases.Select(a => new AliasInfo(a.Address, a.To, a.Source.ToString()))];

    public IReadOnlyList<DomainInfo> ListDomains() =>
        [.. book.Now.Facts.Domains.Select(d => new DomainInfo(d.Name, d.CatchAll, d.AliasOf, d.Source.ToString()))];

    public async Task<VerbAnswer> AddAccountAsync(string address, AccountChange change, CancellationToken cancel)
    {
        if (!AddressKey.TryParse(address, out var key)) return NotAnAddress(address);
        if (Account(key) is { Vanished: false } there) return new(false, $"{key} exists already ({there.Said.Source})");
        if (Problem(change) is { } problem) return new(false, problem);
        var fact = new StoredAccount(change.QuotaOctets ?? 0, change.Suspended ?? false, change.SendAs, change.ForwardTo);
        var applied = await book.EditAsync([new(StoredFacts.Accounts, key.ToString(), StoredFacts.Write(fact))], cancel);
        if (!applied.Ok) return Contradicted(applied);
        await SetPasswordAsync(key.ToString(), change.Password, cancel);
        return new(true, change.Password is null ? $"added {key}; it has no password yet" : $"added {key}");
    }

    public async Task<VerbAnswer> SetAccountAsync(string address, AccountChange change, CancellationToken cancel)
    {
        if (Owned(address, out var account) is { } refused) return refused;
        if (Problem(change) is { } problem) return new(false, problem);
        var fact = new StoredAccount(change.QuotaOctets ?? account!.Said.QuotaOctets, change.Suspended ?? account!.Suspended,
            change.SendAs ?? account!.Said.SendAs, change.ForwardTo ?? account!.Said.ForwardTo);
        var applied = await book.EditAsync([new(StoredFacts.Accounts, account!.Row.Address, StoredFacts.Write(fact))], cancel);
        if (!applied.Ok) return Contradicted(applied);
        await SetPasswordAsync(account.Row.Address, change.Password, cancel);
        return new(true, $"changed {account.Row.Address}");
    }

    /// <summary>Takes the hash of an older server as the account's password; it is replaced by a stronger one at the next login.</summary>
    public async Task<VerbAnswer> SetHashAsync(string address, string hash, CancellationToken cancel)
    {
        if (Owned(address, out var account) is { } refused) return refused;
        if (PasswordText.CryptString(hash) is not { } crypt)
            return new(false, $"{address}: the hash is of no known kind; set a new password");
        if (!CryptHash.IsAffordable(crypt))
            return new(false, $"{address}: the hash is broken or asks for more than a second of work; set a new password");
        await book.SetHashAsync(account!.Row.Id, crypt, cancel);
        return new(true, $"{account.Row.Address} keeps its password");
    }

    /// <summary>It belongs to the store and nobody has set a password yet, so that <see cref="SetHashAsync"/> overwrites none.</summary>
    public async Task<bool> HasNoPasswordAsync(string address, CancellationToken cancel) =>
        Owned(address, out var account) is null && await book.Rows.GetCredentialAsync(account!.Row.Id, cancel) is null;

    /// <summary>It belongs to the store, so that <see cref="SetAccountAsync"/> can change it.</summary>
    public bool MayChange(string address) => Owned(address, out _) is null;

    /// <summary>Suspends; with <paramref name="purge"/> deletes the account and all its mail.</summary>
    public async Task<VerbAnswer> RemoveAccountAsync(string address, bool purge, CancellationToken cancel)
    {
        if (!AddressKey.TryParse(address, out var key)) return NotAnAddress(address);
        if (Account(key) is not { } account) return new(false, $"there is no account {key}");
        if (!account.Vanished && !account.Said.Source.IsStored) return FileOwns($"account {key}", account.Said.Source);
        if (!purge)
        {
            if (account.Vanished) return new(false, $"{key} is suspended already; --purge deletes it and its mail");
            var suspended = await SetAccountAsync(address, new(Suspended: true), cancel);
            return suspended.Ok ? new(true, $"suspended {key}; its mail is kept (--purge deletes it)") : suspended;
        }
        if (book.Postmaster == account.Row.Id) return new(false, $"{key} is the postmaster; name another in the settings first");
        var edit = new FactEdit(StoredFacts.Accounts, account.Row.Address, null);
        if (!account.Vanished && await book.EditAsync([edit], cancel) is { Ok: false } no) return Contradicted(no);
        var purged = await book.Rows.PurgeAccountAsync(account.Row.Id, cancel);
        await book.EditAsync([], cancel);
        return purged == StoreError.None ? new(true, $"deleted {key} and all its mail") : new(false, $"{key}: {purged}");
    }

    public Task<VerbAnswer> AddAliasAsync(string address, IReadOnlyList<string> to, CancellationToken cancel) =>
        WriteAliasAsync(address, to, mustExist: false, cancel);

    public Task<VerbAnswer> SetAliasAsync(string address, IReadOnlyList<string> to, CancellationToken cancel) =>
        WriteAliasAsync(address, to, mustExist: true, cancel);

    public async Task<VerbAnswer> RemoveAliasAsync(string address, CancellationToken cancel)
    {
        if (Alias(address) is not { } alias) return new(false, $"there is no alias {address}");
        if (!alias.Source.IsStored) return FileOwns($"alias {alias.Address}", alias.Source);
        var applied = await book.EditAsync([new(StoredFacts.Aliases, alias.Address, null)], cancel);
        return applied.Ok ? new(true, $"removed {alias.Address}") : Contradicted(applied);
    }

    public Task<VerbAnswer> AddDomainAsync(string name, string? catchAll, string? aliasOf, CancellationToken cancel) =>
        WriteDomainAsync(name, catchAll, aliasOf, mustExist: false, cancel);

    /// <summary>Null leaves, an empty text removes.</summary>
    public Task<VerbAnswer> SetDomainAsync(string name, string? catchAll, string? aliasOf, CancellationToken cancel) =>
        WriteDomainAsync(name, catchAll, aliasOf, mustExist: true, cancel);

    public async Task<VerbAnswer> RemoveDomainAsync(string name, CancellationToken cancel)
    {
        if (Domain(name) is not { } domain) return new(false, $"there is no domain {name}");
        if (!domain.Source.IsStored) return FileOwns($"domain {domain.Name}", domain.Source);
        var applied = await book.EditAsync([new(StoredFacts.Domains, domain.Name, null)], cancel);
        return applied.Ok ? new(true, $"removed {domain.Name}") : Contradicted(applied);
    }

    private async Task<VerbAnswer> WriteAliasAsync(string address, IReadOnlyList<string> to, bool mustExist, CancellationToken cancel)
    {
        if (!(address.StartsWith('@') ? AddressKey.TryDomain(address.AsSpan(1), out _) : AddressKey.TryParse(address, out _))) return NotAnAddress(address);
        var there = Alias(address);
        if (there is { Source.IsStored: false }) return FileOwns($"alias {there.Address}", there.Source);
        if (mustExist && there is null) return new(false, $"there is no alias {address}");
        if (!mustExist && there is not null) return new(false, $"alias {there.Address} exists already; use `alias set`");
        var key = Written(address);
        var applied = await book.EditAsync([new(StoredFacts.Aliases, key, StoredFacts.Write(new StoredAlias(to)))], cancel);
        return applied.Ok ? new(true, string.Join("\n", [$"{key} goes to {string.Join(", ", to)}", .. applied.Warnings.Where(w => w.Contains(key, StringComparison.Ordinal))]))
            : Contradicted(applied);
    }

    private async Task<VerbAnswer> WriteDomainAsync(string name, string? catchAll, string? aliasOf, bool mustExist, CancellationToken cancel)
    {
        if (!AddressKey.TryDomain(name, out var ascii)) return new(false, $"`{name}` is not a domain");
        var there = Domain(ascii);
        if (there is { Source.IsStored: false }) return FileOwns($"domain {ascii}", there.Source);
        if (mustExist && there is null) return new(false, $"there is no domain {ascii}");
        if (!mustExist && there is not null) return new(false, $"domain {ascii} exists already; use `domain set`");
        var fact = new StoredDomain(Chosen(catchAll, there?.CatchAll), Chosen(aliasOf, there?.AliasOf));
        var applied = await book.EditAsync([new(StoredFacts.Domains, ascii, StoredFacts.Write(fact))], cancel);
        return applied.Ok ? new(true, $"{(mustExist ? "changed" : "added")} {ascii}") : Contradicted(applied);
    }

    private async Task SetPasswordAsync(string address, string? password, CancellationToken cancel)
    {
        if (password is null || book.Now.Facts.Accounts.FirstOrDefault(a => a.Row.Address == address) is not { } account) return;
        await book.SetAsync(account.Row.Id, await authenticator.DeriveAsync(account.Row.Id, PasswordText.Prepare(password)!, cancel), cancel);
    }

    private VerbAnswer? Owned(string address, out KnownAccount? account)
    {
        account = null;
        if (!AddressKey.TryParse(address, out var key)) return NotAnAddress(address);
        account = Account(key);
        if (account is null) return new(false, $"there is no account {key}");
        if (account.Vanished) return new(false, $"{key} no longer stands in the settings and is suspended: put it back there, or remove it with --purge");
        return account.Said.Source.IsStored ? null : FileOwns($"account {key}", account.Said.Source);
    }

    private static string? Problem(AccountChange change)
    {
        if (change.Password is { } password && PasswordText.Problem(password) is { } wrong) return wrong;
        if (change.QuotaOctets is < 0) return "a quota cannot be negative";
        return change.SendAs?.FirstOrDefault(g => !SendAsGrants.IsGrant(g)) is { } grant ? $"`{grant}` is no address or pattern" : null;
    }

    private KnownAccount? Account(AddressKey key) => book.Now.Facts.Accounts.FirstOrDefault(a => a.Row.Address == key.ToString());

    private DeclaredAlias? Alias(string address) => book.Now.Facts.Aliases.FirstOrDefault(a => Written(a.Address) == Written(address));

    private DeclaredDomain? Domain(string name) => AddressKey.TryDomain(name, out var ascii)
        ? book.Now.Facts.Domains.FirstOrDefault(d => AddressKey.TryDomain(d.Name, out var other) && other == ascii) : null;

    private static string Written(string address) => address.StartsWith('@') && AddressKey.TryDomain(address.AsSpan(1), out var domain) ? "@" + domain
        : AddressKey.TryParse(address, out var key) ? key.ToString() : address;

    private static string? Chosen(string? given, string? there) => given is null ? there : given.Length == 0 ? null : given;

    private static VerbAnswer NotAnAddress(string text) => new(false, $"`{text}` is not an address");

    private static VerbAnswer FileOwns(string what, Source source) => new(false, $"{what} belongs to {source}; change it there");

    private static VerbAnswer Contradicted(ApplyResult applied) => new(false, string.Join("\n", applied.Contradictions.Select(c => Told(c.Text))));

    // The place of what was just typed says nothing.
    private static string Told(string text) => text.StartsWith(MadeByVerb, StringComparison.Ordinal) ? text[MadeByVerb.Length..] : text;

    private const string MadeByVerb = "made by a verb: ";
}
