using System.Text.Json.Nodes;
using Aviso.Settings;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>Every setting that holds and where it comes from; references instead of secrets.</summary>
internal static class SettingsRows
{
    public static IEnumerable<JsonObject> Of(ServerSettings settings) => ServerSettings.Table.Keys.Select(key => new JsonObject
    {
        ["key"] = key.Name,
        ["value"] = key.Show(settings) is { Length: > 0 } shown ? shown : key.Default,
        ["from"] = settings.Has(key.Name) ? $"line {settings.PlaceOf(key.Name).Line}" : "default",
        ["note"] = key.Later is { } later && settings.Has(key.Name) ? $"no effect yet: {later} comes later" : "",
    });

    /// <summary>The limits as they hold now; a change that waits for a restart stands beside it.</summary>
    /// <param name="waiting">What holds until a restart, by key.</param>
    public static IEnumerable<JsonObject> Limits(ServerSettings settings, IReadOnlyDictionary<string, string> waiting) =>
        LimitsSection.Table.Keys.Select(k => Row(("limit", k.Name), ("value", Limit(k, settings.Limits, waiting)),
            ("note", k.Later is { } later ? $"no effect yet: {later} come later" : "")));

    private static string Limit(SettingsKey key, LimitsSection limits, IReadOnlyDictionary<string, string> waiting)
    {
        var value = key.Show(limits).Trim('"');
        return waiting.TryGetValue($"limits.{key.Name}", out var holds) ? $"{holds} (after a restart: {value})" : value;
    }
}
