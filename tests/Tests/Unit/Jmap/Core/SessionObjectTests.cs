using System.Text.Json;
using Aviso.Jmap;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 8620 §2.</summary>
public sealed class SessionObjectTests
{
    private static readonly FakeJmap Jmap = new();

    [Fact]
    public void The_session_says_what_the_server_and_the_account_can()
    {
        var session = Session(FakeJmap.Alice);
        var id = FakeJmap.Alice.Account.ToString();
        var core = session.GetProperty("capabilities").GetProperty("urn:ietf:params:jmap:core");
        foreach (var (name, least) in new[]
        {
            ("maxSizeUpload", 50_000_000L), ("maxConcurrentUpload", 4), ("maxSizeRequest", 10_000_000), ("maxConcurrentRequests", 4),
            ("maxCallsInRequest", 16), ("maxObjectsInGet", 500), ("maxObjectsInSet", 500),
        }) Assert.InRange(core.GetProperty(name).GetInt64(), least, long.MaxValue);
        Assert.Contains("i;unicode-casemap", core.GetProperty("collationAlgorithms").EnumerateArray().Select(c => c.GetString()));
        var account = session.GetProperty("accounts").GetProperty(id);
        Assert.Equal("alice@example.test", account.GetProperty("name").GetString());
        Assert.True(account.GetProperty("isPersonal").GetBoolean());
        Assert.False(account.GetProperty("isReadOnly").GetBoolean());
        var own = account.GetProperty("accountCapabilities").GetProperty(FakeJmap.Uri);
        Assert.Equal("alice@example.test", own.GetProperty("of").GetString());
        Assert.Equal($$$$"""{"{{{{FakeJmap.Uri}}}}":"{{{{id}}}}"}""", session.GetProperty("primaryAccounts").GetRawText());
        Assert.Equal("alice@example.test", session.GetProperty("username").GetString());
    }

    [Fact]
    public void The_urls_are_templates_below_the_origin()
    {
        var session = Session(FakeJmap.Alice);
        Assert.Equal("https://mail.example.test/jmap/api", session.GetProperty("apiUrl").GetString());
        foreach (var (name, variables) in new[]
        {
            ("downloadUrl", "accountId blobId type name"), ("uploadUrl", "accountId"), ("eventSourceUrl", "types closeafter ping"),
        })
        {
            var url = session.GetProperty(name).GetString() ?? "";
            Assert.StartsWith("https://mail.example.test/", url);
            Assert.All(variables.Split(' '), variable => Assert.Contains($"{{{variable}}}", url));
        }
    }

    [Fact]
    public async Task The_state_is_that_of_every_answer_and_changes_with_what_the_user_may()
    {
        var state = Session(FakeJmap.Alice).GetProperty("state").GetString();
        var (_, root) = await Jmap.PostAsync("""{"using":[],"methodCalls":[]}""");
        Assert.Equal(state, root.GetProperty("sessionState").GetString());
        var reads = FakeJmap.Alice with { Scope = new LoginScope { ReadOnly = true } };
        Assert.True(Session(reads).GetProperty("accounts").GetProperty(reads.Account.ToString()).GetProperty("isReadOnly").GetBoolean());
        Assert.NotEqual(state, Session(reads).GetProperty("state").GetString());
        var elsewhere = FakeJmap.Alice with { Scope = new LoginScope { Name = "elsewhere" } };
        Assert.Equal("{}", Session(elsewhere).GetProperty("primaryAccounts").GetRawText());
        Assert.NotEqual(state, Session(elsewhere).GetProperty("state").GetString());
    }

    private static JsonElement Session(JmapUser user)
    {
        using var document = JsonDocument.Parse(
            Jmap.Server.Session(user, "https://mail.example.test"), new() { AllowDuplicateProperties = false });
        return document.RootElement.Clone();
    }
}
