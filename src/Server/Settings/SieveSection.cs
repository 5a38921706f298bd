namespace Aviso.Settings;

public sealed class SieveSection : SettingsSection
{
    /// <summary>Paths of the administrator's scripts that run before the account's.</summary>
    public IReadOnlyList<string> Before { get; private set; } = [];

    public IReadOnlyList<string> After { get; private set; } = [];

    /// <summary>Folder of scripts for `include :global`; null: there are none.</summary>
    public string? Global { get; private set; }

    /// <summary>Octets of one script.</summary>
    public long ScriptSize { get; private set; } = 1L << 20;

    /// <summary>Scripts of one account.</summary>
    public int Scripts { get; private set; } = 100;

    public int Redirects { get; private set; } = 4;

    public TimeSpan Budget { get; private set; } = TimeSpan.FromSeconds(10);

    /// <summary>Relative paths begin in the settings file's folder.</summary>
    internal void Root(string folder)
    {
        Before = [.. Before.Select(p => System.IO.Path.GetFullPath(p, folder))];
        After = [.. After.Select(p => System.IO.Path.GetFullPath(p, folder))];
        if (Global is not null) Global = System.IO.Path.GetFullPath(Global, folder);
    }

    internal static readonly Table<SieveSection> Table = new("Sieve scripts. Accounts put theirs by ManageSieve or with `aviso sieve put`.",
    [
        new Key<SieveSection, IReadOnlyList<string>>("before", Types.ListOf(Types.Path), s => s.Before, (s, v) => s.Before = v,
            "Scripts that run for every account before its own, in this order. Changed files are read again.") { AfterRestart = true, Example = "[/etc/aviso/before.sieve]" },
        new Key<SieveSection, IReadOnlyList<string>>("after", Types.ListOf(Types.Path), s => s.After, (s, v) => s.After = v,
            "Scripts that run for every account after its own, unless that ended with the message gone or filed.")
            { AfterRestart = true, Example = "[/etc/aviso/after.sieve]" },
        new Key<SieveSection, string>("global", Types.Path, s => s.Global, (s, v) => s.Global = v,
            "Folder of scripts NAME.sieve for `include :global \"NAME\"`.") { AfterRestart = true, Example = "/etc/aviso/sieve", DefaultText = "none" },
        new Key<SieveSection, long>("script_size", Types.Size, s => s.ScriptSize, (s, v) => s.ScriptSize = v,
            "The largest script an account may keep, at most 4MB.") { AfterRestart = true, Example = "256kB" },
        new Key<SieveSection, int>("scripts", Types.Number(1, 1000), s => s.Scripts, (s, v) => s.Scripts = v,
            "How many scripts an account may keep.") { AfterRestart = true, Example = "20" },
        new Key<SieveSection, int>("redirects", Types.Number(0, 100), s => s.Redirects, (s, v) => s.Redirects = v,
            "How many addresses scripts may redirect one message to; 0 forbids redirect.") { AfterRestart = true, Example = "10" },
        new Key<SieveSection, TimeSpan>("budget", Types.Duration, s => s.Budget, (s, v) => s.Budget = v,
            "How long all scripts together may take for one message; after that it is kept in the inbox.") { AfterRestart = true, Example = "5s" },
    ]);
}
