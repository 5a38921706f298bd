using System.Text.Json;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>What was deleted for good is shown, and comes back where it was.</summary>
public sealed class ExpungedTests
{
    [Fact]
    public async Task What_was_destroyed_is_shown_and_comes_back_with_flags_and_place()
    {
        await using var scene = await MailScene.OpenAsync();
        var kept = await ImportAsync(scene, "From: Ann <ann@example.test>\r\nSubject: =?utf-8?Q?B=C3=BCcher?=\r\n\r\nhi\r\n", """
            ,"keywords":{"$flagged":true,"work":true}
            """);
        Assert.Equal("[]", (await CallAsync(scene, "ExpungedEmail/get", "\"ids\":null")).GetProperty("list").GetRawText());
        await CallAsync(scene, "Email/set", $"\"destroy\":[\"{kept}\"]");

        var shown = (await CallAsync(scene, "ExpungedEmail/get", "\"ids\":null")).GetProperty("list")[0];
        Assert.Equal((kept, "INBOX", "Bücher", "ann@example.test"),
            (shown.GetProperty("id").GetString(), shown.GetProperty("mailbox").GetString(), shown.GetProperty("subject").GetString(),
                shown.GetProperty("from")[0].GetProperty("email").GetString()));
        Assert.Equal("""{"$flagged":true,"work":true}""", shown.GetProperty("keywords").GetRawText());

        var back = await CallAsync(scene, "ExpungedEmail/restore", $"\"ids\":[\"{kept}\",\"0000000000000\",\"?\"]");
        Assert.Equal($$$"""{"{{{kept}}}":{"mailboxId":"{{{scene.Inbox}}}"}}""", back.GetProperty("restored").GetRawText());
        Assert.Equal("""{"0000000000000":{"type":"notFound"},"?":{"type":"notFound"}}""", back.GetProperty("notRestored").GetRawText());
        var email = (await CallAsync(scene, "Email/get", $"\"ids\":[\"{kept}\"],\"properties\":[\"keywords\",\"mailboxIds\"]"))
            .GetProperty("list")[0];
        Assert.Equal("""{"$flagged":true,"work":true}""", email.GetProperty("keywords").GetRawText());
        // Once more brings nothing twice.
        var again = await CallAsync(scene, "ExpungedEmail/restore", $"\"ids\":[\"{kept}\"]");
        Assert.Equal("{}", again.GetProperty("restored").GetRawText());
        Assert.Equal("[]", (await CallAsync(scene, "ExpungedEmail/get", "\"ids\":null")).GetProperty("list").GetRawText());
    }

    [Fact]
    public async Task A_mailbox_can_be_chosen_and_a_limit_is_said()
    {
        await using var scene = await MailScene.OpenAsync();
        var ids = new List<string>();
        for (var i = 0; i < 3; i++) ids.Add(await ImportAsync(scene, $"Subject: {i}\r\n\r\n"));
        await CallAsync(scene, "Email/set", $"\"destroy\":[\"{string.Join("\",\"", ids)}\"]");
        var two = await CallAsync(scene, "ExpungedEmail/get", "\"ids\":null,\"limit\":2,\"properties\":[\"subject\"]");
        Assert.Equal((2, true), (two.GetProperty("list").GetArrayLength(), two.GetProperty("hasMore").GetBoolean()));
        var asked = await CallAsync(scene, "ExpungedEmail/get", $"\"ids\":[\"{ids[0]}\",\"x\"],\"properties\":[\"subject\"]");
        Assert.Equal($$"""[{"id":"{{ids[0]}}","subject":"0"}]""", asked.GetProperty("list").GetRawText());
        Assert.Equal("""["x"]""", asked.GetProperty("notFound").GetRawText());

        await CallAsync(scene, "ExpungedEmail/restore", $"\"ids\":[\"{ids[1]}\"],\"mailboxId\":\"$Archive\"");
        var archive = (await scene.Store.FindMailboxAsync(scene.Account, "Archive", default))!.Id;
        Assert.Equal(1, (await scene.Store.ViewAsync(scene.Account, archive, default))!.Count);
    }

    [Theory]
    [InlineData("ExpungedEmail/restore", "")]
    [InlineData("ExpungedEmail/restore", "\"ids\":[],\"mailboxId\":\"none\"")]
    [InlineData("ExpungedEmail/get", "\"ids\":null,\"limit\":0")]
    [InlineData("ExpungedEmail/get", "\"ids\":null,\"properties\":[\"body\"]")]
    public async Task What_is_asked_wrongly_changes_nothing(string method, string arguments)
    {
        await using var scene = await MailScene.OpenAsync();
        Assert.Equal("invalidArguments", await scene.ErrorAsync(method, $"{{{arguments}}}"));
    }

    private static async Task<string> ImportAsync(MailScene scene, string message, string more = "")
    {
        scene.AddBlob("m", message);
        var answer = await CallAsync(
            scene, "Email/import", $$$"""
            "emails":{"a":{"blobId":"m","mailboxIds":{"$INBOX":true}{{{more}}}}}
            """);
        return answer.GetProperty("created").GetProperty("a").GetProperty("id").GetString()!;
    }

    private static Task<JsonElement> CallAsync(MailScene scene, string method, string arguments) =>
        scene.CallAsync(method, $"{{{arguments}}}");
}
