using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Aviso.Settings;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>Every setting that holds and where it comes from; references instead of secrets.</summary>
internal static partial class SettingsRows
{
    // Milliseconds.
    private const int Patience = 2000;

    public static IEnumerable<JsonObject> Of(ServerSettings settings) => ServerSettings.Table.Keys.Select(key => new JsonObject
    {
        ["key"] = key.Name,
        ["value"] = key.Show(settings) is { Length: > 0 } shown ? WithoutSecrets(key.Name, shown) : key.Default,
        ["from"] = settings.Has(key.Name) ? $"line {settings.PlaceOf(key.Name).Line}" : "default",
        ["note"] = key.Later is { } later && settings.Has(key.Name) ? $"no effect yet: {later} comes later" : "",
    });

    /// <summary>The limits as they hold now; a change that waits for a restart stands beside it.</summary>
    /// <param name="waiting">What holds until a restart, by key.</param>
    public static IEnumerable<JsonObject> Limits(ServerSettings settings, IReadOnlyDictionary<string, string> waiting) =>
        LimitsSection.Table.Keys.Select(k => Row(("limit", k.Name), ("value", Limit(k, settings.Limits, waiting)),
            ("note", k.Later is { } later ? $"no effect yet: {later} come later" : "")));

    // A password may stand in a URL, and the path of one that events go to is as good as a password to whoever reads it.
    private static string WithoutSecrets(string key, string shown)
    {
        var without = Login().Replace(shown, "://...@");
        return key == "events" ? PathOfUrl().Replace(without, "${host}/...") : without;
    }

    [GeneratedRegex("""://[^/@\s"]*:[^/@\s"]*@""", RegexOptions.None, Patience)]
    private static partial Regex Login();

    [GeneratedRegex("""(?<host>https?://[^/\s"]+)/[^\s",}\]]+""", RegexOptions.None, Patience)]
    private static partial Regex PathOfUrl();

    private static string Limit(SettingsKey key, LimitsSection limits, IReadOnlyDictionary<string, string> waiting)
    {
        var value = key.Show(limits).Trim('"');
        return waiting.TryGetValue($"limits.{key.Name}", out var holds) ? $"{holds} (after a restart: {value})" : value;
    }
}
