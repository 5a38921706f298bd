using System.Net;
using Aviso.Net;
using Aviso.Web;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>From where a request may come that uses a cookie of ours, and how we know who asks behind a proxy.</summary>
public sealed class BrowserRulesTests
{
    private const string Ours = "https://mail.example.org";

    [Theory]
    [InlineData("POST", Ours, "same-origin", true)]
    [InlineData("POST", Ours, "", true)]
    [InlineData("POST", Ours, "same-site", false)]
    [InlineData("POST", Ours, "cross-site", false)]
    [InlineData("POST", Ours, "none", false)]
    [InlineData("POST", "", "same-origin", false)]
    [InlineData("POST", "null", "", false)]
    [InlineData("POST", "http://mail.example.org", "", false)]
    [InlineData("POST", "https://mail.example.org:8443", "", false)]
    [InlineData("POST", "https://www.example.org", "same-site", false)]
    [InlineData("POST", "https://mail.example.org.evil.example", "", false)]
    [InlineData("PUT", "", "", false)]
    [InlineData("GET", "", "same-origin", true)]
    [InlineData("GET", "", "none", true)]
    [InlineData("GET", "", "", true)]
    [InlineData("GET", "", "same-site", false)]
    [InlineData("GET", "", "cross-site", false)]
    [InlineData("GET", Ours, "same-origin", true)]
    [InlineData("GET", "https://evil.example", "", false)]
    [InlineData("HEAD", "https://evil.example", "", false)]
    public void A_cookie_counts_where_a_page_of_ours_asks(string method, string origin, string site, bool ours)
    {
        var exchange = Exchange(ListenerKind.Https, "203.0.113.9", ("Origin", origin), ("Sec-Fetch-Site", site));
        exchange.Request.Method = method;
        Assert.Equal(ours, BrowserRules.IsOurs(exchange, exchange.Origin!));
    }

    [Theory]
    [InlineData("application/json", true)]
    [InlineData("Application/JSON; charset=utf-8", true)]
    [InlineData("text/plain", false)]
    [InlineData("application/x-www-form-urlencoded", false)]
    [InlineData("multipart/form-data; boundary=x", false)]
    [InlineData("", false)]
    public void Only_what_a_form_of_another_site_cannot_say_is_json(string type, bool json) =>
        Assert.Equal(json, BrowserRules.IsJson(Exchange(ListenerKind.Https, "203.0.113.9", ("Content-Type", type))));

    [Theory]
    [InlineData("POST", "https://evil.example", 403)]
    [InlineData("POST", "", 403)]
    public async Task No_row_that_changes_something_is_asked_by_a_page_of_somebody_else(string method, string origin, int status)
    {
        await using var scene = await SignInScene.OpenAsync();
        var browser = (await scene.AliceAsync()).With(b => b.Origin = origin);
        var rows = scene.Rows.Where(r => r.Methods.Contains(method)).ToList();
        Assert.True(rows.Count > 10);
        foreach (var row in rows) Assert.Equal((row.Path, status), (row.Path, (await browser.AskAsync(method, row.Path, "{}")).Status));
    }

    [Fact]
    public async Task Who_is_not_signed_in_changes_nothing_and_sees_nothing()
    {
        await using var scene = await SignInScene.OpenAsync();
        string[] open = ["/session", "/session/passkey", "/session/passkey/options", "/session/openid/start", "/session/openid/return",
            // A link that was given to somebody without an account.
            "/trace/"];
        foreach (var row in scene.Rows.ExceptBy(open, r => r.Path))
        {
            foreach (var method in row.Methods)
                Assert.Equal((row.Path, 401), (row.Path, (await scene.Browser().AskAsync(method, row.Path, "{}")).Status));
        }
    }

    [Fact]
    public async Task What_is_sent_is_JSON_of_its_form_or_refused()
    {
        await using var scene = await SignInScene.OpenAsync();
        var browser = scene.Browser();
        foreach (var body in (string[])["", "{", "null", "[]", "{}", """{"user":"a"}""", """{"user":null,"password":"b"}""",
            """{"user":"a","password":1}""",
            """{"user":"a","user":"b","password":"c"}"""])
            Assert.Equal((body, 400), (body, (await browser.PostAsync("/session", body)).Status));
        Assert.Equal(415, (await browser.With(b => b.ContentType = "text/plain").SignInAsync()).Status);
        Assert.Empty(scene.Heard);
    }

    [Theory]
    // Nobody of ours: what it says about others is made up.
    [InlineData("203.0.113.9", "198.51.100.7", "203.0.113.9")]
    [InlineData("10.0.20.5", "", "10.0.20.5")]
    [InlineData("10.0.20.5", "198.51.100.7", "198.51.100.7")]
    [InlineData("10.0.20.5", "198.51.100.7:4711", "198.51.100.7")]
    [InlineData("10.0.20.5", "[2001:db8::7]:4711", "2001:db8::7")]
    [InlineData("10.0.20.5", "2001:db8::7", "2001:db8::7")]
    [InlineData("10.0.20.5", "::ffff:198.51.100.7", "198.51.100.7")]
    [InlineData("10.0.20.5", "1.2.3.4, 198.51.100.7", "198.51.100.7")]
    [InlineData("10.0.20.5", "1.2.3.4, 198.51.100.7, 10.0.20.6", "198.51.100.7")]
    [InlineData("10.0.20.5", "127.0.0.1, nonsense, 10.0.20.6", "10.0.20.6")]
    [InlineData("10.0.20.5", "nonsense", "10.0.20.5")]
    [InlineData("10.0.20.5", "10.0.20.7", "10.0.20.7")]
    public void A_proxy_of_ours_says_who_asks(string peer, string list, string client) =>
        Assert.Equal(IPAddress.Parse(client), Exchange(ListenerKind.Http, peer, ("X-Forwarded-For", list)).Client);

    [Theory]
    [InlineData(ListenerKind.Https, "203.0.113.9", "", "", "https://mail.example.org")]
    [InlineData(ListenerKind.Http, "203.0.113.9", "", "", "")]
    [InlineData(ListenerKind.Http, "203.0.113.9", "198.51.100.7", "https", "")]
    [InlineData(ListenerKind.Http, "127.0.0.1", "", "", "http://mail.example.org")]
    [InlineData(ListenerKind.Http, "127.0.0.1", "198.51.100.7", "https", "http://mail.example.org")]
    [InlineData(ListenerKind.Http, "10.0.20.5", "198.51.100.7", "", "https://mail.example.org")]
    [InlineData(ListenerKind.Http, "10.0.20.5", "", "https", "https://mail.example.org")]
    [InlineData(ListenerKind.Http, "10.0.20.5", "198.51.100.7", "http", "")]
    [InlineData(ListenerKind.Http, "10.0.20.5", "", "", "")]
    public void Secrets_go_over_TLS_or_stay_on_this_machine(ListenerKind kind, string peer, string list, string proto, string origin) =>
        Assert.Equal(origin, Exchange(kind, peer, ("X-Forwarded-For", list), ("X-Forwarded-Proto", proto)).Origin?.ToString() ?? "");

    private static WebExchange Exchange(ListenerKind kind, string peer, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestFeature { Method = "POST", Path = "/" };
        request.Headers.Host = "mail.example.org";
        foreach (var (name, value) in headers.Where(h => h.Value.Length > 0)) request.Headers[name] = value;
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(request);
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpConnectionFeature>(new HttpConnectionFeature { RemoteIpAddress = IPAddress.Parse(peer) });
        return new(kind, features, Networks.Parse("10.0.20.0/24"));
    }
}
