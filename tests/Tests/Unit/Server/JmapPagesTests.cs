using System.Text;
using System.Text.Json;
using Aviso.Base;
using Aviso.Guard;
using Aviso.Jmap;
using Aviso.Net;
using Aviso.Tests.Unit.Jmap;
using Aviso.Tests.Unit.Net;
using Aviso.Web;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>JMAP over HTTP: who comes in, and the resources of RFC 8620.</summary>
public sealed class JmapPagesTests
{
    private const string Alice = "alice@example.test";

    [Theory]
    [InlineData("/.well-known/jmap")]
    [InlineData("/jmap/session")]
    public async Task The_session_is_for_who_logs_in(string path)
    {
        await using var scene = await Scene.OpenAsync();
        var answer = await scene.AskAsync("GET", path, login: Basic("secret"));
        Assert.Equal((200, "application/json"), (answer.Status, answer.Headers.ContentType.ToString()));
        Assert.Equal("no-store", answer.Headers.CacheControl.ToString());
        using var session = JsonDocument.Parse(answer.Body);
        Assert.Equal("https://mail.example.org/jmap/api", session.RootElement.GetProperty("apiUrl").GetString());
        var socket = session.RootElement.GetProperty("capabilities").GetProperty("urn:ietf:params:jmap:websocket");
        Assert.Equal("wss://mail.example.org/jmap/ws", socket.GetProperty("url").GetString());
        var nobody = await scene.AskAsync("GET", path);
        Assert.Equal(401, nobody.Status);
        Assert.Equal("application/problem+json", nobody.Headers.ContentType.ToString());
        Assert.Contains("Basic realm=", nobody.Headers.WWWAuthenticate.ToString());
        Assert.Contains("Bearer realm=", nobody.Headers.WWWAuthenticate.ToString());
    }

    [Theory]
    [InlineData("wrong", 401)]
    [InlineData("away", 503)]
    [InlineData("app", 200)]
    public async Task Passwords_are_judged_by_the_authenticator(string password, int status)
    {
        await using var scene = await Scene.OpenAsync();
        Assert.Equal(status, (await scene.AskAsync("GET", "/jmap/session", login: Basic(password))).Status);
    }

    [Theory]
    [InlineData("Basic")]
    [InlineData("Basic *")]
    [InlineData("Basic YWxpY2U=")]
    [InlineData("Basic OnNlY3JldA==")]
    [InlineData("Basic YWxpY2U6AQ==")]
    [InlineData("Digest x")]
    [InlineData("Bearer")]
    [InlineData("Bearer none")]
    public async Task Credentials_that_are_none_let_nobody_in(string login)
    {
        await using var scene = await Scene.OpenAsync();
        Assert.Equal(401, (await scene.AskAsync("GET", "/jmap/session", login: login)).Status);
    }

    [Fact]
    public async Task A_token_lets_in()
    {
        await using var scene = await Scene.OpenAsync();
        Assert.Equal(200, (await scene.AskAsync("GET", "/jmap/session", login: "Bearer good")).Status);
    }

    [Fact]
    public async Task An_account_of_two_steps_needs_an_app_password()
    {
        await using var scene = await Scene.OpenAsync(isTwoStep: true);
        var own = await scene.AskAsync("GET", "/jmap/session", login: Basic("secret"));
        Assert.Equal(401, own.Status);
        Assert.Contains("app password", own.Body);
        Assert.Equal(200, (await scene.AskAsync("GET", "/jmap/session", login: Basic("app"))).Status);
    }

    [Fact]
    public async Task What_was_proved_is_believed_for_a_while_by_the_same_client_until_the_password_changes()
    {
        await using var scene = await Scene.OpenAsync();
        for (var i = 0; i < 3; i++) await scene.AskAsync("GET", "/jmap/session", login: Basic("secret"));
        Assert.Equal(1, scene.Logins.Asked);
        await scene.AskAsync("GET", "/jmap/session", login: Basic("secret"), client: "203.0.113.8");
        Assert.Equal(2, scene.Logins.Asked);
        scene.Changes.Note(scene.Jmap.Account.Value);
        await scene.AskAsync("GET", "/jmap/session", login: Basic("secret"));
        Assert.Equal(3, scene.Logins.Asked);
        scene.Jmap.Clock.Advance(TimeSpan.FromMinutes(6));
        await scene.AskAsync("GET", "/jmap/session", login: Basic("secret"));
        Assert.Equal(4, scene.Logins.Asked);
    }

