using Aviso.Tests.Unit.Accounts;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>What people change about their own account with a browser: /account and what is below it.</summary>
public sealed class AccountPagesTests : IAsyncLifetime
{
    private const string New = "another horse 2";

    private SignInScene _scene = null!;

    public async ValueTask InitializeAsync() => _scene = await SignInScene.OpenAsync();

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    [Fact]
    public async Task The_account_says_what_can_be_changed_here()
    {
        Assert.Equal("""{"address":"alice@example.org","ownPassword":true,"totp":"off","recoveryCodesLeft":0}""",
            (await (await _scene.AliceAsync()).GetAsync("/account")).Body);
        var carol = _scene.Browser();
        await carol.SignInAsync("carol@example.org");
        Assert.Equal("false", (await carol.GetAsync("/account")).Word("ownPassword"));
    }

    [Fact]
    public async Task Another_password_ends_every_other_session_and_this_one_goes_on_with_another_token()
    {
        var (browser, other) = (await _scene.AliceAsync(), await _scene.AliceAsync());
        var before = browser.Cookie("__Host-aviso");
        Assert.Equal((200, "{}"), Of(await browser.PostAsync("/account/password", Again($",\"new\":\"{New}\""))));
        Assert.NotEqual(before, browser.Cookie("__Host-aviso"));
        Assert.Equal((200, 401), ((await browser.GetAsync("/session")).Status, (await other.GetAsync("/session")).Status));
        Assert.Single((await browser.GetAsync("/session/devices")).Json().AsArray());
        Assert.Equal((401, 200),
            ((await _scene.Browser().SignInAsync()).Status, (await _scene.Browser().SignInAsync(password: New)).Status));
    }

    [Theory]
    [InlineData("wrong", New, 401, "refused")]
    [InlineData(SignInScene.Password, "short", 422, "new")]
    [InlineData(SignInScene.Password, "", 422, "new")]
    public async Task A_password_is_changed_by_who_knows_it_to_a_good_one(string old, string fresh, int status, string error)
    {
        var browser = await _scene.AliceAsync();
        var answer = await browser.PostAsync("/account/password", $$"""{"password":"{{old}}","new":"{{fresh}}"}""");
        Assert.Equal((status, error), (answer.Status, answer.Word("error")));
        Assert.Equal(200, (await _scene.Browser().SignInAsync()).Status);
    }

