using System.Text.Json;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// Pictures and sounds of contact cards as blobs (RFC 9610 §3). They stand in the card as data: URIs; a blob id says the card and the
/// digest of the octets, so that another picture has another id (RFC 8620 §6).
/// </summary>
internal sealed class CardBlobs(IDocumentRows rows)
{
    /// <summary>Of the documents that cards are.</summary>
    public const string CardKind = "contact-card";

    private const char Letter = 'c';

    public async Task<Blob?> OpenAsync(AccountId account, BlobId id, CancellationToken cancel)
    {
        if (await rows.GetDocumentAsync(account, CardKind, CardOf(id), cancel) is not { } document) return null;
        using var card = InternetJson.ParseOwn(document.Value);
        if (!card.RootElement.TryGetProperty("media"u8, out var all) || all.ValueKind != JsonValueKind.Object) return null;
        foreach (var one in all.EnumerateObject())
            if (Octets(one.Value) is { } octets && BlobId.OfCard(id.Value, octets) == id) return new OctetsBlob(octets);
        return null;
    }

    public static string NewCard(IdSource ids) => Letter + IdText.Format(ids.Next());

    public static string CardOf(BlobId id) => Letter + IdText.Format(id.Value);

    /// <param name="card">Its id.</param>
    public static BlobId BlobOf(string card, ReadOnlySpan<byte> octets) =>
        BlobId.OfCard(IdText.TryParse(card.AsSpan(1), out var number) ? number : 0, octets);

    /// <summary>What a Media object (RFC 9553 §2.6.4) has in itself; null when that is nothing.</summary>
    public static byte[]? Octets(JsonElement media) =>
        media.ValueKind == JsonValueKind.Object && media.TryGetProperty("uri"u8, out var uri) && uri.ValueKind == JsonValueKind.String
            && DataUri.Read(uri.GetString() ?? "") is { Length: > 0 } octets ? octets : null;
}
