using System.Net;
using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Net;
using Aviso.Tests.Unit.Smtp;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Accounts;

/// <summary>Tokens of <see cref="FakeProvider"/>: which let in whom.</summary>
public sealed class TokenTests : IAsyncLifetime
{
    private readonly FakeProvider _provider = new();
    private readonly TestClock _clock = new();
    private readonly LogLines _log = new();
    private AccountBook _book = null!;
    private Authenticator _auth = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _book = new(new FakeAccountRows(), _clock, _log);
        await _book.ApplyAsync(Declare.Only(Declare.Account("alice@example.org"), Declare.Account("bob@example.org", "secret")), Cancel);
        _auth = new(_book) { TokenLogins = new(Options, _book) };
    }

    public ValueTask DisposeAsync()
    {
        _auth.Dispose();
        _book.Dispose();
        _provider.Dispose();
        return default;
    }

    private TokenOptions Options => new()
    {
        Issuer = _provider.Issuer,
        Audiences = ["aviso", "mail"],
        Scopes = ["mail"],
        Patience = TimeSpan.FromMinutes(2),
    };

    [Theory]
    [InlineData("RS256")]
    [InlineData("RS512")]
    [InlineData("PS256")]
    [InlineData("ES256")]
    [InlineData("EdDSA")]
    public async Task A_good_token_of_each_algorithm_lets_in(string algorithm)
    {
        Assert.SkipUnless(algorithm != "EdDSA" || Aviso.Base.Ed25519.IsAvailable, Aviso.Base.Ed25519.Problem);
        var token = _provider.Token(_clock.GetUtcNow(), algorithm: algorithm, header: h =>
        {
            if (algorithm is "RS512" or "PS256") h["kid"] = "any";
        });
        Assert.Equal("alice@example.org", (await TryAsync(token)).Who?.Address);
    }

    public static TheoryData<string, Action<JsonObject>, bool> ClaimCases => new()
    {
        { "as it is", _ => { }, true },
        { "list of audiences", c => c["aud"] = new JsonArray("other", "mail"), true },
        { "another audience", c => c["aud"] = "other", false },
        { "no audience", c => c.Remove("aud"), false },
        { "an audience that is no text", c => c["aud"] = new JsonArray("aviso", 1), false },
        { "another issuer", c => c["iss"] = "https://evil.example", false },
        { "no issuer", c => c.Remove("iss"), false },
        { "expired", c => c["exp"] = 1_789_999_900, false },
        { "expired within the skew", c => c["exp"] = 1_789_999_970, true },
        { "no end", c => c.Remove("exp"), false },
        { "an end that is no number", c => c["exp"] = "soon", false },
        { "an end without end", c => c["exp"] = 1e300, true },
        { "not yet", c => c["nbf"] = 1_790_000_100, false },
        { "not yet within the skew", c => c["nbf"] = 1_790_000_030, true },
        { "of the future", c => c["iat"] = 1_790_000_100, false },
        { "a fraction of a second", c => c["exp"] = 1_790_000_000.5, true },
        { "no scope", c => c.Remove("scope"), false },
        { "another scope", c => c["scope"] = "openid mailer", false },
        { "scp as a list", c => { c.Remove("scope"); c["scp"] = new JsonArray("mail"); }, true },
        { "no email", c => c.Remove("email"), false },
        { "email not verified", c => c["email_verified"] = false, false },
        { "email verified is not said", c => c.Remove("email_verified"), false },
        { "email verified as a text", c => c["email_verified"] = "true", true },
        { "email of nobody", c => c["email"] = "nobody@example.org", false },
        { "email in another case", c => c["email"] = "Alice@Example.ORG", true },
        { "email of an alias domain that is not ours", c => c["email"] = "alice@example.com", false },
        { "nested things", c => c["realm_access"] = new JsonObject { ["roles"] = new JsonArray("a", "b") }, true },
    };

    [Theory]
    [MemberData(nameof(ClaimCases))]
    public async Task Claims_are_looked_at(string what, Action<JsonObject> change, bool good)
    {
        var (who, attempt) = await TryAsync(_provider.Token(_clock.GetUtcNow(), change));
        Assert.True(good == who is not null, what);
        if (!good) Assert.Equal(what.EndsWith("scope", StringComparison.Ordinal) ? "insufficient_scope" : "invalid_token", attempt.Notes.TokenStatus);
    }

    public static TheoryData<string, Action<JsonObject>, string> HeaderCases => new()
    {
        { "none", h => h["alg"] = "none", "RS256" },
        { "NONE", h => h["alg"] = "NoNe", "RS256" },
        { "no algorithm", h => h.Remove("alg"), "RS256" },
        { "the public key as a secret", h => h["alg"] = "HS256", "HS256" },
        { "an RSA key for ES256", h => { h["alg"] = "ES256"; h["kid"] = "r1"; }, "RS256" },
        { "an EC signature called RS256", h => { h["alg"] = "RS256"; h["kid"] = "e1"; }, "ES256" },
        { "a key that is for RS256 only", h => h["kid"] = "r1", "PS256" },
        { "an unknown key", h => h["kid"] = "zz", "RS256" },
        { "critical", h => h["crit"] = new JsonArray("exp"), "RS256" },
        { "b64", h => h["b64"] = false, "RS256" },
        { "another type", h => h["typ"] = "logout+jwt", "RS256" },
        { "a type that is no text", h => h["typ"] = 1, "RS256" },
        { "an ID token", h => h["typ"] = "JWT", "RS256" },
        { "no type", h => h.Remove("typ"), "RS256" },
    };

    [Theory]
    [MemberData(nameof(HeaderCases))]
    public async Task Headers_that_confuse_are_refused(string what, Action<JsonObject> header, string algorithm) =>
        Assert.True((await TryAsync(_provider.Token(_clock.GetUtcNow(), algorithm: algorithm, header: header))).Who is null, what);

    [Fact]
    public async Task A_key_in_the_header_is_not_used()
    {
        using var other = new FakeProvider();
        var keys = JsonNode.Parse(other.Keys())!["keys"]![0]!;
        var head = new JsonObject { ["alg"] = "RS256", ["kid"] = "r1", ["typ"] = "at+jwt", ["jwk"] = keys.DeepClone(), ["jku"] = other.Issuer + "/keys" };
        Assert.Null((await TryAsync(other.Sign(head.ToJsonString(), FakeProvider.Claims(_provider.Issuer, _clock.GetUtcNow()).ToJsonString(), "RS256"))).Who);
        Assert.Equal(0, other.KeysAsked);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a.b")]
    [InlineData("a.b.c.d")]
    [InlineData("..")]
    [InlineData("e30.e30.e30")]
    [InlineData("e30=.e30.AA")]
    [InlineData("!!!!.e30.AA")]
    public async Task What_is_no_token_is_refused(string token) => Assert.Null((await TryAsync(token)).Who);

    [Fact]
    public async Task A_member_that_comes_twice_makes_a_token_worthless()
    {
        var claims = FakeProvider.Claims(_provider.Issuer, _clock.GetUtcNow()).ToJsonString();
        Assert.NotNull((await TryAsync(_provider.Sign("""{"alg":"RS256","typ":"at+jwt","kid":"r1"}""", claims, "RS256"))).Who);
        Assert.Null((await TryAsync(_provider.Sign("""{"alg":"RS256","typ":"at+jwt","kid":"r1"}""", claims[..^1] + ",\"email\":\"bob@example.org\"}", "RS256"))).Who);
        Assert.Null((await TryAsync(_provider.Sign("""{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"r1"}""", claims, "RS256"))).Who);
    }

    [Fact]
    public async Task The_user_must_be_the_one_of_the_token()
    {
        var token = _provider.Token(_clock.GetUtcNow());
        Assert.NotNull((await TryAsync(token, "")).Who);
        Assert.NotNull((await TryAsync(token, "ALICE@example.org")).Who);
        Assert.Null((await TryAsync(token, "bob@example.org")).Who);
        Assert.Null((await TryAsync(token, "nobody@example.org")).Who);
        await _book.ApplyAsync(Declare.Only(Declare.Account("bob@example.org", "secret")), Cancel);
        Assert.Null((await TryAsync(token)).Who);
    }

    [Fact]
    public async Task Another_claim_with_a_domain_names_the_account()
    {
        _auth.TokenLogins = new(Options with { AccountClaim = "preferred_username", AccountDomain = "example.org" }, _book);
        Assert.Equal("bob@example.org", (await TryAsync(_provider.Token(_clock.GetUtcNow(), c => c["preferred_username"] = "bob"))).Who?.Address);
        Assert.Null((await TryAsync(_provider.Token(_clock.GetUtcNow()))).Who);
    }

    [Fact]
    public async Task New_keys_are_asked_for_when_a_token_names_one_but_not_without_end()
    {
        Assert.NotNull((await TryAsync(_provider.Token(_clock.GetUtcNow()))).Who);
        Assert.Equal(1, _provider.KeysAsked);
        _provider.KeyId = "r2";
        var rotated = _provider.Token(_clock.GetUtcNow());
        Assert.Null((await TryAsync(rotated)).Who);
        Assert.Equal(1, _provider.KeysAsked);
        _clock.Advance(OpenIdProvider.AskAgain);
        Assert.NotNull((await TryAsync(rotated)).Who);
        for (var i = 0; i < 20; i++) await TryAsync(_provider.Token(_clock.GetUtcNow(), header: h => h["kid"] = $"guess{i}"));
        Assert.Equal(2, _provider.KeysAsked);
    }

    [Fact]
    public async Task While_the_provider_is_away_only_tokens_fail_and_known_keys_hold_for_a_day()
    {
        _provider.IsAway = true;
        var (who, attempt) = await TryAsync(_provider.Token(_clock.GetUtcNow()));
        Assert.Null(who);
        Assert.Equal(LoginAdviceKind.Unavailable, attempt.Notes.Advice!.Kind);
        Assert.NotNull(await _auth.CheckPasswordAsync(Attempt(), "bob@example.org", "secret", Cancel));
        _provider.IsAway = false;
        _clock.Advance(OpenIdProvider.AskAgain);
        Assert.NotNull((await TryAsync(_provider.Token(_clock.GetUtcNow()))).Who);
        _provider.IsAway = true;
        _clock.Advance(TimeSpan.FromHours(23));
        Assert.NotNull((await TryAsync(_provider.Token(_clock.GetUtcNow()))).Who);
        _clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(LoginAdviceKind.Unavailable, (await TryAsync(_provider.Token(_clock.GetUtcNow()))).Attempt.Notes.Advice?.Kind);
    }

    // The keys behind the hundredth were not looked at, and nothing said why some logins failed.
    [Theory]
    [InlineData(94, true)]
    [InlineData(95, false)]
    public async Task A_set_of_more_keys_than_are_read_is_refused_and_said(int useless, bool isTaken)
    {
        _provider.UselessKeys = useless;
        var (who, attempt) = await TryAsync(_provider.Token(_clock.GetUtcNow()));
        Assert.Equal(isTaken, who is not null);
        if (isTaken) return;
        Assert.Equal(LoginAdviceKind.Unavailable, attempt.Notes.Advice?.Kind);
        Assert.Contains(_log.Lines, l => l.Contains("holds more than 100 keys", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_discovery_document_of_another_issuer_is_not_believed()
    {
        _provider.Named = _provider.Issuer + "/";
        Assert.Equal(LoginAdviceKind.Unavailable, (await TryAsync(_provider.Token(_clock.GetUtcNow()))).Attempt.Notes.Advice?.Kind);
    }

    [Fact]
    public async Task An_opaque_token_is_asked_about_once_a_minute()
    {
        _auth.TokenLogins = new(Options with { Introspection = new("aviso", "s ecret") }, _book);
        Assert.Equal("invalid_token", (await TryAsync("opaque")).Attempt.Notes.TokenStatus);
        _provider.Introspected = FakeProvider.Claims(_provider.Issuer, _clock.GetUtcNow(), c => c["active"] = true);
        for (var i = 0; i < 3; i++) Assert.NotNull((await TryAsync("opaque")).Who);
        Assert.Equal(2, _provider.IntrospectionsAsked);
        _clock.Advance(TimeSpan.FromMinutes(1));
        _provider.Introspected = null;
        Assert.Null((await TryAsync("opaque")).Who);
        _provider.Introspected = new() { ["active"] = true, ["scope"] = "mail", ["email"] = "alice@example.org", ["email_verified"] = true };
        Assert.NotNull((await TryAsync("opaque2")).Who);
        _provider.Introspected = new() { ["active"] = true, ["scope"] = "mail", ["email"] = "alice@example.org", ["email_verified"] = true, ["aud"] = "other" };
        Assert.Null((await TryAsync("opaque3")).Who);
        _provider.IsAway = true;
        Assert.Equal(LoginAdviceKind.Unavailable, (await TryAsync("opaque4")).Attempt.Notes.Advice?.Kind);
    }

    [Theory]
    [InlineData("mail", null, true)]
    [InlineData("", null, false)]
    [InlineData("", "elsewhere", false)]
    [InlineData("", "aviso", true)]
    public async Task An_opaque_token_that_names_no_audience_must_be_ours_by_scope_or_client(string scope, string? client, bool good)
    {
        _auth.TokenLogins = new(Options with { Introspection = new("aviso", "s ecret"), Scopes = scope.Length > 0 ? [scope] : [] }, _book);
        _provider.Introspected = new() { ["active"] = true, ["scope"] = "mail", ["email"] = "alice@example.org", ["email_verified"] = true, ["client_id"] = client };
        Assert.Equal(good, (await TryAsync("opaque")).Who is not null);
    }

    [Fact]
    public async Task A_provider_that_is_asked_about_each_token_is_said_to_be_away_each_time()
    {
        _auth.TokenLogins = new(Options with { Introspection = new("aviso", "s ecret", _provider.Issuer + "/introspect") }, _book);
        _provider.Introspected = new() { ["active"] = false };
        for (var i = 1; i <= 2; i++)
        {
            _provider.IsAway = true;
            await TryAsync("opaque");
            Assert.Equal(i, _log.Lines.Count(l => l.StartsWith("3009 ", StringComparison.Ordinal)));
            _provider.IsAway = false;
            await TryAsync("opaque");
            Assert.Equal(i, _log.Lines.Count(l => l.StartsWith("3010 ", StringComparison.Ordinal)));
        }
    }

    private static LoginAttempt Attempt() => new("s", ListenerKind.Imaps, IPAddress.Loopback, "OAUTHBEARER");

    private async Task<(Principal? Who, LoginAttempt Attempt)> TryAsync(string token, string user = "")
    {
        var attempt = Attempt();
        return (await _auth.CheckTokenAsync(attempt, user, token, Cancel), attempt);
    }
}
