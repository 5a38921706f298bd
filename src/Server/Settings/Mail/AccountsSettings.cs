namespace Aviso.Settings;

public sealed class AccountSection : SettingsSection
{
    internal static readonly Table<AccountSection> Table = new("One account.");

    public string Address => Get(AddressKey);

    private static readonly Key<string> AddressKey = new(Table, "address", Types.Address, "",
        "Its address and login name.") { Required = true, Example = "alice@example.org" };

    public Secret? Password => Find(PasswordKey);

    private static readonly Key<Secret> PasswordKey = new(Table, "password", Types.Secret,
        "The password. This or `hash`.") { Example = "env:ALICE_PASSWORD", DefaultText = "none" };

    public Secret? Hash => Find(HashKey);

    private static readonly Key<Secret> HashKey = new(Table, "hash", Types.Secret,
        "A hash from an older system, such as {BLF-CRYPT}$2y$..., {SHA512-CRYPT}$6$... or $y$...; it is replaced inside by a "
        + "stronger one at the next login.")
        { Example = "\"{BLF-CRYPT}$2y$05$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234\"", DefaultText = "none" };

    /// <summary>Octets; 0 is no limit.</summary>
    public long Quota => Get(QuotaKey);

    private static readonly Key<long> QuotaKey = new(Table, "quota", Types.Size, default,
        "How much mail the account may keep; beyond it mail is deferred.") { Example = "5GB", DefaultText = "no limit" };

    public IReadOnlyList<string> SendAs => Get(SendAsKey);

    private static readonly Key<IReadOnlyList<string>> SendAsKey = new(Table, "send_as", Types.ListOf(Types.AddressPattern), [],
        "Other addresses the account may send as, beside its own and aliases to it alone.") { Example = "[plans@example.org]" };

    public IReadOnlyList<string> ForwardTo => Get(ForwardToKey);

    private static readonly Key<IReadOnlyList<string>> ForwardToKey = new(Table, "forward_to", Types.ListOf(Types.Address), [],
        "Addresses that get a copy; the account keeps its own.") { Example = "[carol@elsewhere.example]" };
}
