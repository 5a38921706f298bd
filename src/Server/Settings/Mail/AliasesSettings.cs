namespace Aviso.Settings;

public sealed class AliasSection : SettingsSection
{
    internal static readonly Table<AliasSection> Table = new("One alias.");

    public string Address => Get(AddressKey);

    private static readonly Key<string> AddressKey = new(Table, "address", Types.AddressPattern, "",
        "The address, or a pattern with one `*` before the `@`.")
    { Required = true, Example = "sales-*@example.org" };

    public IReadOnlyList<string> To => Get(ToKey);

    private static readonly Key<IReadOnlyList<string>> ToKey = new(Table, "to", Types.ListOf(Types.Address), [],
        "Where its mail goes: accounts and aliases here, or addresses elsewhere. This or `trap`.")
    { Example = "[alice@example.org]" };

    /// <summary>No person has it: <see cref="To"/> is empty.</summary>
    public bool Trap => Get(TrapKey);

    private static readonly Key<bool> TrapKey = new(Table, "trap", Types.Boolean, default,
        "A spam trap, as in `spam.traps`: its mail is taken, teaches, and goes to nobody.")
    { Example = "true" };
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class AliasesChecks
{
    public static void AliasesAreClear(ServerSettings settings, Problems problems)
    {
        var seen = new Dictionary<string, AliasSection>(StringComparer.OrdinalIgnoreCase);
        foreach (var alias in settings.Aliases.Where(a => a.Address.Length > 0))
        {
            if (!seen.TryAdd(alias.Address, alias))
                SettingsChecks.Say(problems, alias, "address", $"{alias.Address} is given twice; the first is on line {seen[alias.Address].PlaceOf("address").Line}");
            if (!DomainsChecks.IsDeclared(settings, alias.Address)) SettingsChecks.Say(problems, alias, "address", DomainsChecks.NotDeclared(settings, alias.Address));
            if (!alias.Trap && !alias.Has("to")) SettingsChecks.Say(problems, alias, "to", "is missing: a list of addresses, such as [alice@example.org]");
            if (alias.Trap && alias.Has("to")) SettingsChecks.Say(problems, alias, "to", "is never used: a spam trap delivers to nobody");
            if (alias.Has("to") && alias.To.Count == 0) SettingsChecks.Say(problems, alias, "to", "is empty: the alias would lose its mail");
            var account = settings.Accounts.FirstOrDefault(a => a.Address.Equals(alias.Address, StringComparison.OrdinalIgnoreCase));
            if (account is null || alias.To.Contains(alias.Address, StringComparer.OrdinalIgnoreCase)) continue;
            SettingsChecks.Say(problems, alias, "address", $"{alias.Address} is an account on line {account.PlaceOf("address").Line}, and this alias would take its mail away; "
                + "to keep and forward, say `forward_to` at the account");
        }
    }
}
