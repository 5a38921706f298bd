using System.Text.Json;
using Xunit;

namespace Aviso.Tests.Unit.Jmap.Mailboxes;

/// <summary>RFC 8621 §2: Mailbox/get, /changes, /query, /queryChanges and /set.</summary>
public sealed class MailboxMethodTests
{
    [Fact]
    public async Task Get_answers_every_property_and_those_that_are_asked_for()
    {
        await using var s = await MailScene.OpenAsync();
        await s.Test.DeliverAsync(s.Account);
        await s.CallAsync("Mailbox/set", """{"create":{"a":{"name":"Below","parentId":"$INBOX","sortOrder":5}}}""");
        var answer = await s.CallAsync("Mailbox/get", """{"ids":null}""");
        Assert.Equal(7, answer.GetProperty("list").GetArrayLength());
        var inbox = (await s.CallAsync("Mailbox/get", """{"ids":["$INBOX"]}""")).GetProperty("list")[0];
        var expected = "{'id':'%','name':'Inbox','parentId':null,'role':'inbox','sortOrder':0,'totalEmails':1,'unreadEmails':1,"
            + "'totalThreads':1,'unreadThreads':1,'myRights':{'mayReadItems':true,'mayAddItems':true,'mayRemoveItems':true,"
            + "'maySetSeen':true,'maySetKeywords':true,'mayCreateChild':true,'mayRename':false,'mayDelete':false,'maySubmit':true},"
            + "'isSubscribed':true}";
        Assert.Equal(expected.Replace('\'', '"').Replace("%", s.Inbox.ToString(), StringComparison.Ordinal), inbox.GetRawText());
        var some = await s.CallAsync("Mailbox/get", """{"ids":["$INBOX/Below","x","$INBOX"],"properties":["parentId","sortOrder"]}""");
        var below = await s.MailboxAsync("INBOX/Below");
        Assert.Equal(
            $$$$"""[{"id":"{{{{below}}}}","parentId":"{{{{s.Inbox}}}}","sortOrder":5},"""
            + $$$$"""{"id":"{{{{s.Inbox}}}}","parentId":null,"sortOrder":0}]""",
            some.GetProperty("list").GetRawText());
        Assert.Equal("""["x"]""", some.GetProperty("notFound").GetRawText());
        Assert.Equal("[]", (await s.CallAsync("Mailbox/get", """{"ids":[]}""")).GetProperty("list").GetRawText());
        Assert.Equal("invalidArguments", await s.ErrorAsync("Mailbox/get", """{"ids":null,"properties":["colour"]}"""));
    }

    [Fact]
    public async Task Changes_say_when_only_counts_changed()
    {
        await using var s = await MailScene.OpenAsync();
        var state = (await s.CallAsync("Mailbox/get", """{"ids":[]}""")).GetProperty("state").GetString();
        await s.Test.DeliverAsync(s.Account);
        var counted = await s.CallAsync("Mailbox/changes", $$$$"""{"sinceState":"{{{{state}}}}"}""");
        Assert.Equal($$$$"""["{{{{s.Inbox}}}}"]""", counted.GetProperty("updated").GetRawText());
        Assert.Equal(
            """["totalEmails","unreadEmails","totalThreads","unreadThreads"]""", counted.GetProperty("updatedProperties").GetRawText());
        await s.CallAsync("Mailbox/set", """{"update":{"$INBOX":{"sortOrder":3}},"create":{"n":{"name":"New"}},"destroy":["$Junk"]}""");
        var changed = await s.CallAsync("Mailbox/changes", $$$$"""{"sinceState":"{{{{state}}}}"}""");
        foreach (var member in (string[])["created", "updated", "destroyed"]) Assert.Equal(1, changed.GetProperty(member).GetArrayLength());
        Assert.Equal(JsonValueKind.Null, changed.GetProperty("updatedProperties").ValueKind);
        Assert.Equal("cannotCalculateChanges", await s.ErrorAsync("Mailbox/changes", """{"sinceState":"never"}"""));
    }

    [Fact]
    public async Task Changes_come_in_parts_where_few_are_wanted()
    {
        await using var s = await MailScene.OpenAsync();
        var state = (await s.CallAsync("Mailbox/get", """{"ids":[]}""")).GetProperty("state").GetString();
        await s.CallAsync("Mailbox/set", """{"create":{"a":{"name":"a"},"b":{"name":"b"},"c":{"name":"c"}}}""");
        var (seen, more) = (0, true);
        for (; more; seen++)
        {
            var part = await s.CallAsync("Mailbox/changes", $$$$"""{"sinceState":"{{{{state}}}}","maxChanges":1}""");
            Assert.Equal(1, part.GetProperty("created").GetArrayLength());
            (state, more) = (part.GetProperty("newState").GetString(), part.GetProperty("hasMoreChanges").GetBoolean());
        }
        Assert.Equal(3, seen);
    }

