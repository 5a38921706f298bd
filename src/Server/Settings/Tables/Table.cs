using Aviso.Base;

namespace Aviso.Settings;

internal interface ITable
{
    string Doc { get; }

    IReadOnlyList<SettingsKey> Keys { get; }

    /// <summary>One more key; its place among them.</summary>
    int Add(SettingsKey key);

    /// <summary>Reads a section on its own and throws the values away: what is wrong is in the reading's problems.</summary>
    void Read(Node node, Reading reading);
}

/// <summary>The keys of one kind of section, in the order in which they stand there.</summary>
internal sealed class Table<T>(string doc) : ITable where T : SettingsSection, new()
{
    private readonly List<SettingsKey> _keys = [];

    public string Doc { get; } = doc;

    public IReadOnlyList<SettingsKey> Keys => _keys;

    public int Add(SettingsKey key)
    {
        _keys.Add(key);
        return _keys.Count - 1;
    }

    public void Read(Node node, Reading reading) => TryRead(node, "", reading, new T());

    /// <summary>False when <paramref name="node"/> is no map; wrong keys inside are reported and left at their defaults.</summary>
    public bool TryRead(Node node, string path, Reading reading, T section)
    {
        if (node is BrokenNode) return false;
        if (node is not MapNode map)
        {
            reading.Problems.Add(node.Place, path, $"must be a map of keys: {string.Join(", ", _keys.Take(6).Select(k => k.Name))}");
            return false;
        }
        section.StandsAt(path, reading.Places);
        reading.Found(path, map.Place);
        foreach (var (name, place, value) in map.Entries) ReadKey(section, name, place, value, reading);
        foreach (var key in _keys) key.Fill(section);
        foreach (var missing in _keys.Where(k => k.Required && map.Entries.All(e => e.Key != k.Name)))
            reading.Problems.Add(map.Place, section.PathOf(missing.Name), $"is missing: {Wanted(missing)}");
        return true;
    }

    // Most meanings name an example of their own.
    private static string Wanted(SettingsKey key) =>
        key.Type.Meaning.Contains(" such as ", StringComparison.Ordinal) ? key.Type.Meaning : $"{key.Type.Meaning}, such as {key.Example}";

    private void ReadKey(T section, string name, Place place, Node value, Reading reading)
    {
        var path = section.PathOf(name);
        if (_keys.Find(k => k.Name == name) is not { } key)
        {
            reading.Problems.Add(place, path, "is no setting" + WhatWasMeant(name));
            return;
        }
        reading.Found(path, value is ScalarNode { IsNothing: true } ? place : value.Place);
        if (value is ScalarNode { IsNothing: true })
            reading.Problems.Add(place, path, $"has no value; leave the key out, or give {key.Type.Meaning}");
        else
            key.Read(section, value, path, reading);
    }

    private string WhatWasMeant(string name)
    {
        if (Nearest.Of(name, _keys.Select(k => k.Name)) is { } near) return $", did you mean `{near}`?";
        var elsewhere = SettingsTables.All.Where(t => t.Table.Keys.Any(k => k.Name == name)).Select(t => t.Path).ToList();
        return elsewhere.Count > 0 ? $" here; it belongs to {string.Join(" or ", elsewhere)}"
            : $"; known here: {string.Join(", ", _keys.Select(k => k.Name))}";
    }
}
