using System.Text.Json;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 9610 §3.3, §3.4.</summary>
public sealed class ContactCardQueryTests
{
    private static readonly (string Name, string Card)[] Cards =
    [
        ("jane", """
            "uid":"jane","created":"2020-01-01T00:00:00Z","updated":"2023-01-01T00:00:00Z",
            "name":{"components":[{"kind":"title","value":"Dr"},{"kind":"given","value":"Jane"},{"kind":"surname","value":"Doe"},
            {"kind":"surname2","value":"Zeta"}],"full":"Doctor Jane"},
            "nicknames":{"n":{"name":"Janie"}},"emails":{"e":{"address":"jane@example.com","label":"Post"}},
            "phones":{"p":{"number":"+49 30 123","label":"Desk"}},"keywords":{"chess":true},
            "media":{"m":{"kind":"logo","uri":"https://picture.example/"}}
            """),
        ("joe", """
            "uid":"joe","created":"2021-01-01T00:00:00Z","updated":"2022-01-01T00:00:00Z",
            "name":{"components":[{"kind":"given","value":"Émile"},{"kind":"given","value":"Aaron"},{"kind":"surname","value":"bloggs"}]},
            "organizations":{"o":{"name":"Jane Foods","units":[{"name":"Kitchen"}]}},
            "onlineServices":{"s":{"service":"Mastodon","uri":"https://social.example/joe","user":"@joe","label":"Toots"}},
            "notes":{"n":{"note":"met in a small town","author":{"name":"Nobody"}}}
            """),
        ("acme", """
            "uid":"acme","kind":"org","created":"2022-01-01T00:00:00Z","updated":"2021-01-01T00:00:00Z","name":{"full":"ACME"},
            "addresses":{"a":{"full":"Main Street, Reston","components":[{"kind":"postcode","value":"20190"}],"countryCode":"US"}},
            "vendor.example:x":[{"y":"hidden gem"}]
            """),
        ("group", """
            "uid":"group","kind":"group","created":"2023-01-01T00:00:00Z","updated":"2020-01-01T00:00:00Z",
            "members":{"jane":true,"joe":true},"name":{"full":"Chess friends"}
            """),
    ];

    [Theory]
    [InlineData("null", "jane,joe,acme,group")]
    [InlineData("{}", "jane,joe,acme,group")]
    [InlineData("""{"inAddressBook":"BOOK"}""", "jane,joe,acme,group")]
    [InlineData("""{"inAddressBook":"OTHER"}""", "group")]
    [InlineData("""{"inAddressBook":"none"}""", "")]
    [InlineData("""{"uid":"jane"}""", "jane")]
    [InlineData("""{"uid":"JANE"}""", "")]
    [InlineData("""{"hasMember":"joe"}""", "group")]
    [InlineData("""{"hasMember":"acme"}""", "")]
    [InlineData("""{"kind":"individual"}""", "jane,joe")]
    [InlineData("""{"kind":"group"}""", "group")]
    [InlineData("""{"createdBefore":"2021-01-01T00:00:00Z"}""", "jane")]
    [InlineData("""{"createdAfter":"2021-01-01T00:00:00Z"}""", "joe,acme,group")]
    [InlineData("""{"updatedBefore":"2021-01-01T00:00:00Z"}""", "group")]
    [InlineData("""{"updatedAfter":"2022-01-01T00:00:00.001Z"}""", "jane")]
    [InlineData("""{"text":"jane"}""", "jane,joe")]
    [InlineData("""{"text":"chess"}""", "jane,group")]
    [InlineData("""{"text":"gem HIDDEN"}""", "acme")]
    [InlineData("""{"text":"picture"}""", "")]
    [InlineData("""{"text":"individual"}""", "")]
    [InlineData("""{"name":"jane"}""", "jane")]
    [InlineData("""{"name":"doctor zeta"}""", "jane")]
    [InlineData("""{"name":"'doctor jane'"}""", "jane")]
    [InlineData("""{"name":"'jane doctor'"}""", "")]
    [InlineData("""{"name/given":"emile"}""", "")]
    [InlineData("""{"name/given":"émile"}""", "joe")]
    [InlineData("""{"name/given":"doe"}""", "")]
    [InlineData("""{"name/given":"aaron"}""", "joe")]
    [InlineData("""{"name/surname":"DOE"}""", "jane")]
    [InlineData("""{"name/surname2":"zeta"}""", "jane")]
    [InlineData("""{"name/surname":"zeta"}""", "")]
    [InlineData("""{"nickname":"janie"}""", "jane")]
    [InlineData("""{"organization":"foods"}""", "joe")]
    [InlineData("""{"organization":"kitchen"}""", "")]
    [InlineData("""{"email":"example.com post"}""", "jane")]
    [InlineData("""{"phone":"desk"}""", "jane")]
    [InlineData("""{"phone":"'+49 30'"}""", "jane")]
    [InlineData("""{"onlineService":"mastodon @joe social toots"}""", "joe")]
    [InlineData("""{"address":"reston"}""", "acme")]
    [InlineData("""{"address":"20190"}""", "acme")]
    [InlineData("""{"address":"US"}""", "")]
    [InlineData("""{"note":"small"}""", "joe")]
    [InlineData("""{"note":"nobody"}""", "")]
    [InlineData("""{"kind":"individual","text":"jane","createdAfter":"2021-01-01T00:00:00Z"}""", "joe")]
    [InlineData("""{"operator":"NOT","conditions":[{"kind":"group"},{"kind":"org"}]}""", "jane,joe")]
    [InlineData("""{"operator":"OR","conditions":[{"kind":"group"},{"operator":"AND","conditions":[{"text":"jane"},{"text":"foods"}]}]}""",
        "joe,group")]
    public async Task Filters_find_what_they_name(string filter, string found)
    {
        await using var scene = await JmapScene.OpenAsync();
        var (names, book, other) = await FillAsync(scene);
        filter = filter.Replace("BOOK", book, StringComparison.Ordinal).Replace("OTHER", other, StringComparison.Ordinal);
        var answer = await scene.OneAsync("ContactCard/query", $"\"filter\":{filter},\"calculateTotal\":true");
        Assert.Equal(found, Names(answer.GetProperty("ids"), names));
        Assert.Equal(found.Length == 0 ? 0 : found.Split(',').Length, answer.GetProperty("total").GetInt32());
        Assert.True(answer.GetProperty("canCalculateChanges").GetBoolean());
        Assert.Equal(await scene.StateAsync("ContactCard"), answer.GetProperty("queryState").GetString());
    }

