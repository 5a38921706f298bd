using System.Collections.Frozen;
using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>What a card is found and sorted by, without its octets.</summary>
/// <param name="Books">Ids of address books, at least one.</param>
/// <param name="Octets">How many it has as it is kept.</param>
internal sealed record CardRow(string Id, string Uid, FrozenSet<string> Books, int Octets)
{
    /// <summary>RFC 9553 §2.1.4: individual where nothing is said.</summary>
    public string Kind { get; init; } = "individual";

    /// <summary>Uids.</summary>
    public FrozenSet<string> Members { get; init; } = [];

    public DateTimeOffset? Created { get; init; }

    public DateTimeOffset? Updated { get; init; }

    /// <summary>It has a picture or a sound in itself.</summary>
    public bool HasBlobs { get; init; }

    /// <summary>The first of a name's components of a kind; empty without one.</summary>
    public string Given { get; init; } = "";

    public string Surname { get; init; } = "";

    public string Surname2 { get; init; } = "";

    public IReadOnlyList<CardText> Texts { get; init; } = [];

    public static CardRow Read(ReadOnlyMemory<byte> kept)
    {
        using var document = InternetJson.ParseOwn(kept);
        var card = document.RootElement;
        var texts = CardTextReader.Read(card);
        return new(Text(card, "id"), Text(card, "uid"), Keys(card, "addressBookIds"), kept.Length)
        {
            Kind = Text(card, "kind") is { Length: > 0 } kind ? kind : "individual",
            Members = Keys(card, "members"),
            Created = Date(card, "created"),
            Updated = Date(card, "updated"),
            HasBlobs = card.TryGetProperty("media"u8, out var media) && media.ValueKind == JsonValueKind.Object
                && media.EnumerateObject().Any(static m => CardBlobs.Octets(m.Value) is not null),
            Given = First(CardPlace.Given),
            Surname = First(CardPlace.Surname),
            Surname2 = First(CardPlace.Surname2),
            Texts = texts,
        };

        string First(CardPlace place) => texts.FirstOrDefault(t => t.Place == place).Text ?? "";
    }

    private static string Text(JsonElement card, string name) =>
        card.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() ?? "" : "";

    private static FrozenSet<string> Keys(JsonElement card, string name) =>
        card.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object
            ? value.EnumerateObject().Select(static p => p.Name).ToFrozenSet(StringComparer.Ordinal) : [];

    private static DateTimeOffset? Date(JsonElement card, string name) =>
        CardDates.TryParse(Text(card, name), out var date) ? date : null;
}
