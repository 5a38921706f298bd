namespace Aviso.Settings;

public sealed class AliasSection : SettingsSection
{
    internal static readonly Table<AliasSection> Table = new("One alias.");

    public string Address => Get(AddressKey);

    private static readonly Key<string> AddressKey = new(Table, "address", Types.AddressPattern, "",
        "The address, or a pattern with one `*` before the `@`.") { Required = true, Example = "sales-*@example.org" };

    public IReadOnlyList<string> To => Get(ToKey);

    private static readonly Key<IReadOnlyList<string>> ToKey = new(Table, "to", Types.ListOf(Types.Address), [],
        "Where its mail goes: accounts and aliases here, or addresses elsewhere. This or `trap`.") { Example = "[alice@example.org]" };

    /// <summary>No person has it: <see cref="To"/> is empty.</summary>
    public bool Trap => Get(TrapKey);

    private static readonly Key<bool> TrapKey = new(Table, "trap", Types.Boolean, default,
        "A spam trap, as in `spam.traps`: its mail is taken, teaches, and goes to nobody.") { Example = "true" };
}
