using System.Collections;
using System.Globalization;
using System.Text;
using Aviso.Backup;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>The settings file as it goes into a backup: with its references, without secrets that stand in it.</summary>
internal static class SettingsCopy
{
    private const string InPlace = "not-in-the-backup";
    private const int LeastLength = 3;

    /// <summary>Null where there is no file.</summary>
    public static OtherFile? Of(string path, ServerSettings settings)
    {
        var file = new FileInfo(path);
        if (!file.Exists) return null;
        return new($"{WholeRestore.Settings}/aviso.yaml",
            string.Create(CultureInfo.InvariantCulture, $"{file.Length} {file.LastWriteTimeUtc.Ticks}"),
            () => File.Exists(path) ? Encoding.UTF8.GetBytes(Without(File.ReadAllText(path), settings)) : null);
    }

    /// <summary>The text without each secret of these settings that has no reference.</summary>
    public static string Without(string text, ServerSettings settings)
    {
        var found = new List<string>();
        Gather(settings, ServerSettings.Table, found);
        // Longest first: one may hold another. A secret of several lines is indented in the file.
        foreach (var line in found.SelectMany(s => s.Split('\n')).Select(l => l.Trim())
            .Where(l => l.Length >= LeastLength).OrderByDescending(l => l.Length))
            text = text.Replace(line, InPlace, StringComparison.Ordinal);
        return text;
    }

    private static void Gather(SettingsSection section, ITable table, List<string> found)
    {
        foreach (var key in table.Keys) Gather(section.ValueOf(key), key.Type.Table, found);
    }

    private static void Gather(object? value, ITable? table, List<string> found)
    {
        if (value is Secret { Reference: null } secret) found.Add(secret.Reveal());
        else if (value is SettingsSection below && table is not null) Gather(below, table, found);
        else if (value is IEnumerable items and not string) foreach (var item in items) Gather(item, table, found);
    }
}
