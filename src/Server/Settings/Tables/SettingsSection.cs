namespace Aviso.Settings;

/// <summary>A part of the settings: values by key, and where each key stands, for checks that look at several of them.</summary>
public abstract class SettingsSection
{
    private Dictionary<string, Place>? _places;
    private object?[]? _values;
    private string _path = "";

    /// <summary>Hears of every value that is asked for.</summary>
    internal Action<SettingsKey>? Asked { get; set; }

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

    /// <summary>The value, the standard one, or null.</summary>
    internal object? ValueOf(SettingsKey key) => _values?[key.At] ?? key.Standard;

    internal void Set<T>(Key<T> key, T value) => (_values ??= new object?[key.Table.Keys.Count])[key.At] = value;

    /// <summary>Of a key that always has a value.</summary>
    private protected T Get<T>(Key<T> key) =>
        Heard(key) is T value ? value : throw new InvalidOperationException($"{key.Name} has no standard value");

    /// <summary>Null when the file does not give it.</summary>
    private protected T? Find<T>(Key<T> key) where T : class => Heard(key) as T;

    /// <summary>Null when the file does not give it.</summary>
    private protected T? Given<T>(Key<T> key) where T : struct => Heard(key) is T value ? value : null;

    private object? Heard(SettingsKey key)
    {
        Asked?.Invoke(key);
        return ValueOf(key);
    }
}
