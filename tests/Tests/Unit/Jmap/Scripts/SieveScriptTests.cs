using System.Text;
using System.Text.Json;
using Aviso.Accounts;
using Aviso.Jmap;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 9661.</summary>
public sealed class SieveScriptTests
{
    private const string Keep = "keep;", Discard = "discard;";

    [Fact]
    public async Task The_session_says_what_scripts_may_be()
    {
        await using var scene = await JmapScene.OpenAsync();
        using var session = JsonDocument.Parse(scene.Server.Session(scene.Alice, "https://mail.example.test"));
        var server = session.RootElement.GetProperty("capabilities").GetProperty(Capabilities.Sieve);
        Assert.Equal("""{"implementation":"Aviso 1"}""", server.GetRawText());
        var account = session.RootElement.GetProperty("accounts").GetProperty(scene.Account.ToString())
            .GetProperty("accountCapabilities").GetProperty(Capabilities.Sieve);
        Assert.Equal(
            ["maxSizeScriptName", "maxSizeScript", "maxNumberScripts", "maxNumberRedirects", "sieveExtensions", "notificationMethods",
                "externalLists"], account.EnumerateObject().Select(p => p.Name));
        Assert.Equal((512, 1000, 4, 4), (Number("maxSizeScriptName"), Number("maxSizeScript"), Number("maxNumberScripts"),
            Number("maxNumberRedirects")));
        Assert.Contains("fileinto", account.GetProperty("sieveExtensions").EnumerateArray().Select(e => e.GetString()));
        Assert.Equal("""["mailto"]""", account.GetProperty("notificationMethods").GetRawText());
        Assert.Equal("""["urn"]""", account.GetProperty("externalLists").GetRawText());

        int Number(string name) => account.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task A_login_that_does_not_see_all_mail_has_no_scripts()
    {
        await using var scene = await JmapScene.OpenAsync();
        var user = scene.Alice with { Scope = new LoginScope { Mailboxes = ["INBOX"] } };
        Assert.Equal("accountNotSupportedByMethod", await scene.ErrorAsync("SieveScript/get", "\"ids\":null", user));
        var reader = scene.Alice with { Scope = new LoginScope { ReadOnly = true } };
        Assert.Equal("accountReadOnly", await scene.ErrorAsync("SieveScript/set", "\"create\":{}", reader));
        await scene.OneAsync("SieveScript/get", "\"ids\":null", reader);
    }

    [Fact]
    public async Task A_script_is_made_from_a_blob_and_its_text_is_a_blob_again()
    {
        await using var scene = await JmapScene.OpenAsync();
        var made = (await SetAsync(scene, $$$$"""
            "create":{"a":{"name":"rules","blobId":"{{{{await UploadAsync(scene, Keep)}}}}"}}
            """)).GetProperty("created").GetProperty("a");
        var blob = made.GetProperty("blobId").GetString()!;
        Assert.False(made.GetProperty("isActive").GetBoolean());
        Assert.False(made.TryGetProperty("name", out _));
        using var download = await scene.Server.DownloadAsync(scene.Alice, scene.Account.ToString(), blob, default);
        Assert.NotNull(download);
        var octets = new byte[download.Size];
        Assert.Equal(octets.Length, download.Read(0, octets));
        Assert.Equal(Keep, Encoding.UTF8.GetString(octets));
        Assert.Equal(0, download.Read(octets.Length, octets));
        var got = Assert.Single((await scene.OneAsync("SieveScript/get", "\"ids\":null")).GetProperty("list").EnumerateArray());
        Assert.Equal(
            $$$$"""{"id":"{{{{made.GetProperty("id")}}}}","name":"rules","blobId":"{{{{blob}}}}","isActive":false}""", got.GetRawText());
        var lookup = await scene.OneAsync("Blob/lookup", $$$$"""
            "typeNames":["SieveScript"],"ids":["{{{{blob}}}}"]
            """);
        Assert.Equal($$$$"""{"SieveScript":["{{{{made.GetProperty("id")}}}}"]}""",
            lookup.GetProperty("list")[0].GetProperty("matchedIds").GetRawText());
    }

    [Fact]
    public async Task A_blob_names_its_text_only_and_only_in_its_account()
    {
        await using var scene = await JmapScene.OpenAsync();
        await scene.Scripts.PutAsync(scene.Account, "a", Encoding.UTF8.GetBytes(Keep), default);
        var blob = await BlobAsync(scene, "a");
        var (bob, _) = await scene.Store.AccountAsync("bob@example.test");
        Assert.Null(await scene.Rooms.Blobs.OpenAsync(new(bob, "bob@example.test"), bob, blob, default));
        var narrow = scene.Alice with { Scope = new LoginScope { Mailboxes = ["INBOX"] } };
        Assert.Null(await scene.Rooms.Blobs.OpenAsync(narrow, scene.Account, blob, default));
        await scene.Scripts.PutAsync(scene.Account, "a", Encoding.UTF8.GetBytes(Discard), default);
        Assert.NotEqual(blob, await BlobAsync(scene, "a"));
        Assert.Null(await scene.Rooms.Blobs.OpenAsync(scene.Alice, scene.Account, blob, default));
        Assert.Null(await scene.Rooms.Blobs.OpenAsync(scene.Alice, scene.Account, "s" + new string('0', 64), default));
        Assert.Null(await scene.Rooms.Blobs.OpenAsync(scene.Alice, scene.Account, blob.ToUpperInvariant(), default));
    }

    // RFC 9661 §2.4
    [Theory]
    [InlineData("""{"name":"a","blobId":"BAD"}""", "invalidSieve")]
    [InlineData("""{"name":"a","blobId":"LATIN"}""", "invalidSieve")]
    [InlineData("""{"name":"taken","blobId":"GOOD"}""", "alreadyExists")]
    [InlineData("""{"name":"a","blobId":"LARGE"}""", "tooLarge")]
    [InlineData("""{"name":"a","blobId":"u0000000000000"}""", "blobNotFound")]
    [InlineData("""{"name":"a","blobId":"#x"}""", "blobNotFound")]
    [InlineData("""{"name":"a","blobId":7}""", "invalidProperties")]
    [InlineData("""{"name":"a"}""", "invalidProperties")]
    [InlineData("""{"name":"","blobId":"GOOD"}""", "invalidProperties")]
    [InlineData("""{"name":"a\u0007","blobId":"GOOD"}""", "invalidProperties")]
    [InlineData("""{"name":"a\u2028","blobId":"GOOD"}""", "invalidProperties")]
    [InlineData("""{"name":["a"],"blobId":"GOOD"}""", "invalidProperties")]
    [InlineData("""{"name":"a","blobId":"GOOD","isActive":true}""", "invalidProperties")]
    [InlineData("""{"name":"a","blobId":"GOOD","id":"x"}""", "invalidProperties")]
    [InlineData("""{"name":"a","blobId":"GOOD","content":"keep;"}""", "invalidProperties")]
    public async Task What_cannot_be_made_says_why(string script, string error)
    {
        await using var scene = await JmapScene.OpenAsync();
        await scene.Scripts.PutAsync(scene.Account, "taken", Encoding.UTF8.GetBytes(Keep), default);
        script = script.Replace("BAD", await UploadAsync(scene, "keep"), StringComparison.Ordinal)
            .Replace("LATIN", await UploadAsync(scene, [.. "# "u8, 0xE4, .. "\r\nkeep;"u8]), StringComparison.Ordinal)
            .Replace("LARGE", await UploadAsync(scene, new string('#', 1001)), StringComparison.Ordinal)
            .Replace("GOOD", await UploadAsync(scene, Keep), StringComparison.Ordinal);
        var answer = await SetAsync(scene, $"\"create\":{{\"a\":{script}}}");
        var not = answer.GetProperty("notCreated").GetProperty("a");
        Assert.Equal(error, not.GetProperty("type").GetString());
        Assert.Equal(answer.GetProperty("oldState").GetString(), answer.GetProperty("newState").GetString());
        if (error == "alreadyExists") Assert.Equal(await IdAsync(scene, "taken"), not.GetProperty("existingId").GetString());
        if (error == "invalidSieve" && script.Contains(await UploadAsync(scene, "keep"), StringComparison.Ordinal))
            Assert.Contains("line 1", not.GetProperty("description").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scripts_are_limited_in_number_and_in_sum_as_by_ManageSieve()
    {
        await using var scene = await JmapScene.OpenAsync();
        var half = await UploadAsync(scene, Padded(900));
        var small = await UploadAsync(scene, Keep);
        var first = await SetAsync(scene, $$$$"""
            "create":{"a":{"name":"a","blobId":"{{{{half}}}}"},"b":{"name":"b","blobId":"{{{{half}}}}"},
            "c":{"name":"c","blobId":"{{{{half}}}}"}}
            """);
        Assert.Equal("overQuota", first.GetProperty("notCreated").GetProperty("c").GetProperty("type").GetString());
        await SetAsync(scene, $$$$"""
            "create":{"c":{"name":"c","blobId":"{{{{small}}}}"},"d":{"name":"d","blobId":"{{{{small}}}}"}}
            """);
        var fifth = await SetAsync(scene, $$$$"""
            "create":{"e":{"name":"e","blobId":"{{{{small}}}}"}}
            """);
        Assert.Equal("overQuota", fifth.GetProperty("notCreated").GetProperty("e").GetProperty("type").GetString());
        Assert.Equal(SieveScriptRefusal.MaxScripts, await scene.Scripts.HasSpaceAsync(scene.Account, "e", 1, default));
        Assert.Equal(["a", "b", "c", "d"], (await scene.Scripts.ListAsync(scene.Account, default)).Select(s => s.Name));
    }

    [Fact]
    public async Task A_script_without_a_name_gets_one_that_is_free()
    {
        await using var scene = await JmapScene.OpenAsync();
        var blob = await UploadAsync(scene, Keep);
        var made = (await SetAsync(scene, $$$$"""
            "create":{"a":{"blobId":"{{{{blob}}}}"},"b":{"name":null,"blobId":"{{{{blob}}}}"},
            "c":{"name":"e\u0301","blobId":"{{{{blob}}}}"}}
            """)).GetProperty("created");
        Assert.Equal("script", made.GetProperty("a").GetProperty("name").GetString());
        Assert.Equal("script 2", made.GetProperty("b").GetProperty("name").GetString());
        // Net-Unicode: NFC, which the client is told.
        Assert.Equal("\u00e9", made.GetProperty("c").GetProperty("name").GetString());
    }

    [Fact]
    public async Task Name_and_text_are_changed_and_the_id_stays()
    {
        await using var scene = await JmapScene.OpenAsync();
        await PutAsync(scene, "a", Keep);
        await scene.Scripts.SetActiveAsync(scene.Account, "a", default);
        var id = await IdAsync(scene, "a");
        var answer = await SetAsync(scene, $$$$"""
            "update":{"{{{{id}}}}":{"name":"b","blobId":"{{{{await UploadAsync(scene, Discard)}}}}","isActive":true,"id":"{{{{id}}}}"}}
            """);
        Assert.Equal(
            $$$$"""{"blobId":"{{{{await BlobAsync(scene, "b")}}}}"}""", answer.GetProperty("updated").GetProperty(id).GetRawText());
        Assert.Equal(id, await IdAsync(scene, "b"));
        Assert.Equal("b", (await scene.Scripts.ActiveAsync(scene.Account, default))!.Name);
        Assert.Equal(Discard, Encoding.UTF8.GetString((await scene.Scripts.GetAsync(scene.Account, "b", default))!));
        answer = await SetAsync(scene, $$$$"""
            "update":{"{{{{id}}}}":{"name":"c"}}
            """);
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("updated").GetProperty(id).ValueKind);
        answer = await SetAsync(scene, $$$$"""
            "update":{"{{{{id}}}}":{"name":null}}
            """);
        Assert.Equal("""{"name":"script"}""", answer.GetProperty("updated").GetProperty(id).GetRawText());
    }

    [Theory]
    [InlineData("""{"name":"other"}""", "alreadyExists")]
    [InlineData("""{"name":""}""", "invalidProperties")]
    [InlineData("""{"isActive":true}""", "invalidProperties")]
    [InlineData("""{"id":"x"}""", "invalidProperties")]
    [InlineData("""{"content":"x"}""", "invalidProperties")]
    [InlineData("""{"name/x":"x"}""", "invalidPatch")]
    [InlineData("""{"blobId":null}""", "invalidProperties")]
    [InlineData("""{"blobId":"BAD"}""", "invalidSieve")]
    [InlineData("""{"blobId":"LARGE"}""", "tooLarge")]
    [InlineData("""{"blobId":"m0000000000000"}""", "blobNotFound")]
    public async Task What_cannot_be_changed_says_why_and_all_stays(string patch, string error)
    {
        await using var scene = await JmapScene.OpenAsync();
        await PutAsync(scene, "a", Keep);
        await PutAsync(scene, "other", Keep);
        var id = await IdAsync(scene, "a");
        patch = patch.Replace("BAD", await UploadAsync(scene, "keep"), StringComparison.Ordinal)
            .Replace("LARGE", await UploadAsync(scene, new string('#', 1001)), StringComparison.Ordinal);
        var before = await AllAsync(scene);
        var answer = await SetAsync(scene, $"\"update\":{{\"{id}\":{patch}}}");
        Assert.Equal(error, answer.GetProperty("notUpdated").GetProperty(id).GetProperty("type").GetString());
        Assert.Equal(before, await AllAsync(scene));
        if (error == "alreadyExists")
            Assert.Equal(await IdAsync(scene, "other"),
                answer.GetProperty("notUpdated").GetProperty(id).GetProperty("existingId").GetString());
    }

    [Fact]
    public async Task What_is_not_there_is_neither_changed_nor_destroyed()
    {
        await using var scene = await JmapScene.OpenAsync();
        await PutAsync(scene, "a", Keep);
        var id = await IdAsync(scene, "a");
        var answer = await SetAsync(scene, $$$$"""
            "update":{"nothing":{"name":"x"},"{{{{id}}}}":{"name":"x"}},"destroy":["nothing","#never","{{{{id}}}}"]
            """);
        Assert.Equal("notFound", answer.GetProperty("notUpdated").GetProperty("nothing").GetProperty("type").GetString());
        Assert.Equal("willDestroy", answer.GetProperty("notUpdated").GetProperty(id).GetProperty("type").GetString());
        Assert.Equal("notFound", answer.GetProperty("notDestroyed").GetProperty("nothing").GetProperty("type").GetString());
        Assert.Equal("notFound", answer.GetProperty("notDestroyed").GetProperty("#never").GetProperty("type").GetString());
        Assert.Equal($"[\"{id}\"]", answer.GetProperty("destroyed").GetRawText());
        Assert.Equal("stateMismatch", await scene.ErrorAsync("SieveScript/set", "\"ifInState\":\"0\",\"destroy\":[]"));
    }

    [Fact]
    public async Task The_active_script_is_not_destroyed_even_where_the_call_makes_it_inactive()
    {
        await using var scene = await JmapScene.OpenAsync();
        await PutAsync(scene, "a", Keep);
        await scene.Scripts.SetActiveAsync(scene.Account, "a", default);
        var id = await IdAsync(scene, "a");
        var answer = await SetAsync(scene, $$$$"""
            "destroy":["{{{{id}}}}"],"onSuccessDeactivateScript":true
            """);
        Assert.Equal("sieveIsActive", answer.GetProperty("notDestroyed").GetProperty(id).GetProperty("type").GetString());
        Assert.NotNull(await scene.Scripts.ActiveAsync(scene.Account, default));
        answer = await SetAsync(scene, "\"onSuccessDeactivateScript\":true");
        Assert.Equal("""{"isActive":false}""", answer.GetProperty("updated").GetProperty(id).GetRawText());
        answer = await SetAsync(scene, $"\"destroy\":[\"{id}\"]");
        Assert.Equal($"[\"{id}\"]", answer.GetProperty("destroyed").GetRawText());
        Assert.Equal("[]", await AllAsync(scene));
    }

    [Fact]
    public async Task A_script_that_the_call_makes_can_become_active_and_both_sides_are_told()
    {
        await using var scene = await JmapScene.OpenAsync();
        await PutAsync(scene, "old", Keep);
        await scene.Scripts.SetActiveAsync(scene.Account, "old", default);
        var answer = await SetAsync(scene, $$$$"""
            "create":{"new":{"name":"new","blobId":"{{{{await UploadAsync(scene, Discard)}}}}"}},"onSuccessActivateScript":"#new",
            "onSuccessDeactivateScript":true
            """);
        Assert.True(answer.GetProperty("created").GetProperty("new").GetProperty("isActive").GetBoolean());
        Assert.Equal("""{"isActive":false}""", answer.GetProperty("updated").GetProperty(await IdAsync(scene, "old")).GetRawText());
        Assert.Equal("new", (await scene.Scripts.ActiveAsync(scene.Account, default))!.Name);
    }

    [Theory]
    [InlineData("\"onSuccessActivateScript\":\"nothing\"", "a")]
    [InlineData("\"onSuccessActivateScript\":\"#never\"", "a")]
    [InlineData("\"onSuccessActivateScript\":null", "a")]
    [InlineData("\"onSuccessDeactivateScript\":false", "a")]
    [InlineData("\"onSuccessDeactivateScript\":null", "a")]
    [InlineData("\"onSuccessActivateScript\":\"nothing\",\"onSuccessDeactivateScript\":true", null)]
    [InlineData("\"onSuccessActivateScript\":\"B\",\"onSuccessDeactivateScript\":true", "b")]
    [InlineData("\"onSuccessActivateScript\":\"B\"", "b")]
    [InlineData("\"onSuccessActivateScript\":\"B\",\"destroy\":[\"nothing\"]", "a")]
    [InlineData("\"onSuccessDeactivateScript\":true,\"update\":{\"nothing\":{}}", "a")]
    [InlineData("\"onSuccessDeactivateScript\":true,\"create\":{\"x\":{}}", "a")]
    public async Task The_active_script_changes_only_when_all_else_succeeded(string arguments, string? active)
    {
        await using var scene = await JmapScene.OpenAsync();
        await PutAsync(scene, "a", Keep);
        await PutAsync(scene, "b", Keep);
        await scene.Scripts.SetActiveAsync(scene.Account, "a", default);
        await SetAsync(scene, arguments.Replace("\"B\"", $"\"{await IdAsync(scene, "b")}\"", StringComparison.Ordinal));
        Assert.Equal(active, (await scene.Scripts.ActiveAsync(scene.Account, default))?.Name);
    }

    [Fact]
    public async Task All_of_a_call_is_one_state()
    {
        await using var scene = await JmapScene.OpenAsync();
        var blob = await UploadAsync(scene, Keep);
        var answer = await SetAsync(scene, $$$$"""
            "create":{"a":{"blobId":"{{{{blob}}}}"},"b":{"blobId":"{{{{blob}}}}"}},"onSuccessActivateScript":"#a"
            """);
        Assert.Equal(("0", "1"), (answer.GetProperty("oldState").GetString(), answer.GetProperty("newState").GetString()));
        var changes = await scene.OneAsync("SieveScript/changes", "\"sinceState\":\"0\"");
        Assert.Equal(2, changes.GetProperty("created").GetArrayLength());
        Assert.Equal("cannotCalculateChanges", await scene.ErrorAsync("SieveScript/changes", "\"sinceState\":\"5\""));
    }

    [Theory]
    [InlineData("", "apple,Berry,cherry")]
    [InlineData(""" "filter":{"name":"rr"} """, "Berry,cherry")]
    [InlineData(""" "filter":{"name":"RR"} """, "")]
    [InlineData(""" "filter":{"isActive":true} """, "cherry")]
    [InlineData(""" "filter":{"isActive":false} """, "Berry,apple")]
    [InlineData(""" "filter":{"operator":"NOT","conditions":[{"name":"e","isActive":true}]} """, "Berry,apple")]
    [InlineData(""" "sort":[{"property":"name","isAscending":false}] """, "cherry,Berry,apple")]
    [InlineData(""" "sort":[{"property":"name","collation":"i;octet"}] """, "Berry,apple,cherry")]
    [InlineData(""" "sort":[{"property":"isActive","isAscending":false},{"property":"name"}] """, "cherry,apple,Berry")]
    [InlineData(""" "sort":[{"property":"name"}],"position":1,"limit":1 """, "Berry")]
    public async Task Queries_find_and_sort(string arguments, string names)
    {
        await using var scene = await JmapScene.OpenAsync();
        foreach (var name in (string[])["apple", "Berry", "cherry"]) await PutAsync(scene, name, Keep);
        await scene.Scripts.SetActiveAsync(scene.Account, "cherry", default);
        if (arguments.Length == 0) arguments = """ "sort":[{"property":"name"}] """;
        var ids = (await scene.OneAsync("SieveScript/query", arguments)).GetProperty("ids").EnumerateArray().Select(i => i.GetString());
        var all = (await scene.Scripts.ReadAsync(scene.Account, default)).All.ToDictionary(s => s.Id, s => s.Name);
        Assert.Equal(names, string.Join(',', ids.Select(id => all[id!])));
    }

    [Theory]
    [InlineData(""" "sort":[{"property":"blobId"}] """, "unsupportedSort")]
    [InlineData(""" "filter":{"blobId":"x"} """, "invalidArguments")]
    [InlineData(""" "filter":{"isActive":"yes"} """, "invalidArguments")]
    [InlineData(""" "anchor":"x" """, "anchorNotFound")]
    public async Task Queries_that_cannot_be_answered_say_so(string arguments, string error)
    {
        await using var scene = await JmapScene.OpenAsync();
        Assert.Equal(error, await scene.ErrorAsync("SieveScript/query", arguments));
    }

    [Fact]
    public async Task A_query_is_carried_on()
    {
        await using var scene = await JmapScene.OpenAsync();
        foreach (var name in (string[])["a", "b"]) await PutAsync(scene, name, Keep);
        const string Sort = """ "sort":[{"property":"name","isAscending":false}] """;
        var query = await scene.OneAsync("SieveScript/query", Sort);
        Assert.True(query.GetProperty("canCalculateChanges").GetBoolean());
        var list = query.GetProperty("ids").EnumerateArray().Select(i => i.GetString()!).ToList();
        await PutAsync(scene, "c", Keep);
        await scene.Scripts.RenameAsync(scene.Account, "a", "z", default);
        await scene.Scripts.DeleteAsync(scene.Account, "b", default);
        var changes = await scene.OneAsync(
            "SieveScript/queryChanges", $"{Sort},\"sinceQueryState\":{query.GetProperty("queryState").GetRawText()}");
        list.RemoveAll(changes.GetProperty("removed").EnumerateArray().Select(i => i.GetString()).Contains);
        foreach (var added in changes.GetProperty("added").EnumerateArray())
            list.Insert(added.GetProperty("index").GetInt32(), added.GetProperty("id").GetString()!);
        Assert.Equal([await IdAsync(scene, "z"), await IdAsync(scene, "c")], list);
        Assert.Equal("cannotCalculateChanges", await scene.ErrorAsync("SieveScript/queryChanges", $"{Sort},\"sinceQueryState\":\"x\""));
    }

    [Theory]
    [InlineData("keep;", null)]
    [InlineData("", null)]
    [InlineData("require \"fileinto\";\r\nfileinto 7;", "line 2")]
    [InlineData("require \"no-such-extension\";", "line 1")]
    public async Task A_script_is_judged_without_being_kept(string script, string? error)
    {
        await using var scene = await JmapScene.OpenAsync();
        var answer = await scene.OneAsync("SieveScript/validate", $"\"blobId\":\"{await UploadAsync(scene, script)}\"");
        if (error is null) Assert.Equal(JsonValueKind.Null, answer.GetProperty("error").ValueKind);
        else
        {
            Assert.Equal("invalidSieve", answer.GetProperty("error").GetProperty("type").GetString());
            Assert.Contains(error, answer.GetProperty("error").GetProperty("description").GetString(), StringComparison.Ordinal);
        }
        Assert.Equal("[]", await AllAsync(scene));
    }

    [Fact]
    public async Task There_must_be_something_to_judge()
    {
        await using var scene = await JmapScene.OpenAsync();
        Assert.Equal("invalidArguments", await scene.ErrorAsync("SieveScript/validate", ""));
        Assert.Equal("invalidArguments", await scene.ErrorAsync("SieveScript/validate", "\"blobId\":\"u0000000000000\""));
        Assert.Equal("invalidArguments", await scene.ErrorAsync("SieveScript/validate", "\"blobId\":\"x\",\"script\":\"keep;\""));
        var large = await scene.OneAsync("SieveScript/validate", $"\"blobId\":\"{await UploadAsync(scene, new string('#', 1001))}\"");
        Assert.Equal("tooLarge", large.GetProperty("error").GetProperty("type").GetString());
    }

    [Fact]
    public async Task Whoever_changes_scripts_listeners_hear_of_it()
    {
        await using var scene = await JmapScene.OpenAsync();
        using var listener = scene.Rooms.Feed.Listen(scene.Account, null);
        await PutAsync(scene, "a", Keep);
        var news = await listener.NextAsync(TimeSpan.FromSeconds(5), TimeProvider.System, default);
        Assert.Equal([KeyValuePair.Create("SieveScript", "1")], news);
        await SetAsync(scene, $"\"onSuccessActivateScript\":\"{await IdAsync(scene, "a")}\"");
        news = await listener.NextAsync(TimeSpan.FromSeconds(5), TimeProvider.System, default);
        Assert.Equal([KeyValuePair.Create("SieveScript", "2")], news);
        Assert.Equal("2", (await scene.Rooms.Feed.StatesAsync(scene.Account, default))["SieveScript"]);
    }

    internal static Task<string> UploadAsync(JmapScene scene, string text) => UploadAsync(scene, Encoding.UTF8.GetBytes(text));

    internal static async Task<string> UploadAsync(JmapScene scene, byte[] octets)
    {
        using var upload = new MemoryStream(octets);
        using var reply = await scene.Server.UploadAsync(scene.Alice, scene.Account.ToString(), "application/sieve", upload, default);
        using var answer = JsonDocument.Parse(reply.Body);
        return answer.RootElement.GetProperty("blobId").GetString()!;
    }

    internal static Task<JsonElement> SetAsync(JmapScene scene, string arguments) => scene.OneAsync("SieveScript/set", arguments);

    private static async Task PutAsync(JmapScene scene, string name, string text) => Assert.Equal(
        SieveScriptRefusal.None, await scene.Scripts.PutAsync(scene.Account, name, Encoding.UTF8.GetBytes(text), default));

    private static async Task<string> AllAsync(JmapScene scene) =>
        (await scene.OneAsync("SieveScript/get", "\"ids\":null")).GetProperty("list").GetRawText();

    private static async Task<string> IdAsync(JmapScene scene, string name) =>
        (await scene.Scripts.ReadAsync(scene.Account, default)).All.Single(s => s.Name == name).Id;

    private static async Task<string> BlobAsync(JmapScene scene, string name) => SieveScriptObject.BlobOf(
        (await scene.Scripts.ReadAsync(scene.Account, default)).All.Single(s => s.Name == name));

    private static string Padded(int octets) => Keep + "#" + new string('x', octets - Keep.Length - 1);
}