    [Theory]
    [InlineData("""{"filter":{"role":"inbox"}}""", "INBOX")]
    [InlineData("""{"filter":{"hasAnyRole":false}}""", "a a/Zoo a/zoo a/zoo/x b")]
    [InlineData("""{"filter":{"hasAnyRole":false},"sort":[{"property":"name","isAscending":false}]}""", "a/zoo a/Zoo a/zoo/x b a")]
    [InlineData("""{"filter":{"parentId":"$a"},"sort":[{"property":"name","collation":"i;octet"}]}""", "a/Zoo a/zoo")]
    [InlineData("""{"filter":{"parentId":null,"name":"A"}}""", "a Archive Drafts Trash")]
    [InlineData("""{"filter":{"role":null,"isSubscribed":false}}""", "b")]
    [InlineData(
        """{"filter":{"operator":"NOT","conditions":[{"hasAnyRole":true},{"name":"z"}]},"sort":[{"property":"name"}]}""",
        "a b a/zoo/x")]
    [InlineData(
        """{"filter":{"operator":"OR","conditions":[{"name":"x"},{"parentId":"$a"}]},"sortAsTree":true}""", "a/zoo a/zoo/x a/Zoo INBOX")]
    [InlineData("""{"filter":{"operator":"OR","conditions":[{"name":"x"},{"parentId":"$a"}]},"filterAsTree":true}""", "INBOX")]
    [InlineData(
        """{"filter":{"hasAnyRole":false},"sortAsTree":true,"sort":[{"property":"sortOrder"}],"position":1,"limit":2}""",
        "a/zoo a/zoo/x")]
    public async Task Query_finds_and_sorts(string arguments, string expected)
    {
        await using var s = await MailScene.OpenAsync();
        await s.CallAsync("Mailbox/set", """
            {"create":{"a":{"name":"a"},"z":{"name":"zoo","parentId":"#a"},"Z":{"name":"Zoo","parentId":"#a"},
            "x":{"name":"x","parentId":"#z"},"b":{"name":"b","sortOrder":9,"isSubscribed":false}}}
            """);
        var answer = await s.CallAsync("Mailbox/query", arguments);
        var names = (await s.Store.ListMailboxesAsync(s.Account, default))
            .ToDictionary(mailbox => mailbox.Id.ToString(), mailbox => mailbox.Name);
        var found = answer.GetProperty("ids").EnumerateArray().Select(id => names[id.GetString() ?? ""]).ToArray();
        Assert.Equal(expected.Split(' ').Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        if (arguments.Contains("\"sort", StringComparison.Ordinal)) Assert.Equal(expected, string.Join(' ', found));
        Assert.True(answer.GetProperty("canCalculateChanges").GetBoolean());
    }

    [Theory]
    [InlineData("""{"filter":{"colour":"red"}}""", "unsupportedFilter")]
    [InlineData("""{"sort":[{"property":"totalEmails"}]}""", "unsupportedSort")]
    [InlineData("""{"filter":{"name":7}}""", "invalidArguments")]
    [InlineData("""{"anchor":"nobody"}""", "anchorNotFound")]
    public async Task Query_fails_as_it_should(string arguments, string expected)
    {
        await using var s = await MailScene.OpenAsync();
        Assert.Equal(expected, await s.ErrorAsync("Mailbox/query", arguments));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Query_changes_lead_from_the_old_result_to_the_new(int seed)
    {
        await using var s = await MailScene.OpenAsync();
        var random = new Random(seed);
        string[] queries =
        [
            "'filter':{'name':'m'},'sort':[{'property':'name'}]", "'sortAsTree':true",
            "'filter':{'isSubscribed':true},'filterAsTree':true,'sort':[{'property':'sortOrder'}]",
        ];
        var (results, states) = (new List<string>[queries.Length], new string[queries.Length]);
        for (var step = 0; step < 40; step++)
        {
            await ChangeAsync(s, random);
            for (var i = 0; i < queries.Length; i++)
            {
                var query = queries[i].Replace('\'', '"');
                var now = await s.CallAsync("Mailbox/query", "{" + query + "}");
                var ids = now.GetProperty("ids").EnumerateArray().Select(id => id.GetString() ?? "").ToList();
                if (results[i] is { } known)
                {
                    var old = known.ToList();
                    var changes = await s.CallAsync(
                        "Mailbox/queryChanges", $$$$"""{ {{{{query}}}},"sinceQueryState":"{{{{states[i]}}}}","calculateTotal":true}""");
                    foreach (var id in changes.GetProperty("removed").EnumerateArray()) old.Remove(id.GetString() ?? "");
                    foreach (var added in changes.GetProperty("added").EnumerateArray())
                        old.Insert(added.GetProperty("index").GetInt32(), added.GetProperty("id").GetString() ?? "");
                    Assert.Equal(ids, old);
                    Assert.Equal(ids.Count, changes.GetProperty("total").GetInt32());
                }
                if (random.Next(3) == 0) continue;
                (results[i], states[i]) = (ids, now.GetProperty("queryState").GetString() ?? "");
            }
        }
    }

    [Fact]
    public async Task Set_answers_what_the_server_set_and_resolves_creation_ids()
    {
        await using var s = await MailScene.OpenAsync();
        var answer = await s.CallAsync("Mailbox/set", """
            {"create":{"child":{"name":"Cafe\u0301","parentId":"#top","isSubscribed":false},
             "top":{"name":"Top","role":"all","sortOrder":2}},
             "update":{"$Junk":{"parentId":"#top","name":"Spam"},"#top":{"sortOrder":4}},"destroy":["$Archive"]}
            """);
        var child = answer.GetProperty("created").GetProperty("child");
        Assert.Equal("Caf\u00e9", child.GetProperty("name").GetString());
        Assert.Equal(0, child.GetProperty("totalThreads").GetInt32());
        Assert.False(child.TryGetProperty("isSubscribed", out _));
        Assert.True(answer.GetProperty("created").GetProperty("top").GetProperty("isSubscribed").GetBoolean());
        Assert.Equal(2, answer.GetProperty("updated").EnumerateObject().Count());
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("notUpdated").ValueKind);
        Assert.Equal(1, answer.GetProperty("destroyed").GetArrayLength());
        Assert.NotEqual(answer.GetProperty("oldState").GetString(), answer.GetProperty("newState").GetString());
        var names = (await s.Store.ListMailboxesAsync(s.Account, default))
            .Select(mailbox => $"{mailbox.Name} {mailbox.SpecialUse} {mailbox.Subscribed} {mailbox.SortOrder}").ToArray();
        Assert.Contains("Top All True 4", names);
        Assert.Contains("Top/Spam Junk True 0", names);
        Assert.Contains("Top/Caf\u00e9 None False 0", names);
    }

    [Theory]
    [InlineData("""{"create":{"x":{"name":"Junk"}}}""", "notCreated", "invalidProperties", "name")]
    [InlineData("""{"create":{"x":{"name":"a/b"}}}""", "notCreated", "invalidProperties", "name")]
    [InlineData("""{"create":{"x":{"name":""}}}""", "notCreated", "invalidProperties", "name")]
    [InlineData("""{"create":{"x":{}}}""", "notCreated", "invalidProperties", "name")]
    [InlineData("""{"create":{"x":{"name":"n","role":"junk"}}}""", "notCreated", "invalidProperties", "role")]
    [InlineData("""{"create":{"x":{"name":"n","role":"inbox"}}}""", "notCreated", "invalidProperties", "role")]
    [InlineData("""{"create":{"x":{"name":"n","role":"cupboard"}}}""", "notCreated", "invalidProperties", "role")]
    [InlineData("""{"create":{"x":{"name":"n","parentId":"nobody"}}}""", "notCreated", "invalidProperties", "parentId")]
    [InlineData("""{"create":{"x":{"name":"n","parentId":"#x"}}}""", "notCreated", "invalidProperties", "parentId")]
    [InlineData("""{"create":{"x":{"name":"n","sortOrder":-1}}}""", "notCreated", "invalidProperties", "sortOrder")]
    [InlineData("""{"create":{"x":{"name":"n","isSubscribed":7}}}""", "notCreated", "invalidProperties", "isSubscribed")]
    [InlineData("""{"create":{"x":{"name":"n","id":"me"}}}""", "notCreated", "invalidProperties", "id")]
    [InlineData("""{"create":{"x":{"name":"n","colour":"red"}}}""", "notCreated", "invalidProperties", "colour")]
    [InlineData("""{"update":{"$Junk":{"totalEmails":4}}}""", "notUpdated", "invalidProperties", "totalEmails")]
    [InlineData("""{"update":{"$Junk":{"name":"Sent"}}}""", "notUpdated", "invalidProperties", "name")]
    [InlineData("""{"update":{"$Junk":{"name":null}}}""", "notUpdated", "invalidProperties", "name")]
    [InlineData("""{"update":{"$Junk":{"parentId":"$Junk"}}}""", "notUpdated", "invalidProperties", "parentId")]
    [InlineData("""{"update":{"$Junk":{"name/first":"x"}}}""", "notUpdated", "invalidPatch", null)]
    [InlineData("""{"update":{"$INBOX":{"name":"Post"}}}""", "notUpdated", "forbidden", null)]
    [InlineData("""{"update":{"$INBOX":{"role":null}}}""", "notUpdated", "forbidden", null)]
    [InlineData("""{"update":{"nobody":{"name":"x"}}}""", "notUpdated", "notFound", null)]
    [InlineData("""{"destroy":["$INBOX"]}""", "notDestroyed", "forbidden", null)]
    [InlineData("""{"destroy":["nobody"]}""", "notDestroyed", "notFound", null)]
    public async Task Set_rejects_what_may_not_be(string arguments, string member, string type, string? property)
    {
        await using var s = await MailScene.OpenAsync();
        var answer = await s.CallAsync("Mailbox/set", arguments);
        var error = answer.GetProperty(member).EnumerateObject().Single().Value;
        Assert.Equal(type, error.GetProperty("type").GetString());
        if (property is not null) Assert.Equal($"""["{property}"]""", error.GetProperty("properties").GetRawText());
        Assert.Equal(answer.GetProperty("oldState").GetString(), answer.GetProperty("newState").GetString());
    }

    [Fact]
    public async Task A_whole_object_is_a_patch_too()
    {
        await using var s = await MailScene.OpenAsync();
        var whole = (await s.CallAsync("Mailbox/get", """{"ids":["$Junk"]}""")).GetProperty("list")[0];
        var renamed = whole.GetRawText().Replace("\"Junk\"", "\"Spam\"", StringComparison.Ordinal);
        var answer = await s.CallAsync("Mailbox/set", $$$$"""{"update":{"$Junk":{{{{renamed}}}} }}""");
        Assert.Equal(JsonValueKind.Object, answer.GetProperty("updated").ValueKind);
        Assert.NotNull(await s.Store.FindMailboxAsync(s.Account, "Spam", default));
    }

    [Fact]
    public async Task A_mailbox_with_a_child_or_with_mail_is_not_destroyed_unasked()
    {
        await using var s = await MailScene.OpenAsync();
        await s.CallAsync("Mailbox/set", """{"create":{"x":{"name":"x","parentId":"$Archive"}}}""");
        await s.Test.DeliverAsync(s.Account, mailbox: "Junk");
        var answer = await s.CallAsync("Mailbox/set", """{"destroy":["$Archive","$Junk"]}""");
        var errors = answer.GetProperty("notDestroyed").EnumerateObject().Select(one => one.Value.GetProperty("type").GetString());
        Assert.Equal(["mailboxHasChild", "mailboxHasEmail"], errors.Order());
        answer = await s.CallAsync("Mailbox/set", """{"destroy":["$Junk"],"onDestroyRemoveEmails":true}""");
        Assert.Equal(1, answer.GetProperty("destroyed").GetArrayLength());
        Assert.Equal("stateMismatch", await s.ErrorAsync("Mailbox/set", """{"ifInState":"1","create":{"y":{"name":"y"}}}"""));
    }

    private static async Task ChangeAsync(MailScene s, Random random)
    {
        var all = await s.Store.ListMailboxesAsync(s.Account, default);
        var (any, other) = (all[random.Next(all.Count)].Id, all[random.Next(all.Count)].Id);
        var (number, order, subscribed) = (random.Next(100), random.Next(4), random.Next(2) == 0 ? "true" : "false");
        var change = random.Next(6) switch
        {
            0 => $"'create':{{'x':{{'name':'m{number}','parentId':'{any}','sortOrder':{order}}}}}",
            1 => $"'update':{{'{any}':{{'name':'m{number}'}}}}",
            2 => $"'update':{{'{any}':{{'parentId':'{other}'}}}}",
            3 => $"'update':{{'{any}':{{'sortOrder':{order},'isSubscribed':{subscribed}}}}}",
            4 => $"'destroy':['{any}'],'onDestroyRemoveEmails':true",
            _ => "",
        };
        if (change.Length == 0) await s.Test.DeliverAsync(s.Account);
        else await s.CallAsync("Mailbox/set", "{" + change.Replace('\'', '"') + "}");
    }
}
