using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aviso.Net;

/// <summary>Reads what an authority or a provider wrote, so that nothing in it can throw later.</summary>
internal static class AcmeJson
{
    // Members twice, and text that is no Unicode, would throw at the first look, far from here.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>The object, or null when it is none.</summary>
    public static JsonObject? Parse(ReadOnlySpan<byte> octets)
    {
        try
        {
            if (JsonNode.Parse(octets, documentOptions: Strict) is not JsonObject found) return null;
            Visit(found);
            return found;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>A member that is a string; empty when there is none.</summary>
    /// <summary>As it is sent or kept, in UTF-8.</summary>
    public static byte[] Octets(JsonObject of) => Encoding.UTF8.GetBytes(of.ToJsonString());

    public static string Text(JsonObject? of, string name) =>
        of?[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    /// <summary>The members of an array that are objects; empty when there is none.</summary>
    public static IEnumerable<JsonObject> Objects(JsonObject? of, string name) => (of?[name] as JsonArray ?? []).OfType<JsonObject>();

    private static void Visit(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                foreach (var (_, inner) in members) Visit(inner);
                break;
            case JsonArray items:
                foreach (var inner in items) Visit(inner);
                break;
            case JsonValue value:
                value.TryGetValue<string>(out _);
                break;
        }
    }
}
