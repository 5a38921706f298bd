using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Guard;

/// <summary>Things that went wrong elsewhere, by their number in the diary, at the door of the running server.</summary>
public sealed class IncidentTests : IAsyncLifetime
{
    private const string InCluster = "aviso.mail.svc.cluster.local";

    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await AvisoServer.StartAsync("guard: { mode: builtin }\n",
        "smtp submission imap imaps managesieve metrics", proxies: $"{HaproxyServer.Source}/32",
            tls: $"{{ self_signed: true, internal_names: [{InCluster}] }}");

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("smtp", "220")]
    [InlineData("submission", "220")]
    [InlineData("imap", "* OK")]
    public async Task Incident_24_one_port_serves_clients_behind_the_proxy_and_direct_ones_and_refuses_a_forged_header(
        string kind, string greeting)
    {
        using (var direct = new LineClient(_server.Port(kind))) Assert.StartsWith(greeting, direct.ReadLine(), StringComparison.Ordinal);
        using (var v1 = As(kind, "203.0.113.24"))
        {
            Assert.StartsWith(greeting, v1.ReadLine(), StringComparison.Ordinal);
            v1.Send("a NOOP\r\n");
            v1.ReadLine();
        }
        // Nobody else is believed, not even one of our own network.
        using var forged = new LineClient(_server.Port(kind), "127.0.0.8");
        forged.ReadLine();
        forged.Send("PROXY TCP4 203.0.113.25 203.0.113.1 40000 25\r\nNOOP\r\n");
        Assert.Equal("", forged.ReadToEnd());
        await Patience.UntilAsync(() =>
            _server.Log.Contains("203.0.113.24", StringComparison.Ordinal), "the log names the client", 20, () => _server.Log);
        Assert.DoesNotContain("203.0.113.25", _server.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("submission")]
    [InlineData("imaps")]
    public async Task Incident_25_hundreds_of_health_checks_are_answered_closed_and_count_for_nothing(string kind)
    {
        byte[] local = [.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x20, 0, 0, 0];
        for (var i = 0; i < 300; i++)
        {
            using var check = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            check.Bind(new IPEndPoint(IPAddress.Parse(HaproxyServer.Source), 0));
            await check.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _server.Port(kind)), TestContext.Current.CancellationToken);
            check.Send(i % 3 == 0 ? "PROXY UNKNOWN\r\n"u8.ToArray() : local);
            // Most balancers end with a reset.
            if (i % 2 == 0) check.Close(0);
        }
        using (var client = new SmtpLineClient(_server.Port("submission"))) client.Login($"bob@{AvisoServer.Domain}", AvisoServer.Password);
        Assert.Empty(_server.Troubles);
        Assert.Contains("(none)", (await _server.VerbAsync("decisions", "list")).MustSucceed().Output, StringComparison.Ordinal);
        Assert.Equal(0, await _server.MetricAsync("aviso_guard_evidence_total"));
        Assert.Equal(0, await _server.MetricAsync("aviso_tls_handshakes_failed_total"));
    }

    [Fact]
    public async Task Incident_35_the_first_relaying_without_login_and_the_first_failed_login_of_one_of_ours_are_events_that_name_it()
    {
        using (var kindle = new SmtpLineClient(_server.Port("smtp"), "reader.lan", "127.0.0.35"))
        {
            kindle.Command($"MAIL FROM:<app@{AvisoServer.Domain}>", "250");
            kindle.Command("RCPT TO:<me@device.example>", "554");
        }
        await Patience.UntilAsync(() => _server.Troubles.Any(t =>
            t.Contains("127.0.0.35", StringComparison.Ordinal) && t.Contains("reader.lan", StringComparison.Ordinal)
            && t.Contains($"app@{AvisoServer.Domain}", StringComparison.Ordinal)
                && t.Contains("me@device.example", StringComparison.Ordinal)),
            "the refusal names client, HELO, sender and recipient", 20, () => _server.Log);
        using (var scanner = new SmtpLineClient(_server.Port("submission"), "scanner.lan", "127.0.0.36"))
            scanner.Command(
                "AUTH PLAIN " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0bob@{AvisoServer.Domain}\0forgotten")), "535");
        await Patience.UntilAsync(() => _server.Troubles.Any(t =>
            t.Contains("127.0.0.36", StringComparison.Ordinal) && t.Contains($"bob@{AvisoServer.Domain}", StringComparison.Ordinal)),
            "the failed login names client and user", 20, () => _server.Log);
        Assert.Equal(1, await _server.MetricAsync("aviso_internal_refused_total"));
        Assert.Equal(1, await _server.MetricAsync("aviso_guard_internal_failures_total", "login-failed"));
        Assert.Contains("(none)", (await _server.VerbAsync("decisions", "list")).MustSucceed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Incident_37_nobody_outside_is_offered_or_granted_a_login_before_tls()
    {
        var proof = Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0bob@{AvisoServer.Domain}\0{AvisoServer.Password}"));
        using var smtp = As("submission", "203.0.113.37");
        smtp.ReadLine();
        smtp.Send("EHLO x\r\n");
        var offered = new List<string>();
        do offered.Add(smtp.ReadLine());
        while (offered[^1][3] == '-');
        Assert.Contains(offered, l => l.EndsWith("STARTTLS", StringComparison.Ordinal));
        Assert.DoesNotContain(offered, l => l.Contains("AUTH", StringComparison.Ordinal));
        smtp.Send($"AUTH PLAIN {proof}\r\nMAIL FROM:<bob@{AvisoServer.Domain}>\r\n");
        Assert.StartsWith("538", smtp.ReadLine(), StringComparison.Ordinal);
        Assert.StartsWith("530", smtp.ReadLine(), StringComparison.Ordinal);

        using var imap = As("imap", "203.0.113.37");
        Assert.Contains("LOGINDISABLED", imap.ReadLine(), StringComparison.Ordinal);
        imap.Send($"a LOGIN bob@{AvisoServer.Domain} \"{AvisoServer.Password}\"\r\n");
        Assert.StartsWith("a NO [PRIVACYREQUIRED]", imap.ReadLine(), StringComparison.Ordinal);

        using var sieve = As("managesieve", "203.0.113.37");
        string line;
        do line = sieve.ReadLine();
        while (!line.StartsWith("\"SASL\"", StringComparison.Ordinal));
        Assert.Equal("\"SASL\" \"\"", line);
    }

    [Fact]
    public async Task Incident_38_a_client_in_the_cluster_gets_a_certificate_that_names_what_it_asked_for()
    {
        foreach (var name in (string[])[InCluster, $"mail.{AvisoServer.Domain}"])
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(IPAddress.Loopback, _server.Port("imaps"), TestContext.Current.CancellationToken);
            SslPolicyErrors problems = default;
            await using var tls = new SslStream(tcp.GetStream(), false, (_, _, _, errors) =>
            {
                problems = errors;
                return true;
            });
            await tls.AuthenticateAsClientAsync(name);
            // Who made it is a matter of trust; the name must fit.
            Assert.False(problems.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch), name);
        }
    }

    private LineClient As(string kind, string address)
    {
        var client = new LineClient(_server.Port(kind), HaproxyServer.Source);
        client.Send($"PROXY TCP4 {address} 203.0.113.1 40000 25\r\n");
        return client;
    }
}
