using Aviso.Net;
using Aviso.Web;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>A browser that is signed in comes in to its mail by its cookie, where a page of ours asks.</summary>
public sealed class CookieLoginTests : IAsyncLifetime
{
    private const string Ours = "https://mail.example.org";

    private SignInScene _scene = null!;

    public async ValueTask InitializeAsync() => _scene = await SignInScene.OpenAsync();

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    [Theory]
    [InlineData("GET", "", "same-origin", 200)]
    [InlineData("GET", "", "none", 200)]
    [InlineData("GET", Ours, "same-origin", 200)]
    [InlineData("GET", "", "same-site", 401)]
    [InlineData("GET", "", "cross-site", 401)]
    [InlineData("GET", "https://evil.example", "", 403)]
    [InlineData("POST", Ours, "same-origin", 200)]
    [InlineData("POST", Ours, "", 200)]
    [InlineData("POST", "", "same-origin", 401)]
    [InlineData("POST", "https://www.example.org", "same-site", 403)]
    [InlineData("POST", "null", "", 403)]
    public async Task It_counts_where_a_page_of_ours_asks(string method, string origin, string site, int status)
    {
        var token = (await _scene.AliceAsync()).Cookie("__Host-aviso");
        var answer = await AskAsync(method, token, ("Origin", origin), ("Sec-Fetch-Site", site));
        Assert.Equal(status, answer.Status);
        if (status == 200) Assert.Equal("alice@example.org, everything", answer.Body);
    }

    [Fact]
    public async Task Who_is_signed_out_is_told_so_and_no_window_for_a_password_opens()
    {
        var browser = await _scene.AliceAsync();
        var token = browser.Cookie("__Host-aviso");
        await browser.PostAsync("/session/end", "");
        var answer = await AskAsync("GET", token, ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors"));
        Assert.Equal(401, answer.Status);
        Assert.Contains("nobody is signed in", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("Basic", answer.Headers.WWWAuthenticate.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_stays_open_hears_when_the_session_ends()
    {
        var browser = await _scene.AliceAsync();
        await AskAsync("GET", browser.Cookie("__Host-aviso"), ("Sec-Fetch-Site", "same-origin"));
        var login = _last!;
        Assert.False(login.IsOver());
        Assert.StartsWith("web:", login.Credential, StringComparison.Ordinal);
        await browser.PostAsync("/session/devices", """{"end":"all"}""");
        Assert.True(login.IsOver());
    }

    [Fact]
    public async Task Without_a_cookie_others_are_asked() =>
        Assert.Equal(401, (await AskAsync("GET", "", ("Sec-Fetch-Site", "same-origin"))).Status);

    private WebLoginAnswer? _last;

    private Task<WebAnswer> AskAsync(string method, string token, params (string Name, string Value)[] headers)
    {
        var logins = new WebLogins([new CookieLogin(new(_scene.Sessions), _scene.Book)], () => false);
        var row = new WebRow(WebKinds.Public, HostRule.Ours, ["GET", "POST"], "/mail", async (exchange, cancel) =>
        {
            _last = await logins.EnterAsync(exchange, cancel);
            if (_last?.User is { } user)
                await exchange.AnswerAsync(200, WebExchange.Plain, $"{user.Address}, {(user.Scope is null ? "everything" : "some")}");
        });
        var request = new HttpRequestFeature { Method = method, Path = "/mail" };
        request.Headers.Host = "mail.example.org";
        if (token.Length > 0) request.Headers.Cookie = $"other=x; __Host-aviso={token}";
        foreach (var (name, value) in headers.Where(h => h.Value.Length > 0)) request.Headers[name] = value;
        return WebScene.AskAsync(WebScene.Table([row], ["mail.example.org"]), ListenerKind.Https, request, "203.0.113.9");
    }
}
