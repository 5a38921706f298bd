using Aviso.Tests.System.Clients;
using Xunit;

namespace Aviso.Tests.System.Peers;

/// <summary>HAProxy in front: PROXY v1, v2 and health checks on the same ports that serve direct clients.</summary>
public sealed class HaproxyTests : IAsyncLifetime
{
    private const string Client = "127.0.0.2";

    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await AvisoServer.StartAsync(proxies: $"{HaproxyServer.Source}/32");

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("send-proxy")]
    [InlineData("send-proxy-v2")]
    [InlineData("send-proxy-v2 proxy-v2-options unique-id,crc32c")]
    public async Task The_client_behind_the_proxy_is_the_one_that_counts(string server)
    {
        await using var haproxy = await HaproxyServer.StartAsync(
            new HaproxyWay("smtp", _server.Port("smtp"), server), new HaproxyWay("imap", _server.Port("imap"), server));
        using (var smtp = new SmtpLineClient(haproxy.Port("smtp"), "far.client.test", Client))
            smtp.Deliver("s@sender.test", ["alice@example.test"], "Subject: through the proxy\r\n\r\nx\r\n");
        using var imap = new ImapLineClient(haproxy.Port("imap"), "alice@example.test", AvisoServer.Password, Client);
        imap.Ok("SELECT INBOX");
        var header = string.Concat(imap.Ok("FETCH 1 BODY.PEEK[HEADER]"));
        Assert.Contains($"[{Client}]", header, StringComparison.Ordinal);
        Assert.DoesNotContain(HaproxyServer.Source, header, StringComparison.Ordinal);
        imap.Ok("LOGOUT");
        await Patience.UntilAsync(() =>
            _server.Log.Split('\n').Any(line => line.Contains($"imap from {Client} via {HaproxyServer.Source}", StringComparison.Ordinal))
            && _server.Log.Contains($"smtp from {Client} via {HaproxyServer.Source}", StringComparison.Ordinal),
                "both connections in the log", 10, () => _server.Log);
    }

    [Fact]
    public async Task Clients_of_other_networks_are_served_in_the_clear_on_the_same_port()
    {
        await using var haproxy = await HaproxyServer.StartAsync(new HaproxyWay("smtp", _server.Port("smtp"), "send-proxy-v2"));
        using var behind = new SmtpLineClient(haproxy.Port("smtp"), from: Client);
        using var direct = new SmtpLineClient(_server.Port("smtp"), from: Client);
        behind.Deliver("s@sender.test", ["alice@example.test"], "Subject: behind\r\n\r\nx\r\n");
        direct.Deliver("s@sender.test", ["alice@example.test"], "Subject: direct\r\n\r\nx\r\n");
    }

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.7 192.0.2.1 1234 25\r\n")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc0\0\x02\x01\x04\xd2\0\x19")]
    public async Task A_proxy_header_from_anybody_else_is_refused(string header)
    {
        using var liar = new LineClient(_server.Port("smtp"), Client);
        liar.Send(header + "EHLO liar.test\r\nQUIT\r\n");
        Assert.DoesNotContain("250", liar.ReadToEnd(), StringComparison.Ordinal);
        await Patience.UntilAsync(async () =>
            await _server.MetricAsync("aviso_sessions_dropped_total", "proxy-untrusted") >= 1, "the drop is counted", 10);
    }

    [Fact]
    public async Task A_trusted_proxy_that_sends_no_header_is_not_served()
    {
        using var silent = new LineClient(_server.Port("smtp"), HaproxyServer.Source);
        silent.Send("EHLO no.header.test\r\n");
        Assert.DoesNotContain("250", silent.ReadToEnd(), StringComparison.Ordinal);
        await Patience.UntilAsync(async () =>
            await _server.MetricAsync("aviso_sessions_dropped_total", "proxy-header") >= 1, "the drop is counted", 10);
    }

    [Theory]
    [InlineData("v1", "send-proxy check check-send-proxy", "")]
    [InlineData("v2", "send-proxy-v2 check check-send-proxy", "")]
    [InlineData("v2plain", "send-proxy-v2 check", "")]
    [InlineData("smtpchk", "send-proxy-v2 check check-send-proxy", "option smtpchk EHLO hc.local")]
    [InlineData("nohandshake", "check", "")]
    public async Task Health_checks_leave_no_trace_and_the_server_is_up(string name, string server, string backend)
    {
        await using var haproxy = await HaproxyServer.StartAsync(
            new HaproxyWay(name, _server.Port("smtp"), server, backend),
            new HaproxyWay(name + "_imaps", _server.Port("imaps"), server));
        await Task.Delay(TimeSpan.FromSeconds(3));
        foreach (var way in new[] { name, name + "_imaps" })
        {
            var (status, check, failed) = await haproxy.StateAsync(way);
            Assert.Equal("UP", status);
            Assert.True(failed == 0, $"{failed} checks of {way} failed, the last: {check}");
        }
        Assert.Empty(_server.Troubles);
        Assert.Equal(0, await _server.MetricAsync("aviso_sessions_dropped_total"));
        Assert.Equal(0, await _server.MetricAsync("aviso_tls_handshakes_failed_total"));
        Assert.Equal(0, await _server.MetricAsync("aviso_accept_errors_total"));
        Assert.DoesNotContain("connection ", string.Concat(
            _server.Log.Split('\n').Where(line => line.Contains("imaps from", StringComparison.Ordinal))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1", "TCP4")]
    [InlineData("2", "AF_INET")]
    public async Task Swaks_speaks_proxy_too(string version, string family)
    {
        string[] stream = version == "2" ? ["--proxy-protocol", "STREAM"] : [];
        var run = (await Tool.RunAsync(Tool.Find("swaks", "swaks"),
            ["--server", "127.0.0.1", "--port", $"{_server.Port("smtp")}", "--local-interface", HaproxyServer.Source, "--to",
                "alice@example.test",
                "--from", "s@sender.test", "--proxy-version", version, "--proxy-family", family, .. stream, "--proxy-source", "192.0.2.7",
                "--proxy-source-port", "4711", "--proxy-dest", "192.0.2.1", "--proxy-dest-port", "25"])).MustSucceed();
        Assert.Contains("250 2.", run.Output, StringComparison.Ordinal);
        using var imap = new ImapLineClient(_server.Port("imap"), "alice@example.test", AvisoServer.Password);
        imap.Ok("SELECT INBOX");
        Assert.Contains("[192.0.2.7]", string.Concat(imap.Ok("FETCH 1 BODY.PEEK[HEADER]")), StringComparison.Ordinal);
    }
}
