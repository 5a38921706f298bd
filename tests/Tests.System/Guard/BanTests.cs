using System.Text.Json;
using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Guard;

/// <summary>Bans on the real client address, through PROXY, in the running server.</summary>
public sealed class BanTests : IAsyncLifetime
{
    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await AvisoServer.StartAsync(
        "guard: { mode: builtin, bouncers: [\"literal:0123456789abcdef\"] }\n", "smtp imap http metrics", proxies: $"{HaproxyServer.Source}/32");

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Incident_F3_a_ban_bites_behind_haproxy_and_others_are_served()
    {
        await using var haproxy = await HaproxyServer.StartAsync(
            new HaproxyWay("bad", _server.Port("smtp"), "send-proxy-v2", "tcp-request content set-src str(203.0.113.66)"),
            new HaproxyWay("good", _server.Port("smtp"), "send-proxy-v2", "tcp-request content set-src str(203.0.113.67)"));
        using (var before = new SmtpLineClient(haproxy.Port("bad"))) before.Command("QUIT", "221");
        (await _server.VerbAsync("decisions", "add", "-i", "203.0.113.66", "-d", "10m", "-R", "by hand")).MustSucceed();
        using (var refused = new LineClient(haproxy.Port("bad"))) Assert.DoesNotContain("220", refused.ReadToEnd(), StringComparison.Ordinal);
        using (var other = new SmtpLineClient(haproxy.Port("good"))) other.Command("QUIT", "221");
        Assert.Equal(1, await _server.MetricAsync("aviso_guard_refused_total", "ban"));
        (await _server.VerbAsync("decisions", "delete", "-i", "203.0.113.66")).MustSucceed();
        using var again = new SmtpLineClient(haproxy.Port("bad"));
    }

    [Fact]
    public async Task A_scenario_bans_the_client_on_all_listeners_and_ends_its_open_connections_and_a_restart_keeps_it()
    {
        using var open = As("imap", "203.0.113.80");
        Assert.StartsWith("* OK", open.ReadLine(), StringComparison.Ordinal);
        using (var http = As("smtp", "203.0.113.80"))
        {
            Assert.StartsWith("220", http.ReadLine(), StringComparison.Ordinal);
            http.Send("GET / HTTP/1.1\r\n");
        }
        Assert.Equal("", open.ReadToEnd());
        using (var refused = As("imap", "203.0.113.80")) Assert.DoesNotContain("* OK", refused.ReadToEnd(), StringComparison.Ordinal);
        using (var other = As("imap", "203.0.113.81")) Assert.StartsWith("* OK", other.ReadLine(), StringComparison.Ordinal);
        await _server.StopAsync();
        await _server.StartAgainAsync();
        using (var refused = As("imap", "203.0.113.80")) Assert.DoesNotContain("* OK", refused.ReadToEnd(), StringComparison.Ordinal);
        var list = JsonDocument.Parse((await _server.VerbAsync("decisions", "list", "--json")).MustSucceed().Output).RootElement;
        var decision = list[0].GetProperty("decisions")[0];
        Assert.Equal("crowdsecurity/postfix-non-smtp-command", decision.GetProperty("scenario").GetString());
        Assert.StartsWith("3h59m", decision.GetProperty("duration").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_talks_before_the_greeting_is_refused_and_banned_and_a_proxy_header_is_no_talk()
    {
        using (var waits = As("smtp", "203.0.113.82")) Assert.StartsWith("220", waits.ReadLine(), StringComparison.Ordinal);
        using (var talks = As("smtp", "203.0.113.83"))
        {
            talks.Send("EHLO x\r\n");
            Assert.StartsWith("554 5.5.0", talks.ReadToEnd(), StringComparison.Ordinal);
        }
        using (var refused = As("imap", "203.0.113.83")) Assert.DoesNotContain("* OK", refused.ReadToEnd(), StringComparison.Ordinal);
        using (var other = As("imap", "203.0.113.82")) Assert.StartsWith("* OK", other.ReadLine(), StringComparison.Ordinal);
        // The proxy's own words, its health checks among them, are nobody's talk.
        using var health = new LineClient(_server.Port("smtp"), HaproxyServer.Source);
        health.Send("PROXY UNKNOWN\r\nEHLO x\r\n");
        Assert.StartsWith("220", health.ReadLine(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_self_test_shows_through_proxy_that_a_ban_bites()
    {
        var test = (await _server.VerbAsync("decisions", "test")).MustSucceed();
        Assert.Contains("PROXY", test.Output, StringComparison.Ordinal);
        Assert.Contains("smtp", test.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("NO", test.Output.Split('\n').Where(l => l.Contains("SERVED", StringComparison.Ordinal)));
        Assert.Contains("(none)", (await _server.VerbAsync("decisions", "list")).MustSucceed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bouncers_read_our_decisions_with_a_key_and_deltas_after_the_first_time()
    {
        using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{_server.Port("http")}") };
        Assert.Equal(403, (int)(await http.GetAsync("/v1/decisions", TestContext.Current.CancellationToken)).StatusCode);
        http.DefaultRequestHeaders.Add("X-Api-Key", "0123456789abcdef");
        Assert.Equal("null", await http.GetStringAsync("/v1/decisions?ip=203.0.113.90", TestContext.Current.CancellationToken));
        (await _server.VerbAsync("decisions", "add", "-r", "203.0.113.88/29")).MustSucceed();
        Assert.Contains("203.0.113.88/29", await http.GetStringAsync("/v1/decisions?ip=203.0.113.90", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("\"Range\"", await http.GetStringAsync("/v1/decisions/stream?startup=true", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("{\"deleted\":null,\"new\":null}", await http.GetStringAsync("/v1/decisions/stream?", TestContext.Current.CancellationToken));
        (await _server.VerbAsync("decisions", "delete", "--all")).MustSucceed();
        Assert.Contains("\"deleted\":[{", await http.GetStringAsync("/v1/decisions/stream", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private LineClient As(string kind, string address)
    {
        var client = new LineClient(_server.Port(kind), HaproxyServer.Source);
        client.Send($"PROXY TCP4 {address} 203.0.113.1 40000 25\r\n");
        return client;
    }
}
