namespace Aviso.Jmap;

/// <summary>What a query of cards asks for, and its result.</summary>
internal sealed record CardQuery(FilterNode<CardCondition>? Filter, IReadOnlyList<Comparator> Sort)
{
    // RFC 9610 §3.3.2
    public static CardQuery Read(ArgumentReader reader, JmapLimits limits) => new(
        new FilterReader<CardCondition>(limits, new CardConditionReader().Read).Read(reader),
        Comparator.ReadAll(reader, p => p is "created" or "updated" or "name/given" or "name/surname" or "name/surname2"));

    /// <summary>Ids. The texts of a card are folded while it is looked at, and let go.</summary>
    public List<string> Find(AccountContacts contacts, CancellationToken cancel) => ShortQuery.Find(
        contacts.InOrder.Where(row => Holds(row, cancel)).Select(row => (Row: row, Keys: Sort.Select(by => Key(by, row)).ToArray())),
        null, static (CardCondition _, (CardRow Row, string[] Keys) _) => true, Sort, Compare).ConvertAll(static one => one.Row.Id);

    private bool Holds(CardRow row, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return Filter?.Matches(new CardView(row), static (condition, card) => condition(card)) != false;
    }

    // Of a text that is sorted by, made once for each card; empty for a date.
    private static string Key(Comparator by, CardRow row) => by.Property switch
    {
        "created" or "updated" => "",
        "name/given" => Collation.Find(by.Collation).Key(row.Given),
        "name/surname" => Collation.Find(by.Collation).Key(row.Surname),
        _ => Collation.Find(by.Collation).Key(row.Surname2),
    };

    // Without a date first, as the lowest.
    private int Compare(Comparator by, (CardRow Row, string[] Keys) a, (CardRow Row, string[] Keys) b)
    {
        if (by.Property == "created") return Nullable.Compare(a.Row.Created, b.Row.Created);
        if (by.Property == "updated") return Nullable.Compare(a.Row.Updated, b.Row.Updated);
        var at = 0;
        while (!ReferenceEquals(Sort[at], by)) at++;
        return Collation.Compare(a.Keys[at], b.Keys[at]);
    }
}

/// <summary>ContactCard/query and /queryChanges (RFC 9610 §3.3, §3.4).</summary>
internal sealed class ContactCardQuery(ContactStore contacts, JmapLimits limits) : IShortQuery
{
    public string Type => "ContactCard";

    public string Capability => Capabilities.Contacts;

    public FindRecords Read(ArgumentReader reader)
    {
        var query = CardQuery.Read(reader, limits);
        return async (account, cancel) =>
        {
            var now = await contacts.ReadAsync(account, cancel);
            return (now.CardLog, query.Find(now, cancel));
        };
    }
}
