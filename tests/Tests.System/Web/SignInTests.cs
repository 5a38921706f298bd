using System.Buffers.Text;
using System.Text.Json.Nodes;
using Aviso.Tests.Unit.Accounts;
using Xunit;

namespace Aviso.Tests.System.Web;

/// <summary>
/// Signing in with a browser and the settings of one's own account, at the real executable with curl. Passkey and provider are fakes of
/// ours made after the documents.
/// </summary>
public sealed class SignInTests : IAsyncLifetime
{
    private readonly FakeProvider _provider = new();
    private AvisoServer _server = null!;
    private Curl _curl = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await AvisoServer.StartAsync($$"""
            oauth:
              issuer: "{{_provider.Issuer}}"
              audience: [aviso]
              sign_in: { client_id: {{FakeProvider.ClientId}}, client_secret: "literal:{{FakeProvider.ClientSecret}}",
                  label: Example login }
            """, "submissions imap http https metrics");
        _curl = Curl.Https(_server);
        // An account of the store's own, whose password its owner may change.
        var file = Path.Combine(_server.Folder, "password");
        await File.WriteAllTextAsync(file, AvisoServer.Password);
        (await _server.VerbAsync("account", "add", "dora@example.test", "--password-file", file)).MustSucceed();
    }

    public async ValueTask DisposeAsync()
    {
        _curl.Dispose();
        _provider.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_password_signs_in_and_the_session_outlives_the_server()
    {
        Assert.Equal(401, (await _curl.GetAsync("/session")).Status);
        Assert.Equal(401, (await SignInAsync(_curl, "alice@example.test", "wrong")).Status);
        var answer = await SignInAsync(_curl, "alice@example.test", stay: true);
        Assert.Equal((200, "alice@example.test", "Firefox on Linux"), (answer.Status, answer.Word("address"), answer.Word("device")));
        Assert.Matches("__Host-aviso=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=2592000", answer.Head);
        Assert.Equal("no-store", answer.Header("Cache-Control"));
        Assert.DoesNotContain(Token(_curl), _server.Log, StringComparison.Ordinal);
        Assert.Equal(0, await _server.StopAsync());
        await _server.StartAgainAsync();
        using var again = Curl.Https(_server);
        again.More = ["-H", $"Cookie: __Host-aviso={Token(_curl)}"];
        Assert.Equal("alice@example.test", (await again.GetAsync("/session")).Word("address"));
        Assert.Equal([true, false], (await again.GetAsync("/session/history")).Json.AsArray().Select(e => (bool)e!["ok"]!));
        Assert.Equal(200, (await again.PostAsync("/session/devices", new() { ["end"] = "all" })).Status);
        Assert.Equal(401, (await again.GetAsync("/session")).Status);
    }

    [Fact]
    public async Task A_page_of_somebody_else_is_not_served()
    {
        await SignInAsync(_curl, "alice@example.test");
        string[] json = ["-H", "Content-Type: application/json", "--data-binary", "{\"end\":\"all\"}"];
        foreach (var origin in (string[])["Origin: https://evil.example", "Origin: null", "X-None: x"])
            Assert.Equal(403, (await _curl.RunAsync("/session/devices", ["-H", origin, .. json])).Status);
        Assert.Equal(403, (await _curl.RunAsync("/session/history", "-H", "Sec-Fetch-Site: cross-site")).Status);
        Assert.Equal(200, (await _curl.GetAsync("/session")).Status);
    }

    [Fact]
    public async Task Its_owner_changes_a_password_and_sets_up_a_second_step()
    {
        Assert.Equal(200, (await SignInAsync(_curl, "dora@example.test")).Status);
        var change = new JsonObject { ["password"] = AvisoServer.Password, ["new"] = "another horse 2" };
        Assert.Equal(200, (await _curl.PostAsync("/account/password", change)).Status);
        Assert.Equal(401, (await SignInAsync(Fresh(), "dora@example.test")).Status);
        var begun = await _curl.PostAsync("/account/totp/begin", new() { ["password"] = "another horse 2" });
        var secret = begun.Word("secret");
        Assert.Equal(200, (await _curl.PostAsync("/account/totp/confirm", new() { ["code"] = TotpCodes.Now(secret, TimeProvider.System) }))
            .Status);
        Assert.Equal("on", (await _curl.GetAsync("/account")).Word("totp"));
        var other = Fresh();
        Assert.Equal("totp", (await SignInAsync(other, "dora@example.test", "another horse 2")).Word("needs"));
        Assert.Equal(200, (await SignInAsync(other, "dora@example.test", "another horse 2",
            TotpCodes.Now(secret, TimeProvider.System, steps: 1))).Status);
        Assert.Contains("\"on\"", (await _server.VerbAsync("account", "totp", "dora@example.test", "status", "--json")).MustSucceed()
            .Output, StringComparison.Ordinal);
        Assert.Equal(409, (await (await AliceAsync()).PostAsync("/account/password", change)).Status);
    }

    [Fact]
    public async Task An_app_password_made_in_the_browser_reads_mail()
    {
        var curl = await AliceAsync();
        var made = await curl.PostAsync("/account/app-passwords", new() { ["name"] = "phone", ["protocols"] = new JsonArray("imap") });
        string[] imap = ["--silent", "--show-error", "--user", $"alice@example.test:{made.Word("password")}",
            $"imap://127.0.0.1:{_server.Port("imap")}/", "-X", "STATUS INBOX (MESSAGES)"];
        Assert.Contains("MESSAGES 0", (await Tool.RunAsync(Tool.Find("curl", "curl"), imap)).MustSucceed().Output,
            StringComparison.Ordinal);
        var row = (await curl.GetAsync("/account/app-passwords")).Json.AsArray().Single()!;
        Assert.Equal(("phone", "127.0.0.1 imap"), ((string)row["name"]!, (string)row["lastUsedFrom"]!));
        Assert.Equal(200, (await curl.PostAsync("/account/app-passwords/revoke", new() { ["id"] = (string)row["id"]! })).Status);
        Assert.NotEqual(0, (await Tool.RunAsync(Tool.Find("curl", "curl"), imap)).ExitCode);
        Assert.Equal(200, (await curl.GetAsync("/session")).Status);
    }

    [Fact]
    public async Task A_passkey_is_made_and_signs_in_alone()
    {
        // In the clear on this machine, as `aviso serve --local` has it: browsers take localhost as safe.
        using var curl = Curl.Local(_server);
        await SignInAsync(curl, "alice@example.test");
        using var key = new FakeAuthenticator { Origin = curl.Origin, RelyingParty = "localhost" };
        var asked = await curl.PostAsync("/account/passkeys/options", []);
        var (client, attestation) = key.Create(Octets(asked.Json["challenge"]!));
        Assert.Equal(200, (await curl.PostAsync("/account/passkeys", new()
        {
            ["name"] = "laptop",
            ["credential"] = new JsonObject
            {
                ["response"] = new JsonObject
                {
                    ["clientDataJSON"] = Encode(client),
                    ["attestationObject"] = Encode(attestation)
                }
            },
        })).Status);
        using var other = Curl.Local(_server);
        var (who, data, signature) = key.Get(Octets((await other.PostAsync("/session/passkey/options", [])).Json["challenge"]!));
        var answer = await other.PostAsync("/session/passkey", new()
        {
            ["credential"] = new JsonObject
            {
                ["id"] = Encode(key.Id),
                ["response"] = new JsonObject
                {
                    ["clientDataJSON"] = Encode(who),
                    ["authenticatorData"] = Encode(data),
                    ["signature"] = Encode(signature),
                    ["userHandle"] = (string)asked.Json["user"]!["id"]!,
                },
            },
        });
        Assert.Equal((200, "alice@example.test"), (answer.Status, (await other.GetAsync("/session")).Word("address")));
        Assert.Equal("passkey", (string)(await other.GetAsync("/session/devices")).Json.AsArray()[0]!["how"]!);
        Assert.Contains("laptop", (await _server.VerbAsync("account", "passkey", "list", "alice@example.test")).MustSucceed().Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_provider_signs_in_with_code_and_PKCE()
    {
        _provider.ChangeIdToken = claims => claims["email"] = "alice@example.test";
        Assert.Equal("Example login", (string)(await _curl.GetAsync("/session")).Json["signIn"]!["openId"]!);
        var sent = await _curl.GetAsync("/session/openid/start");
        Assert.Equal(303, sent.Status);
        var back = _provider.SignIn(sent.Header("Location"), TimeProvider.System.GetUtcNow());
        var came = await _curl.RunAsync(back, "-H", "Sec-Fetch-Site: cross-site");
        Assert.Equal((303, "/"), (came.Status, came.Header("Location")));
        Assert.Equal("alice@example.test", (await _curl.GetAsync("/session")).Word("address"));
        Assert.Equal("/?openid=refused", (await Fresh().RunAsync(back)).Header("Location"));
    }

    [Fact]
    public async Task Mail_is_asked_for_with_the_cookie()
    {
        await SignInAsync(_curl, "alice@example.test");
        var session = await _curl.GetAsync("/jmap/session");
        Assert.Equal((200, "alice@example.test"), (session.Status, session.Word("username")));
        Assert.StartsWith(_curl.Origin + "/", session.Word("apiUrl"), StringComparison.Ordinal);
        var echo = new JsonObject
        {
            ["using"] = new JsonArray("urn:ietf:params:jmap:core"),
            ["methodCalls"] = new JsonArray(new JsonArray("Core/echo", new JsonObject { ["a"] = 1 }, "0")),
        };
        Assert.Contains("\"Core/echo\"", (await _curl.PostAsync("/jmap/api", echo)).Text, StringComparison.Ordinal);
        string[] elsewhere = ["-H", "Origin: https://evil.example", "-H", "Content-Type: application/json", "--data-binary", echo.ToJsonString()];
        Assert.Equal(403, (await _curl.RunAsync("/jmap/api", elsewhere)).Status);
        Assert.Equal(401, (await _curl.RunAsync("/jmap/session", "-H", "Sec-Fetch-Site: cross-site")).Status);
        await _curl.PostAsync("/session/end", []);
        Assert.Equal(401, (await _curl.PostAsync("/jmap/api", echo)).Status);
    }

    [Fact]
    public async Task Mail_programs_find_their_settings()
    {
        var config = await _curl.GetAsync("/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=alice@example.test");
        Assert.Contains($"<port>{_server.Port("submissions")}</port>", config.Text, StringComparison.Ordinal);
        var discovered = await _curl.RunAsync("/autodiscover/autodiscover.xml", "-H", "Content-Type: text/xml", "--data-binary",
            "<Autodiscover><Request><EMailAddress>alice@example.test</EMailAddress></Request></Autodiscover>");
        Assert.Contains("<LoginName>alice@example.test</LoginName>", discovered.Text, StringComparison.Ordinal);
        var file = Path.Combine(_server.Folder, "mail.mobileconfig");
        await Tool.RunAsync(Tool.Find("curl", "curl"),
            ["--silent", "--insecure", "--output", file, "--resolve", $"mail.example.test:{_server.Port("https")}:127.0.0.1",
            $"https://mail.example.test:{_server.Port("https")}/profile.mobileconfig?email=alice@example.test"]);
        // OpenSSL judges the signature with the authority that the server made for itself.
        var judged = await Tool.RunAsync(Tool.Find("openssl", "openssl"),
            ["cms", "-verify", "-inform", "DER", "-in", file, "-purpose", "any", "-CAfile",
                Path.Combine(_server.DataFolder, "tls", "ca.pem")]);
        Assert.Contains("com.apple.mail.managed", judged.MustSucceed().Output, StringComparison.Ordinal);
    }

    private Curl Fresh() => Curl.Https(_server);

    private async Task<Curl> AliceAsync()
    {
        var curl = Fresh();
        Assert.Equal(200, (await SignInAsync(curl, "alice@example.test")).Status);
        return curl;
    }

    private static Task<Curl.Answer> SignInAsync(Curl curl, string user, string password = AvisoServer.Password, string? totp = null,
        bool stay = false) =>
        curl.PostAsync("/session", new() { ["user"] = user, ["password"] = password, ["totp"] = totp, ["stay"] = stay });

    private static string Token(Curl curl) => curl.Jar.Split('\n')
        .Single(line => line.Contains("\t__Host-aviso\t", StringComparison.Ordinal)).Split('\t')[^1];

    private static string Encode(byte[] octets) => Base64Url.EncodeToString(octets);

    private static byte[] Octets(JsonNode text) => Base64Url.DecodeFromChars((string)text!);
}