    [Theory]
    [InlineData("""[{"property":"created","isAscending":false}]""", "group,acme,joe,jane")]
    [InlineData("""[{"property":"updated"}]""", "group,acme,joe,jane")]
    [InlineData("""[{"property":"name/given"},{"property":"created","isAscending":false}]""", "group,acme,joe,jane")]
    [InlineData("""[{"property":"name/surname","isAscending":false}]""", "jane,joe,acme,group")]
    [InlineData("""[{"property":"name/surname","isAscending":false,"collation":"i;octet"}]""", "joe,jane,acme,group")]
    [InlineData("""[{"property":"name/surname2","isAscending":false}]""", "jane,joe,acme,group")]
    public async Task Sorts_put_them_in_order(string sort, string found)
    {
        await using var scene = await JmapScene.OpenAsync();
        var (names, _, _) = await FillAsync(scene);
        Assert.Equal(found, Names((await scene.OneAsync("ContactCard/query", $"\"sort\":{sort}")).GetProperty("ids"), names));
    }

    [Fact]
    public async Task Windows_begin_at_positions_and_anchors()
    {
        await using var scene = await JmapScene.OpenAsync(new() { MaxIdsInQuery = 3 });
        var (names, _, _) = await FillAsync(scene);
        var joe = names.Single(n => n.Name == "joe").Id;
        Assert.Equal("jane,joe,acme", await WindowAsync(""));
        Assert.Equal("joe,acme", await WindowAsync("\"position\":1,\"limit\":2"));
        Assert.Equal("group", await WindowAsync("\"position\":-1"));
        Assert.Equal("", await WindowAsync("\"position\":9"));
        Assert.Equal("acme,group", await WindowAsync($"\"anchor\":\"{joe}\",\"anchorOffset\":1"));
        Assert.Equal("anchorNotFound", await scene.ErrorAsync("ContactCard/query", "\"anchor\":\"none\""));

        async Task<string> WindowAsync(string arguments) =>
            Names((await scene.OneAsync("ContactCard/query", arguments)).GetProperty("ids"), names);
    }

