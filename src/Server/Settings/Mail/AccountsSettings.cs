using Aviso.Accounts;

namespace Aviso.Settings;

public sealed class AccountSection : SettingsSection
{
    internal static readonly Table<AccountSection> Table = new("One account.");

    public string Address => Get(AddressKey);

    private static readonly Key<string> AddressKey = new(Table, "address", Types.Address, "",
        "Its address and login name.")
    { Required = true, Example = "alice@example.org" };

    public Secret? Password => Find(PasswordKey);

    private static readonly Key<Secret> PasswordKey = new(Table, "password", Types.Secret,
        "The password. This or `hash`.")
    { Example = "env:ALICE_PASSWORD", DefaultText = "none" };

    public Secret? Hash => Find(HashKey);

    private static readonly Key<Secret> HashKey = new(Table, "hash", Types.Secret,
        "A hash from an older system, such as {BLF-CRYPT}$2y$..., {SHA512-CRYPT}$6$... or $y$...; it is replaced inside by a "
        + "stronger one at the next login.")
    { Example = "\"{BLF-CRYPT}$2y$05$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234\"", DefaultText = "none" };

    /// <summary>Octets; 0 is no limit.</summary>
    public long Quota => Get(QuotaKey);

    private static readonly Key<long> QuotaKey = new(Table, "quota", Types.Size, default,
        "How much mail the account may keep; beyond it mail is deferred.")
    { Example = "5GB", DefaultText = "no limit" };

    public IReadOnlyList<string> SendAs => Get(SendAsKey);

    private static readonly Key<IReadOnlyList<string>> SendAsKey = new(Table, "send_as", Types.ListOf(Types.AddressPattern), [],
        "Other addresses the account may send as, beside its own and aliases to it alone.")
    { Example = "[plans@example.org]" };

    public IReadOnlyList<string> ForwardTo => Get(ForwardToKey);

    private static readonly Key<IReadOnlyList<string>> ForwardToKey = new(Table, "forward_to", Types.ListOf(Types.Address), [],
        "Addresses that get a copy; the account keeps its own.")
    { Example = "[carol@elsewhere.example]" };
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class AccountsChecks
{
    private static readonly string[] HashSchemes = ["{BLF-CRYPT}", "{SHA512-CRYPT}", "{SHA256-CRYPT}", "{YESCRYPT}", "{CRYPT}", "{SCRAM-SHA-256}"];

    public static void AccountsAreWhole(ServerSettings settings, Problems problems)
    {
        var seen = new Dictionary<string, AccountSection>(StringComparer.OrdinalIgnoreCase);
        foreach (var account in settings.Accounts)
        {
            if (account.Address.Length > 0)
            {
                if (!seen.TryAdd(account.Address, account))
                    SettingsChecks.Say(problems, account, "address", $"{account.Address} is given twice; the first is on line {seen[account.Address].PlaceOf("address").Line}");
                if (!DomainsChecks.IsDeclared(settings, account.Address)) SettingsChecks.Say(problems, account, "address", DomainsChecks.NotDeclared(settings, account.Address));
            }
            if (account.Has("password") && account.Has("hash")) SettingsChecks.Say(problems, account, "hash", "contradicts `password`; leave one out");
            if (!account.Has("password") && !account.Has("hash"))
                SettingsChecks.Say(problems, account, "password", "is missing: give `password: env:NAME` or `hash: ...`");
            if (account.Hash?.Reveal() is { } hash && !IsKnownHash(hash))
                SettingsChecks.Say(problems, account, "hash", $"is of no known kind; known are {string.Join(" ", HashSchemes)} and crypt(5) texts ($2y$, $6$, $5$, $y$)");
            if (account.Password?.Reveal() is { } password && PasswordText.CryptString(password) is not null)
                SettingsChecks.Say(problems, account, "password", "looks like a hash; say `hash` instead of `password`");
        }
    }

    private static bool IsKnownHash(string hash) =>
        PasswordText.CryptString(hash) is not null || HashSchemes.Any(s => hash.StartsWith(s, StringComparison.OrdinalIgnoreCase));

    public static void PostmasterIsSomebody(ServerSettings settings, Problems problems)
    {
        if (settings.Postmaster.Length > 0 || settings.Has("postmaster")) return;
        if (settings.Accounts.FirstOrDefault(a => a.Address.Length > 0) is { } first) settings.Postmaster = first.Address;
        else SettingsChecks.Say(problems, settings, "postmaster", "is missing: somebody must get mail for postmaster (RFC 5321 section 4.5.1)");
    }
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class AccountsMapping
{
    public static AccountsDeclaration Accounts(ServerSettings settings) => new(
        settings.Postmaster,
        [.. settings.Domains.Select(d => new DeclaredDomain(d.Name, d.CatchAll, d.AliasOf, At(d, "name")))],
        [.. settings.Accounts.Select(a => new DeclaredAccount(
            a.Address, Secret(a), a.Quota, a.SendAs, a.ForwardTo, At(a, "address")))],
        [.. settings.Aliases.Where(a => !a.Trap).Select(a => new DeclaredAlias(a.Address, a.To, At(a, "address")))])
    {
        HostName = settings.HostName,
        PostmasterSource = At(settings, "postmaster"),
        AccountsFrom = settings.AccountsFrom is { } accounts
            ? AccountList.ParseJson(accounts.Reveal(), $"accounts_from: {accounts}") : null,
        AliasesFrom = settings.AliasesFrom is { } aliases
            ? VirtualList.Parse(aliases.Reveal(), $"aliases_from: {aliases}") : null,
    };

    private static Source At(SettingsSection section, string key)
    {
        var place = section.PlaceOf(key);
        return new(place.File ?? "settings", place.Line, place.Column);
    }

    private static DeclaredSecret? Secret(AccountSection account) =>
        account.Hash is { } hash ? new(hash.Reveal(), IsHash: true)
        : account.Password is { } password ? new(password.Reveal(), IsHash: false) : null;
}
