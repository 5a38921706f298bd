using System.Text.Json;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>Parts of a result, texts, and changes to a result (RFC 8620 §5.5, §5.6).</summary>
public sealed class EmailQueryTests
{
    private static readonly string[] Needles =
    [
        "From: =?utf-8?q?Zo=C3=AB?= <z@example.org>\nSubject: a needle\n\nhay\n",
        """
        Subject: b
        X-Kind: odd
        Content-Type: multipart/mixed; boundary=b

        --b

        Needle
        --b
        Content-Type: image/png
        Content-Disposition: attachment

        x
        --b--

        """,
        """
        To: The List <x@example.org>
        Subject: c
        Content-Type: text/html

        <p>needle <b>and
         thread</b> <a href='x'>y</a></p>

        """,
    ];

    [Theory]
    [InlineData("""{"limit":2}""", "4 3", 0)]
    [InlineData("""{"position":3}""", "1 0", 3)]
    [InlineData("""{"position":-2}""", "1 0", 3)]
    [InlineData("""{"position":-99,"limit":1}""", "4", 0)]
    [InlineData("""{"position":99}""", "", 99)]
    [InlineData("""{"anchor":"#2"}""", "2 1 0", 2)]
    [InlineData("""{"anchor":"#2","anchorOffset":-1,"position":4,"limit":2}""", "3 2", 1)]
    [InlineData("""{"anchor":"#2","anchorOffset":-99,"limit":1}""", "4", 0)]
    [InlineData("""{"anchor":"#2","anchorOffset":2}""", "0", 4)]
    [InlineData("""{"limit":0}""", "", 0)]
    [InlineData("""{"sort":[{"property":"receivedAt"}],"limit":2}""", "0 1", 0)]
    public async Task A_part_of_a_result(string arguments, string expected, int position)
    {
        await using var scene = await EmailScene.OpenAsync();
        var ids = await FiveAsync(scene);
        for (var i = 0; i < 5; i++) arguments = arguments.Replace($"#{i}", ids[i], StringComparison.Ordinal);
        var answer = await scene.CallAsync("Email/query", arguments);
        Assert.Equal(expected, string.Join(' ', EmailScene.Texts(answer.GetProperty("ids")).Select(id => ids.IndexOf(id))));
        Assert.Equal(position, answer.GetProperty("position").GetInt32());
        Assert.False(answer.TryGetProperty("total", out _));
    }

    [Theory]
    [InlineData("""{"text":"needle"}""", "0 1 2")]
    [InlineData("""{"body":"needle"}""", "1 2")]
    [InlineData("""{"subject":"NEEDLE"}""", "0")]
    [InlineData("""{"body":"needle thread"}""", "2")]
    [InlineData("""{"body":"'needle and thread'"}""", "2")]
    [InlineData("""{"body":"'and needle'"}""", "")]
    [InlineData("""{"text":"needl"}""", "0 1 2")]
    [InlineData("""{"text":"'needl'"}""", "")]
    [InlineData("""{"header":["X-Kind"]}""", "1")]
    [InlineData("""{"header":["x-kind","ODD"]}""", "1")]
    [InlineData("""{"header":["x-kind","even"]}""", "")]
    [InlineData("""{"from":"zoë"}""", "0")]
    [InlineData("""{"to":"list"}""", "2")]
    [InlineData("""{"hasAttachment":true}""", "1")]
    [InlineData("""{"operator":"NOT","conditions":[{"body":"needle"},{"hasAttachment":true}]}""", "0")]
    [InlineData("""{"body":"href"}""", "")]
    public async Task Texts_are_found(string filter, string expected)
    {
        foreach (var index in (bool[])[false, true])
        {
            await using var scene = await EmailScene.OpenAsync(index);
            List<string> ids = [];
            foreach (var message in Needles) ids.Add((await scene.DeliverAsync(message)).ToString());
            var answer = await scene.CallAsync("Email/query", $$"""{"filter":{{filter}},"sort":[{"property":"subject"}]}""");
            Assert.Equal(expected, string.Join(' ', EmailScene.Texts(answer.GetProperty("ids")).Select(id => ids.IndexOf(id))));
        }
    }

