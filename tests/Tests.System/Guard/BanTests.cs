using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Guard;

/// <summary>Bans on the real client address, through PROXY, in the running server.</summary>
public sealed class BanTests : IAsyncLifetime
{
    private const string Kinds = "smtp submission submissions imap imaps managesieve http https metrics";

    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await AvisoServer.StartAsync(
        "guard: { mode: builtin, bouncers: [\"literal:0123456789abcdef\"] }\n", Kinds, proxies: $"{HaproxyServer.Source}/32");

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Incident_F3_a_ban_bites_behind_haproxy_and_others_are_served()
    {
        await using var haproxy = await HaproxyServer.StartAsync(
            new HaproxyWay("bad", _server.Port("smtp"), "send-proxy-v2", "tcp-request content set-src str(203.0.113.66)"),
            new HaproxyWay("good", _server.Port("smtp"), "send-proxy-v2", "tcp-request content set-src str(203.0.113.67)"));
        using (var before = new SmtpLineClient(haproxy.Port("bad"))) before.Command("QUIT", "221");
        (await _server.VerbAsync("decisions", "add", "-i", "203.0.113.66", "-d", "10m", "-R", "by hand")).MustSucceed();
        using (var refused = new LineClient(haproxy.Port("bad"))) Assert.DoesNotContain(
            "220", refused.ReadToEnd(), StringComparison.Ordinal);
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
    public async Task The_self_test_shows_on_every_listener_through_proxy_that_a_ban_bites()
    {
        var test = JsonDocument.Parse((await _server.VerbAsync("decisions", "test", "--json")).MustSucceed().Output)
            .RootElement.EnumerateArray().ToList();
        foreach (var kind in Kinds.Split(' ').Where(k => k != "metrics"))
        {
            // IPv4 and IPv6 clients.
            var lines = test.Where(l => l.GetProperty("where").GetString()!.StartsWith(kind + " ", StringComparison.Ordinal)).ToList();
            Assert.Equal(2, lines.Count);
            Assert.All(lines, l => Assert.Equal(
                "PROXY refused served yes", string.Join(' ', "by banned others ok".Split(' ').Select(n => l.GetProperty(n).GetString()))));
        }
        Assert.Contains("(none)", (await _server.VerbAsync("decisions", "list")).MustSucceed().Output, StringComparison.Ordinal);
        // Nobody is believed any longer than that.
        using var liar = new LineClient(_server.Port("imap"), "127.9.9.9");
        liar.Send("PROXY TCP4 203.0.113.80 203.0.113.1 40000 25\r\n");
        liar.ReadToEnd();
        Assert.DoesNotContain("via 127.9.9.9", _server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Incident_F3_https_refuses_the_banned_behind_haproxy_too_and_ends_what_they_have_open()
    {
        await using var haproxy = await HaproxyServer.StartAsync(
            new HaproxyWay("bad", _server.Port("https"), "send-proxy-v2", "tcp-request content set-src str(203.0.113.66)"),
            new HaproxyWay("good", _server.Port("https"), "send-proxy-v2", "tcp-request content set-src str(203.0.113.67)"));
        using var bad = new TlsPage(haproxy.Port("bad"));
        using var good = new TlsPage(haproxy.Port("good"));
        Assert.StartsWith("HTTP/1.1 200", bad.Get(), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200", good.Get(), StringComparison.Ordinal);
        (await _server.VerbAsync("decisions", "add", "-i", "203.0.113.66", "-d", "10m")).MustSucceed();
        await Patience.UntilAsync(() => bad.Get().Length == 0, "the open connection ends");
        Assert.StartsWith("HTTP/1.1 200", good.Get(), StringComparison.Ordinal);
        Assert.ThrowsAny<IOException>(() => new TlsPage(haproxy.Port("bad")));
        (await _server.VerbAsync("decisions", "delete", "-i", "203.0.113.66")).MustSucceed();
        using var again = new TlsPage(haproxy.Port("bad"));
    }

    [Fact]
    public async Task Incident_24_one_port_serves_clients_with_and_without_a_proxy_each_as_itself()
    {
        (await _server.VerbAsync("decisions", "add", "-i", "203.0.113.80", "-d", "10m")).MustSucceed();
        using (var proxied = As("imap", "203.0.113.80")) Assert.DoesNotContain("* OK", proxied.ReadToEnd(), StringComparison.Ordinal);
        using (var other = As("imap", "203.0.113.81"))
        {
            other.Send("a LOGOUT\r\n");
            Assert.StartsWith("* OK", other.ReadToEnd(), StringComparison.Ordinal);
        }
        using (var plain = new LineClient(_server.Port("imap"))) Assert.StartsWith("* OK", plain.ReadLine(), StringComparison.Ordinal);
        await Patience.UntilAsync(() =>
            _server.Log.Contains("from 203.0.113.81 via 127.0.0.3", StringComparison.Ordinal), "the log names both");
    }

    [Fact]
    public async Task Incident_25_health_checks_of_a_proxy_are_no_evidence()
    {
        for (var i = 0; i < 40; i++)
        {
            using var check = new LineClient(_server.Port("smtp"), HaproxyServer.Source);
            check.Send(i % 2 == 0 ? "PROXY UNKNOWN\r\n" : "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0");
        }
        Assert.Equal(0, await _server.MetricAsync("aviso_guard_evidence_total"));
        using var client = As("smtp", "203.0.113.81");
        Assert.StartsWith("220", client.ReadLine(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decisions_have_the_shape_of_cscli_and_what_it_lists_can_be_imported()
    {
        await using var engine = await CrowdsecServer.StartAsync();
        await engine.CliAsync("decisions", "add", "-i", "203.0.113.66", "-d", "10m");
        await engine.CliAsync("decisions", "add", "-r", "198.51.100.0/24", "-d", "2h", "-R", "scan");
        var file = Path.Combine(_server.Folder, "theirs");
        await File.WriteAllTextAsync(file, await engine.CliAsync("decisions", "list", "-o", "json"), TestContext.Current.CancellationToken);
        Assert.Contains("2 decisions imported", (await _server.VerbAsync("decisions", "import", "-i", file)).MustSucceed().Output,
            StringComparison.Ordinal);
        var ours = JsonNode.Parse((await _server.VerbAsync("decisions", "list", "-o", "json")).MustSucceed().Output)!.AsArray();
        var theirs = await engine.ListAsync("decisions");
        Assert.Equal(Names(theirs[0]!), Names(ours[0]!));
        Assert.Equal(Names(theirs[0]!["decisions"]![0]!), Names(ours[0]!["decisions"]![0]!));
        Assert.Equal(["198.51.100.0/24", "203.0.113.66"], ours.Select(a => (string)a!["decisions"]![0]!["value"]!).Order());

        // And back: what we print is what cscli takes.
        var rows = new JsonArray([.. ours.Select(a => a!["decisions"]![0]!.DeepClone())]);
        await File.WriteAllTextAsync(engine.Path("ours.json"), rows.ToJsonString(), TestContext.Current.CancellationToken);
        await engine.CliAsync("decisions", "delete", "--all");
        await engine.CliAsync("decisions", "import", "-i", engine.Path("ours.json"));

        foreach (var (name, text) in new[] { ("plain.txt", "# list\n192.0.2.1\n192.0.2.128/25\n2001:db8::/32\n"), ("some.csv", "duration,scope,value\n24h,ip,192.0.2.9\n"), ("none.json", "null") })
        {
            await File.WriteAllTextAsync(Path.Combine(_server.Folder, name), text, TestContext.Current.CancellationToken);
            (await _server.VerbAsync("decisions", "import", "-i", Path.Combine(_server.Folder, name))).MustSucceed();
        }
        Assert.Equal(6, JsonNode.Parse((await _server.VerbAsync("decisions", "list", "--json")).Output)!.AsArray().Count);

        static IEnumerable<string> Names(JsonNode node) => node.AsObject().Select(p => p.Key).Order();
    }

    [Fact]
    public async Task A_list_comes_from_standard_input_and_the_network_around_an_address_is_found_and_lifted()
    {
        var import = await Tool.RunAsync(AvisoServer.Executable, ["decisions", "import", "-i", "-", "--config", _server.SettingsFile],
            "2001:db8:1:2::/64\n127.0.0.1\n203.0.113.80\n");
        Assert.Equal(1, import.ExitCode);
        Assert.Contains("2 decisions imported, 1 refused", import.Error, StringComparison.Ordinal);
        Assert.Contains("line 2: 127.0.0.1 is one of ours", import.Error, StringComparison.Ordinal);
        using (var refused = As("imap", "203.0.113.80")) Assert.DoesNotContain("* OK", refused.ReadToEnd(), StringComparison.Ordinal);
        Assert.Contains("cscli-import,Range:2001:db8:1:2::/64,manual,ban,,,1,", (await _server.VerbAsync(
            "decisions", "list", "-i", "2001:db8:1:2::7", "-o", "raw", "-l", "5")).MustSucceed().Output, StringComparison.Ordinal);
        Assert.Contains("1 decision deleted: 2001:db8:1:2::/64",
            (await _server.VerbAsync("decisions", "delete", "-i", "2001:db8:1:2::7")).MustSucceed().Output, StringComparison.Ordinal);
        var again = await _server.VerbAsync("decisions", "delete", "-i", "2001:db8:1:2::7");
        Assert.Equal(1, again.ExitCode);
        (await _server.VerbAsync("decisions", "add", "--scope", "ip", "-v", "203.0.113.81")).MustSucceed();
    }

    [Fact]
    public async Task Bouncers_read_our_decisions_with_a_key_and_deltas_after_the_first_time()
    {
        using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{_server.Port("http")}") };
        Assert.Equal(403, (int)(await http.GetAsync("/v1/decisions", TestContext.Current.CancellationToken)).StatusCode);
        http.DefaultRequestHeaders.Add("X-Api-Key", "0123456789abcdef");
        Assert.Equal("null", await http.GetStringAsync("/v1/decisions?ip=203.0.113.90", TestContext.Current.CancellationToken));
        (await _server.VerbAsync("decisions", "add", "-r", "203.0.113.88/29")).MustSucceed();
        Assert.Contains("203.0.113.88/29",
            await http.GetStringAsync("/v1/decisions?ip=203.0.113.90", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("\"Range\"", await http.GetStringAsync("/v1/decisions/stream?startup=true", TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
        Assert.Equal(
            "{\"deleted\":null,\"new\":null}", await http.GetStringAsync("/v1/decisions/stream?", TestContext.Current.CancellationToken));
        (await _server.VerbAsync("decisions", "delete", "--all")).MustSucceed();
        Assert.Contains("\"deleted\":[{", await http.GetStringAsync("/v1/decisions/stream", TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
    }

    private LineClient As(string kind, string address)
    {
        var client = new LineClient(_server.Port(kind), HaproxyServer.Source);
        client.Send($"PROXY TCP4 {address} 203.0.113.1 40000 25\r\n");
        return client;
    }

    /// <summary>One connection to a listener of kind https that asks for a page as often as it may.</summary>
    private sealed class TlsPage : IDisposable
    {
        private readonly TcpClient _tcp = new();
        private readonly SslStream _tls;

        public TlsPage(int port)
        {
            _tcp.Connect("127.0.0.1", port);
            _tcp.ReceiveTimeout = 10_000;
            _tls = new(_tcp.GetStream(), false, (_, _, _, _) => true);
            _tls.AuthenticateAsClient("mail." + AvisoServer.Domain);
        }

        /// <summary>What is answered; nothing when the connection is over.</summary>
        public string Get()
        {
            try
            {
                _tls.Write(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: mail.{AvisoServer.Domain}\r\n\r\n"));
                var buffer = new byte[4096];
                return Encoding.ASCII.GetString(buffer, 0, _tls.Read(buffer));
            }
            catch (IOException)
            {
                return "";
            }
        }

        public void Dispose()
        {
            _tls.Dispose();
            _tcp.Dispose();
        }
    }
}
