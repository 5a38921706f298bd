using System.Text.Json;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 9610 §2.</summary>
public sealed class AddressBookTests
{
    [Fact]
    public async Task The_first_address_book_is_made_by_looking_and_is_the_default()
    {
        await using var scene = await JmapScene.OpenAsync();
        var answer = await scene.OneAsync("AddressBook/get", "");
        var id = answer.GetProperty("list")[0].GetProperty("id").GetString();
        Assert.Equal($"{{\"id\":\"{id}\"," + """
            "name":"Contacts","description":null,"sortOrder":0,"isDefault":true,"isSubscribed":true,"shareWith":null,
            "myRights":{"mayRead":true,"mayWrite":true,"mayShare":false,"mayDelete":false}}
            """.ReplaceLineEndings(""), answer.GetProperty("list")[0].GetRawText());
        Assert.Equal(answer.GetRawText(), (await scene.OneAsync("AddressBook/get", "")).GetRawText());
        Assert.Equal("+ ~ -", await scene.ChangesAsync("AddressBook", answer.GetProperty("state").GetString() ?? ""));
        Assert.Equal("0", await scene.StateAsync("ContactCard"));
    }

    [Fact]
    public async Task Only_what_is_asked_for_is_answered()
    {
        await using var scene = await JmapScene.OpenAsync();
        var id = await scene.DefaultBookAsync();
        var answer = await scene.OneAsync("AddressBook/get", $$$$"""
            "ids":["{{{{id}}}}","none"],"properties":["name"]
            """);
        Assert.Equal($$$$"""[{"id":"{{{{id}}}}","name":"Contacts"}]""", answer.GetProperty("list").GetRawText());
        Assert.Equal("""["none"]""", answer.GetProperty("notFound").GetRawText());
    }

    [Fact]
    public async Task Address_books_are_made_changed_and_destroyed_and_changes_tell()
    {
        await using var scene = await JmapScene.OpenAsync();
        var state = await scene.StateAsync("AddressBook");
        var set = await scene.OneAsync("AddressBook/set", """
            "create":{"a":{"name":"Friends","description":"of mine","sortOrder":3,"isSubscribed":false},"b":{"name":"B"}},
            "update":{"#a":{"name":"Old friends","description":null}}
            """);
        var (a, b) = (Id(set, "a"), Id(set, "b"));
        Assert.Equal($"{{\"id\":\"{b}\"," + """
            "description":null,"sortOrder":0,"isSubscribed":true,"shareWith":null,"isDefault":false,
            "myRights":{"mayRead":true,"mayWrite":true,"mayShare":false,"mayDelete":true}}
            """.ReplaceLineEndings(""), set.GetProperty("created").GetProperty("b").GetRawText());
        Assert.Equal(JsonValueKind.Null, set.GetProperty("updated").GetProperty(a).ValueKind);
        var got = (await scene.OneAsync("AddressBook/get", $"\"ids\":[\"{a}\"]")).GetProperty("list")[0];
        Assert.Equal("""("Old friends", null, 3, false)""", Texts(got));
        Assert.Equal("+a,b ~ -", await scene.ChangesAsync("AddressBook", state, (a, "a"), (b, "b")));
        state = await scene.StateAsync("AddressBook");
        // What a client got it may send back.
        var again = await scene.OneAsync("AddressBook/set", $$$$"""
            "update":{"{{{{a}}}}":{{{{got.GetRawText()}}}}},"destroy":["{{{{b}}}}"]
            """);
        Assert.Equal($"[\"{b}\"]", again.GetProperty("destroyed").GetRawText());
        Assert.Equal("+ ~a -b", await scene.ChangesAsync("AddressBook", state, (a, "a"), (b, "b")));
    }

