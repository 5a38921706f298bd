using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Aviso.Net;
using Aviso.Tests.Unit.Net;
using Aviso.Web;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>What HTTP listeners answer to authorities and strangers, and what stands below HTTP on kind https.</summary>
public sealed class HttpsTests : IDisposable
{
    private readonly MetricsRegistry _registry = new("None.");

    public void Dispose() => _registry.Dispose();

    private readonly HttpChallenges _challenges = new();

    private static Networks Trusted(string proxies) => proxies.Length > 0 ? Networks.Parse(proxies) : Networks.None;

    private WebSite Site(string proxies = "", WebGate? gate = null) => WebScene.Site(
        [.. WebScene.Own(_registry), ChallengePages.Row(_challenges)], ["mail.example.test"], WebScene.Strangers(Trusted(proxies)), gate) with
    {
        Certificates = TestCertificates.Shared,
        Proxies = () => Trusted(proxies),
    };

    [Fact]
    public async Task An_authority_is_answered_whatever_host_it_names()
    {
        await ((IChallengeAnswer)_challenges).PublishAsync("new.example.test", "abc", "abc.thumb", default);
        await using var http = await WebListener.StartAsync(new(ListenerKind.Http, new(IPAddress.IPv6Any, 0)), Site(), default);
        using var client = new HttpClient();
        // One listener on [::] serves both families: with an AAAA record the authority comes over IPv6 only.
        foreach (var address in Socket.OSSupportsIPv6 ? new[] { "127.0.0.1", "[::1]" } : ["127.0.0.1"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{address}:{http.Bound.Port}/.well-known/acme-challenge/abc") { Headers = { Host = "new.example.test" } };
            Assert.Equal("abc.thumb", await (await client.SendAsync(request)).Content.ReadAsStringAsync());
        }
    }

    [Theory]
    [InlineData("203.0.113.9", "mail.example.test", 308, "https://mail.example.test/a?b=c")]
    [InlineData("203.0.113.9", "evil.example", 421, "")]
    [InlineData("127.0.0.1", "mail.example.test", 404, "")]
    [InlineData("192.0.2.7", "mail.example.test", 404, "")]
    public async Task Strangers_in_the_clear_are_sent_to_https(string client, string host, int status, string location)
    {
        var request = new HttpRequestFeature { Method = "GET", Path = "/a", RawTarget = "/a?b=c", Headers = { Host = host } };
        var answer = await WebScene.AskAsync(Site("192.0.2.0/24").Table, ListenerKind.Http, request, client);
        Assert.Equal((status, location), (answer.Status, answer.Headers.Location.ToString()));
    }

    [Theory]
    [InlineData("", false, true)]
    [InlineData("127.0.0.0/8", true, true)]
    [InlineData("127.0.0.0/8", false, false)]
    [InlineData("", true, false)]
    public async Task A_PROXY_header_is_required_from_proxies_and_refused_from_others(string proxies, bool sends, bool answered)
    {
        await using var https = await WebListener.StartAsync(new(ListenerKind.Https, new(IPAddress.Loopback, 0)), Site(proxies), default);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(https.Bound);
        if (sends) await tcp.GetStream().WriteAsync("PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n"u8.ToArray());
        await using var tls = new SslStream(tcp.GetStream(), false, (_, _, _, _) => true);
        try
        {
            await tls.AuthenticateAsClientAsync("mail.example.test");
            await tls.WriteAsync("GET /healthz/ready HTTP/1.1\r\nHost: mail.example.test\r\nConnection: close\r\n\r\n"u8.ToArray());
            using var reader = new StreamReader(tls, Encoding.ASCII);
            Assert.StartsWith("HTTP/1.1 200", await reader.ReadLineAsync(), StringComparison.Ordinal);
            Assert.EndsWith("ready\n", await reader.ReadToEndAsync(), StringComparison.Ordinal);
            Assert.True(answered);
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            Assert.False(answered);
        }
    }

    [Theory]
    [InlineData("127.0.0.0/8", "PROXY TCP4 203.0.113.9 192.0.2.1 4711 80\r\n", "203.0.113.9", "308")]
    [InlineData("127.0.0.0/8", "PROXY UNKNOWN\r\n", "127.0.0.1", "200")]
    [InlineData("127.0.0.0/8", "", "127.0.0.1", "200")]
    [InlineData("", "", "127.0.0.1", "200")]
    [InlineData("", "PROXY TCP4 203.0.113.9 192.0.2.1 4711 80\r\n", "127.0.0.1", "400")]
    [InlineData("127.0.0.0/8", "PROXY nonsense\r\n", "", "")]
    public async Task On_http_the_gate_asks_about_the_client_that_a_proxy_names_and_a_proxy_may_name_none(string proxies, string header, string asked, string status)
    {
        var gate = new AskedGate();
        await using var http = await WebListener.StartAsync(new(ListenerKind.Http, new(IPAddress.Loopback, 0)), Site(proxies, new(gate, TimeProvider.System)), default);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(http.Bound);
        await tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes(header + "GET /healthz/live HTTP/1.1\r\nHost: mail.example.test\r\nConnection: close\r\n\r\n"));
        Assert.Equal(status, (await LineAsync(tcp.GetStream())).Split(' ').ElementAtOrDefault(1) ?? "");
        Assert.Equal(asked, string.Join(' ', gate.Clients));
    }

    /// <summary>The first line; empty when the connection ends without one.</summary>
    private static async Task<string> LineAsync(Stream stream)
    {
        try
        {
            using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
            return await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)) ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }

    private sealed class AskedGate : IAcceptGate
    {
        public List<IPAddress> Clients { get; } = [];

        public bool Allows(ListenerKind kind, IPAddress client)
        {
            Clients.Add(client);
            return true;
        }
    }
}
