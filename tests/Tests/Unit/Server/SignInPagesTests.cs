using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Net;
using Aviso.Tests.Unit.Accounts;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>Signing in and out with a browser: /session and what is below it.</summary>
public sealed class SignInPagesTests : IAsyncLifetime
{
    private SignInScene _scene = null!;

    public async ValueTask InitializeAsync() => _scene = await SignInScene.OpenAsync();

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    [Fact]
    public async Task A_password_gives_a_cookie_that_only_this_name_over_TLS_gets_and_scripts_do_not()
    {
        var browser = _scene.Browser();
        var answer = await browser.SignInAsync();
        Assert.Equal((200, "no-store"), (answer.Status, answer.Headers.CacheControl.ToString()));
        Assert.Equal(("alice@example.org", "alice", "/.well-known/jmap", "Firefox on Linux", "false"),
            (answer.Word("address"), answer.Word("name"), answer.Word("sessionUrl"), answer.Word("device"), answer.Word("stays")));
        Assert.Matches("^__Host-aviso=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Strict; Secure$",
            Assert.Single(answer.Headers.SetCookie)!);
        Assert.Equal("alice@example.org", (await browser.GetAsync("/session")).Word("address"));
    }

    [Fact]
    public async Task Who_stays_has_a_cookie_of_thirty_days_from_each_visit()
    {
        var browser = _scene.Browser();
        var answer = await browser.SignInAsync(more: ",\"stay\":true");
        Assert.EndsWith("; Secure; Max-Age=2592000", Assert.Single(answer.Headers.SetCookie), StringComparison.Ordinal);
        var token = browser.Cookie("__Host-aviso");
        _scene.Store.Clock.Advance(TimeSpan.FromDays(29));
        answer = await browser.GetAsync("/session");
        Assert.Equal((200, "true"), (answer.Status, answer.Word("stays")));
        Assert.StartsWith($"__Host-aviso={token}; ", Assert.Single(answer.Headers.SetCookie), StringComparison.Ordinal);
        _scene.Store.Clock.Advance(TimeSpan.FromDays(29));
        Assert.Equal(200, (await browser.GetAsync("/session")).Status);
    }

    [Fact]
    public async Task In_the_clear_only_this_machine_signs_in_and_its_cookie_has_no_prefix()
    {
        var browser = _scene.Browser().With(b => (b.Kind, b.Host, b.Client) = (ListenerKind.Http, "localhost:2080", "127.0.0.1"));
        var answer = await browser.SignInAsync();
        Assert.Equal(200, answer.Status);
        Assert.Matches("^aviso=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Strict$", Assert.Single(answer.Headers.SetCookie)!);
        answer = await browser.With(b => b.Client = "192.0.2.1").GetAsync("/session");
        Assert.Equal((403, "cleartext"), (answer.Status, answer.Word("error")));
    }

    [Theory]
    [InlineData("alice@example.org", "wrong")]
    [InlineData("nobody@example.org", "wrong")]
    [InlineData("nobody", "wrong")]
    [InlineData("alice@example.org", "")]
    [InlineData("", "")]
    public async Task Who_is_not_right_hears_the_same_whatever_was_wrong(string user, string password)
    {
        var answer = await _scene.Browser().SignInAsync(user, password);
        Assert.Equal((401, """{"error":"refused","text":"that was not right"}"""), (answer.Status, answer.Body));
        Assert.Equal("", answer.Headers.SetCookie.ToString());
        Assert.Equal(("203.0.113.9", user), Assert.Single(_scene.Heard));
    }

