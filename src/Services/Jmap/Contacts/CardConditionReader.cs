using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>A card while a query looks at it.</summary>
internal sealed class CardView(CardRow row)
{
    private readonly FoldedText?[] _folded = new FoldedText?[row.Texts.Count];

    public CardRow Row => row;

    /// <summary>All terms are there, each wherever it is.</summary>
    /// <param name="place">Null: anywhere.</param>
    public bool Has(IReadOnlyList<SearchTerm> terms, CardPlace? place) => terms.All(term => Has(term, place));

    private bool Has(SearchTerm term, CardPlace? place)
    {
        for (var i = 0; i < row.Texts.Count; i++)
        {
            if (place is { } one && !row.Texts[i].IsIn(one)) continue;
            if ((_folded[i] ??= new(row.Texts[i].Text)).Has(term)) return true;
        }
        return false;
    }
}

/// <summary>Does a condition hold for a card.</summary>
internal delegate bool CardCondition(CardView card);

/// <summary>Reads the FilterConditions of ContactCard/query (RFC 9610 §3.3.1).</summary>
internal sealed class CardConditionReader
{
    /// <summary>Words of a whole filter: each is looked for in every card.</summary>
    private const int MostTerms = 128;

    private int _terms;

    /// <exception cref="MethodFailure">unsupportedFilter for a property that there is not, invalidArguments for a value of another
    /// type.</exception>
    public CardCondition Read(JsonElement condition)
    {
        List<CardCondition> all = [.. condition.EnumerateObject().Select(p => One(p.Name, p.Value))];
        return card => all.TrueForAll(one => one(card));
    }

    private CardCondition One(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String || value.GetString() is not { } text)
            throw MethodFailure.InvalidArgument("filter", $"{name} is not a string");
        return name switch
        {
            "inAddressBook" => card => card.Row.Books.Contains(text),
            "uid" => card => card.Row.Uid == text,
            "hasMember" => card => card.Row.Members.Contains(text),
            "kind" => card => card.Row.Kind == text,
            "createdBefore" or "createdAfter" or "updatedBefore" or "updatedAfter" => Dated(name, text),
            "text" => Searching(text, null),
            "name" => Searching(text, CardPlace.Name),
            "name/given" => Searching(text, CardPlace.Given),
            "name/surname" => Searching(text, CardPlace.Surname),
            "name/surname2" => Searching(text, CardPlace.Surname2),
            "nickname" => Searching(text, CardPlace.Nickname),
            "organization" => Searching(text, CardPlace.Organization),
            "email" => Searching(text, CardPlace.Email),
            "phone" => Searching(text, CardPlace.Phone),
            "onlineService" => Searching(text, CardPlace.OnlineService),
            "address" => Searching(text, CardPlace.Address),
            "note" => Searching(text, CardPlace.Note),
            _ => throw new MethodFailure("unsupportedFilter", $"there is no condition {name}"),
        };
    }

    // After: the same or after.
    private static CardCondition Dated(string name, string text)
    {
        if (!CardDates.TryParse(text, out var date)) throw MethodFailure.InvalidArgument("filter", $"{name} is not a UTCDate");
        return name switch
        {
            "createdBefore" => card => card.Row.Created < date,
            "createdAfter" => card => card.Row.Created >= date,
            "updatedBefore" => card => card.Row.Updated < date,
            _ => card => card.Row.Updated >= date,
        };
    }

    private CardCondition Searching(string text, CardPlace? place)
    {
        var terms = SearchTerms.Parse(text);
        _terms += terms.Count;
        return _terms <= MostTerms ? card => card.Has(terms, place)
            : throw new MethodFailure("unsupportedFilter", $"more than {MostTerms} words to look for at once");
    }
}
