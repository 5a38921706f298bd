using Aviso.Accounts;
using Aviso.Delivery;
using Aviso.ManageSieve;
using Aviso.Server;
using Aviso.Sieve;

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
        "The largest script an account may keep, at most 4MB.")
    { AfterRestart = true, Example = "256kB" };

    /// <summary>Scripts of one account.</summary>
    public int Scripts => Get(ScriptsKey);

    private static readonly Key<int> ScriptsKey = new(Table, "scripts", Types.Number(1, 1000), 100,
        "How many scripts an account may keep.")
    { AfterRestart = true, Example = "20" };

    public int Redirects => Get(RedirectsKey);

    private static readonly Key<int> RedirectsKey = new(Table, "redirects", Types.Number(0, 100), 4,
        "How many addresses scripts may redirect one message to; 0 forbids redirect.")
    { AfterRestart = true, Example = "10" };

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

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class SieveChecks
{
    /// <summary>Paths are whole here. A script that cannot run is found now, not with the first message.</summary>
    public static void SieveScriptsRun(SieveSection sieve, Problems problems)
    {
        if (sieve.ScriptSize > 4L << 20) SettingsChecks.Say(problems, sieve, "script_size", "must be at most 4MB");
        if (sieve.Global is { } folder && !Directory.Exists(folder)) SettingsChecks.Say(problems, sieve, "global", $"there is no folder {folder}");
        foreach (var (key, paths) in new[] { ("before", sieve.Before), ("after", sieve.After) })
        {
            foreach (var path in paths)
            {
                if (WhyNoScript(path, sieve.ScriptSize) is { } why) SettingsChecks.Say(problems, sieve, key, $"{path}: {why}");
            }
        }
    }

    private static string? WhyNoScript(string path, long most)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true } file && file.Length > most) return "is larger than `script_size`";
            return Aviso.Sieve.SieveCompiler.Compile(File.ReadAllText(path)).Errors is [var first, ..] ? first.ToString() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "cannot be read: " + e.Message;
        }
    }
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class SieveMapping
{
    public static ManageSieveOptions ManageSieve(ServerSettings settings) => new()
    {
        Implementation = "Aviso " + BuildInfo.Version,
        MaxRedirects = settings.Sieve.Redirects,
    };

    public static SieveOptions Sieve(ServerSettings settings) => new() { ScriptOctets = (int)settings.Sieve.ScriptSize };

    public static SieveScriptLimits Scripts(ServerSettings settings) => new()
    {
        Size = (int)settings.Sieve.ScriptSize,
        Count = settings.Sieve.Scripts,
        Octets = Math.Max(settings.Sieve.ScriptSize * 4, 4L << 20),
    };

    public static SieveStepOptions SieveStep(ServerSettings settings) => new()
    {
        HostName = settings.HostName,
        Before = settings.Sieve.Before,
        After = settings.Sieve.After,
        GlobalFolder = settings.Sieve.Global,
        Budget = settings.Sieve.Budget,
        Compile = Sieve(settings),
        Limits = new() { Redirects = settings.Sieve.Redirects },
    };
}
