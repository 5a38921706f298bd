using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Certificates;

/// <summary>The running server gets its certificate from pebble, in each of the three ways.</summary>
public sealed class AcmeTests
{
    private const string Host = "mail.example.test";

    [Fact]
    public async Task Http_01_brings_a_certificate_over_the_plain_listener()
    {
        var http = FreePort.Next();
        await using var pebble = await PebbleServer.StartAsync(httpPort: http);
        await using var server =
            await StartAsync($"imaps metrics http@127.0.0.1:{http}", $"{{ challenge: http-01, authorities: [ {pebble.Yaml()} ] }}");
        using var shown = await IssuedAsync(server, pebble);
        Assert.Equal([Host], Names(shown));
        Assert.Empty(server.Troubles);
        Assert.InRange(await server.MetricAsync("aviso_certificate_expires_seconds", Host), 3600, 10 * 366 * 86400d);
    }

    [Fact]
    public async Task Http_01_answers_over_IPv6_when_the_name_has_an_AAAA_record()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "this machine has no IPv6");
        var http = FreePort.Next();
        await using var pebble = await PebbleServer.StartAsync(httpPort: http, ipv6: "::1");
        await using var server = await StartAsync($"imaps http@[::]:{http}", $"{{ challenge: http-01, authorities: [ {pebble.Yaml()} ] }}");
        using var shown = await IssuedAsync(server, pebble);
    }

    [Fact]
    public async Task An_AAAA_record_that_leads_nowhere_is_named_as_the_likely_cause()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "this machine has no IPv6");
        var http = FreePort.Next();
        await using var pebble = await PebbleServer.StartAsync(httpPort: http, ipv6: "::1");
        await using var server =
            await StartAsync($"imaps metrics http@127.0.0.1:{http}", $"{{ challenge: http-01, authorities: [ {pebble.Yaml()} ] }}");
        await Patience.UntilAsync(() => server.Troubles.Count > 0, "the failure is logged", 30, () => server.Log);
        Assert.Contains("remove the AAAA record", server.Troubles[0], StringComparison.Ordinal);
        Assert.Equal(1, await server.MetricAsync("aviso_acme_failures_total", "reason=\"connection\""));
        // Mail goes on meanwhile, with a certificate of our own authority.
        using var shown = await ShownAsync(server.Port("imaps"), Host);
        Assert.Contains("Aviso local CA", shown.Issuer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tls_alpn_01_is_answered_on_the_https_listener_and_others_see_the_certificate_in_use()
    {
        var https = FreePort.Next();
        await using var pebble = await PebbleServer.StartAsync(tlsPort: https);
        await using var server =
            await StartAsync($"imaps https@127.0.0.1:{https}", $"{{ challenge: tls-alpn-01, authorities: [ {pebble.Yaml()} ] }}");
        using var shown = await IssuedAsync(server, pebble);
        using var page = await ShownAsync(https, Host);
        Assert.Equal(shown.Thumbprint, page.Thumbprint);
        using var http = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://127.0.0.1:{https}/healthz/ready") { Headers = { Host = Host } };
        Assert.Equal("ready\n", await (await http.SendAsync(request)).Content.ReadAsStringAsync());
        Assert.Empty(server.Troubles);
    }

    [Theory]
    [InlineData("hmac-sha256")]
    [InlineData("hmac-sha512")]
    public async Task Dns_01_by_dynamic_update_brings_base_and_wildcard_when_every_server_shows_the_records(string algorithm)
    {
        await using var bind = await BindServer.StartAsync(algorithm);
        await using var pebble = await PebbleServer.StartAsync(dns: bind.Secondary);
        await using var server = await StartAsync("imaps", $$"""
            { challenge: dns-01, names: [example.test, "*.example.test"], authorities: [ {{pebble.Yaml()}} ],
                dns: { provider: rfc2136, server: "127.0.0.1:{{bind.Primary}}", key_name: {{BindServer.KeyName}}, key_algorithm: {{algorithm}}, key: "literal:{{bind.Secret}}",
                  check: ["127.0.0.1:{{bind.Primary}}", "127.0.0.1:{{bind.Secondary}}"] } }
            """.Trim(), $"dns: {{ resolvers: [\"127.0.0.1:{bind.Primary}\"] }}");
        using var shown = await IssuedAsync(server, pebble, () => bind.Output);
        Assert.Equal(["*.example.test", "example.test"], Names(shown).Order());
        Assert.Empty(server.Troubles);
        // What was added for the proof is gone again; nothing else was touched.
        await Patience.UntilAsync(() => bind.Output.Split("deleting an RR at _acme-challenge.example.test TXT").Length == 3,
            "both records are gone", 10, () => bind.Output);
    }

    [Fact]
    public async Task A_key_that_the_name_server_does_not_know_is_said_with_what_to_compare()
    {
        await using var bind = await BindServer.StartAsync();
        await using var pebble = await PebbleServer.StartAsync(dns: bind.Primary);
        await using var server = await StartAsync("imaps metrics", $$"""
            { challenge: dns-01, authorities: [ {{pebble.Yaml()}} ],
                dns: { provider: rfc2136, server: "127.0.0.1:{{bind.Primary}}", key_name: other-key, key: "literal:{{bind.Secret}}" } }
            """.Trim(), $"dns: {{ resolvers: [\"127.0.0.1:{bind.Primary}\"] }}");
        await Patience.UntilAsync(() => server.Troubles.Count > 0, "the failure is logged", 30, () => server.Log);
        Assert.Contains("does not know the key other-key (hmac-sha256) (BADKEY)", server.Troubles[0], StringComparison.Ordinal);
        Assert.Equal(1, await server.MetricAsync("aviso_acme_failures_total", "reason=\"publish\""));
    }

    [Fact]
    public async Task An_authority_that_refuses_most_nonces_still_gives_a_certificate()
    {
        var http = FreePort.Next();
        await using var pebble = await PebbleServer.StartAsync(httpPort: http, badNonces: 60);
        await using var server =
            await StartAsync($"imaps http@127.0.0.1:{http}", $"{{ challenge: http-01, authorities: [ {pebble.Yaml()} ] }}");
        using var shown = await IssuedAsync(server, pebble);
        Assert.Empty(server.Troubles);
    }

    [Fact]
    public async Task External_account_binding_is_used_and_its_lack_is_said()
    {
        var http = FreePort.Next();
        await using var pebble = await PebbleServer.StartAsync(httpPort: http, eab: true);
        await using (
            var without = await StartAsync($"imaps http@127.0.0.1:{http}", $"{{ challenge: http-01, authorities: [ {pebble.Yaml()} ] }}"))
        {
            await Patience.UntilAsync(() => without.Troubles.Count > 0, "the failure is logged", 30, () => without.Log);
            Assert.Contains("`eab_key_id` and `eab_key`", without.Troubles[0], StringComparison.Ordinal);
        }
        await using var server = await StartAsync($"imaps http@127.0.0.1:{http}",
            $"{{ challenge: http-01, authorities: [ {pebble.Yaml($", eab_key_id: {PebbleServer.KeyId}, eab_key: \"literal:{PebbleServer.MacKey}\"")} ] }}");
        using var shown = await IssuedAsync(server, pebble);
    }

    [Fact]
    public async Task The_second_authority_is_asked_when_the_first_cannot_be_reached()
    {
        var http = FreePort.Next();
        await using var pebble = await PebbleServer.StartAsync(httpPort: http);
        await using var server = await StartAsync($"imaps metrics http@127.0.0.1:{http}",
            $"{{ challenge: http-01, authorities: [ {{ directory: \"https://127.0.0.1:{FreePort.Next()}/dir\" }}, {pebble.Yaml()} ] }}");
        using var shown = await IssuedAsync(server, pebble);
        Assert.Equal(1, await server.MetricAsync("aviso_acme_failures_total", "reason=\"network\""));
    }

    [Fact]
    public async Task A_renewal_drops_no_connection_and_a_restart_orders_nothing()
    {
        var http = FreePort.Next();
        await using var pebble = await PebbleServer.StartAsync(httpPort: http);
        await using var server = await StartAsync($"imaps metrics http@127.0.0.1:{http}",
            $"{{ challenge: http-01, authorities: [ {pebble.Yaml()} ] }}", "");
        using var first = await IssuedAsync(server, pebble);
        using var tcp = new TcpClient("127.0.0.1", server.Port("imaps"));
        await using var open = new SslStream(tcp.GetStream(), false, (_, _, _, _) => true);
        await open.AuthenticateAsClientAsync(Host);
        using var lines = new StreamReader(open);
        Assert.StartsWith("* OK", await lines.ReadLineAsync(), StringComparison.Ordinal);

        var renewed = await server.VerbAsync("certificates", "renew", Host);
        Assert.Contains("valid until", renewed.MustSucceed().Output, StringComparison.Ordinal);
        using var second = await ShownAsync(server.Port("imaps"), Host);
        Assert.NotEqual(first.SerialNumber, second.SerialNumber);
        await open.WriteAsync(Encoding.ASCII.GetBytes("a NOOP\r\n"));
        Assert.StartsWith("a OK", await lines.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Contains(Host, (await server.VerbAsync("certificates", "list")).MustSucceed().Output, StringComparison.Ordinal);

        await server.StopAsync();
        await server.StartAgainAsync();
        using var third = await ShownAsync(server.Port("imaps"), Host);
        Assert.Equal(second.SerialNumber, third.SerialNumber);
        Assert.Equal(0, await server.MetricAsync("aviso_acme_issued_total"));
        Assert.Empty(server.Troubles);
    }

    [Fact]
    public async Task Names_inside_the_cluster_get_a_certificate_of_our_own_authority_beside_the_public_one()
    {
        var http = FreePort.Next();
        await using var pebble = await PebbleServer.StartAsync(httpPort: http);
        await using var server = await AvisoServer.StartAsync("", $"imaps http@127.0.0.1:{http}",
            tls: $"{{ internal_names: [aviso.mail.svc.cluster.local], acme: {{ challenge: http-01, authorities: [ {pebble.Yaml()} ] }} }}");
        using var shown = await IssuedAsync(server, pebble);
        using var root = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(server.DataFolder, "tls", "ca.pem"));
        using var tcp = new TcpClient("127.0.0.1", server.Port("imaps"));
        await using var tls = new SslStream(tcp.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "aviso.mail.svc.cluster.local",
            CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { root }, RevocationMode = X509RevocationMode.NoCheck },
        });
        Assert.Empty(server.Troubles);
    }

    private static Task<AvisoServer> StartAsync(string listeners, string acme, string extra = "") =>
        AvisoServer.StartAsync(extra, listeners, tls: $"{{ acme: {acme} }}");

    /// <summary>Waits until the server shows a certificate of pebble.</summary>
    private static async Task<X509Certificate2> IssuedAsync(AvisoServer server, PebbleServer pebble, Func<string>? more = null)
    {
        X509Certificate2? shown = null;
        await Patience.UntilAsync(async () =>
        {
            shown?.Dispose();
            shown = await ShownAsync(server.Port("imaps"), Host);
            return shown.Issuer.Contains("Pebble", StringComparison.Ordinal);
        }, "the certificate is there", 40, () => server.Log + "\n" + pebble.Output + more?.Invoke());
        return shown!;
    }

    private static async Task<X509Certificate2> ShownAsync(int port, string name)
    {
        using var tcp = new TcpClient("127.0.0.1", port);
        await using var tls = new SslStream(tcp.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(name);
        return new(tls.RemoteCertificate!);
    }

    private static IReadOnlyList<string> Names(X509Certificate2 certificate) =>
        [.. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames())];
}
