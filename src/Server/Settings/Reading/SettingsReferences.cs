namespace Aviso.Settings;

/// <summary>One reference of a settings file.</summary>
/// <param name="Key">Such as <c>relays[0].password</c>.</param>
/// <param name="Scheme">env, file or vault.</param>
/// <param name="Body">What stands after the colon.</param>
public sealed record SettingsReference(string Key, int Line, string Scheme, string Body);

/// <summary>All references of a settings file, as they are written.</summary>
public static class SettingsReferences
{
    private static readonly string[] Schemes = ["env", "file", "vault"];

    /// <summary>In the order of the file; none when it is no YAML.</summary>
    public static IReadOnlyList<SettingsReference> Of(ReadOnlySpan<byte> octets)
    {
        if (YamlTree.Read(octets, "", new()) is not { } root) return [];
        return [.. Scalars("", root).Select(s => (s.Path, s.Node, Colon: s.Node.Text.IndexOf(':')))
            .Where(s => s.Colon > 0 && Schemes.Contains(s.Node.Text[..s.Colon]))
            .Select(s => new SettingsReference(s.Path, s.Node.Place.Line, s.Node.Text[..s.Colon], s.Node.Text[(s.Colon + 1)..]))];
    }

    /// <summary>Every scalar at or below a node, with its path.</summary>
    internal static IEnumerable<(string Path, ScalarNode Node)> Scalars(string path, Node node) => node switch
    {
        ScalarNode scalar => [(path, scalar)],
        ListNode list => list.Items.SelectMany((item, i) => Scalars($"{path}[{i}]", item)),
        MapNode map => map.Entries.SelectMany(e => Scalars(path.Length == 0 ? e.Key : $"{path}.{e.Key}", e.Value)),
        _ => [],
    };
}
