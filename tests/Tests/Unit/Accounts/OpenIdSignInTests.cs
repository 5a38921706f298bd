using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Tests.Unit.Smtp;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Accounts;

/// <summary>The authorization code flow with <see cref="FakeProvider"/>.</summary>
public sealed class OpenIdSignInTests : IAsyncLifetime
{
    private const string Redirect = "https://mail.example.org/session/openid/return";

    private readonly FakeProvider _provider = new();
    private readonly TestClock _clock = new();
    private readonly LogLines _log = new();
    private AccountBook _book = null!;
    private TokenLogins _logins = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _book = new(new FakeAccountRows(), _clock, _log);
        await _book.ApplyAsync(Declare.Only(Declare.Account("alice@example.org"), Declare.Account("bob@example.org")), Cancel);
        _logins = new(Options(), _book);
    }

    public ValueTask DisposeAsync()
    {
        _logins.Dispose();
        _book.Dispose();
        _provider.Dispose();
        return default;
    }

    [Theory]
    [InlineData(false, "JWT")]
    [InlineData(false, null)]
    [InlineData(true, "jwt")]
    public async Task A_browser_that_comes_back_is_who_the_ID_token_says(bool postsSecret, string? type)
    {
        (_provider.PostsSecret, _provider.IdTokenType) = (postsSecret, type);
        var verdict = await SignInAsync();
        Assert.Equal(("", _book.Table.FindAccount("alice@example.org")), (verdict.Problem, verdict.Account));
    }

    [Fact]
    public async Task The_browser_is_sent_with_all_that_protects_the_code()
    {
        var tried = OpenIdTry.New();
        var sent = await _logins.SignIn!.StartAsync(tried, Redirect, Cancel);
        var query = new Uri(sent!).Query;
        foreach (var part in (string[])["response_type=code", "client_id=webmail", "scope=openid%20email", $"state={tried.State}",
            $"nonce={tried.Nonce}", "code_challenge_method=S256", $"redirect_uri={Uri.EscapeDataString(Redirect)}"])
            Assert.Contains(part, query, StringComparison.Ordinal);
        Assert.DoesNotContain(tried.Verifier, query, StringComparison.Ordinal);
        Assert.Equal(3, new HashSet<string>([tried.State, tried.Nonce, tried.Verifier]).Count);
    }

    public static TheoryData<string, Action<JsonObject>, string> Claims => new()
    {
        { "of another issuer", c => c["iss"] = "https://elsewhere.example", "it is of another issuer" },
        { "for another client", c => c["aud"] = "aviso", "it is for another client" },
        { "for nobody", c => c.Remove("aud"), "it is for another client" },
        { "for several, made for us", c => (c["aud"], c["azp"]) = (new JsonArray("webmail", "aviso"), "webmail"), "" },
        { "for several, made for nobody", c => c["aud"] = new JsonArray("webmail", "aviso"), "it was made for another client" },
        { "made for another", c => c["azp"] = "aviso", "it was made for another client" },
        { "without an end", c => c.Remove("exp"), "it never expires" },
        { "over", c => c["exp"] = 1, "it has expired" },
        { "of the future", c => c["iat"] = 4_000_000_000, "it was made in the future" },
        { "of another try", c => c["nonce"] = "another", "it was made for another try" },
        { "of no try", c => c.Remove("nonce"), "it was made for another try" },
        { "no claim", c => c.Remove("email"), "it has no claim email" },
        { "address not verified", c => c["email_verified"] = false, "it does not say that its mail address is verified (email_verified)" },
        { "somebody unknown", c => c["email"] = "carol@example.org", "its account is not here or suspended" },
    };

    [Theory]
    [MemberData(nameof(Claims))]
    public async Task What_the_ID_token_says_is_looked_at(string what, Action<JsonObject> change, string problem)
    {
        _provider.ChangeIdToken = change;
        var verdict = await SignInAsync();
        Assert.True(problem == verdict.Problem, $"{what}: {verdict.Problem}");
        Assert.Equal(problem.Length == 0, verdict.Account is not null);
    }

    [Fact]
    public async Task An_access_token_is_no_ID_token()
    {
        _provider.IdTokenType = "at+jwt";
        Assert.StartsWith("no ID token", (await SignInAsync()).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_code_is_good_once_with_its_verifier_and_its_address()
    {
        var tried = OpenIdTry.New();
        var code = await CodeAsync(tried);
        Assert.Equal("the provider refuses the code (invalid_grant)",
            (await FinishAsync(tried with { Verifier = OpenIdTry.New().Verifier }, code)).Problem);
        code = await CodeAsync(tried);
        Assert.Equal("the provider refuses the code (invalid_grant)",
            (await _logins.SignIn!.FinishAsync(tried, code, Redirect + "x", Cancel)).Problem);
        code = await CodeAsync(tried);
        Assert.NotNull((await FinishAsync(tried, code)).Account);
        Assert.Equal("the provider refuses the code (invalid_grant)", (await FinishAsync(tried, code)).Problem);
        Assert.Equal("there is no code", (await FinishAsync(tried, "")).Problem);
        Assert.Equal("there is no code", (await FinishAsync(tried, new string('x', 5000))).Problem);
    }

    [Fact]
    public async Task A_provider_that_is_away_is_nobodys_failure()
    {
        var tried = OpenIdTry.New();
        var code = await CodeAsync(tried);
        _provider.IsAway = true;
        var verdict = await FinishAsync(tried, code);
        Assert.Equal((null, ""), (verdict.Account, verdict.Status));
        using var fresh = new TokenLogins(Options(), _book);
        Assert.Null(await fresh.SignIn!.StartAsync(tried, Redirect, Cancel));
        Assert.Contains(_log.Lines, line => line.Contains("is no help", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_secret_that_is_not_right_is_our_trouble_and_said_in_the_log()
    {
        using var wrong = new TokenLogins(Options() with { SignIn = new(FakeProvider.ClientId, "hunter22", ["openid"], "Login") }, _book);
        var tried = OpenIdTry.New();
        var code = await CodeAsync(tried);
        Assert.Equal("", (await wrong.SignIn!.FinishAsync(tried, code, Redirect, Cancel)).Status);
        Assert.Contains(_log.Lines, line => line.Contains("answers 401", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, line => line.Contains("hunter22", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_the_setting_it_is_not_offered()
    {
        using var none = new TokenLogins(Options() with { SignIn = null }, _book);
        Assert.Null(none.SignIn);
    }

    private TokenOptions Options() => new()
    {
        Issuer = _provider.Issuer,
        Audiences = ["aviso"],
        SignIn = new(FakeProvider.ClientId, FakeProvider.ClientSecret, ["openid", "email"], "Example login"),
    };

    private async Task<TokenVerdict> SignInAsync()
    {
        var tried = OpenIdTry.New();
        return await FinishAsync(tried, await CodeAsync(tried));
    }

    private async Task<string> CodeAsync(OpenIdTry tried)
    {
        var back = _provider.SignIn((await _logins.SignIn!.StartAsync(tried, Redirect, Cancel))!, _clock.GetUtcNow());
        return back.Split("code=")[1].Split('&')[0];
    }

    private ValueTask<TokenVerdict> FinishAsync(OpenIdTry tried, string code) => _logins.SignIn!.FinishAsync(tried, code, Redirect, Cancel);
}
