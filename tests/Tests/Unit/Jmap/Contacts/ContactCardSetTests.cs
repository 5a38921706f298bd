using System.Text.Json;
using Aviso.Jmap;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 9610 §3.1, §3.2, §3.5, §3.6.</summary>
public sealed class ContactCardSetTests
{
    private const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    /// <summary>Every property of RFC 9553 §2, and some of nobody.</summary>
    private const string Whole = """
        "uid":"urn:uuid:1","created":"2020-01-02T03:04:05Z","updated":"2020-01-02T03:04:05.5Z","kind":"individual","language":"de",
        "prodId":"x","relatedTo":{"urn:uuid:2":{"relation":{"friend":true}}},
        "name":{"components":[{"kind":"given","value":"Jane"},{"kind":"surname","value":"Doe","phonetic":"d"}],"isOrdered":true,
        "defaultSeparator":" ","full":"Jane Doe","sortAs":{"surname":"doe"}},
        "nicknames":{"k1":{"name":"Jay","contexts":{"private":true},"pref":1}},
        "organizations":{"o1":{"name":"ACME","units":[{"name":"R&D","sortAs":"r"}],"sortAs":"a"}},
        "speakToAs":{"grammaticalGender":"feminine","pronouns":{"p":{"pronouns":"she/her","pref":100}}},
        "titles":{"t1":{"name":"Chief","kind":"title","organizationId":"o1"}},
        "emails":{"e1":{"address":"jane@example.com","contexts":{"work":true},"pref":1,"label":"office"}},
        "onlineServices":{"x1":{"service":"Mastodon","uri":"https://m.example/@j","user":"@j"}},
        "phones":{"p1":{"number":"tel:+1-555","features":{"voice":true},"label":"desk"}},
        "preferredLanguages":{"l1":{"language":"en","pref":1}},
        "calendars":{"c1":{"kind":"calendar","uri":"webcal://c.example/j"}},
        "schedulingAddresses":{"s1":{"uri":"mailto:jane@example.com"}},
        "addresses":{"a1":{"components":[{"kind":"name","value":"Main St"},{"kind":"locality","value":"Reston"}],"countryCode":"US",
        "coordinates":"geo:1,2","timeZone":"America/New_York","full":"Main St, Reston"}},
        "cryptoKeys":{"k":{"uri":"https://k.example/j.asc"}},"directories":{"d":{"kind":"entry","uri":"https://d.example/","listAs":1}},
        "links":{"l":{"kind":"contact","uri":"mailto:c@example.com"}},
        "media":{"m":{"kind":"logo","uri":"https://m.example/l.png","mediaType":"image/png"}},
        "localizations":{"ja":{"name/full":"J","titles":null}},
        "anniversaries":{"b":{"kind":"birth","date":{"year":1953,"month":4,"day":15},"place":{"full":"Boston"}},
        "w":{"kind":"wedding","date":{"@type":"Timestamp","utc":"2019-10-15T23:10:00Z"}}},
        "keywords":{"internet":true},"notes":{"n":{"note":"Hello","created":"2022-01-01T00:00:00Z","author":{"name":"Me"}}},
        "personalInfo":{"i":{"kind":"expertise","value":"chemistry","level":"high","listAs":1}},
        "vendor.example:x":{"z":[1.0,1e2,-0,0.10,12345678901234567890],"a":null,"ä/~":"\u00e9\ud83d\ude00"}
        """;

