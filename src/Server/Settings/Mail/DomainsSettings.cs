using Aviso.Base;

namespace Aviso.Settings;

public sealed class DomainSection : SettingsSection
{
    internal static readonly Table<DomainSection> Table = new("One domain whose mail is received here.");

    public string Name => Get(NameKey);

    private static readonly Key<string> NameKey = new(Table, "name", Types.Domain, "",
        "The domain.")
    { Required = true, Example = "example.org" };

    public string? CatchAll => Find(CatchAllKey);

    private static readonly Key<string> CatchAllKey = new(Table, "catch_all", Types.Address,
        "Who gets mail for addresses that nobody has. Comes last: accounts and aliases always win.")
    { Example = "alice@example.org", DefaultText = "none: unknown addresses are refused" };

    public string? AliasOf => Find(AliasOfKey);

    private static readonly Key<string> AliasOfKey = new(Table, "alias_of", Types.Domain,
        "Another domain of this file: every address here means the same name there.")
    { Example = "example.com", DefaultText = "none" };

    public IReadOnlyList<DkimSection> Dkim => Get(DkimKey);

    private static readonly Key<IReadOnlyList<DkimSection>> DkimKey = new(Table, "dkim", Types.ListOf(new SectionType<DkimSection>(DkimSection.Table)), [],
        "Keys that sign mail of this domain.")
    { Example = "[ { selector: mail, key: file:/etc/aviso/dkim.key } ]" };
}

public sealed class DkimSection : SettingsSection
{
    internal static readonly Table<DkimSection> Table = new("One signing key.");

    public string Selector => Get(SelectorKey);

    private static readonly Key<string> SelectorKey = new(Table, "selector", Types.Word, "",
        "The selector: the record is SELECTOR._domainkey.DOMAIN.")
    { Required = true, Example = "mail" };

    public Secret Key => Get(KeyKey);

    private static readonly Key<Secret> KeyKey = new(Table, "key", Types.PrivateKey, new("", null),
        "The private key, as PEM.")
    { Required = true, Example = "file:/etc/aviso/dkim.key" };
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class DomainsChecks
{
    public static void DomainsAreApart(ServerSettings settings, Problems problems)
    {
        var seen = new Dictionary<string, DomainSection>(StringComparer.OrdinalIgnoreCase);
        foreach (var domain in settings.Domains.Where(d => d.Name.Length > 0))
        {
            if (!seen.TryAdd(domain.Name, domain))
                SettingsChecks.Say(problems, domain, "name", $"{domain.Name} is given twice; the first is on line {seen[domain.Name].PlaceOf("name").Line}");
        }
        foreach (var domain in settings.Domains.Where(d => d.AliasOf is not null))
        {
            if (domain.CatchAll is not null) SettingsChecks.Say(problems, domain, "catch_all", "contradicts `alias_of`: addresses are looked up in the other domain");
            if (!seen.TryGetValue(domain.AliasOf!, out var target))
                SettingsChecks.Say(problems, domain, "alias_of", $"{domain.AliasOf} is not in `domains`{Nearest.Hint(domain.AliasOf!, seen.Keys)}");
            else if (target == domain || target.AliasOf is not null)
                SettingsChecks.Say(problems, domain, "alias_of", $"{domain.AliasOf} must be a domain of its own, not an alias");
        }
    }

    public static bool IsDeclared(ServerSettings settings, string address) =>
        DomainName.TryParse(MailAddress.DomainOf(address), out var domain)
        && settings.Domains.Any(d => DomainName.TryParse(d.Name, out var name) && name == domain);

    public static string NotDeclared(ServerSettings settings, string address) =>
        $"{MailAddress.DomainOf(address)} is not in `domains`{Nearest.Hint(MailAddress.DomainOf(address), settings.Domains.Select(d => d.Name))}";
}
