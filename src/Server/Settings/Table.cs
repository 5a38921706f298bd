using Aviso.Base;

namespace Aviso.Settings;

/// <summary>A part of the settings. It knows where each of its keys stands, for checks that look at several keys.</summary>
public abstract class SettingsSection
{
    private Dictionary<string, Place>? _places;
    private string _path = "";

    /// <summary>The path of this section, such as <c>relays[0]</c>; empty for the root.</summary>
    internal string Path => _path;

    /// <summary>Where the key stands, else where the section begins.</summary>
    internal Place PlaceOf(string key) =>
        _places is null ? default
        : _places.TryGetValue(PathOf(key), out var place) || _places.TryGetValue(_path, out place) ? place : default;

    internal string PathOf(string key) => _path.Length == 0 ? key : $"{_path}.{key}";

    /// <summary>The file gives this key.</summary>
    internal bool Has(string key) => _places?.ContainsKey(PathOf(key)) ?? false;

    internal void StandsAt(string path, Dictionary<string, Place> places) => (_path, _places) = (path, places);
}

/// <summary>What the generators of sample, manual and schema see of a key.</summary>
internal interface IKey
{
    string Name { get; }

    /// <summary>Sentences for the manual.</summary>
    string Doc { get; }

    SettingType Type { get; }

    bool Required { get; }

    /// <summary>A valid value as YAML, on one line or (for lists of maps) several.</summary>
    string Example { get; }

    /// <summary>What holds when the key is left out.</summary>
    string Default { get; }

    /// <summary>The part that will use the key, when that is not part of this version yet; else null.</summary>
    string? Later { get; }

    /// <summary>A change is read at once and holds after a restart only.</summary>
    bool AfterRestart { get; }
}

internal interface ITable
{
    string Doc { get; }

    IReadOnlyList<IKey> Keys { get; }

    /// <summary>Reads a section on its own and throws the values away: what is wrong is in the reading's problems.</summary>
    void Read(Node node, Reading reading);
}

internal abstract class Key<T>(string name, string doc) : IKey
{
    public string Name { get; } = name;

    public string Doc { get; } = doc;

    public abstract SettingType Type { get; }

    public bool Required { get; init; }

    public required string Example { get; init; }

    /// <summary>Said in the manual instead of the value itself, where the default is worked out.</summary>
    public string? DefaultText { get; init; }

    public string? Later { get; init; }

    public bool AfterRestart { get; init; }

    public abstract string Default { get; }

    public abstract void Read(T section, Node node, string path, Reading reading);

    public abstract string Show(T section);

    public abstract bool IsDefault(T section);
}

internal sealed class Key<T, TValue>(
    string name, SettingType<TValue> type, Func<T, object?> get, Action<T, TValue> set, string doc)
    : Key<T>(name, doc) where T : new()
{
    public override SettingType Type => type;

    public override string Default
    {
        get
        {
            if (DefaultText is not null) return DefaultText;
            var text = Show(new T());
            return Required || text is "" or "{  }" ? "" : text;
        }
    }

    public override void Read(T section, Node node, string path, Reading reading)
    {
        if (type.TryRead(node, path, reading, out var value)) set(section, value);
    }

    public override string Show(T section) => type.Format(get(section));

    public override bool IsDefault(T section) => Show(section) == Show(new T());
}

/// <param name="Key">Such as <c>limits.message_size</c>.</param>
/// <param name="Holds">The value until a restart, as YAML; empty where nothing was set.</param>
internal sealed record WaitingKey(string Key, string Holds);

/// <summary>The keys of one kind of section: the only place where they are listed.</summary>
internal sealed class Table<T>(string doc, IReadOnlyList<Key<T>> entries) : ITable where T : SettingsSection, new()
{
    public string Doc { get; } = doc;

    public IReadOnlyList<Key<T>> Entries { get; } = entries;

    public IReadOnlyList<IKey> Keys => Entries;

    /// <summary>Keys whose change waits for a restart, and the values that hold until then.</summary>
    /// <param name="path">Where the section stands, with a dot at the end; empty for the root.</param>
    public IEnumerable<WaitingKey> Waiting(string path, T started, T now) =>
        Entries.Where(k => k.AfterRestart && k.Show(started) != k.Show(now)).Select(k => new WaitingKey(path + k.Name, k.Show(started).Trim('"')));