    [Fact]
    public async Task A_card_comes_back_as_it_came()
    {
        await using var scene = await JmapScene.OpenAsync();
        var book = await scene.DefaultBookAsync();
        var id = await scene.CardAsync(Whole, book);
        var got = await scene.GetCardAsync(id);
        using var sent = JsonDocument.Parse($"{{\"id\":\"{id}\",{ContactScene.Card(book, Whole)[1..]}");
        Assert.Equal(sent.RootElement.EnumerateObject().Select(p => p.Name), got.EnumerateObject().Select(p => p.Name));
        Assert.True(JsonElement.DeepEquals(sent.RootElement, got), got.GetRawText());
        Assert.Equal("""{"z":[1.0,1e2,-0,0.10,12345678901234567890],"a":null,"ä/~":"é\uD83D\uDE00"}""",
            got.GetProperty("vendor.example:x").GetRawText());
        var some = await scene.OneAsync("ContactCard/get", $$$$"""
            "ids":["{{{{id}}}}","none"],"properties":["uid","phones","none"]
            """);
        const string Phones = """{"p1":{"number":"tel:+1-555","features":{"voice":true},"label":"desk"}}""";
        Assert.Equal($"[{{\"id\":\"{id}\",\"uid\":\"urn:uuid:1\",\"phones\":{Phones}}}]", some.GetProperty("list").GetRawText());
        Assert.Equal("""["none"]""", some.GetProperty("notFound").GetRawText());
    }

    [Fact]
    public async Task What_a_client_leaves_out_the_server_makes_and_tells()
    {
        await using var scene = await JmapScene.OpenAsync();
        var card = $"{{\"addressBookIds\":{{\"{await scene.DefaultBookAsync()}\":true}}}}";
        var made = (await scene.OneAsync("ContactCard/set", $"\"create\":{{\"a\":{card}}}")).GetProperty("created").GetProperty("a");
        Assert.Equal(("Card", "1.0"), (made.GetProperty("@type").GetString(), made.GetProperty("version").GetString()));
        Assert.StartsWith("urn:uuid:", made.GetProperty("uid").GetString());
        Assert.Equal(made.GetProperty("created").GetString(), made.GetProperty("updated").GetString());
        var got = await scene.GetCardAsync(made.GetProperty("id").GetString() ?? "");
        foreach (var property in made.EnumerateObject())
            Assert.Equal(property.Value.GetRawText(), got.GetProperty(property.Name).GetRawText());
    }

    [Fact]
    public async Task A_patch_changes_what_it_names_and_nothing_else()
    {
        await using var scene = await JmapScene.OpenAsync();
        var id = await scene.CardAsync(Whole);
        var before = await scene.GetCardAsync(id);
        scene.Clock.Advance(TimeSpan.FromDays(1));
        var set = await scene.OneAsync("ContactCard/set", $$$$"""
            "update":{"{{{{id}}}}":{"id":"{{{{id}}}}","name/full":"Jane Roe","emails/e1/label":null,"phones":null,"keywords/new~1one":true,
            "vendor.example:x/z":[0.10],"localizations/ja/name~1full":"K","emails/e2":{"address":"j@example.org"}}}
            """);
        var updated = set.GetProperty("updated").GetProperty(id);
        var after = await scene.GetCardAsync(id);
        Assert.Equal($$"""{"updated":{{after.GetProperty("updated").GetRawText()}}}""", updated.GetRawText());
        Assert.NotEqual(before.GetProperty("updated").GetRawText(), after.GetProperty("updated").GetRawText());
        Assert.Equal("Jane Roe", after.GetProperty("name").GetProperty("full").GetString());
        Assert.Equal("""{"e1":{"address":"jane@example.com","contexts":{"work":true},"pref":1},"e2":{"address":"j@example.org"}}""",
            after.GetProperty("emails").GetRawText());
        Assert.False(after.TryGetProperty("phones", out _));
        Assert.Equal("""{"internet":true,"new/one":true}""", after.GetProperty("keywords").GetRawText());
        Assert.Equal("""{"z":[0.10],"a":null,"ä/~":"é\uD83D\uDE00"}""", after.GetProperty("vendor.example:x").GetRawText());
        Assert.Equal("""{"ja":{"name/full":"K","titles":null}}""", after.GetProperty("localizations").GetRawText());
        string[] touched = ["updated", "name", "emails", "phones", "keywords", "vendor.example:x", "localizations"];
        foreach (var property in before.EnumerateObject().Where(p => !touched.Contains(p.Name)))
            Assert.Equal(property.Value.GetRawText(), after.GetProperty(property.Name).GetRawText());
    }