    [Theory]
    [InlineData("""{}""", "invalidProperties", "name")]
    [InlineData("""{"name":""}""", "invalidProperties", "name")]
    [InlineData("""{"name":null}""", "invalidProperties", "name")]
    [InlineData("""{"name":"LONG"}""", "invalidProperties", "name")]
    [InlineData("""{"name":"a","description":1}""", "invalidProperties", "description")]
    [InlineData("""{"name":"a","sortOrder":-1}""", "invalidProperties", "sortOrder")]
    [InlineData("""{"name":"a","sortOrder":2147483648}""", "invalidProperties", "sortOrder")]
    [InlineData("""{"name":"a","sortOrder":1.5}""", "invalidProperties", "sortOrder")]
    [InlineData("""{"name":"a","isSubscribed":null}""", "invalidProperties", "isSubscribed")]
    [InlineData("""{"name":"a","isDefault":true}""", "invalidProperties", "isDefault")]
    [InlineData("""{"name":"a","isDefault":false}""", "invalidProperties", "isDefault")]
    [InlineData("""{"name":"a","id":"x"}""", "invalidProperties", "id")]
    [InlineData("""{"name":"a","myRights":{}}""", "invalidProperties", "myRights")]
    [InlineData("""{"name":"a","other":1}""", "invalidProperties", "other")]
    [InlineData("""{"name":"a","shareWith":{"p":{"mayRead":true}}}""", "forbidden", null)]
    public async Task What_cannot_be_made_says_why(string book, string error, string? property)
    {
        await using var scene = await JmapScene.OpenAsync();
        book = book.Replace("LONG", new('ä', 128), StringComparison.Ordinal);
        var set = await scene.OneAsync("AddressBook/set", $"\"create\":{{\"a\":{book}}}");
        var not = set.GetProperty("notCreated").GetProperty("a");
        Assert.Equal(error, not.GetProperty("type").GetString());
        if (property is not null) Assert.Equal($"[\"{property}\"]", not.GetProperty("properties").GetRawText());
        Assert.Equal(set.GetProperty("oldState").GetString(), set.GetProperty("newState").GetString());
    }

    [Theory]
    [InlineData("""{"name":null}""", "invalidProperties")]
    [InlineData("""{"isDefault":false}""", "invalidProperties")]
    [InlineData("""{"myRights/mayShare":true}""", "invalidProperties")]
    [InlineData("""{"myRights":{"mayRead":true,"mayWrite":true,"mayShare":true,"mayDelete":false}}""", "invalidProperties")]
    [InlineData("""{"id":"x"}""", "invalidProperties")]
    [InlineData("""{"name/x":"y"}""", "invalidPatch")]
    [InlineData("""{"shareWith/p":{"mayRead":true}}""", "forbidden")]
    public async Task What_cannot_be_changed_says_why(string patch, string error)
    {
        await using var scene = await JmapScene.OpenAsync();
        var id = await scene.DefaultBookAsync();
        var set = await scene.OneAsync("AddressBook/set", $"\"update\":{{\"{id}\":{patch},\"none\":{{}}}}");
        Assert.Equal(error, set.GetProperty("notUpdated").GetProperty(id).GetProperty("type").GetString());
        Assert.Equal("notFound", set.GetProperty("notUpdated").GetProperty("none").GetProperty("type").GetString());
    }

    [Fact]
    public async Task Who_destroys_does_not_update_and_what_is_not_there_is_not_found()
    {
        await using var scene = await JmapScene.OpenAsync();
        var id = await scene.BookAsync("A");
        var set = await scene.OneAsync("AddressBook/set", $$$$"""
            "update":{"{{{{id}}}}":{"name":"B"}},"destroy":["{{{{id}}}}","none"]
            """);
        Assert.Equal("willDestroy", set.GetProperty("notUpdated").GetProperty(id).GetProperty("type").GetString());
        Assert.Equal("notFound", set.GetProperty("notDestroyed").GetProperty("none").GetProperty("type").GetString());
        Assert.Equal($"[\"{id}\"]", set.GetProperty("destroyed").GetRawText());
    }