    [Fact]
    public async Task Changes_of_what_a_filter_does_not_ask_about_are_none()
    {
        await using var scene = await EmailScene.OpenAsync();
        var ids = await FiveAsync(scene);
        const string query = """{"filter":{"minSize":1},"sort":[{"property":"receivedAt","isAscending":false}]""";
        var state = (await scene.CallAsync("Email/query", query + "}")).GetProperty("queryState").GetString();
        await FlagAsync(scene, 2);
        var changes = await ChangesAsync(scene, query, state);
        Assert.Equal("[] []", $"{changes.GetProperty("removed").GetRawText()} {changes.GetProperty("added").GetRawText()}");
        var fresh = (await scene.DeliverAsync("Subject: 6\n\n")).ToString();
        changes = await ChangesAsync(scene, query, state);
        Assert.Equal($$"""[{"id":"{{fresh}}","index":0}]""", changes.GetProperty("added").GetRawText());
        // What is added behind the last id that a client has is not told.
        var oldest = query.Replace("\"isAscending\":false", "\"isAscending\":true", StringComparison.Ordinal);
        changes = await ChangesAsync(scene, oldest, state, $",\"upToId\":\"{ids[1]}\"");
        Assert.Equal("[]", changes.GetProperty("added").GetRawText());
    }

    [Fact]
    public async Task Too_many_changes_and_states_that_never_were_are_said_so()
    {
        await using var scene = await EmailScene.OpenAsync();
        await FiveAsync(scene);
        var state = (await scene.CallAsync("Email/query", "{}")).GetProperty("queryState").GetString();
        await scene.DeliverAsync("Subject: 6\n\n");
        await scene.DeliverAsync("Subject: 7\n\n");
        Assert.Equal(
            "tooManyChanges", await scene.FailureAsync("Email/queryChanges", $$"""{"sinceQueryState":"{{state}}","maxChanges":1}"""));
        Assert.Equal("cannotCalculateChanges", await scene.FailureAsync("Email/queryChanges", """{"sinceQueryState":"999999"}"""));
        Assert.Equal("cannotCalculateChanges", await scene.FailureAsync("Email/queryChanges", """{"sinceQueryState":"nobody"}"""));
    }

    [Fact]
    public async Task Snippets_mark_every_word_of_a_filter_and_none_that_must_not_be_there()
    {
        await using var scene = await EmailScene.OpenAsync();
        var id = (await scene.DeliverAsync("Subject: Foo <b>&\nContent-Type: text/html\n\n<p>The foo &lt;bar&gt; of BAR.</p>\n"))
            .ToString();
        const string filter = """
            {"operator":"AND","conditions":[{"text":"foo"},{"body":"bar"},{"operator":"NOT","conditions":[{"text":"the"}]}]}
            """;
        var answer = await scene.CallAsync("SearchSnippet/get", $$"""{"filter":{{filter}},"emailIds":["{{id}}","nobody"]}""");
        var snippet = Assert.Single(answer.GetProperty("list").EnumerateArray());
        Assert.Equal(id, snippet.GetProperty("emailId").GetString());
        Assert.Equal("<mark>Foo</mark> &lt;b&gt;&amp;", snippet.GetProperty("subject").GetString());
        Assert.Equal("The <mark>foo</mark> &lt;<mark>bar</mark>&gt; of <mark>BAR</mark>.", snippet.GetProperty("preview").GetString());
        Assert.Equal(["nobody"], EmailScene.Texts(answer.GetProperty("notFound")));
        answer = await scene.CallAsync("SearchSnippet/get", $$"""{"filter":{"hasKeyword":"foo"},"emailIds":["{{id}}"]}""");
        Assert.Equal($$"""[{"emailId":"{{id}}","subject":null,"preview":null}]""", answer.GetProperty("list").GetRawText());
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("notFound").ValueKind);
    }

    private static async Task<List<string>> FiveAsync(EmailScene scene)
    {
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add((await scene.DeliverAsync($"Subject: {i}\n\n{i}\n")).ToString());
            scene.Mail.Test.Clock.Advance(TimeSpan.FromSeconds(1));
        }
        return ids;
    }

    private static Task FlagAsync(EmailScene scene, uint uid) => scene.Mail.Test.Store.StoreFlagsAsync(
        scene.Mail.Account, scene.Mail.Inbox, [uid], new(FlagOperation.Add, SystemFlags.Flagged, []), null, default);

    private static Task<JsonElement> ChangesAsync(EmailScene scene, string query, string? state, string more = "") =>
        scene.CallAsync("Email/queryChanges", $$"""{{query}},"sinceQueryState":"{{state}}"{{more}}}""");
}
