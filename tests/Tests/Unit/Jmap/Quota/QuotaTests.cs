using Aviso.Jmap;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 9425.</summary>
public sealed class QuotaTests
{
    [Fact]
    public async Task An_account_without_limits_has_no_quotas()
    {
        await using var scene = await JmapScene.OpenAsync();
        var answer = await scene.OneAsync("Quota/get", "");
        Assert.Equal("[]", answer.GetProperty("list").GetRawText());
        Assert.Equal("none", answer.GetProperty("state").GetString());
        Assert.Equal("cannotCalculateChanges", await scene.ErrorAsync("Quota/changes", "\"sinceState\":\"x\""));
    }

    [Theory]
    [InlineData("none", 0)]
    [InlineData("qoctets.1.2", 1)]
    [InlineData("qoctets.1.2-qcount.3.4", 2)]
    public void A_state_says_all_that_it_stands_for(string state, int count) => Assert.Equal(count, Quotas.Of(state).Count);

    [Theory]
    [InlineData("")]
    [InlineData("qoctets.1")]
    [InlineData("qoctets.-1.2")]
    [InlineData("qoctets.1.2-qoctets.1.2")]
    [InlineData("other.1.2")]
    public void What_is_no_state_has_no_changes(string state) =>
        Assert.Equal("cannotCalculateChanges", Assert.Throws<MethodFailure>(() => Quotas.Of(state)).Type);
}