    [Fact]
    public async Task Address_books_are_a_set_that_is_never_empty()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (a, b) = (await scene.DefaultBookAsync(), await scene.BookAsync("B"));
        var id = await scene.CardAsync("", a);
        var before = (await scene.GetCardAsync(id)).GetProperty("updated").GetRawText();
        scene.Clock.Advance(TimeSpan.FromDays(1));
        await SetAsync($$"""{"addressBookIds/{{b}}":true,"addressBookIds/{{a}}":null}""", null);
        Assert.Equal($$"""{"{{b}}":true}""", (await scene.GetCardAsync(id)).GetProperty("addressBookIds").GetRawText());
        // Where it is is none of the card's data.
        Assert.Equal(before, (await scene.GetCardAsync(id)).GetProperty("updated").GetRawText());
        await SetAsync($$$"""{"addressBookIds":{"{{{a}}}":true,"{{{b}}}":true}}""", null);
        foreach (var wrong in new[]
        {
            $$"""{"addressBookIds/{{a}}":null,"addressBookIds/{{b}}":null}""", """{"addressBookIds":null}""", """{"addressBookIds":{}}""",
            """{"addressBookIds":[]}""", """{"addressBookIds/none":true}""", $$"""{"addressBookIds/{{a}}":false}""",
            """{"addressBookIds":{"#none":true}}""",
        }) await SetAsync(wrong, "invalidProperties");
        Assert.Equal($$"""{"{{a}}":true,"{{b}}":true}""", (await scene.GetCardAsync(id)).GetProperty("addressBookIds").GetRawText());

