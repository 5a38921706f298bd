namespace Aviso.Settings;

public sealed class DomainSection : SettingsSection
{
    internal static readonly Table<DomainSection> Table = new("One domain whose mail is received here.");

    public string Name => Get(NameKey);

    private static readonly Key<string> NameKey = new(Table, "name", Types.Domain, "",
        "The domain.") { Required = true, Example = "example.org" };

    public string? CatchAll => Find(CatchAllKey);

    private static readonly Key<string> CatchAllKey = new(Table, "catch_all", Types.Address,
        "Who gets mail for addresses that nobody has. Comes last: accounts and aliases always win.")
        { Example = "alice@example.org", DefaultText = "none: unknown addresses are refused" };

    public string? AliasOf => Find(AliasOfKey);

    private static readonly Key<string> AliasOfKey = new(Table, "alias_of", Types.Domain,
        "Another domain of this file: every address here means the same name there.") { Example = "example.com", DefaultText = "none" };

    public IReadOnlyList<DkimSection> Dkim => Get(DkimKey);

    private static readonly Key<IReadOnlyList<DkimSection>> DkimKey = new(Table, "dkim", Types.ListOf(new SectionType<DkimSection>(DkimSection.Table)), [],
        "Keys that sign mail of this domain.") { Example = "[ { selector: mail, key: file:/etc/aviso/dkim.key } ]" };
}

public sealed class DkimSection : SettingsSection
{
    internal static readonly Table<DkimSection> Table = new("One signing key.");

    public string Selector => Get(SelectorKey);

    private static readonly Key<string> SelectorKey = new(Table, "selector", Types.Word, "",
        "The selector: the record is SELECTOR._domainkey.DOMAIN.") { Required = true, Example = "mail" };

    public Secret Key => Get(KeyKey);

    private static readonly Key<Secret> KeyKey = new(Table, "key", Types.PrivateKey, new("", null),
        "The private key, as PEM.") { Required = true, Example = "file:/etc/aviso/dkim.key" };
}