    [Fact]
    public async Task The_second_step_is_asked_for_when_the_password_is_right_and_not_before()
    {
        var secret = await AddTotpAsync();
        var browser = _scene.Browser();
        Assert.Equal("refused", (await browser.SignInAsync(password: "wrong", more: $",\"totp\":\"{Code(secret)}\"")).Word("error"));
        _scene.Heard.Clear();
        var answer = await browser.SignInAsync();
        Assert.Equal((401, """{"needs":"totp"}"""), (answer.Status, answer.Body));
        Assert.Empty(_scene.Heard);
        answer = await browser.SignInAsync(more: ",\"totp\":\"000000\"");
        Assert.Equal((401, "totp", "code"), (answer.Status, answer.Word("needs"), answer.Word("error")));
        Assert.Single(_scene.Heard);
        Assert.Equal(401, (await browser.GetAsync("/session")).Status);
        Assert.Equal(200, (await browser.SignInAsync(more: $",\"totp\":\"{Code(secret)}\"")).Status);
        // Each code once.
        answer = await _scene.Browser().SignInAsync(more: $",\"totp\":\"{Code(secret)}\"");
        Assert.Equal(("totp", "code"), (answer.Word("needs"), answer.Word("error")));
    }

    [Fact]
    public async Task A_recovery_code_takes_the_place_of_the_code_once()
    {
        var browser = await _scene.AliceAsync();
        var made = (await browser.PostAsync("/account/totp/begin", Again())).Json();
        Assert.Equal(200, (await browser.PostAsync("/account/totp/confirm", $$"""{"code":"{{Code((string)made["secret"]!)}}"}""")).Status);
        var more = $",\"recovery\":\"{made["recoveryCodes"]![0]}\"";
        Assert.Equal(200, (await _scene.Browser().SignInAsync(more: more)).Status);
        Assert.Equal(401, (await _scene.Browser().SignInAsync(more: more)).Status);
    }

    [Fact]
    public async Task Who_is_not_signed_in_is_told_how_one_can()
    {
        _scene.OffersOpenId = true;
        var answer = await _scene.Browser().GetAsync("/session");
        Assert.Equal((401, "signed-out"), (answer.Status, answer.Word("error")));
        Assert.Equal("""{"password":true,"passkey":true,"openId":"Example login"}""", answer.Json()["signIn"]!.ToJsonString());
        _scene.OffersOpenId = false;
        answer = await _scene.Browser().With(b => (b.Kind, b.Host, b.Client) = (ListenerKind.Http, "127.0.0.1:2080", "127.0.0.1"))
            .GetAsync("/session");
        Assert.Equal("""{"password":true,"passkey":false}""", answer.Json()["signIn"]!.ToJsonString());
    }

    [Fact]
    public async Task Signing_out_ends_the_session_and_takes_the_cookie()
    {
        var browser = await _scene.AliceAsync();
        var token = browser.Cookie("__Host-aviso");
        var answer = await browser.PostAsync("/session/end", "");
        Assert.Equal((200, "__Host-aviso=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0"),
            (answer.Status, answer.Headers.SetCookie.ToString()));
        var thief = _scene.Browser().With(b => b.More["Cookie"] = $"__Host-aviso={token}");
        Assert.Equal(401, (await thief.GetAsync("/session")).Status);
        Assert.Equal(401, (await browser.PostAsync("/session/end", "")).Status);
    }

    [Fact]
    public async Task Signing_in_again_in_the_same_browser_ends_the_session_before()
    {
        var browser = await _scene.AliceAsync();
        var before = browser.Cookie("__Host-aviso");
        Assert.Equal(200, (await browser.SignInAsync("bob@example.org")).Status);
        Assert.Equal("bob@example.org", (await browser.GetAsync("/session")).Word("address"));
        Assert.Null(_scene.Sessions.Find(before, System.Net.IPAddress.Loopback));
    }

