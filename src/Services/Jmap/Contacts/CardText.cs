using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>Where in a card a text stands, as the conditions of RFC 9610 §3.3.1 tell them apart.</summary>
internal enum CardPlace
{
    /// <summary>Found by "text" only.</summary>
    Elsewhere,
    Name, Given, Surname, Surname2, Nickname, Organization, Email, Phone, OnlineService, Address, Note,
}

/// <summary>A text of a card that is looked for.</summary>
internal readonly record struct CardText(CardPlace Place, string Text)
{
    /// <summary>What a condition for a place finds: "name" finds its parts too.</summary>
    public bool IsIn(CardPlace place) =>
        Place == place || (place == CardPlace.Name && Place is CardPlace.Given or CardPlace.Surname or CardPlace.Surname2);
}

/// <summary>Gathers the texts of a card: every string but ids, pictures, keys and what names a type.</summary>
internal sealed class CardTextReader
{
    private readonly List<CardText> _texts = [];

    private CardTextReader()
    {
    }

    public static IReadOnlyList<CardText> Read(JsonElement card)
    {
        var reader = new CardTextReader();
        foreach (var property in card.EnumerateObject())
        {
            switch (property.Name)
            {
                case "id" or "addressBookIds" or "@type" or "version" or "uid" or "created" or "updated" or "prodId":
                case "media" or "cryptoKeys":
                    break;
                case "keywords" when property.Value.ValueKind == JsonValueKind.Object:
                    foreach (var keyword in property.Value.EnumerateObject()) reader._texts.Add(new(CardPlace.Elsewhere, keyword.Name));
                    break;
                default:
                    reader.Add(property.Value, [property.Name], "");
                    break;
            }
        }
        return reader._texts;
    }

    /// <param name="path">Names of properties from the card to here; a list counts as its owner.</param>
    /// <param name="kind">Of the component that the value is in.</param>
    private void Add(JsonElement value, string[] path, string kind)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String when path[^1] is not ("@type" or "kind") && value.GetString() is { Length: > 0 } text:
                _texts.Add(new(Place(path, kind), text));
                break;
            case JsonValueKind.Array:
                foreach (var one in value.EnumerateArray()) Add(one, path, kind);
                break;
            case JsonValueKind.Object:
                if (value.TryGetProperty("kind"u8, out var of) && of.ValueKind == JsonValueKind.String) kind = of.GetString() ?? "";
                foreach (var one in value.EnumerateObject()) Add(one.Value, [.. path, one.Name], kind);
                break;
        }
    }

    private static CardPlace Place(string[] path, string kind) => path switch
    {
        ["name", "components", "value"] => kind switch
        {
            "given" => CardPlace.Given,
            "surname" => CardPlace.Surname,
            "surname2" => CardPlace.Surname2,
            _ => CardPlace.Name,
        },
        ["name", "full"] => CardPlace.Name,
        ["nicknames", _, "name"] => CardPlace.Nickname,
        ["organizations", _, "name"] => CardPlace.Organization,
        ["emails", _, "address" or "label"] => CardPlace.Email,
        ["phones", _, "number" or "label"] => CardPlace.Phone,
        ["onlineServices", _, "service" or "uri" or "user" or "label"] => CardPlace.OnlineService,
        ["addresses", _, "full"] or ["addresses", _, "components", "value"] => CardPlace.Address,
        ["notes", _, "note"] => CardPlace.Note,
        _ => CardPlace.Elsewhere,
    };
}