    [Fact]
    public async Task In_the_clear_nobody_is_let_in_but_from_this_machine()
    {
        await using var scene = await Scene.OpenAsync();
        Assert.Equal(403, (await scene.AskAsync("GET", "/jmap/session", login: Basic("secret"), kind: ListenerKind.Http)).Status);
        Assert.Equal(0, scene.Logins.Asked);
        var here = await scene.AskAsync(
            "GET", "/jmap/session", login: Basic("secret"), kind: ListenerKind.Http, client: "127.0.0.1", host: "127.0.0.1:2080");
        Assert.Equal(200, here.Status);
        Assert.Contains("\"http://127.0.0.1:2080/jmap/api\"", here.Body);
    }

    [Fact]
    public async Task A_page_of_another_origin_is_turned_away_and_a_script_is_not_asked_by_a_window()
    {
        await using var scene = await Scene.OpenAsync();
        var foreign = await scene.AskAsync("GET", "/jmap/session", login: Basic("secret"), with: h => h["Origin"] = "https://evil.example");
        Assert.Equal(403, foreign.Status);
        var own = await scene.AskAsync("GET", "/jmap/session", login: Basic("secret"), with: h => h["Origin"] = "https://mail.example.org");
        Assert.Equal(200, own.Status);
        var script = await scene.AskAsync("GET", "/jmap/session", with: h => h["Sec-Fetch-Mode"] = "cors");
        Assert.DoesNotContain("Basic", script.Headers.WWWAuthenticate.ToString());
    }

    [Fact]
    public async Task Requests_are_answered_and_those_too_long_refused()
    {
        await using var scene = await Scene.OpenAsync(new JmapLimits { MaxSizeRequest = 200 });
        var echo = """{"using":["urn:ietf:params:jmap:core"],"methodCalls":[["Core/echo",{"a":1},"0"]]}""";
        var answer = await scene.AskAsync("POST", "/jmap/api", login: Basic("secret"), body: echo, type: "application/json");
        Assert.Equal(200, answer.Status);
        Assert.Contains("""["Core/echo",{"a":1},"0"]""", answer.Body);
        var text = await scene.AskAsync("POST", "/jmap/api", login: Basic("secret"), body: echo, type: "text/plain");
        Assert.Equal(400, text.Status);
        var large = await scene.AskAsync(
            "POST", "/jmap/api", login: Basic("secret"), body: echo + new string(' ', 200), type: "application/json");
        Assert.Equal(400, large.Status);
        Assert.Contains("\"limit\":\"maxSizeRequest\"", large.Body);
        Assert.Equal(405, (await scene.AskAsync("GET", "/jmap/api", login: Basic("secret"))).Status);
    }

    [Fact]
    public async Task What_is_uploaded_is_downloaded_as_an_attachment_of_any_type_and_name()
    {
        await using var scene = await Scene.OpenAsync();
        var account = scene.Jmap.Account;
        var up = await scene.AskAsync("POST", $"/jmap/upload/{account}/", login: Basic("secret"), body: "<script>", type: "text/html");
        Assert.Equal(201, up.Status);
        using var json = JsonDocument.Parse(up.Body);
        Assert.Equal(("text/html", 8), (json.RootElement.GetProperty("type").GetString(), json.RootElement.GetProperty("size").GetInt32()));
        var id = json.RootElement.GetProperty("blobId").GetString();
        var path = $"/jmap/download/{account}/{id}/ä/b\"c.html";
        var down = await scene.AskAsync("GET", path, login: Basic("secret"), query: "?type=text%2Fhtml");
        Assert.Equal((200, "<script>"), (down.Status, down.Body));
        Assert.Equal("text/html", down.Headers.ContentType.ToString());
        Assert.Equal(
            "attachment; filename=\"__b_c.html\"; filename*=UTF-8''%C3%A4%2Fb%22c.html", down.Headers.ContentDisposition.ToString());
        Assert.Contains("sandbox", down.Headers.ContentSecurityPolicy.ToString());
        Assert.Contains("immutable", down.Headers.CacheControl.ToString());
        Assert.Equal("nosniff", down.Headers.XContentTypeOptions.ToString());
        var wrong = await scene.AskAsync("GET", $"/jmap/download/{account}/{id}/x", login: Basic("secret"), query: "?type=a%0d%0ab");
        Assert.Equal("application/octet-stream", wrong.Headers.ContentType.ToString());
    }