    [Fact]
    public async Task The_default_moves_and_both_are_told_and_it_stays_when_it_is_destroyed()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (first, second) = (await scene.DefaultBookAsync(), await scene.BookAsync("B"));
        var state = await scene.StateAsync("AddressBook");
        var set = await scene.OneAsync("AddressBook/set", $"\"onSuccessSetIsDefault\":\"{second}\"");
        Assert.False(set.GetProperty("updated").GetProperty(first).GetProperty("isDefault").GetBoolean());
        Assert.True(set.GetProperty("updated").GetProperty(first).GetProperty("myRights").GetProperty("mayDelete").GetBoolean());
        Assert.True(set.GetProperty("updated").GetProperty(second).GetProperty("isDefault").GetBoolean());
        Assert.Equal("+ ~1,2 -", await scene.ChangesAsync("AddressBook", state, (first, "1"), (second, "2")));
        var gone = await scene.OneAsync("AddressBook/set", $"\"destroy\":[\"{second}\",\"{first}\"]");
        Assert.Equal("forbidden", gone.GetProperty("notDestroyed").GetProperty(second).GetProperty("type").GetString());
        Assert.Equal([second], await scene.IdsAsync("AddressBook"));
        Assert.Equal(second, await scene.DefaultBookAsync());
    }

    [Fact]
    public async Task A_new_address_book_can_become_the_default_at_once()
    {
        await using var scene = await JmapScene.OpenAsync();
        var set = await scene.OneAsync("AddressBook/set", """
            "create":{"a":{"name":"A"}},"onSuccessSetIsDefault":"#a"
            """);
        Assert.True(set.GetProperty("created").GetProperty("a").GetProperty("isDefault").GetBoolean());
        Assert.Equal(Id(set, "a"), await scene.DefaultBookAsync());
    }

    [Theory]
    [InlineData("\"onSuccessSetIsDefault\":\"none\"")]
    [InlineData("\"onSuccessSetIsDefault\":\"#none\"")]
    [InlineData("\"onSuccessSetIsDefault\":null")]
    [InlineData("\"onSuccessSetIsDefault\":\"OTHER\",\"create\":{\"x\":{}}")]
    [InlineData("\"onSuccessSetIsDefault\":\"OTHER\",\"destroy\":[\"none\"]")]
    public async Task A_default_that_cannot_be_or_a_failure_beside_it_leaves_the_old_one(string arguments)
    {
        await using var scene = await JmapScene.OpenAsync();
        var (first, other) = (await scene.DefaultBookAsync(), await scene.BookAsync("B"));
        var set = await scene.OneAsync("AddressBook/set", arguments.Replace("OTHER", other, StringComparison.Ordinal));
        Assert.Equal(JsonValueKind.Null, set.GetProperty("updated").ValueKind);
        Assert.Equal(first, await scene.DefaultBookAsync());
    }

    [Fact]
    public async Task An_address_book_with_cards_goes_only_with_them_and_leaves_those_that_are_elsewhere_too()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (first, other) = (await scene.DefaultBookAsync(), await scene.BookAsync("B"));
        var (only, both) = (await scene.CardAsync("", other), await scene.CardAsync("\"x.example:n\":1.50"));
        await scene.OneAsync("ContactCard/set", $$$$"""
            "update":{"{{{{both}}}}":{"addressBookIds/{{{{other}}}}":true}}
            """);
        var refused = await scene.OneAsync("AddressBook/set", $"\"destroy\":[\"{other}\"]");
        Assert.Equal("addressBookHasContents", refused.GetProperty("notDestroyed").GetProperty(other).GetProperty("type").GetString());
        var state = await scene.StateAsync("ContactCard");
        var gone = await scene.OneAsync("AddressBook/set", $"\"destroy\":[\"{other}\"],\"onDestroyRemoveContents\":true");
        Assert.Equal($"[\"{other}\"]", gone.GetProperty("destroyed").GetRawText());
        Assert.Equal("+ ~both -only", await scene.ChangesAsync("ContactCard", state, (only, "only"), (both, "both")));
        var left = await scene.GetCardAsync(both);
        Assert.Equal($$$$"""{"{{{{first}}}}":true}""", left.GetProperty("addressBookIds").GetRawText());
        Assert.Equal("1.50", left.GetProperty("x.example:n").GetRawText());
    }

    [Fact]
    public async Task There_are_at_most_a_hundred()
    {
        await using var scene = await JmapScene.OpenAsync();
        var all = string.Join(',', Enumerable.Range(0, 100).Select(i => $$"""
            "{{i}}":{"name":"n"}
            """));
        var set = await scene.OneAsync("AddressBook/set", $"\"create\":{{{all}}}");
        Assert.Equal("overQuota", set.GetProperty("notCreated").GetProperty("99").GetProperty("type").GetString());
        Assert.Equal(100, (await scene.IdsAsync("AddressBook")).Count);
    }

    [Theory]
    [InlineData("AddressBook/get", "\"properties\":[\"other\"]", "invalidArguments")]
    [InlineData("AddressBook/get", "\"other\":1", "invalidArguments")]
    [InlineData("AddressBook/changes", "", "invalidArguments")]
    [InlineData("AddressBook/changes", "\"sinceState\":\"99\"", "cannotCalculateChanges")]
    [InlineData("AddressBook/changes", "\"sinceState\":\"x\"", "cannotCalculateChanges")]
    [InlineData("AddressBook/set", "\"ifInState\":\"99\"", "stateMismatch")]
    [InlineData("AddressBook/set", "\"onDestroyRemoveContents\":1", "invalidArguments")]
    [InlineData("AddressBook/set", "\"onSuccessSetIsDefault\":1", "invalidArguments")]
    [InlineData("AddressBook/set", "\"other\":1", "invalidArguments")]
    [InlineData("AddressBook/query", "", "unknownMethod")]
    public async Task Calls_that_cannot_be_answered_say_why(string method, string arguments, string error)
    {
        await using var scene = await JmapScene.OpenAsync();
        Assert.Equal(error, await scene.ErrorAsync(method, arguments));
    }

    [Fact]
    public async Task Who_sees_no_mail_sees_no_contacts_and_who_only_reads_changes_none()
    {
        await using var scene = await JmapScene.OpenAsync();
        string[] methods = ["AddressBook/get", "AddressBook/changes", "AddressBook/set", "ContactCard/get", "ContactCard/changes",
            "ContactCard/query", "ContactCard/queryChanges", "ContactCard/set", "ContactCard/copy"];
        var searches = scene.Alice with { Scope = new LoginScope { SearchOnly = true } };
        var some = scene.Alice with { Scope = new LoginScope { Mailboxes = ["INBOX"] } };
        foreach (var method in methods)
        {
            Assert.Equal("accountNotSupportedByMethod", await scene.ErrorAsync(method, "", searches));
            Assert.Equal("accountNotSupportedByMethod", await scene.ErrorAsync(method, "", some));
        }
        var reads = scene.Alice with { Scope = new LoginScope { ReadOnly = true } };
        var rights = (await scene.OneAsync("AddressBook/get", "", reads)).GetProperty("list")[0].GetProperty("myRights");
        Assert.Equal("""{"mayRead":true,"mayWrite":false,"mayShare":false,"mayDelete":false}""", rights.GetRawText());
        foreach (var method in (string[])["AddressBook/set", "ContactCard/set", "ContactCard/copy"])
            Assert.Equal("accountReadOnly", await scene.ErrorAsync(method, "", reads));
        var session = JsonDocument.Parse(scene.Server.Session(reads, "https://x")).RootElement.GetProperty("accounts")
            .GetProperty(scene.Account.ToString()).GetProperty("accountCapabilities").GetProperty("urn:ietf:params:jmap:contacts");
        Assert.Equal("""{"maxAddressBooksPerCard":null,"mayCreateAddressBook":false}""", session.GetRawText());
    }

    [Fact]
    public async Task Listeners_hear_of_the_type_that_changed()
    {
        await using var scene = await JmapScene.OpenAsync();
        var book = await scene.DefaultBookAsync();
        using var listener = scene.Rooms.Feed.Listen(scene.Account, null);
        await scene.CardAsync("", book);
        Assert.Equal([KeyValuePair.Create("ContactCard", "1")], await scene.NewsAsync(listener));
        await scene.BookAsync("B");
        Assert.Equal([KeyValuePair.Create("AddressBook", "2")], await scene.NewsAsync(listener));
        var states = await scene.Rooms.Feed.StatesAsync(scene.Account, default);
        Assert.Equal(("2", "1"), (states["AddressBook"], states["ContactCard"]));
    }

    private static string Id(JsonElement set, string key) =>
        set.GetProperty("created").GetProperty(key).GetProperty("id").GetString() ?? "";

    private static string Texts(JsonElement book) => "(" + string.Join(", ", new[] { "name", "description", "sortOrder", "isSubscribed" }
        .Select(name => book.GetProperty(name).GetRawText())) + ")";
}
