using System.Text.Json;
using Aviso.Accounts;
using Aviso.Jmap;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 8621 §8, as clients see it.</summary>
public sealed class VacationResponseTests
{
    private const string Off =
        """{"id":"singleton","isEnabled":false,"fromDate":null,"toDate":null,"subject":null,"textBody":null,"htmlBody":null}""";

    [Fact]
    public async Task There_is_one_from_the_beginning_and_it_is_off()
    {
        await using var scene = await JmapScene.OpenAsync();
        foreach (var ids in (string[])["null", """["singleton"]"""])
        {
            var answer = await scene.OneAsync("VacationResponse/get", $"\"ids\":{ids}");
            Assert.Equal(Off, Assert.Single(answer.GetProperty("list").EnumerateArray()).GetRawText());
            Assert.Equal("0", answer.GetProperty("state").GetString());
        }
        var other = await scene.OneAsync("VacationResponse/get", """ "ids":["other"],"properties":["isEnabled"] """);
        Assert.Equal("""["other"]""", other.GetProperty("notFound").GetRawText());
        Assert.Equal("invalidArguments", await scene.ErrorAsync("VacationResponse/get", """ "ids":null,"properties":["body"] """));
    }

    [Fact]
    public async Task What_is_set_is_kept_and_told()
    {
        await using var scene = await JmapScene.OpenAsync();
        using var listener = scene.Rooms.Feed.Listen(scene.Account, null);
        var answer = await scene.OneAsync("VacationResponse/set", """
            "ifInState":"0","update":{"singleton":{"isEnabled":true,"fromDate":"2026-07-01T00:00:00Z","toDate":"2026-07-15T12:30:00.5Z",
            "subject":"Away \"now\"","textBody":"I am\naway.","htmlBody":"<p>I am away.</p>"}}
            """);
        Assert.Equal("""{"singleton":null}""", answer.GetProperty("updated").GetRawText());
        Assert.Equal(("0", "1"), (answer.GetProperty("oldState").GetString(), answer.GetProperty("newState").GetString()));
        Assert.Equal([KeyValuePair.Create("VacationResponse", "1")], await listener.NextAsync(
            TimeSpan.FromSeconds(5), TimeProvider.System, default));
        Assert.Equal("1", (await scene.Rooms.Feed.StatesAsync(scene.Account, default))["VacationResponse"]);
        using var again = new VacationReplies(scene.Store.Store, scene.Clock);
        Assert.Equal(await scene.Replies.ReadAsync(scene.Account, default), await again.ReadAsync(scene.Account, default));
        var got = (await scene.OneAsync("VacationResponse/get", "\"ids\":null")).GetProperty("list")[0];
        Assert.Equal("2026-07-01T00:00:00Z", got.GetProperty("fromDate").GetString());
        Assert.Equal("2026-07-15T12:30:00.5Z", got.GetProperty("toDate").GetString());
        Assert.Equal("Away \"now\"", got.GetProperty("subject").GetString());
        Assert.Equal("I am\naway.", got.GetProperty("textBody").GetString());
        Assert.Equal("<p>I am away.</p>", got.GetProperty("htmlBody").GetString());
    }

    [Fact]
    public async Task Null_takes_back_and_what_is_not_named_stays()
    {
        await using var scene = await JmapScene.OpenAsync();
        await UpdateAsync(scene, """{"isEnabled":true,"subject":"a","textBody":"b","toDate":"2026-07-01T00:00:00Z"}""");
        await UpdateAsync(scene, """{"subject":null,"toDate":null,"id":"singleton"}""");
        var reply = (await scene.Replies.ReadAsync(scene.Account, default)).Reply;
        Assert.Equal(new VacationReply { IsEnabled = true, Text = "b" }, reply);
        // The same again is no change.
        Assert.Equal("2", (await UpdateAsync(scene, """{"textBody":"b"}""")).GetProperty("newState").GetString());
    }

