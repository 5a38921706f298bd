using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aviso.Jmap;

/// <summary>
/// The pictures and sounds of a card (RFC 9610 §3): a blob that a client names in place of a uri goes into the card as a data: URI, what
/// is a photo must be an image, and a data: URI goes out as the id of a blob.
/// </summary>
internal sealed class CardMedia(Call call, BlobShelf blobs)
{
    /// <summary>Puts the octets of blobs where their ids stand.</summary>
    /// <returns>Will the card say another thing of its media than the client did.</returns>
    /// <exception cref="SetFailure">blobNotFound, tooLarge or invalidProperties.</exception>
    public async ValueTask<bool> FillAsync(JsonObject card, CancellationToken cancel)
    {
        if (card["media"] is not JsonObject all) return false;
        var isFilled = false;
        foreach (var (key, one) in all.ToList())
        {
            if (one is not JsonObject media) continue;
            if (media.ContainsKey("blobId"))
            {
                await FillAsync(media, $"media/{key}/blobId", cancel);
            }
            if (Text(media, "uri") is not { } uri || DataUri.Read(uri) is not { } octets) continue;
            isFilled |= octets.Length > 0;
            // RFC 9610 §3.5: MUST reject what is no recognised image as the photo.
            if (Text(media, "kind") == "photo" && ImageType(octets) is null)
                throw Wrong($"media/{key}", "the photo is no image that is known here");
        }
        return isFilled;
    }

    private async ValueTask FillAsync(JsonObject media, string path, CancellationToken cancel)
    {
        if (Text(media, "blobId") is not { } named) throw Wrong(path, "no string");
        // What the card has in itself was never shown as a uri: a patch may put another blob in its place.
        if (media.ContainsKey("uri") && !(Text(media, "uri") is { } old && DataUri.Read(old) is not null))
            throw Wrong(path, "there is a uri too");
        using var blob = call.Created.Resolve(named) is { } id ? await blobs.OpenAsync(call.User, call.Account, id, cancel) : null;
        if (blob is null) throw new SetFailure(new("blobNotFound") { More = writer => writer.WriteTexts("notFound"u8, [named]) });
        if (blob.Size > ContactLimits.CardOctets)
            throw new SetFailure(new("tooLarge", $"a card has at most {ContactLimits.CardOctets} octets"));
        var octets = new byte[blob.Size];
        octets = octets[..blob.ReadAll(0, octets)];
        var type = Text(media, "mediaType") is { } given && IsType(given) ? given : ImageType(octets) ?? "application/octet-stream";
        media.Remove("blobId");
        media["uri"] = DataUri.Of(type, octets);
        media["mediaType"] = type;
    }

    /// <summary>Writes the media of a card with ids of blobs in place of data: URIs.</summary>
    /// <param name="card">Its id.</param>
    public static void Write(Utf8JsonWriter writer, string card, JsonElement all)
    {
        writer.WriteStartObject();
        foreach (var one in all.EnumerateObject())
        {
            if (CardBlobs.Octets(one.Value) is not { } octets)
            {
                one.WriteTo(writer);
                continue;
            }
            writer.WriteStartObject(one.Name);
            foreach (var property in one.Value.EnumerateObject())
            {
                if (property.Name == "uri") writer.WriteString("blobId"u8, CardBlobs.BlobOf(card, octets).ToString());
                else property.WriteTo(writer);
            }
            // RFC 9610 §3: MUST be set.
            if (!one.Value.TryGetProperty("mediaType"u8, out _)) writer.WriteString("mediaType"u8, TypeOf(one.Value, octets));
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private static string TypeOf(JsonElement media, byte[] octets) =>
        DataUri.TypeOf(media.GetProperty("uri"u8).GetString() ?? "") is { Length: > 0 } said ? said
            : ImageType(octets) ?? "application/octet-stream";

    /// <summary>By what the octets begin with; null for no image that is known.</summary>
    internal static string? ImageType(ReadOnlySpan<byte> octets) => octets switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => "image/png",
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', (byte)'7' or (byte)'9', (byte)'a', ..] => "image/gif",
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => "image/webp",
        [(byte)'B', (byte)'M', _, _, _, _, 0, 0, 0, 0, ..] => "image/bmp",
        [_, _, _, _, ..] when octets[4..].StartsWith("ftypavif"u8) => "image/avif",
        [_, _, _, _, ..] when octets[4..].StartsWith("ftyphei"u8) => "image/heic",
        _ => null,
    };

    private static string? Text(JsonObject of, string name) =>
        of[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    // It goes into the URI: nothing that ends it.
    private static bool IsType(string text) => text.Length is > 0 and <= 100 && text.Count('/') == 1
        && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '+' or '-');

    private static SetFailure Wrong(string property, string why) => new(SetError.InvalidProperty(property, why));
}
