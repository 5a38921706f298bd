using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aviso.Jmap;

/// <summary>
/// A card as octets, an object with its id and addressBookIds. Whoever changes something in it leaves the rest as it is: the order of
/// properties, how numbers are spelt, what this server does not know.
/// </summary>
internal static class CardOctets
{
    /// <summary>A card whose properties can be set.</summary>
    public static JsonObject Open(JsonElement card) => JsonObject.Create(card.Clone()) ?? [];

    public static byte[] Of(JsonObject card)
    {
        var octets = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(octets, InternetJson.Writing)) card.WriteTo(writer);
        return octets.WrittenSpan.ToArray();
    }

    /// <summary>The same card in these address books.</summary>
    public static byte[] WithBooks(byte[] octets, IEnumerable<string> books)
    {
        using var document = InternetJson.ParseOwn(octets);
        var card = Open(document.RootElement);
        card["addressBookIds"] = Set(books);
        return Of(card);
    }

    /// <summary>A set as JMAP writes it (RFC 8620 §1.1: Id[Boolean]).</summary>
    public static JsonObject Set(IEnumerable<string> ids) =>
        [.. ids.Select(static id => KeyValuePair.Create(id, (JsonNode?)JsonValue.Create(true)))];

    /// <summary>Writes the card with the properties that are wanted.</summary>
    public static void Write(Utf8JsonWriter writer, CardRow row, byte[] octets, GetArguments get)
    {
        if (get.Properties is null && !row.HasBlobs)
        {
            writer.WriteRawValue(octets, skipInputValidation: true);
            return;
        }
        writer.WriteStartObject();
        WriteMembers(writer, row, octets, get.Wants);
        writer.WriteEndObject();
    }

    /// <summary>Writes the properties that are wanted into an object that is open.</summary>
    public static void WriteMembers(Utf8JsonWriter writer, CardRow row, byte[] octets, Func<string, bool> wants)
    {
        using var document = InternetJson.ParseOwn(octets);
        foreach (var property in document.RootElement.EnumerateObject().Where(p => wants(p.Name)))
        {
            if (row.HasBlobs && property.Name == "media")
            {
                writer.WritePropertyName("media"u8);
                CardMedia.Write(writer, row.Id, property.Value);
            }
            else property.WriteTo(writer);
        }
    }

    /// <summary>Does a value have more levels than this.</summary>
    public static bool IsDeeper(JsonElement value, int levels) => value.ValueKind switch
    {
        JsonValueKind.Object => levels == 0 || value.EnumerateObject().Any(p => IsDeeper(p.Value, levels - 1)),
        JsonValueKind.Array => levels == 0 || value.EnumerateArray().Any(v => IsDeeper(v, levels - 1)),
        _ => false,
    };
}
