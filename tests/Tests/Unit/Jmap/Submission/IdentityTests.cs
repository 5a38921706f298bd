using System.Text.Json;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 8621 §6.</summary>
public sealed class IdentityTests
{
    [Fact]
    public async Task The_first_identity_is_the_accounts_own_and_stays()
    {
        await using var scene = await JmapScene.OpenAsync();
        var answer = await scene.OneAsync("Identity/get", "");
        var own = answer.GetProperty("list")[0];
        Assert.Equal("alice@example.test", own.GetProperty("email").GetString());
        Assert.False(own.GetProperty("mayDelete").GetBoolean());
        Assert.Equal(answer.GetRawText(), (await scene.OneAsync("Identity/get", "")).GetRawText());
        var gone = await scene.OneAsync("Identity/set", $"\"destroy\":[\"{own.GetProperty("id").GetString()}\"]");
        Assert.Contains("forbidden", gone.GetProperty("notDestroyed").GetRawText());
    }

    [Fact]
    public async Task Identities_are_made_changed_and_destroyed_and_changes_tell()
    {
        await using var scene = await JmapScene.OpenAsync();
        var before = (await scene.OneAsync("Identity/get", "")).GetProperty("state").GetString();
        var set = await scene.OneAsync("Identity/set", """
            "create":{"a":{"email":"*@sub.alice@example.test","name":"A"},"b":{"email":"list.alice@example.test","name":"B",
            "replyTo":[{"name":null,"email":"r@example.test"}],"bcc":[],"textSignature":"-- \nB","htmlSignature":"<b>B</b>"}},
            "update":{"#b":{"name":"B2","replyTo":null}}
            """);
        // A pattern is "*@" and a domain.
        Assert.Contains("invalidProperties", set.GetProperty("notCreated").GetProperty("a").GetRawText());
        var id = set.GetProperty("created").GetProperty("b").GetProperty("id").GetString() ?? "";
        Assert.True(set.GetProperty("created").GetProperty("b").GetProperty("mayDelete").GetBoolean());
        var got = (await scene.OneAsync("Identity/get", $"\"ids\":[\"{id}\"]")).GetProperty("list")[0];
        Assert.Equal("B2", got.GetProperty("name").GetString());
        Assert.Equal(JsonValueKind.Null, got.GetProperty("replyTo").ValueKind);
        Assert.Equal("<b>B</b>", got.GetProperty("htmlSignature").GetString());
        var changes = await scene.OneAsync("Identity/changes", $"\"sinceState\":\"{before}\"");
        Assert.Equal($"[\"{id}\"]", changes.GetProperty("created").GetRawText());
        var gone = await scene.OneAsync("Identity/set", $"\"destroy\":[\"{id}\"]");
        Assert.Equal($"[\"{id}\"]", gone.GetProperty("destroyed").GetRawText());
    }

    [Theory]
    [InlineData("""{"email":"mallory@example.org"}""", "forbiddenFrom")]
    [InlineData("""{}""", "invalidProperties")]
    [InlineData("""{"email":"no address"}""", "invalidProperties")]
    [InlineData("""{"email":"alice@example.test","id":"x"}""", "invalidProperties")]
    [InlineData("""{"email":"alice@example.test","mayDelete":true}""", "invalidProperties")]
    [InlineData("""{"email":"alice@example.test","other":1}""", "invalidProperties")]
    [InlineData("""{"email":"alice@example.test","name":1}""", "invalidProperties")]
    [InlineData("""{"email":"alice@example.test","bcc":[{"email":"x"}]}""", "invalidProperties")]
    [InlineData("""{"email":"alice@example.test","replyTo":{}}""", "invalidProperties")]
    public async Task What_cannot_be_made_says_why(string identity, string error)
    {
        await using var scene = await JmapScene.OpenAsync();
        var set = await scene.OneAsync("Identity/set", $"\"create\":{{\"a\":{identity}}}");
        Assert.Equal(error, set.GetProperty("notCreated").GetProperty("a").GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("""{"email":"list.alice@example.test"}""", "invalidProperties")]
    [InlineData("""{"mayDelete":true}""", "invalidProperties")]
    [InlineData("""{"bcc/0":null}""", "invalidPatch")]
    [InlineData("""{"none":1}""", "invalidProperties")]
    public async Task What_cannot_be_changed_says_why(string patch, string error)
    {
        await using var scene = await JmapScene.OpenAsync();
        var id = (await scene.OneAsync("Identity/get", "")).GetProperty("list")[0].GetProperty("id").GetString() ?? "";
        var set = await scene.OneAsync("Identity/set", $"\"update\":{{\"{id}\":{patch},\"none\":{{}}}}");
        Assert.Equal(error, set.GetProperty("notUpdated").GetProperty(id).GetProperty("type").GetString());
        Assert.Equal("notFound", set.GetProperty("notUpdated").GetProperty("none").GetProperty("type").GetString());
    }

    [Fact]
    public async Task Another_state_changes_nothing()
    {
        await using var scene = await JmapScene.OpenAsync();
        var arguments = """ "ifInState":"99","create":{"a":{"email":"alice@example.test"}}""";
        Assert.Equal("stateMismatch", await scene.ErrorAsync("Identity/set", arguments));
        Assert.Single((await scene.OneAsync("Identity/get", "")).GetProperty("list").EnumerateArray());
    }

    [Fact]
    public async Task A_login_that_may_only_read_has_no_identities()
    {
        await using var scene = await JmapScene.OpenAsync();
        var reads = scene.Alice with { Scope = new LoginScope { ReadOnly = true } };
        Assert.Equal("accountNotSupportedByMethod", await scene.ErrorAsync("Identity/get", "", reads));
    }
}