    [Fact]
    public async Task Devices_are_listed_and_ended()
    {
        var (first, second, third) = (await _scene.AliceAsync(), await _scene.AliceAsync(), await _scene.AliceAsync());
        var list = (await first.GetAsync("/session/devices")).Json().AsArray();
        Assert.Equal(3, list.Count);
        var mine = Assert.Single(list, d => (bool)d!["isThis"]!);
        Assert.Equal(("Firefox on Linux", "password", "203.0.113.9"),
            ((string?)mine!["device"], (string?)mine["how"], (string?)mine["from"]));
        var other = (string)(await second.GetAsync("/session/devices")).Json().AsArray().Single(d => (bool)d!["isThis"]!)!["id"]!;
        Assert.Equal(200, (await first.PostAsync("/session/devices", $$"""{"end":"{{other}}"}""")).Status);
        Assert.Equal((401, 200), ((await second.GetAsync("/session")).Status, (await third.GetAsync("/session")).Status));
        Assert.Equal(404, (await first.PostAsync("/session/devices", $$"""{"end":"{{other}}"}""")).Status);
        var bob = _scene.Browser();
        await bob.SignInAsync("bob@example.org");
        Assert.Equal(404, (await bob.PostAsync("/session/devices", $$"""{"end":"{{mine["id"]}}"}""")).Status);
        Assert.Equal(200, (await first.PostAsync("/session/devices", """{"end":"others"}""")).Status);
        Assert.Equal((200, 401), ((await first.GetAsync("/session")).Status, (await third.GetAsync("/session")).Status));
        var answer = await first.PostAsync("/session/devices", """{"end":"all"}""");
        Assert.EndsWith("Max-Age=0", Assert.Single(answer.Headers.SetCookie), StringComparison.Ordinal);
        Assert.Equal((401, 200), ((await first.GetAsync("/session")).Status, (await bob.GetAsync("/session")).Status));
    }

    [Fact]
    public async Task The_history_shows_who_got_in_and_who_did_not()
    {
        await _scene.Browser().With(b => (b.Client, b.UserAgent) = ("198.51.100.7", "curl/8")).SignInAsync(password: "guess");
        await _scene.Browser().With(b => (b.Client, b.UserAgent) = ("198.51.100.7", "curl/8")).SignInAsync(password: "another guess");
        var browser = await _scene.AliceAsync();
        var history = (await browser.GetAsync("/session/history")).Json().AsArray();
        Assert.Equal((2, true, "203.0.113.9"), (history.Count, (bool)history[0]!["ok"]!, (string)history[0]!["from"]!));
        Assert.Equal((false, "198.51.100.7", "curl", 2, "wrong password, or too many were wrong before"),
            ((bool)history[1]!["ok"]!, (string)history[1]!["from"]!,
            (string)history[1]!["device"]!, (int)history[1]!["count"]!, (string)history[1]!["problem"]!));
        var bob = _scene.Browser();
        await bob.SignInAsync("bob@example.org");
        Assert.Single((await bob.GetAsync("/session/history")).Json().AsArray());
    }

    [Fact]
    public async Task A_passkey_signs_in_alone()
    {
        var browser = await _scene.AliceAsync();
        using var key = new FakeAuthenticator();
        await AddPasskeyAsync(browser, key);
        var (handle, other) = (Encode(Passkeys.UserHandle(_scene.Account("alice"))), _scene.Browser());
        var asked = (await other.PostAsync("/session/passkey/options", "")).Json();
        Assert.Equal(("mail.example.org", "required", 300_000),
            ((string)asked["rpId"]!, (string)asked["userVerification"]!, (int)asked["timeout"]!));
        Assert.Equal(200, (await other.PostAsync("/session/passkey", Assertion(key, asked, handle, stay: true))).Status);
        Assert.Equal(("alice@example.org", "true"),
            ((await other.GetAsync("/session")).Word("address"), (await other.GetAsync("/session")).Word("stays")));
        // The same answer again is somebody who listened.
        var answer = await _scene.Browser().PostAsync("/session/passkey", Assertion(key, asked, handle));
        Assert.Equal((401, "refused"), (answer.Status, answer.Word("error")));
        Assert.Single(_scene.Heard);
        asked = (await other.PostAsync("/session/passkey/options", "")).Json();
        var bobs = Encode(Passkeys.UserHandle(_scene.Account("bob")));
        Assert.Equal(401, (await _scene.Browser().PostAsync("/session/passkey", Assertion(key, asked, bobs))).Status);
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("https://www.example.org")]
    public async Task A_passkey_answered_on_another_page_lets_nobody_in(string origin)
    {
        var browser = await _scene.AliceAsync();
        using var key = new FakeAuthenticator();
        await AddPasskeyAsync(browser, key);
        var asked = (await _scene.Browser().PostAsync("/session/passkey/options", "")).Json();
        key.Origin = origin;
        Assert.Equal(401, (await _scene.Browser()
            .PostAsync("/session/passkey", Assertion(key, asked, Encode(Passkeys.UserHandle(_scene.Account("alice")))))).Status);
    }