    [Fact]
    public async Task Blobs_of_nobody_and_accounts_of_others_are_404()
    {
        await using var scene = await Scene.OpenAsync();
        var nothing = $"/jmap/download/{scene.Jmap.Account}/u0000000000001/x";
        foreach (var path in (string[])["/jmap/download/x/y/z", nothing, "/jmap/download/x"])
            Assert.Equal(404, (await scene.AskAsync("GET", path, login: Basic("secret"))).Status);
        Assert.Equal(404, (await scene.AskAsync("POST", "/jmap/upload/x/", login: Basic("secret"), body: "a")).Status);
    }

    [Fact]
    public async Task An_upload_that_is_too_large_names_the_limit()
    {
        await using var scene = await Scene.OpenAsync(new JmapLimits { MaxSizeUpload = 5 });
        var answer = await scene.AskAsync("POST", $"/jmap/upload/{scene.Jmap.Account}/", login: Basic("secret"), body: "123456");
        Assert.Equal(413, answer.Status);
        Assert.Contains("\"limit\":\"maxSizeUpload\"", answer.Body);
    }

    [Fact]
    public async Task An_event_source_with_wrong_variables_is_400()
    {
        await using var scene = await Scene.OpenAsync();
        var answer = await scene.AskAsync("GET", "/jmap/eventsource", login: Basic("secret"), query: "?types=*&closeafter=never&ping=0");
        Assert.Equal(400, answer.Status);
        Assert.Equal(426, (await scene.AskAsync("GET", "/jmap/ws", login: Basic("secret"))).Status);
    }

    private static string Basic(string password) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Alice}:{password}"));

    private sealed class Scene(JmapScene jmap, bool isTwoStep) : IAsyncDisposable
    {
        public JmapScene Jmap => jmap;

        public LoginChanges Changes { get; } = new();

        public Passwords Logins => field ??= new(jmap.Account.Value, Changes);

        private WebTable? _table;

        public static async Task<Scene> OpenAsync(JmapLimits? limits = null, bool isTwoStep = false) =>
            new(await JmapScene.OpenAsync(limits), isTwoStep);

        public Task<WebAnswer> AskAsync(
            string method, string path, string? login = null, ListenerKind kind = ListenerKind.Https, string client = "203.0.113.9",
            string host = "mail.example.org", string body = "", string? type = null, string query = "",
            Action<Microsoft.AspNetCore.Http.IHeaderDictionary>? with = null)
        {
            var header = new HeaderLogin(Logins, Changes, _ => isTwoStep, new IdSource(jmap.Clock), jmap.Clock);
            _table ??= WebScene.Table(new JmapPages(jmap.Server, new WebLogins([header], () => true)).Rows, ["mail.example.org"]);
            var octets = Encoding.UTF8.GetBytes(body);
            var request = new HttpRequestFeature
            {
                Method = method,
                Path = path,
                RawTarget = path,
                QueryString = query,
                Body = new MemoryStream(octets),
                Headers = { Host = host, ContentLength = octets.Length },
            };
            if (login is not null) request.Headers.Authorization = login;
            if (type is not null) request.Headers.ContentType = type;
            with?.Invoke(request.Headers);
            return WebScene.AskAsync(_table, kind, request, client);
        }

        public ValueTask DisposeAsync() => jmap.DisposeAsync();
    }

    private sealed class Passwords(long account, LoginChanges changes) : IAuthenticator
    {
        public int Asked { get; private set; }

        public bool ScramOffered => false;

        public TokenOffer? Tokens => TestTokens.Offer;

        public ValueTask<Principal?> CheckPasswordAsync(LoginAttempt attempt, string user, string password, CancellationToken cancel)
        {
            Asked++;
            if (password == "away") attempt.Notes.Advice = new(LoginAdviceKind.Unavailable, "Come again");
            return new(user != Alice ? null : password switch
            {
                "secret" => new Principal(account, user) { ProvedAt = changes.Count },
                "app" => new Principal(account, user) { Scope = new() { Name = "phone" } },
                _ => null,
            });
        }

        public ValueTask<ScramKeys> GetScramKeysAsync(LoginAttempt attempt, string user, CancellationToken cancel) =>
            throw new NotSupportedException();

        public ValueTask<Principal?> FinishScramAsync(LoginAttempt attempt, string user, bool proofHolds, CancellationToken cancel) =>
            throw new NotSupportedException();

        public ValueTask<Principal?> CheckTokenAsync(LoginAttempt attempt, string user, string token, CancellationToken cancel) =>
            TestTokens.CheckAsync(attempt, user, token, account);
    }
}
