using System.Collections;
using System.Text;
using Aviso.Backup;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>
/// The settings file as it goes into a backup: with its references, without secrets that stand in it. Only the text that these settings
/// were read from is copied, since of another one nobody knows what is secret in it; until it has been read the last copy counts.
/// </summary>
internal sealed class SettingsCopy
{
    private const string InPlace = "not-in-the-backup";

    /// <summary>A secret of that length is taken out wherever it stands, such as in a comment; a shorter one may be any word.</summary>
    private const int LeastLength = 8;

    private OtherFile? _last;

    /// <summary>Null where there is no file that could be copied.</summary>
    public OtherFile? Of(string path, ServerSettings settings)
    {
        byte[] octets;
        try
        {
            octets = File.ReadAllBytes(path);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return _last;
        }
        var digest = FileSignature.Digest(octets);
        if (digest != settings.Digest || digest == _last?.Stamp || Without(octets, settings) is not { } text) return _last;
        var copy = Encoding.UTF8.GetBytes(text);
        return _last = new($"{WholeRestore.Settings}/aviso.yaml", digest, () => copy);
    }

    /// <summary>The text without each secret of these settings that has no reference; null when that cannot be proven.</summary>
    /// <param name="octets">What the settings were read from.</param>
    internal static string? Without(ReadOnlySpan<byte> octets, ServerSettings settings)
    {
        var secrets = new Dictionary<string, string>(StringComparer.Ordinal);
        Gather(settings, ServerSettings.Table, secrets);
        if (octets.StartsWith("\uFEFF"u8)) octets = octets[3..];
        var text = Encoding.UTF8.GetString(octets);
        // From the end, so that places before it hold.
        foreach (var (_, node) in Scalars(octets, secrets).OrderByDescending(s => s.Node.From))
        {
            var end = node.Until;
            while (end > node.From && char.IsWhiteSpace(text[end - 1])) end--;
            text = string.Concat(text.AsSpan(0, node.From), InPlace, text.AsSpan(end));
        }
        foreach (var line in secrets.Values.SelectMany(s => s.Split('\n')).Select(l => l.Trim()).Where(l => l.Length >= LeastLength)
            .OrderByDescending(l => l.Length)) text = text.Replace(line, InPlace, StringComparison.Ordinal);
        var left = Scalars(Encoding.UTF8.GetBytes(text), secrets).ToList();
        return left.Count == Scalars(octets, secrets).Count() && left.TrueForAll(s => s.Node.Text == InPlace) ? text : null;
    }

    private static IEnumerable<(string Path, ScalarNode Node)> Scalars(ReadOnlySpan<byte> octets, Dictionary<string, string> secrets) =>
        YamlTree.Read(octets, "", new()) is { } root ? SettingsReferences.Scalars("", root).Where(s => secrets.ContainsKey(s.Path)) : [];

    private static void Gather(SettingsSection section, ITable table, Dictionary<string, string> found)
    {
        foreach (var key in table.Keys) Gather(section.ValueOf(key), section.PathOf(key.Name), key.Type.Table, found);
    }

    private static void Gather(object? value, string path, ITable? table, Dictionary<string, string> found)
    {
        if (value is Secret { Reference: null } secret) found[path] = secret.Reveal();
        else if (value is SettingsSection below && table is not null) Gather(below, table, found);
        else if (value is IEnumerable items and not string)
        {
            var i = 0;
            foreach (var item in items) Gather(item, $"{path}[{i++}]", table, found);
        }
    }
}