    public void Read(Node node, Reading reading) => TryRead(node, "", reading, new T());

    /// <summary>False when <paramref name="node"/> is no map; wrong keys inside are reported and left at their defaults.</summary>
    public bool TryRead(Node node, string path, Reading reading, T section)
    {
        if (node is BrokenNode) return false;
        if (node is not MapNode map)
        {
            reading.Problems.Add(node.Place, path, $"must be a map of keys: {string.Join(", ", Entries.Take(6).Select(k => k.Name))}");
            return false;
        }
        section.StandsAt(path, reading.Places);
        reading.Found(path, map.Place);
        foreach (var (name, place, value) in map.Entries) ReadKey(section, name, place, value, reading);
        foreach (var missing in Entries.Where(k => k.Required && map.Entries.All(e => e.Key != k.Name)))
            reading.Problems.Add(map.Place, section.PathOf(missing.Name), $"is missing: {Wanted(missing)}");
        return true;
    }

    // Most meanings name an example of their own.
    private static string Wanted(Key<T> key) =>
        key.Type.Meaning.Contains(" such as ", StringComparison.Ordinal) ? key.Type.Meaning : $"{key.Type.Meaning}, such as {key.Example}";

    private void ReadKey(T section, string name, Place place, Node value, Reading reading)
    {
        var path = section.PathOf(name);
        if (Entries.FirstOrDefault(k => k.Name == name) is not { } key)
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
        if (Nearest.Of(name, Entries.Select(k => k.Name)) is { } near) return $", did you mean `{near}`?";
        var elsewhere = SettingsTables.All.Where(t => t.Table.Keys.Any(k => k.Name == name)).Select(t => t.Path).ToList();
        return elsewhere.Count > 0 ? $" here; it belongs to {string.Join(" or ", elsewhere)}"
            : $"; known here: {string.Join(", ", Entries.Select(k => k.Name))}";
    }
}

/// <summary>Every table with the path it stands at, for generators and for hints.</summary>
internal static class SettingsTables
{
    private static IReadOnlyList<(string Path, ITable Table)>? _all;

    public static IReadOnlyList<(string Path, ITable Table)> All => _all ??= [.. Walk("", ServerSettings.Table)];

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

/// <summary>One reading of one file: problems, places, references.</summary>
internal sealed class Reading(string folder, References references, Problems problems)
{
    private readonly List<string> _files = [];

    public Problems Problems { get; } = problems;

    public Dictionary<string, Place> Places { get; } = new(StringComparer.Ordinal);

    public string Folder { get; } = folder;

    /// <summary>Files that references were read from.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>There was a <c>vault:</c> reference, whether it could be read or not.</summary>
    public bool AsksVault { get; private set; }

    public void Found(string path, Place place) => Places[path] = place;

    /// <summary>The scalar with its reference resolved, or null after reporting why there is none.</summary>
    /// <param name="takesMap">The key takes a JSON object.</param>
    public Resolved? Resolve(Node node, string path, string meaning, bool takesMap = false)
    {
        if (node is not ScalarNode scalar)
        {
            if (node is not BrokenNode)
                Problems.Add(node.Place, path, $"must be {meaning}, not a {(node is MapNode ? "map" : "list")}");
            return null;
        }
        if (scalar.IsNothing)
        {
            Problems.Add(node.Place, path, $"has no value; give {meaning}");
            return null;
        }
        if (scalar.Text.StartsWith("vault:", StringComparison.Ordinal))
        {
            AsksVault = true;
            if (VaultWishes.ComesBefore(path))
            {
                Problems.Add(node.Place, path, "cannot come from Vault: it is needed before Vault can be asked; use `env:` or `file:`");
                return null;
            }
        }
        if (references.TryResolve(scalar.Text, Folder) is not { } reference) return new(scalar.Text, null);
        if (reference.File is { } file && !_files.Contains(file)) _files.Add(file);
        if (reference.IsMap && !takesMap)
        {
            Problems.Add(node.Place, path, $"must be {meaning}; what {scalar.Text} holds is a JSON object, not a text");
            return null;
        }
        if (reference.Text is { } text)
            return new(text, scalar.Text.StartsWith("literal:", StringComparison.Ordinal) ? null : scalar.Text);
        Problems.Add(node.Place, path, reference.Error ?? "cannot be read");
        return null;
    }
}
