using System.Text.Json;
using Aviso.Jmap;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>What tests of contacts ask of a scene.</summary>
internal static class ContactScene
{
    public static async Task<string> BookAsync(this JmapScene scene, string name)
    {
        var set = await scene.OneAsync("AddressBook/set", $$$$"""
            "create":{"a":{"name":"{{{{name}}}}"}}
            """);
        return set.GetProperty("created").GetProperty("a").GetProperty("id").GetString() ?? "";
    }

    public static async Task<string> DefaultBookAsync(this JmapScene scene) => (await scene.OneAsync("AddressBook/get", ""))
        .GetProperty("list").EnumerateArray().Single(b => b.GetProperty("isDefault").GetBoolean()).GetProperty("id").GetString() ?? "";

    /// <summary>Makes a card in the default address book.</summary>
    /// <param name="more">Properties beside @type, version and addressBookIds.</param>
    /// <returns>Its id.</returns>
    public static async Task<string> CardAsync(this JmapScene scene, string more, string? book = null)
    {
        var set = await scene.OneAsync("ContactCard/set", $"\"create\":{{\"a\":{Card(book ?? await scene.DefaultBookAsync(), more)}}}");
        return set.GetProperty("created").ValueKind == JsonValueKind.Null ? throw new InvalidOperationException(set.GetRawText())
            : set.GetProperty("created").GetProperty("a").GetProperty("id").GetString() ?? "";
    }

    public static string Card(string book, string more) =>
        $$$$"""{"@type":"Card","version":"1.0","addressBookIds":{"{{{{book}}}}":true}{{{{(more.Length > 0 ? "," : "")}}}}{{{{more}}}}}""";

    public static async Task<JsonElement> GetCardAsync(this JmapScene scene, string id) =>
        (await scene.OneAsync("ContactCard/get", $"\"ids\":[\"{id}\"]")).GetProperty("list")[0];

    public static async Task<List<string>> IdsAsync(this JmapScene scene, string type) => [.. (await scene.OneAsync(type + "/get", ""))
        .GetProperty("list").EnumerateArray().Select(one => one.GetProperty("id").GetString() ?? "")];

    public static async Task<string> StateAsync(this JmapScene scene, string type) =>
        (await scene.OneAsync(type + "/get", "\"ids\":[]")).GetProperty("state").GetString() ?? "";

    /// <summary>"+created ~updated -destroyed", sorted, names in place of ids where they have one.</summary>
    public static async Task<string> ChangesAsync(this JmapScene scene, string type, string since, params (string Id, string Name)[] names)
    {
        var changes = await scene.OneAsync(type + "/changes", $"\"sinceState\":\"{since}\"");
        return $"+{Names("created")} ~{Names("updated")} -{Names("destroyed")}";

        string Names(string property) => string.Join(',', changes.GetProperty(property).EnumerateArray()
            .Select(one => names.FirstOrDefault(n => n.Id == one.GetString()).Name ?? "?").Order(StringComparer.Ordinal));
    }

    /// <summary>What a listener hears next.</summary>
    public static async Task<KeyValuePair<string, string>[]> NewsAsync(this JmapScene scene, StateListener listener) =>
        listener.Account == scene.Account ? [.. await listener.NextAsync(TimeSpan.FromSeconds(5), TimeProvider.System, default)] : [];
}