    [Theory]
    [InlineData("""{"credential":{"id":"!!","response":{"clientDataJSON":"e30","authenticatorData":"","signature":""}}}""", 400)]
    [InlineData("""{"credential":{"id":"AA","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA"}}}""", 401)]
    [InlineData("""{"credential":{"id":"AA"}}""", 400)]
    [InlineData("""{}""", 400)]
    public async Task An_answer_that_is_none_is_refused(string body, int status) =>
        Assert.Equal(status, (await _scene.Browser().PostAsync("/session/passkey", body)).Status);

    [Fact]
    public async Task The_provider_signs_in_and_the_browser_comes_back()
    {
        _scene.OffersOpenId = true;
        var browser = _scene.Browser();
        var sent = await browser.GetAsync("/session/openid/start?stay=true");
        Assert.Equal(303, sent.Status);
        Assert.Matches("^__Host-aviso-openid=[A-Za-z0-9_.-]+; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$",
            Assert.Single(sent.Headers.SetCookie)!);
        var back = new Uri(_scene.AtProvider.SignIn(sent.Headers.Location.ToString(), _scene.Store.Clock.GetUtcNow()));
        Assert.Equal("https://mail.example.org/session/openid/return", back.GetLeftPart(UriPartial.Path));
        var came = await browser.With(b => b.Site = "cross-site").GetAsync(back.PathAndQuery);
        Assert.Equal((303, "/"), (came.Status, came.Headers.Location.ToString()));
        Assert.Equal("", browser.Cookie("__Host-aviso-openid"));
        var who = await browser.With(b => b.Site = "same-origin").GetAsync("/session");
        Assert.Equal(("alice@example.org", "true"), (who.Word("address"), who.Word("stays")));
        // The address that it came back by is worth nothing now.
        came = await _scene.Browser().GetAsync(back.PathAndQuery);
        Assert.Equal("/?openid=refused", came.Headers.Location.ToString());
    }

    [Theory]
    [InlineData("another browser", "refused")]
    [InlineData("another state", "refused")]
    [InlineData("another issuer", "refused")]
    [InlineData("a code twice", "refused")]
    [InlineData("changed their mind", "cancelled")]
    [InlineData("provider in trouble", "refused")]
    [InlineData("provider away", "unavailable")]
    public async Task Who_comes_back_in_a_way_that_was_not_begun_here_is_not_signed_in(string what, string trouble)
    {
        _scene.OffersOpenId = true;
        var browser = _scene.Browser();
        var sent = await browser.GetAsync("/session/openid/start");
        var back = new Uri(_scene.AtProvider.SignIn(sent.Headers.Location.ToString(), _scene.Store.Clock.GetUtcNow())).PathAndQuery;
        var state = back.Split("state=")[1].Split('&')[0];
        switch (what)
        {
            case "another browser": browser = _scene.Browser(); break;
            case "another state": back = back.Replace(state, new string('x', 43), StringComparison.Ordinal); break;
            case "another issuer": back = back.Replace("iss=http", "iss=https", StringComparison.Ordinal); break;
            case "a code twice": back += "&code=another"; break;
            case "changed their mind": back = $"/session/openid/return?error=access_denied&state={state}"; break;
            case "provider in trouble": back = $"/session/openid/return?error=server_error&state={state}"; break;
            default: _scene.AtProvider.IsAway = true; break;
        }
        var came = await browser.GetAsync(back);
        Assert.Equal((303, "/?openid=" + trouble), (came.Status, came.Headers.Location.ToString()));
        Assert.Equal(401, (await browser.GetAsync("/session")).Status);
        Assert.Equal("", browser.Cookie("__Host-aviso"));
    }

