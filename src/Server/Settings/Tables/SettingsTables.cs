namespace Aviso.Settings;

/// <param name="Key">Such as <c>limits.message_size</c>.</param>
/// <param name="Holds">The value until a restart, as YAML; empty where nothing was set.</param>
internal sealed record WaitingKey(string Key, string Holds);

/// <summary>Every table with the path it stands at, for generators and for hints.</summary>
internal static class SettingsTables
{
    private static IReadOnlyList<(string Path, ITable Table)>? _all;

    public static IReadOnlyList<(string Path, ITable Table)> All => _all ??= [.. Walk("", ServerSettings.Table)];

    /// <summary>What was read since the start and holds after a restart only.</summary>
    public static IReadOnlyList<WaitingKey> Waiting(ServerSettings started, ServerSettings now) =>
        [.. Waiting("", ServerSettings.Table, started, now)];

    /// <summary>Keys to be said when settings are read again.</summary>
    public static IReadOnlyList<string> NeedsRestart(ServerSettings started, ServerSettings now)
    {
        var keys = Waiting(started, now).Select(w => w.Key);
        // Certificates come and go while the server runs; where they come from does not.
        return [.. (!started.Tls.IsConfigured && now.Tls.IsConfigured) || started.Tls.HasAcme != now.Tls.HasAcme ? keys.Append("tls") : keys];
    }

    // Items of lists have no names to be told apart by: there the list itself waits or does not.
    private static IEnumerable<WaitingKey> Waiting(string path, ITable table, SettingsSection started, SettingsSection now)
    {
        foreach (var key in table.Keys)
        {
            if (key.AfterRestart && key.Show(started) != key.Show(now)) yield return new(path + key.Name, key.Show(started).Trim('"'));
            if (key.Type.Table is not { } inner || started.ValueOf(key) is not SettingsSection before || now.ValueOf(key) is not SettingsSection after)
                continue;
            foreach (var below in Waiting($"{path}{key.Name}.", inner, before, after)) yield return below;
        }
    }

    private static IEnumerable<(string Path, ITable Table)> Walk(string path, ITable table)
    {
        yield return (path.Length == 0 ? "the top level" : path, table);
        foreach (var key in table.Keys)
        {
            if (key.Type.Table is not { } inner) continue;
            foreach (var below in Walk(path.Length == 0 ? key.Name : $"{path}.{key.Name}", inner)) yield return below;
        }
    }
}