    [Theory]
    [InlineData("""{"isEnabled":null}""", "invalidProperties")]
    [InlineData("""{"isEnabled":"yes"}""", "invalidProperties")]
    [InlineData("""{"fromDate":"2026-07-01T00:00:00+02:00"}""", "invalidProperties")]
    [InlineData("""{"fromDate":"2026-07-01"}""", "invalidProperties")]
    [InlineData("""{"toDate":"2026-02-30T00:00:00Z"}""", "invalidProperties")]
    [InlineData("""{"toDate":0}""", "invalidProperties")]
    [InlineData("""{"subject":["a"]}""", "invalidProperties")]
    [InlineData("""{"textBody":false}""", "invalidProperties")]
    [InlineData("""{"textBody":"a\u0000b"}""", "invalidProperties")]
    [InlineData("""{"id":"other"}""", "invalidProperties")]
    [InlineData("""{"days":7}""", "invalidProperties")]
    [InlineData("""{"subject/0":"a"}""", "invalidPatch")]
    public async Task What_cannot_be_set_says_why_and_nothing_of_it_is_set(string patch, string error)
    {
        await using var scene = await JmapScene.OpenAsync();
        var more = "{\"htmlBody\":\"x\"," + patch[1..];
        var answer = await UpdateAsync(scene, more);
        Assert.Equal(error, answer.GetProperty("notUpdated").GetProperty("singleton").GetProperty("type").GetString());
        Assert.Equal(Off, (await scene.OneAsync("VacationResponse/get", "\"ids\":null")).GetProperty("list")[0].GetRawText());
        Assert.Equal("0", answer.GetProperty("newState").GetString());
    }

    [Fact]
    public async Task Texts_have_a_limit()
    {
        await using var scene = await JmapScene.OpenAsync();
        foreach (var (property, most) in new[] { ("subject", 500), ("textBody", 256 * 1024), ("htmlBody", 256 * 1024) })
        {
            var taken = await UpdateAsync(scene, $"{{\"{property}\":\"{new string('x', most)}\"}}");
            Assert.Equal(JsonValueKind.Null, taken.GetProperty("notUpdated").ValueKind);
            var not = await UpdateAsync(scene, $"{{\"{property}\":\"{new string('x', most + 1)}\"}}");
            Assert.Equal("invalidProperties", not.GetProperty("notUpdated").GetProperty("singleton").GetProperty("type").GetString());
        }
    }

    // RFC 8620 §5.3
    [Fact]
    public async Task It_is_neither_made_nor_destroyed()
    {
        await using var scene = await JmapScene.OpenAsync();
        var answer = await scene.OneAsync("VacationResponse/set", """
            "create":{"a":{"isEnabled":true}},"update":{"other":{"isEnabled":true}},"destroy":["singleton","other"]
            """);
        Assert.Equal("singleton", answer.GetProperty("notCreated").GetProperty("a").GetProperty("type").GetString());
        Assert.Equal("notFound", answer.GetProperty("notUpdated").GetProperty("other").GetProperty("type").GetString());
        Assert.Equal("singleton", answer.GetProperty("notDestroyed").GetProperty("singleton").GetProperty("type").GetString());
        Assert.Equal("notFound", answer.GetProperty("notDestroyed").GetProperty("other").GetProperty("type").GetString());
        Assert.Equal("stateMismatch", await scene.ErrorAsync("VacationResponse/set", "\"ifInState\":\"1\""));
    }

    [Fact]
    public async Task Who_does_not_see_all_mail_or_may_change_nothing_sets_nothing()
    {
        await using var scene = await JmapScene.OpenAsync();
        var narrow = scene.Alice with { Scope = new LoginScope { Mailboxes = ["INBOX"] } };
        Assert.Equal("accountNotSupportedByMethod", await scene.ErrorAsync("VacationResponse/get", "\"ids\":null", narrow));
        var reader = scene.Alice with { Scope = new LoginScope { ReadOnly = true } };
        Assert.Equal("accountReadOnly", await scene.ErrorAsync("VacationResponse/set", "", reader));
        using var session = JsonDocument.Parse(scene.Server.Session(scene.Alice, ""));
        Assert.Equal("{}", session.RootElement.GetProperty("capabilities").GetProperty(Capabilities.VacationResponse).GetRawText());
    }

    private static Task<JsonElement> UpdateAsync(JmapScene scene, string patch) =>
        scene.OneAsync("VacationResponse/set", $"\"update\":{{\"singleton\":{patch}}}");
}