    [Fact]
    public async Task Without_a_provider_its_pages_are_not_there()
    {
        Assert.Equal(404, (await _scene.Browser().GetAsync("/session/openid/start")).Status);
        Assert.Equal(404, (await _scene.Browser().GetAsync("/session/openid/return?code=x&state=y")).Status);
    }

    [Fact]
    public async Task Behind_a_proxy_guesses_count_against_the_browser_that_made_them()
    {
        var browser = _scene.Browser()
            .With(b => (b.Kind, b.Client, b.Origin) = (ListenerKind.Http, "10.0.20.5", "https://mail.example.org"));
        browser.More["X-Forwarded-For"] = "1.2.3.4, 198.51.100.7, 10.0.20.9";
        browser.More["X-Forwarded-Proto"] = "https";
        for (var i = 0; i < 12; i++) await browser.SignInAsync(password: $"guess {i}");
        Assert.All(_scene.Heard, h => Assert.Equal("198.51.100.7", h.Client));
        Assert.Equal(403, (await browser.SignInAsync()).Status);
        browser.More["X-Forwarded-For"] = "198.51.100.8";
        var answer = await browser.SignInAsync();
        Assert.Equal(200, answer.Status);
        Assert.StartsWith("__Host-aviso=", answer.Headers.SetCookie.ToString(), StringComparison.Ordinal);
    }

    internal static async Task AddPasskeyAsync(SceneBrowser browser, FakeAuthenticator key)
    {
        var asked = (await browser.PostAsync("/account/passkeys/options", "")).Json();
        var (client, attestation) = key.Create(Octets(asked["challenge"]!));
        var made = new JsonObject
        {
            ["name"] = "laptop",
            ["credential"] = new JsonObject
            {
                ["id"] = Encode(key.Id),
                ["response"] = new JsonObject { ["clientDataJSON"] = Encode(client), ["attestationObject"] = Encode(attestation) },
            },
        };
        Assert.Equal(200, (await browser.PostAsync("/account/passkeys", made.ToJsonString())).Status);
    }

    private static string Assertion(FakeAuthenticator key, JsonNode asked, string handle, bool stay = false)
    {
        var (client, data, signature) = key.Get(Octets(asked["challenge"]!));
        var response = new JsonObject
        {
            ["clientDataJSON"] = Encode(client),
            ["authenticatorData"] = Encode(data),
            ["signature"] = Encode(signature),
            ["userHandle"] = handle,
        };
        var credential = new JsonObject { ["id"] = Encode(key.Id), ["response"] = response };
        return new JsonObject { ["credential"] = credential, ["stay"] = stay }.ToJsonString();
    }

    private async Task<string> AddTotpAsync()
    {
        var browser = await _scene.AliceAsync();
        var secret = (await browser.PostAsync("/account/totp/begin", Again())).Word("secret");
        Assert.Equal(200, (await browser.PostAsync("/account/totp/confirm", $$"""{"code":"{{Code(secret)}}"}""")).Status);
        // The next code, for that one was used.
        _scene.Store.Clock.Advance(TimeSpan.FromMinutes(1));
        return secret;
    }

    private string Code(string secret) => TotpCodes.Now(secret, _scene.Store.Clock);

    private static string Again(string more = "") => $$"""{"password":"{{SignInScene.Password}}"{{more}}}""";

    private static string Encode(byte[] octets) => System.Buffers.Text.Base64Url.EncodeToString(octets);

    private static byte[] Octets(JsonNode text) => System.Buffers.Text.Base64Url.DecodeFromChars((string)text!);
}
