using System.Text;

namespace Aviso.Settings;

/// <summary>What came of reading a settings file.</summary>
/// <param name="Settings">Null when there is any problem.</param>
/// <param name="Files">The settings file and all files it refers to: a change of any is a reason to read again.</param>
/// <param name="Data">The data folder that they name; known also beside problems elsewhere, so that verbs still find the server.</param>
/// <param name="NotShown">Problems beyond <see cref="Settings.Problems.Limit"/>.</param>
public sealed record SettingsLoad(
    ServerSettings? Settings, IReadOnlyList<Problem> Problems, IReadOnlyList<string> Files, int NotShown = 0, string? Data = null)
{
    /// <summary>Good enough to compare domains, accounts and aliases: nothing is wrong with these, whatever is with others.</summary>
    internal ServerSettings? ForAddresses { get; init; }

    /// <summary>What <see cref="Files"/> held as they were read; compared with <see cref="FileSignature"/>.</summary>
    internal string Signature { get; init; } = "";

    /// <summary>There are <c>vault:</c> references, whether they could be read or not.</summary>
    public bool AsksVault { get; init; }
}

/// <summary>Reads settings: YAML, references, types, then the checks that look at several keys.</summary>
public static class SettingsFile
{
    /// <summary>What the file wants of Vault; null when it cannot be read or is no YAML, which <see cref="Load"/> then says.</summary>
    public static VaultWishes? Wishes(string path, References? references = null)
    {
        var full = Path.GetFullPath(path);
        try
        {
            return new FileInfo(full) is { Exists: true, Length: <= YamlTree.MaxOctets }
                ? VaultWishes.Of(File.ReadAllBytes(full), path, Path.GetDirectoryName(full)!, references ?? References.System) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static SettingsLoad Load(string path, References? references = null)
    {
        var full = Path.GetFullPath(path);
        try
        {
            if (new FileInfo(full) is { Exists: true, Length: > YamlTree.MaxOctets } info)
                return Failed(path, full, $"the file has {info.Length} octets; at most {YamlTree.MaxOctets} are read");
            return Parse(File.ReadAllBytes(full), path, Path.GetDirectoryName(full)!, references, full);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Failed(path, full, "there is no such file; `aviso init ADDRESS` writes one to start from");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Failed(path, full, "cannot be read: " + e.Message);
        }
    }

    public static SettingsLoad Parse(string text, string name, string folder, References? references = null) =>
        Parse(Encoding.UTF8.GetBytes(text), name, folder, references);

    /// <param name="name">How problems call the file.</param>
    /// <param name="folder">Where relative paths begin.</param>
    /// <param name="watched">The file itself, when there is one.</param>
    public static SettingsLoad Parse(
        ReadOnlySpan<byte> octets, string name, string folder, References? references = null, string? watched = null)
    {
        var problems = new Problems();
        var reading = new Reading(folder, references ?? References.System, problems);
        var settings = new ServerSettings { Digest = FileSignature.Digest(octets) };
        string? data = null;
        ServerSettings? addresses = null;
        if (YamlTree.Read(octets, name, problems) is { } root && ServerSettings.Table.TryRead(root, "", reading, settings))
        {
            SettingsChecks.Run(settings, problems);
            data = settings.Data = Path.GetFullPath(settings.Data, folder);
            settings.Sieve.Root(folder);
            settings.Spam.Root(folder);
            settings.Guard.Root(folder);
            SieveChecks.SieveScriptsRun(settings.Sieve, problems);
            if (problems.NotShown == 0 && !problems.Found.Any(IsAboutAddresses)) addresses = settings;
        }
        return new(problems.Count == 0 ? settings : null, problems.Found,
            watched is null ? [.. reading.Files.Select(f => f.File)] : [watched, .. reading.Files.Select(f => f.File)], problems.NotShown, data)
        {
            AsksVault = reading.AsksVault,
            ForAddresses = addresses,
            Signature = FileSignature.Of(watched is null ? reading.Files : [(watched, FileSignature.Digest(octets)), .. reading.Files]),
        };
    }

    private static bool IsAboutAddresses(Problem problem) =>
        problem.Path.Split('.', '[')[0] is "" or "postmaster" or "domains" or "accounts" or "accounts_from" or "aliases" or "aliases_from";

    private static SettingsLoad Failed(string name, string full, string text) =>
        new(null, [new(new(name, 0, 0), "", text)], [full]) { Signature = FileSignature.Of([full]) };
}
