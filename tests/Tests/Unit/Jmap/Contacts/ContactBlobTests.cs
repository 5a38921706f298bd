using System.Text.Json;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 9610 §3: pictures and sounds of cards are blobs.</summary>
public sealed class ContactBlobTests
{
    private const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    private const string Media = $$$"""
        "media":{"m":{"kind":"photo","label":"x","uri":"data:image/png;base64,{{{Png}}}","pref":1},
        "l":{"kind":"logo","uri":"https://m.example/l.png"},"t":{"kind":"sound","uri":"data:,plain"}}
        """;

    [Fact]
    public async Task What_a_card_has_in_itself_is_told_as_a_blob_that_can_be_read()
    {
        await using var scene = await JmapScene.OpenAsync();
        var id = await scene.CardAsync(Media);
        var media = (await scene.GetCardAsync(id)).GetProperty("media");
        var blob = media.GetProperty("m").GetProperty("blobId").GetString();
        Assert.Equal($$$"""
            {"m":{"kind":"photo","label":"x","blobId":"{{{blob}}}","pref":1,"mediaType":"image/png"},
            "l":{"kind":"logo","uri":"https://m.example/l.png"},"t":{"kind":"sound","uri":"data:,plain"}}
            """.ReplaceLineEndings(""), media.GetRawText());
        Assert.Equal(Convert.FromBase64String(Png), await ReadAsync(scene, blob));
        var some = (await scene.OneAsync("ContactCard/get", $"\"ids\":[\"{id}\"],\"properties\":[\"media\"]")).GetProperty("list")[0];
        Assert.Equal(media.GetRawText(), some.GetProperty("media").GetRawText());
        var lookup = await scene.OneAsync("Blob/lookup", $"\"typeNames\":[\"ContactCard\",\"Email\"],\"ids\":[\"{blob}\",\"none\"]");
        Assert.Equal(
            $$$"""[{"id":"{{{blob}}}","matchedIds":{"ContactCard":["{{{id}}}"],"Email":[]}}]""", lookup.GetProperty("list").GetRawText());
        Assert.Equal("""["none"]""", lookup.GetProperty("notFound").GetRawText());
    }

    [Fact]
    public async Task A_blob_of_a_card_can_be_sent_back_replaced_and_goes_with_it()
    {
        await using var scene = await JmapScene.OpenAsync();
        var id = await scene.CardAsync(Media);
        var media = (await scene.GetCardAsync(id)).GetProperty("media");
        var blob = media.GetProperty("m").GetProperty("blobId").GetString();
        // What was got is set again: nothing is lost.
        var set = await SetAsync($$"""{"media":{{media.GetRawText()}}}""");
        Assert.True(JsonElement.DeepEquals(media, set.GetProperty("media")), set.GetRawText());
        // Another card takes the same picture, under an id of its own.
        var other = await scene.CardAsync($$$"""
            "uid":"other","media":{"p":{"kind":"photo","blobId":"{{{blob}}}"}}
            """);
        var copy = (await scene.GetCardAsync(other)).GetProperty("media").GetProperty("p").GetProperty("blobId").GetString();
        Assert.NotEqual(blob, copy);
        Assert.Equal(await ReadAsync(scene, blob), await ReadAsync(scene, copy));
        // A patch says another blob where the last one was.
        await SetAsync($$"""{"media/m/blobId":"{{copy}}"}""");
        Assert.Equal(blob, (await scene.GetCardAsync(id)).GetProperty("media").GetProperty("m").GetProperty("blobId").GetString());
        await SetAsync("""{"media/m":null}""");
        Assert.Null(await ReadAsync(scene, blob));
        await scene.OneAsync("ContactCard/set", $"\"destroy\":[\"{other}\"]");
        Assert.Null(await ReadAsync(scene, copy));
        Assert.Null(await ReadAsync(scene, "k" + new string('0', 13) + new string('0', 32)));

        async Task<JsonElement> SetAsync(string patch)
        {
            var answer = await scene.OneAsync("ContactCard/set", $"\"update\":{{\"{id}\":{patch}}}");
            return answer.GetProperty("updated").ValueKind == JsonValueKind.Null ? throw new InvalidOperationException(answer.GetRawText())
                : answer.GetProperty("updated").GetProperty(id);
        }
    }

    private static async Task<byte[]?> ReadAsync(JmapScene scene, string? id)
    {
        using var blob = await scene.Rooms.Blobs.OpenAsync(scene.Alice, scene.Account, id ?? "", default);
        if (blob is null) return null;
        var octets = new byte[blob.Size];
        Assert.Equal(octets.Length, blob.ReadAll(0, octets));
        return octets;
    }
}