    [Fact]
    public async Task Changes_of_a_query_lead_from_the_old_result_to_the_new_one()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (names, _, _) = await FillAsync(scene);
        const string Query = """
            "filter":{"kind":"individual"},"sort":[{"property":"created"}]
            """;
        var before = await scene.OneAsync("ContactCard/query", Query);
        var (jane, acme) = (names.Single(n => n.Name == "jane").Id, names.Single(n => n.Name == "acme").Id);
        await scene.OneAsync("ContactCard/set", $$$$"""
            "update":{"{{{{acme}}}}":{"kind":null}},"destroy":["{{{{jane}}}}"]
            """);
        var changes = await scene.OneAsync(
            "ContactCard/queryChanges", $"{Query},\"sinceQueryState\":\"{before.GetProperty("queryState").GetString()}\"");
        var ids = Ids(before.GetProperty("ids")).Except(Ids(changes.GetProperty("removed"))).ToList();
        foreach (var added in changes.GetProperty("added").EnumerateArray())
            ids.Insert(added.GetProperty("index").GetInt32(), added.GetProperty("id").GetString() ?? "");
        Assert.Equal(Ids((await scene.OneAsync("ContactCard/query", Query)).GetProperty("ids")), ids);
        Assert.Contains(acme, ids);
    }

    [Theory]
    [InlineData("ContactCard/query", "\"filter\":{\"other\":\"x\"}", "unsupportedFilter")]
    [InlineData("ContactCard/query", "\"filter\":{\"uid\":1}", "invalidArguments")]
    [InlineData("ContactCard/query", "\"filter\":{\"createdAfter\":\"2020\"}", "invalidArguments")]
    [InlineData("ContactCard/query", "\"filter\":{\"operator\":\"XOR\",\"conditions\":[]}", "invalidArguments")]
    [InlineData("ContactCard/query", "\"filter\":[]", "invalidArguments")]
    [InlineData("ContactCard/query", "\"sort\":[{\"property\":\"name\"}]", "unsupportedSort")]
    [InlineData("ContactCard/query", "\"sort\":[{\"property\":\"created\",\"collation\":\"i;none\"}]", "unsupportedSort")]
    [InlineData("ContactCard/query", "\"other\":1", "invalidArguments")]
    [InlineData("ContactCard/query", "\"limit\":-1", "invalidArguments")]
    [InlineData("ContactCard/queryChanges", "", "invalidArguments")]
    [InlineData("ContactCard/queryChanges", "\"sinceQueryState\":\"99\"", "cannotCalculateChanges")]
    [InlineData("ContactCard/queryChanges", "\"sinceQueryState\":\"0\",\"maxChanges\":1", "tooManyChanges")]
    public async Task Queries_that_cannot_be_answered_say_why(string method, string arguments, string error)
    {
        await using var scene = await JmapScene.OpenAsync();
        foreach (var uid in (string[])["a", "b"]) await scene.CardAsync($"\"uid\":\"{uid}\"");
        Assert.Equal(error, await scene.ErrorAsync(method, arguments));
    }

    [Theory]
    [InlineData(64, null)]
    [InlineData(65, "unsupportedFilter")]
    public async Task Filters_are_as_deep_as_those_of_emails(int levels, string? error)
    {
        await using var scene = await JmapScene.OpenAsync();
        var filter = string.Concat(Enumerable.Repeat("""{"operator":"NOT","conditions":[""", levels)) + "{}"
            + string.Concat(Enumerable.Repeat("]}", levels));
        await AssertAsync(scene, filter, error);
    }

    [Theory]
    [InlineData(128, null)]
    [InlineData(129, "unsupportedFilter")]
    public async Task Filters_look_for_so_many_words_in_all(int words, string? error)
    {
        await using var scene = await JmapScene.OpenAsync();
        var all = string.Join(',', Enumerable.Range(0, words).Select(i => $"{{\"text\":\"w{i}\"}}"));
        await AssertAsync(scene, $"{{\"operator\":\"OR\",\"conditions\":[{all}]}}", error);
    }

    private static async Task AssertAsync(JmapScene scene, string filter, string? error)
    {
        if (error is null) Assert.Empty(Ids((await scene.OneAsync("ContactCard/query", $"\"filter\":{filter}")).GetProperty("ids")));
        else Assert.Equal(error, await scene.ErrorAsync("ContactCard/query", $"\"filter\":{filter}"));
    }

    /// <summary>All cards in the default address book, the last in another too.</summary>
    private static async Task<((string Id, string Name)[] Names, string Book, string Other)> FillAsync(JmapScene scene)
    {
        var (book, other) = (await scene.DefaultBookAsync(), await scene.BookAsync("Other"));
        var names = new List<(string, string)>();
        foreach (var (name, card) in Cards) names.Add((await scene.CardAsync(card, book), name));
        await scene.OneAsync("ContactCard/set", $"\"update\":{{\"{names[^1].Item1}\":{{\"addressBookIds/{other}\":true}}}}");
        return ([.. names], book, other);
    }

    private static List<string> Ids(JsonElement list) => [.. list.EnumerateArray().Select(static id => id.GetString() ?? "")];

    private static string Names(JsonElement ids, (string Id, string Name)[] names) =>
        string.Join(',', Ids(ids).Select(id => names.Single(n => n.Id == id).Name));
}
