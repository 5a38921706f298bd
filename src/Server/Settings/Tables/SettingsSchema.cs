using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aviso.Settings;

/// <summary>The settings as a JSON Schema (draft 2020-12), for editors.</summary>
internal static class SettingsSchema
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Write()
    {
        var root = OfTable(ServerSettings.Table);
        root.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        root.Insert(1, "title", "aviso.yaml");
        root["$defs"] = new JsonObject
        {
            ["reference"] = new JsonObject
            {
                ["description"] = "A reference to a value kept elsewhere, or a literal.",
                ["type"] = "string",
                ["pattern"] = "^(env|file|vault|literal):",
            },
        };
        return root.ToJsonString(Readable) + "\n";
    }

    public static JsonObject OfTable(ITable table)
    {
        var properties = new JsonObject();
        foreach (var key in table.Keys)
        {
            var schema = key.Type.Schema();
            schema.Insert(0, "description", SettingsManual.Sentence(key));
            properties[key.Name] = schema;
        }
        var required = new JsonArray([.. table.Keys.Where(k => k.Required).Select(k => (JsonNode)k.Name)]);
        var result = new JsonObject { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = properties };
        if (required.Count > 0) result["required"] = required;
        return result;
    }
}