        async Task SetAsync(string patch, string? error)
        {
            var set = await scene.OneAsync("ContactCard/set", $"\"update\":{{\"{id}\":{patch}}}");
            if (error is null) Assert.Equal(JsonValueKind.Null, set.GetProperty("updated").GetProperty(id).ValueKind);
            else Assert.Equal($"{error} [\"addressBookIds\"]", Error(set, "notUpdated", id));
        }
    }

    [Fact]
    public async Task A_card_goes_into_a_book_that_the_same_request_makes()
    {
        await using var scene = await JmapScene.OpenAsync();
        var answers = await scene.CallAsync($$$$"""
            ["AddressBook/set",{"accountId":"ACCOUNT","create":{"b":{"name":"New"}}},"0"],
            ["ContactCard/set",{"accountId":"ACCOUNT","create":{"c":{{{{ContactScene.Card("#b", "\"uid\":\"u\"")}}}}},
            "update":{"#c":{"kind":"org"}}},"1"]
            """);
        var book = answers[0][1].GetProperty("created").GetProperty("b").GetProperty("id").GetString();
        var card = await scene.GetCardAsync(answers[1][1].GetProperty("created").GetProperty("c").GetProperty("id").GetString() ?? "");
        Assert.Equal($$"""{"{{book}}":true}""", card.GetProperty("addressBookIds").GetRawText());
        Assert.Equal("org", card.GetProperty("kind").GetString());
    }

    [Theory]
    [InlineData("\"id\":\"x\"", "id")]
    [InlineData("\"uid\":\"\"", "uid")]
    [InlineData("\"uid\":1", "uid")]
    [InlineData("\"created\":\"2020-01-01\"", "created")]
    [InlineData("\"updated\":\"2020-01-01T00:00:00+01:00\"", "updated")]
    [InlineData("\"kind\":\"\"", "kind")]
    [InlineData("\"language\":1", "language")]
    [InlineData("\"members\":{\"u\":true}", "members")]
    [InlineData("\"kind\":\"group\",\"members\":{\"u\":false}", "members/u")]
    [InlineData("\"kind\":\"group\",\"members\":[\"u\"]", "members")]
    [InlineData("\"relatedTo\":{\"u\":{\"relation\":[]}}", "relatedTo/u/relation")]
    [InlineData("\"name\":\"Jane\"", "name")]
    [InlineData("\"name\":{}", "name")]
    [InlineData("\"name\":{\"@type\":\"Card\",\"full\":\"x\"}", "name/@type")]
    [InlineData("\"name\":{\"components\":{}}", "name/components")]
    [InlineData("\"name\":{\"components\":[{\"kind\":\"given\",\"value\":\"a\"},{\"kind\":\"given\"}]}", "name/components/1/value")]
    [InlineData("\"name\":{\"components\":[{\"value\":\"a\"}]}", "name/components/0/kind")]
    [InlineData("\"name\":{\"full\":\"a\",\"isOrdered\":1}", "name/isOrdered")]
    [InlineData("\"name\":{\"full\":\"a\",\"sortAs\":{\"given\":1}}", "name/sortAs/given")]
    [InlineData("\"nicknames\":{\"n\":{}}", "nicknames/n/name")]
    [InlineData("\"nicknames\":null", "nicknames")]
    [InlineData("\"organizations\":{\"o\":{}}", "organizations/o")]
    [InlineData("\"organizations\":{\"o\":{\"units\":[{}]}}", "organizations/o/units/0/name")]
    [InlineData("\"speakToAs\":{}", "speakToAs")]
    [InlineData("\"titles\":{\"t\":{\"name\":\"a\",\"organizationId\":\"a b\"}}", "titles/t/organizationId")]
    [InlineData("\"emails\":[]", "emails")]
    [InlineData("\"emails\":{\"e\":\"a@b\"}", "emails/e")]
    [InlineData("\"emails\":{\"e\":{}}", "emails/e/address")]
    [InlineData("\"emails\":{\"e\":{\"address\":\"a@b\",\"pref\":0}}", "emails/e/pref")]
    [InlineData("\"emails\":{\"e\":{\"address\":\"a@b\",\"pref\":101}}", "emails/e/pref")]
    [InlineData("\"emails\":{\"e\":{\"address\":\"a@b\",\"contexts\":{\"w\":1}}}", "emails/e/contexts/w")]
    [InlineData("\"emails\":{\"a b\":{\"address\":\"a@b\"}}", "emails")]
    [InlineData("\"phones\":{\"p\":{\"number\":5}}", "phones/p/number")]
    [InlineData("\"phones\":{\"p\":{\"number\":\"5\",\"features\":{\"voice\":null}}}", "phones/p/features/voice")]
    [InlineData("\"onlineServices\":{\"o\":{\"uri\":1}}", "onlineServices/o/uri")]
    [InlineData("\"preferredLanguages\":{\"l\":{}}", "preferredLanguages/l/language")]
    [InlineData("\"calendars\":{\"c\":{\"uri\":\"u\"}}", "calendars/c/kind")]
    [InlineData("\"schedulingAddresses\":{\"s\":{}}", "schedulingAddresses/s/uri")]
    [InlineData("\"addresses\":{\"a\":{\"components\":[{\"kind\":\"name\"}]}}", "addresses/a/components/0/value")]
    [InlineData("\"addresses\":{\"a\":{\"full\":1}}", "addresses/a/full")]
    [InlineData("\"cryptoKeys\":{\"k\":{}}", "cryptoKeys/k/uri")]
    [InlineData("\"directories\":{\"d\":{\"kind\":\"entry\",\"uri\":\"u\",\"listAs\":0}}", "directories/d/listAs")]
    [InlineData("\"links\":{\"l\":{\"uri\":\"\"}}", "links/l/uri")]
    [InlineData("\"media\":{\"m\":{\"uri\":\"u\"}}", "media/m/kind")]
    [InlineData("\"media\":{\"m\":{\"kind\":\"photo\",\"uri\":\"data:image/png;base64,AAAA\"}}", "media/m")]
    [InlineData("\"media\":{\"m\":{\"kind\":\"photo\",\"blobId\":1}}", "media/m/blobId")]
    [InlineData("\"media\":{\"m\":{\"kind\":\"photo\",\"blobId\":\"x\",\"uri\":\"u\"}}", "media/m/blobId")]
    [InlineData("\"localizations\":{\"de\":[]}", "localizations/de")]
    [InlineData("\"anniversaries\":{\"a\":{\"kind\":\"birth\"}}", "anniversaries/a/date")]
    [InlineData("\"anniversaries\":{\"a\":{\"kind\":\"birth\",\"date\":{\"month\":13}}}", "anniversaries/a/date/month")]
    [InlineData("\"anniversaries\":{\"a\":{\"kind\":\"birth\",\"date\":{\"@type\":\"Timestamp\"}}}", "anniversaries/a/date/utc")]
    [InlineData("\"keywords\":{\"k\":\"true\"}", "keywords/k")]
    [InlineData("\"notes\":{\"n\":{\"text\":\"a\"}}", "notes/n/note")]
    [InlineData("\"notes\":{\"n\":{\"note\":\"a\",\"author\":{}}}", "notes/n/author")]
    [InlineData("\"personalInfo\":{\"p\":{\"kind\":\"hobby\"}}", "personalInfo/p/value")]
    public async Task What_is_no_card_is_refused_by_name(string more, string property)
    {
        await using var scene = await JmapScene.OpenAsync();
        var card = ContactScene.Card(await scene.DefaultBookAsync(), more);
        var set = await scene.OneAsync("ContactCard/set", $"\"create\":{{\"a\":{card}}}");
        Assert.Equal($"invalidProperties [\"{property}\"]", Error(set, "notCreated", "a"));
        Assert.Empty(await scene.IdsAsync("ContactCard"));
    }

    [Theory]
    [InlineData("""{"addressBookIds":{"BOOK":true},"@type":"card","version":"1.0"}""", "@type")]
    [InlineData("""{"addressBookIds":{"BOOK":true},"@type":"Card","version":"3.0"}""", "version")]
    [InlineData("""{"addressBookIds":{"BOOK":true},"@type":"Card","version":1.0}""", "version")]
    [InlineData("""{"@type":"Card","version":"1.0"}""", "addressBookIds")]
    [InlineData("""{"@type":"Card","version":"1.0","addressBookIds":{}}""", "addressBookIds")]
    [InlineData("""{"@type":"Card","version":"1.0","addressBookIds":{"none":true}}""", "addressBookIds")]
    [InlineData("""{"@type":"Card","version":"1.0","addressBookIds":{"BOOK":1}}""", "addressBookIds")]
    public async Task What_every_card_has_is_asked_for(string card, string property)
    {
        await using var scene = await JmapScene.OpenAsync();
        card = card.Replace("BOOK", await scene.DefaultBookAsync(), StringComparison.Ordinal);
        var set = await scene.OneAsync("ContactCard/set", $"\"create\":{{\"a\":{card}}}");
        Assert.Equal($"invalidProperties [\"{property}\"]", Error(set, "notCreated", "a"));
    }

    [Theory]
    [InlineData("""{"id":"x"}""", "invalidProperties [\"id\"]")]
    [InlineData("""{"id":null}""", "invalidProperties [\"id\"]")]
    [InlineData("""{"@type":null}""", "invalidProperties [\"@type\"]")]
    [InlineData("""{"version":null}""", "invalidProperties [\"version\"]")]
    [InlineData("""{"uid":null}""", "invalidProperties [\"uid\"]")]
    [InlineData("""{"uid":"other"}""", "invalidProperties [\"uid\"]")]
    [InlineData("""{"emails/e1/address":null}""", "invalidProperties [\"emails/e1/address\"]")]
    [InlineData("""{"emails/e1/address":1,"phones/p1/number":1}""", "invalidProperties [\"emails/e1/address\",\"phones/p1/number\"]")]
    [InlineData("""{"emails/none/address":"a"}""", "invalidPatch")]
    [InlineData("""{"name/components/0":null}""", "invalidPatch")]
    [InlineData("""{"emails":{},"emails/e1":null}""", "invalidPatch")]
    [InlineData("""{"emails/e~2":null}""", "invalidPatch")]
    public async Task What_cannot_be_changed_says_why_and_changes_nothing(string patch, string error)
    {
        await using var scene = await JmapScene.OpenAsync();
        await scene.CardAsync("\"uid\":\"other\"");
        var id = await scene.CardAsync(Whole);
        var before = (await scene.GetCardAsync(id)).GetRawText();
        var state = await scene.StateAsync("ContactCard");
        var set = await scene.OneAsync("ContactCard/set", $"\"update\":{{\"{id}\":{patch},\"none\":{{}}}},\"destroy\":[\"none\"]");
        Assert.Equal(error, Error(set, "notUpdated", id));
        Assert.Equal(("notFound", "notFound"), (Error(set, "notUpdated", "none"), Error(set, "notDestroyed", "none")));
        Assert.Equal(before, (await scene.GetCardAsync(id)).GetRawText());
        Assert.Equal(state, await scene.StateAsync("ContactCard"));
    }

    [Fact]
    public async Task A_uid_is_had_once_and_free_again_when_its_card_goes_or_has_another()
    {
        await using var scene = await JmapScene.OpenAsync();
        var book = await scene.DefaultBookAsync();
        var first = await scene.CardAsync("\"uid\":\"u\"");
        var create = $"\"create\":{{\"a\":{ContactScene.Card(book, "\"uid\":\"u\"")}}}";
        Assert.Equal("invalidProperties [\"uid\"]", Error(await scene.OneAsync("ContactCard/set", create), "notCreated", "a"));
        await scene.OneAsync("ContactCard/set", $$$$"""
            "update":{"{{{{first}}}}":{"uid":"v"}}
            """);
        var made = (await scene.OneAsync("ContactCard/set", create)).GetProperty("created").GetProperty("a");
        var second = made.GetProperty("id").GetString();
        await scene.OneAsync("ContactCard/set", $"\"destroy\":[\"{second}\"]");
        Assert.NotEqual(JsonValueKind.Null, (await scene.OneAsync("ContactCard/set", create)).GetProperty("created").ValueKind);
    }

    [Fact]
    public async Task Cards_go_and_changes_tell()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (a, b) = (await scene.CardAsync("\"uid\":\"a\""), await scene.CardAsync("\"uid\":\"b\""));
        var state = await scene.StateAsync("ContactCard");
        var set = await scene.OneAsync("ContactCard/set", $$$$"""
            "update":{"{{{{a}}}}":{"kind":"org"},"{{{{b}}}}":{"kind":"org"}},"destroy":["{{{{b}}}}"]
            """);
        Assert.Equal("willDestroy", Error(set, "notUpdated", b));
        Assert.Equal((state, $"[\"{b}\"]"), (set.GetProperty("oldState").GetString(), set.GetProperty("destroyed").GetRawText()));
        Assert.Equal("+ ~a -b", await scene.ChangesAsync("ContactCard", state, (a, "a"), (b, "b")));
        Assert.Equal("+a ~ -", await scene.ChangesAsync("ContactCard", "0", (a, "a"), (b, "b")));
    }

    [Fact]
    public async Task A_blob_becomes_the_photo_and_what_is_no_image_does_not()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (image, text) = (await UploadAsync(Convert.FromBase64String(Png)), await UploadAsync("no image"u8.ToArray()));
        var id = await scene.CardAsync("\"uid\":\"u\"");
        var set = await MediaAsync($$"""{"kind":"photo","blobId":"{{image}}"}""");
        var media = set.GetProperty("updated").GetProperty(id).GetProperty("media");
        Assert.Equal("image/png", media.GetProperty("m").GetProperty("mediaType").GetString());
        Assert.Equal(media.GetRawText(), (await scene.GetCardAsync(id)).GetProperty("media").GetRawText());
        Assert.Equal("invalidProperties [\"media/m\"]",
            Error(await MediaAsync($$"""{"kind":"photo","blobId":"{{text}}"}"""), "notUpdated", id));
        Assert.Equal("blobNotFound", Error(await MediaAsync("""{"kind":"photo","blobId":"none"}"""), "notUpdated", id));
        var sound = await MediaAsync($$"""{"kind":"sound","blobId":"{{text}}","mediaType":"audio/x,y"}""");
        Assert.Contains("\"mediaType\":\"application/octet-stream\"", sound.GetProperty("updated").GetRawText());
        var large = await UploadAsync(new byte[1_000_001]);
        Assert.Equal("tooLarge", Error(await MediaAsync($$"""{"kind":"sound","blobId":"{{large}}"}"""), "notUpdated", id));

        Task<JsonElement> MediaAsync(string one) =>
            scene.OneAsync("ContactCard/set", $"\"update\":{{\"{id}\":{{\"media\":{{\"m\":{one}}}}}}}");

        async Task<string> UploadAsync(byte[] octets)
        {
            using var stream = new MemoryStream(octets);
            using var reply = await scene.Server.UploadAsync(scene.Alice, scene.Account.ToString(), "image/png", stream, default);
            using var document = JsonDocument.Parse(reply.Body);
            return document.RootElement.GetProperty("blobId").GetString() ?? "";
        }
    }

    [Fact]
    public async Task A_card_is_neither_too_large_nor_too_deep()
    {
        await using var scene = await JmapScene.OpenAsync();
        var book = await scene.DefaultBookAsync();
        Assert.Equal("tooLarge", await CreateAsync($"\"x\":\"{new string('a', 1_000_000)}\""));
        Assert.Equal("invalidProperties [\"x\"]", await CreateAsync($"\"x\":{new string('[', 32)}{new string(']', 32)}"));
        var id = await scene.CardAsync($"\"x\":{new string('[', 31)}{new string(']', 31)}");
        var set = await scene.OneAsync("ContactCard/set", $$$$"""
            "update":{"{{{{id}}}}":{"y":{"a":1},"y2":{{{{new string('[', 40)}}}}{{{{new string(']', 40)}}}}}}
            """);
        Assert.Equal("invalidProperties [\"y2\"]", Error(set, "notUpdated", id));
        set = await scene.OneAsync("ContactCard/set", $"\"update\":{{\"{id}\":{{\"y\":\"{new string('a', 1_000_000)}\"}}}}");
        Assert.Equal("tooLarge", Error(set, "notUpdated", id));

        async Task<string> CreateAsync(string more) => Error(
            await scene.OneAsync("ContactCard/set", $"\"create\":{{\"a\":{ContactScene.Card(book, more)}}}"), "notCreated", "a");
    }

    [Fact]
    public async Task All_cards_together_are_bounded_in_octets()
    {
        await using var scene = await JmapScene.OpenAsync();
        var book = await scene.DefaultBookAsync();
        var large = ContactScene.Card(book, $"\"x\":\"{new string('a', 990_000)}\"");
        for (var i = 0; i < 67; i++)
            Assert.Equal(JsonValueKind.Null, (await CreateAsync()).GetProperty("notCreated").ValueKind);
        Assert.Equal("overQuota", Error(await CreateAsync(), "notCreated", "a"));
        var id = await scene.CardAsync("");
        var set = await scene.OneAsync("ContactCard/set", $"\"update\":{{\"{id}\":{{\"x\":\"{new string('a', 990_000)}\"}}}}");
        Assert.Equal("overQuota", Error(set, "notUpdated", id));

        Task<JsonElement> CreateAsync() => scene.OneAsync("ContactCard/set", $"\"create\":{{\"a\":{large}}}");
    }

    [Theory]
    [InlineData("ContactCard/get", "\"other\":1", "invalidArguments")]
    [InlineData("ContactCard/get", "\"ids\":\"a\"", "invalidArguments")]
    [InlineData("ContactCard/changes", "", "invalidArguments")]
    [InlineData("ContactCard/changes", "\"sinceState\":\"99\"", "cannotCalculateChanges")]
    [InlineData("ContactCard/changes", "\"sinceState\":\"0\",\"maxChanges\":0", "invalidArguments")]
    [InlineData("ContactCard/set", "\"ifInState\":\"99\"", "stateMismatch")]
    [InlineData("ContactCard/set", "\"create\":{\"a\":1}", "invalidArguments")]
    [InlineData("ContactCard/set", "\"other\":1", "invalidArguments")]
    [InlineData("ContactCard/copy", "\"fromAccountId\":\"ACCOUNT\",\"create\":{}", "invalidArguments")]
    [InlineData("ContactCard/copy", "\"fromAccountId\":\"other\",\"create\":{}", "fromAccountNotFound")]
    [InlineData("ContactCard/copy", "\"create\":{}", "invalidArguments")]
    public async Task Calls_that_cannot_be_answered_say_why(string method, string arguments, string error)
    {
        await using var scene = await JmapScene.OpenAsync();
        Assert.Equal(error, await scene.ErrorAsync(method, arguments));
    }

    [Fact]
    public async Task More_than_a_get_may_answer_are_asked_for_by_id()
    {
        await using var scene = await JmapScene.OpenAsync(new() { MaxObjectsInGet = 2, MaxObjectsInSet = 3 });
        foreach (var uid in (string[])["a", "b"]) await scene.CardAsync($"\"uid\":\"{uid}\"");
        Assert.Equal(2, (await scene.IdsAsync("ContactCard")).Count);
        await scene.CardAsync("\"uid\":\"c\"");
        Assert.Equal("requestTooLarge", await scene.ErrorAsync("ContactCard/get", ""));
        Assert.Equal("requestTooLarge", await scene.ErrorAsync("ContactCard/set", "\"destroy\":[\"a\",\"b\",\"c\",\"d\"]"));
    }

    [Fact]
    public async Task Cards_are_documents_of_their_own()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (a, b) = (await scene.CardAsync("\"uid\":\"a\""), await scene.CardAsync("\"uid\":\"b\""));
        scene.Store.Clock.Advance(TimeSpan.FromHours(1));
        scene.Clock.Advance(TimeSpan.FromHours(1));
        await scene.OneAsync("ContactCard/set", $$$$"""
            "update":{"{{{{b}}}}":{"kind":"org"}}
            """);
        var documents = await scene.Store.Store.ListDocumentsAsync(scene.Account, "contact-card", default);
        Assert.Equal(new[] { a, b }.Order(StringComparer.Ordinal), documents.Select(d => d.Key.Name));
        Assert.Equal(3600, documents.Single(d => d.Key.Name == b).ChangedAt - documents.Single(d => d.Key.Name == a).ChangedAt);
        // Another process finds the same in them.
        using var again = new ContactStore(scene.Store.Store, new(scene.Clock), scene.Clock);
        var read = await again.ReadAsync(scene.Account, default);
        Assert.Equal(("3", "org"), (read.CardLog.State, read.Cards[b].Kind));
    }

    private static string Error(JsonElement set, string of, string key)
    {
        var error = set.GetProperty(of).ValueKind == JsonValueKind.Null ? throw new InvalidOperationException(set.GetRawText())
            : set.GetProperty(of).GetProperty(key);
        var properties = error.TryGetProperty("properties", out var named) ? " " + named.GetRawText() : "";
        return error.GetProperty("type").GetString() + properties;
    }
}
