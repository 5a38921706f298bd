namespace Aviso.Settings;

public sealed class SieveSection : SettingsSection
{
    internal static readonly Table<SieveSection> Table = new("Sieve scripts. Accounts put theirs by ManageSieve or with `aviso sieve put`.");

    /// <summary>Paths of the administrator's scripts that run before the account's.</summary>
    public IReadOnlyList<string> Before => Get(BeforeKey);

    private static readonly Key<IReadOnlyList<string>> BeforeKey = new(Table, "before", Types.ListOf(Types.Path), [],
        "Scripts that run for every account before its own, in this order. Changed files are read again.")
        { AfterRestart = true, Example = "[/etc/aviso/before.sieve]" };

    public IReadOnlyList<string> After => Get(AfterKey);

    private static readonly Key<IReadOnlyList<string>> AfterKey = new(Table, "after", Types.ListOf(Types.Path), [],
        "Scripts that run for every account after its own, unless that ended with the message gone or filed.")
        { AfterRestart = true, Example = "[/etc/aviso/after.sieve]" };

    /// <summary>Folder of scripts for `include :global`; null: there are none.</summary>
    public string? Global => Find(GlobalKey);

    private static readonly Key<string> GlobalKey = new(Table, "global", Types.Path,
        "Folder of scripts NAME.sieve for `include :global \"NAME\"`.")
        { AfterRestart = true, Example = "/etc/aviso/sieve", DefaultText = "none" };

    /// <summary>Octets of one script.</summary>
    public long ScriptSize => Get(ScriptSizeKey);

    private static readonly Key<long> ScriptSizeKey = new(Table, "script_size", Types.Size, 1L << 20,
        "The largest script an account may keep, at most 4MB.") { AfterRestart = true, Example = "256kB" };

    /// <summary>Scripts of one account.</summary>
    public int Scripts => Get(ScriptsKey);

    private static readonly Key<int> ScriptsKey = new(Table, "scripts", Types.Number(1, 1000), 100,
        "How many scripts an account may keep.") { AfterRestart = true, Example = "20" };

    public int Redirects => Get(RedirectsKey);

    private static readonly Key<int> RedirectsKey = new(Table, "redirects", Types.Number(0, 100), 4,
        "How many addresses scripts may redirect one message to; 0 forbids redirect.") { AfterRestart = true, Example = "10" };

    public TimeSpan Budget => Get(BudgetKey);

    private static readonly Key<TimeSpan> BudgetKey = new(Table, "budget", Types.Duration, TimeSpan.FromSeconds(10),
        "How long all scripts together may take for one message; after that it is kept in the inbox.")
        { AfterRestart = true, Example = "5s" };

    /// <summary>Relative paths begin in the settings file's folder.</summary>
    internal void Root(string folder)
    {
        Set(BeforeKey, [.. Before.Select(p => System.IO.Path.GetFullPath(p, folder))]);
        Set(AfterKey, [.. After.Select(p => System.IO.Path.GetFullPath(p, folder))]);
        if (Global is { } global) Set(GlobalKey, System.IO.Path.GetFullPath(global, folder));
    }
}