    [Fact]
    public async Task A_password_of_the_settings_is_the_administrators()
    {
        var carol = _scene.Browser();
        await carol.SignInAsync("carol@example.org");
        var answer = await carol.PostAsync("/account/password", Again($",\"new\":\"{New}\""));
        Assert.Equal((409, "not-yours"), (answer.Status, answer.Word("error")));
        Assert.DoesNotContain("aviso.yaml", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task App_passwords_are_made_shown_once_listed_and_revoked()
    {
        var browser = await _scene.AliceAsync();
        var answer = await browser.PostAsync("/account/app-passwords",
            """{"name":"scanner","protocols":["submission"],"sendAs":["alice@example.org"],"expires":"90d"}""");
        Assert.Equal(200, answer.Status);
        var secret = answer.Word("password");
        Assert.Equal(29, secret.Length);
        var row = Assert.Single((await browser.GetAsync("/account/app-passwords")).Json().AsArray())!;
        Assert.Equal(("scanner", "active", "submission, sends as alice@example.org"),
            ((string)row["name"]!, (string)row["state"]!, (string)row["scope"]!));
        Assert.DoesNotContain(secret, (await browser.GetAsync("/account/app-passwords")).Body, StringComparison.Ordinal);
        // It reads no mail and opens no webmail.
        Assert.Equal("app-password", (await _scene.Browser().SignInAsync(password: secret)).Word("error"));
        Assert.Equal((200, "{}"), Of(await browser.PostAsync("/account/app-passwords/revoke", $$"""{"id":"{{row["id"]}}"}""")));
        Assert.Equal(404, (await browser.PostAsync("/account/app-passwords/revoke", $$"""{"id":"{{row["id"]}}"}""")).Status);
        Assert.Equal("revoked", (string)(await browser.GetAsync("/account/app-passwords")).Json().AsArray().Single()!["state"]!);
        // Who revokes one stays signed in.
        Assert.Equal(200, (await browser.GetAsync("/session")).Status);
        var bob = _scene.Browser();
        await bob.SignInAsync("bob@example.org");
        Assert.Empty((await bob.GetAsync("/account/app-passwords")).Json().AsArray());
    }

    [Theory]
    [InlineData("""{"name":""}""", "say by --name")]
    [InlineData("""{"name":"x","protocols":["smtp"]}""", "`smtp` is no protocol")]
    [InlineData("""{"name":"x","expires":"soon"}""", "`soon` is no time to come")]
    [InlineData("""{"name":"x","networks":["10.0.0.0/99"]}""", "is no network")]
    [InlineData("""{"name":"x","protocols":["webmail"],"mailboxes":["Archive"]}""", "the webmail shows the whole account")]
    public async Task A_wish_that_makes_no_sense_is_told_what_is_wrong(string wish, string problem)
    {
        var answer = await (await _scene.AliceAsync()).PostAsync("/account/app-passwords", wish);
        Assert.Equal((422, "wish"), (answer.Status, answer.Word("error")));
        Assert.Contains(problem, answer.Word("text"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"x","mailboxes":[null]}""")]
    [InlineData("""{"name":"x","mailboxes":[1]}""")]
    [InlineData("""{"name":"x","mailboxes":"Archive"}""")]
    [InlineData("""{"name":null}""")]
    public async Task A_wish_that_is_none_is_refused(string wish) =>
        Assert.Equal(400, (await (await _scene.AliceAsync()).PostAsync("/account/app-passwords", wish)).Status);

    [Fact]
    public async Task A_session_by_app_password_changes_nothing_about_the_account()
    {
        var browser = await _scene.AliceAsync();
        var secret = (await browser.PostAsync("/account/app-passwords", """{"name":"tablet","protocols":["webmail"]}""")).Word("password");
        var tablet = _scene.Browser();
        Assert.Equal("true", (await tablet.SignInAsync(password: secret)).Word("byAppPassword"));
        foreach (var row in _scene.Rows.Where(r => r.Path.StartsWith("/account/", StringComparison.Ordinal)))
        {
            foreach (var method in row.Methods)
                Assert.Equal((row.Path, 403), (row.Path, (await tablet.AskAsync(method, row.Path, "{}")).Status));
        }
        Assert.Equal(200, (await tablet.GetAsync("/account")).Status);
    }

    [Fact]
    public async Task The_second_factor_is_set_up_and_removed_by_who_knows_the_password()
    {
        var (browser, other) = (await _scene.AliceAsync(), await _scene.AliceAsync());
        Assert.Equal("refused", (await browser.PostAsync("/account/totp/begin", """{"password":"wrong"}""")).Word("error"));
        var begun = (await browser.PostAsync("/account/totp/begin", Again())).Json();
        Assert.StartsWith("otpauth://totp/", (string)begun["uri"]!, StringComparison.Ordinal);
        Assert.Equal(10, begun["recoveryCodes"]!.AsArray().Count);
        var picture = begun["qr"]!.AsArray().Select(line => (string)line!).ToList();
        Assert.True(picture.Count > 30 && picture.All(line => line.Length == picture.Count && line.All(c => c is '0' or '1')));
        Assert.Equal("waiting", (await browser.GetAsync("/account")).Word("totp"));
        Assert.Equal("code", (await browser.PostAsync("/account/totp/confirm", """{"code":"000000"}""")).Word("error"));
        var secret = (string)begun["secret"]!;
        Assert.Equal((200, "{}"), Of(await browser.PostAsync("/account/totp/confirm", $$"""{"code":"{{Code(secret)}}"}""")));
        // Whoever signed in without it is out.
        Assert.Equal((200, 401), ((await browser.GetAsync("/session")).Status, (await other.GetAsync("/session")).Status));
        Assert.Equal("on", (await browser.GetAsync("/account")).Word("totp"));
        Assert.Equal("totp", (await browser.PostAsync("/account/totp/begin", Again())).Word("needs"));
        Assert.Equal("totp", (await browser.PostAsync("/account/totp/remove", Again())).Word("needs"));
        _scene.Store.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((409, "on"), Error(await browser.PostAsync("/account/totp/begin", Again($",\"totp\":\"{Code(secret)}\""))));
        var recovery = begun["recoveryCodes"]![3];
        Assert.Equal((200, "{}"), Of(await browser.PostAsync("/account/totp/remove", Again($",\"recovery\":\"{recovery}\""))));
        Assert.Equal("off", (await browser.GetAsync("/account")).Word("totp"));
        Assert.Equal(200, (await _scene.Browser().SignInAsync()).Status);
        Assert.Equal((409, "off"), Error(await browser.PostAsync("/account/totp/remove", Again())));
    }

    [Fact]
    public async Task Passkeys_are_made_listed_and_removed()
    {
        var browser = await _scene.AliceAsync();
        using var key = new FakeAuthenticator();
        var asked = (await browser.PostAsync("/account/passkeys/options", "")).Json();
        Assert.Equal(("mail.example.org", "alice@example.org", "none"),
            ((string)asked["rp"]!["id"]!, (string)asked["user"]!["name"]!, (string)asked["attestation"]!));
        Assert.Equal(("required", "required"),
            ((string)asked["authenticatorSelection"]!["residentKey"]!, (string)asked["authenticatorSelection"]!["userVerification"]!));
        Assert.Contains(-7, asked["pubKeyCredParams"]!.AsArray().Select(p => (int)p!["alg"]!));
        await SignInPagesTests.AddPasskeyAsync(browser, key);
        var row = Assert.Single((await browser.GetAsync("/account/passkeys")).Json().AsArray())!;
        Assert.Equal("laptop", (string)row["name"]!);
        asked = (await browser.PostAsync("/account/passkeys/options", "")).Json();
        Assert.Equal((string)row["id"]!, (string)asked["excludeCredentials"]!.AsArray().Single()!["id"]!);
        var bob = _scene.Browser();
        await bob.SignInAsync("bob@example.org");
        Assert.Equal(404, (await bob.PostAsync("/account/passkeys/remove", $$"""{"id":"{{row["id"]}}"}""")).Status);
        Assert.Equal((200, "{}"), Of(await browser.PostAsync("/account/passkeys/remove", $$"""{"id":"{{row["id"]}}"}""")));
        Assert.Empty((await browser.GetAsync("/account/passkeys")).Json().AsArray());
    }

    [Theory]
    [InlineData("""{"name":"x","credential":{"response":{"clientDataJSON":"!","attestationObject":"AA"}}}""", 400)]
    [InlineData("""{"name":"x","credential":{"response":{"clientDataJSON":"e30","attestationObject":"AA"}}}""", 422)]
    [InlineData("""{"name":"x"}""", 400)]
    public async Task A_registration_that_is_none_is_refused(string body, int status) =>
        Assert.Equal(status, (await (await _scene.AliceAsync()).PostAsync("/account/passkeys", body)).Status);

    private string Code(string secret) => TotpCodes.Now(secret, _scene.Store.Clock);

    private static string Again(string more = "") => $$"""{"password":"{{SignInScene.Password}}"{{more}}}""";

    private static (int, string) Of(WebAnswer answer) => (answer.Status, answer.Body);

    private static (int, string) Error(WebAnswer answer) => (answer.Status, answer.Word("error"));
}
