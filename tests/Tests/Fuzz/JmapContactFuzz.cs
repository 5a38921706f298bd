using System.Text;
using System.Text.Json;
using Aviso.Jmap;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>Cards, patches and filters of contacts as a stranger writes them: what is taken is kept word for word, the rest is refused with
/// an error of the RFC.</summary>
public sealed class JmapContactFuzz
{
    private static readonly string[] Types = ["invalidArguments", "unsupportedFilter", "unsupportedSort"];

    private static readonly string[] Cards =
    [
        """
        {"id":"c1","addressBookIds":{"b1":true},"@type":"Card","version":"1.0","uid":"u","created":"2020-01-01T00:00:00Z",
        "kind":"group","members":{"a":true},"name":{"components":[{"kind":"given","value":"J"}],"full":"J"},
        "emails":{"e":{"address":"a@b","contexts":{"work":true},"pref":1}},"keywords":{"k":true}}
        """,
        """
        {"id":"c1","addressBookIds":{"b1":true},"@type":"Card","version":"1.0","uid":"u","phones":{"p":{"number":"1","features":{}}},
        "anniversaries":{"a":{"kind":"birth","date":{"@type":"Timestamp","utc":"2020-01-01T00:00:00.5Z"}}},
        "notes":{"n":{"note":"x","author":{"name":"y"}}},"x.example:y":[1e2,{"z":null}],"localizations":{"de":{"name/full":"K"}}}
        """,
    ];

    private static readonly string[] Queries =
    [
        """{"filter":{"operator":"OR","conditions":[{"name/given":"'a b' c","kind":"org"},{"createdAfter":"2020-01-01T00:00:00Z"}]}}""",
        """{"filter":{"text":"x"},"sort":[{"property":"name/surname","isAscending":false,"collation":"i;octet"},{"property":"created"}]}""",
    ];

    private static readonly string[] Media =
        ["data:image/png;base64,iVBORw0KGgo=", "data:;base64,R0lGODlh", "data:,x", "DATA:a;BASE64,AA==", "https://x/"];

    [Fact]
    public void The_seeds_are_cards() => Assert.All(Cards, static text =>
    {
        using var card = JsonDocument.Parse(text);
        Assert.Null(CardSchema.Check(card.RootElement));
    });

    [Fact]
    public void Cards_of_any_shape_are_refused_by_name_or_read_and_written_the_same() => Mutator.Run(
        [.. Cards.Select(Encoding.UTF8.GetBytes)], 1_500,
        input =>
        {
            using var json = InternetJson.Parse(input, out _);
            if (json?.RootElement is not { ValueKind: JsonValueKind.Object } card) return;
            var error = CardSchema.Check(card);
            Assert.True(error is null or { Type: "invalidProperties", Properties.Count: > 0 });
            var octets = CardOctets.Of(CardOctets.Open(card));
            using var written = JsonDocument.Parse(octets, new() { MaxDepth = InternetJson.MaxDepth });
            Assert.True(JsonElement.DeepEquals(card, written.RootElement));
            Assert.Equal(card.EnumerateObject().Select(p => p.Name), written.RootElement.EnumerateObject().Select(p => p.Name));
            Assert.Equal(octets, CardOctets.Of(CardOctets.Open(written.RootElement)));
            Assert.Equal(octets.Length, CardRow.Read(octets).Octets);
            if (error is null) Assert.NotEmpty(CardRow.Read(octets).Uid);
        });

    [Fact]
    public void Filters_of_any_shape_find_something_or_are_errors()
    {
        var row = CardRow.Read(Encoding.UTF8.GetBytes(Cards[0]));
        var contacts = new AccountContacts(
            Store.RecordLog.Empty, new Dictionary<string, AddressBook>(), Store.RecordLog.Empty,
            new Dictionary<string, CardRow> { [row.Id] = row });
        Mutator.Run([.. Queries.Select(Encoding.UTF8.GetBytes)], 1_500, input =>
        {
            using var json = InternetJson.Parse(input, out _);
            if (json?.RootElement is not { ValueKind: JsonValueKind.Object } arguments) return;
            try
            {
                Assert.InRange(CardQuery.Read(new(arguments), new()).Find(contacts, default).Count, 0, 1);
            }
            catch (MethodFailure failure)
            {
                Assert.Contains(failure.Type, Types);
            }
        });
    }

    [Fact]
    public void Data_URIs_of_any_shape_are_octets_or_nothing() => Mutator.Run([.. Media.Select(Encoding.UTF8.GetBytes)], 1_500, input =>
    {
        var uri = Encoding.UTF8.GetString(input);
        var octets = DataUri.Read(uri);
        Assert.Equal(octets is null, !uri.StartsWith("data:", StringComparison.OrdinalIgnoreCase));
        if (octets is { Length: > 0 } && CardMedia.ImageType(octets) is { } type) Assert.StartsWith("image/", type);
    });
}
