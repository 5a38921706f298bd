using System.Text.Json.Nodes;
using Aviso.Tests.Unit.Accounts;
using Xunit;

namespace Aviso.Tests.System.Clients;

/// <summary>
/// Logins by token with Python's imaplib and smtplib. The provider is a fake of ours that follows the documents (OpenID Connect Discovery,
/// RFC 7517), not a real one.
/// </summary>
public sealed class TokenLoginTests : IAsyncLifetime
{
    private readonly FakeProvider _provider = new();
    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await AvisoServer.StartAsync(
        $"oauth: {{ issuer: \"{_provider.Issuer}\", audience: [aviso], scopes: [mail] }}", "submissions imaps imap metrics");

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _provider.Dispose();
    }

    [Theory]
    [InlineData("xoauth2")]
    [InlineData("oauthbearer")]
    public async Task Imaplib_logs_in_with_a_token(string mechanism)
    {
        Assert.Equal("fine", await RunAsync("imaps", Token(), mechanism));
        Assert.Equal("fine", await RunAsync("imaps", Token(algorithm: "ES256"), mechanism));
        Assert.StartsWith(
            "NO [AUTHENTICATIONFAILED]", await RunAsync("imaps", Token(c => c["aud"] = "other"), mechanism), StringComparison.Ordinal);
        Assert.StartsWith("NO [AUTHENTICATIONFAILED]", await RunAsync("imaps", Token(c => c["email"] = "bob@example.test"), mechanism),
            StringComparison.Ordinal);
        Assert.DoesNotContain("eyJ", _server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Smtplib_sends_with_a_token()
    {
        Assert.Equal("fine", await RunAsync("submissions", Token(), "smtp-xoauth2"));
        Assert.StartsWith("535 5.7.8", await RunAsync("submissions", Token(c => c["exp"] = 1), "smtp-xoauth2"), StringComparison.Ordinal);
        Assert.Equal("fine", await RunAsync("imap", AvisoServer.Password, "login"));
    }

    [Fact]
    public async Task While_the_provider_is_away_passwords_work_and_an_event_says_so()
    {
        _provider.IsAway = true;
        Assert.StartsWith("NO [UNAVAILABLE]", await RunAsync("imaps", Token(), "xoauth2"), StringComparison.Ordinal);
        Assert.StartsWith("454 4.7.0", await RunAsync("submissions", Token(), "smtp-xoauth2"), StringComparison.Ordinal);
        Assert.Equal("fine", await RunAsync("imap", AvisoServer.Password, "login"));
        Assert.Contains(_server.Troubles, line => line.Contains("is no help", StringComparison.Ordinal));
        Assert.True(await _server.MetricAsync("aviso_token_provider_failures_total") > 0);
    }

    private string Token(Action<JsonObject>? change = null, string algorithm = "RS256") => _provider.Token(TimeProvider.System.GetUtcNow(), claims =>
    {
        claims["email"] = "alice@example.test";
        change?.Invoke(claims);
    }, algorithm);

    private async Task<string> RunAsync(string listener, string secret, string what)
    {
        var script = await Tool.RunAsync(Tool.Find("python3", "python3"),
            [Path.Combine(AppContext.BaseDirectory, "Clients", "logins.py"), $"{_server.Port(listener)}", "alice@example.test", secret,
                what]);
        return (script.Output + script.Error).Trim();
    }
}
