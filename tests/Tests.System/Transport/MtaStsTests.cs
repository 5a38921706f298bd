using System.Text.Json;
using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Transport;

/// <summary>Two servers: one publishes a policy on its https listener, the other sends to it. The authority is trusted by
/// SSL_CERT_FILE.</summary>
public sealed class MtaStsTests
{
    private const string Mx = "127.0.42.25", Web = "127.0.42.43";

    [Fact]
    public async Task A_policy_is_served_fetched_and_held_to_until_its_end()
    {
        if (Environment.UserName != "root") Assert.Skip("ports 25 and 443 need root");
        if (FreePort.Answers(25, Mx) || FreePort.Answers(443, Web)) Assert.Skip("port 25 or 443 of a loopback address is taken");
        using var authority = new TestAuthority();
        var (certificate, key) = authority.Issue("far", "mail.far.test", "mta-sts.far.test");
        await using var dns = new DnsServer { Ttl = 0 }.Mx("far.test", "mail.far.test").A("mail.far.test", Mx).A("mta-sts.far.test", Web);
        await using var far = await AvisoServer.StartAsync($$"""
            dns: { resolvers: ["127.0.0.1:{{dns.Port}}"] }
            mta_sts: { publish: enforce }
            """, $"smtp@{Mx}:25 https@{Web}:443 imap metrics", tls: $"{{ certificate: \"file:{certificate}\", key: \"file:{key}\" }}", domain: "far.test");

        // What the verb says is what is published.
        var records = await RecordsAsync(far);
        // The policy host is not where mail comes in: whether that is meant only a person can say.
        Assert.Equal(("by_hand", "create"), (records["mta-sts.far.test"].Action, records["_mta-sts.far.test"].Action));
        Assert.StartsWith("v=STSv1; id=", records["_mta-sts.far.test"].Value, StringComparison.Ordinal);
        dns.Txt("_mta-sts.far.test", [records["_mta-sts.far.test"].Value]);
        Assert.Equal("fine", (await RecordsAsync(far))["_mta-sts.far.test"].Action);

        var trusts = new Dictionary<string, string> { ["SSL_CERT_FILE"] = authority.CaFile };
        await using var server = await AvisoServer.StartAsync($$"""
            dns: { resolvers: ["127.0.0.1:{{dns.Port}}"] }
            outbound: { allow_private: [127.0.0.0/8] }
            """, environment: trusts);
        await TlsSubmission.SendAsync(server, "alice@far.test", "enforced");
        await ArrivedAsync(1);
        Assert.Contains("MTA-STS policy of far.test: Enforce, mx mail.far.test", server.Log, StringComparison.Ordinal);
        Assert.Equal(1, await server.MetricAsync("aviso_outbound_tls_sessions_total", "policy=\"sts\",result=\"success\""));

        // RFC 8689: authenticated by MTA-STS, and the peer offers REQUIRETLS.
        await TlsSubmission.SendAsync(server, "alice@far.test", "required", " REQUIRETLS");
        await ArrivedAsync(2);

        // The mail host shows another's certificate, and the policy cannot be had any more: it holds all the same, also after a restart.
        var settings = await File.ReadAllTextAsync(far.SettingsFile);
        var (other, otherKey) = authority.Issue("other", "mail.other.test");
        await far.StopAsync();
        await File.WriteAllTextAsync(far.SettingsFile,
            settings.Replace(certificate, other, StringComparison.Ordinal).Replace(key, otherKey, StringComparison.Ordinal));
        await far.StartAgainAsync();
        await server.StopAsync();
        await server.StartAgainAsync(trusts);
        dns.Txt("_mta-sts.far.test", ["v=STSv1; id=anew;"]);
        await TlsSubmission.SendAsync(server, "alice@far.test", "waits");
        await WaitsAsync("mail.far.test[127.0.42.25] (MTA-STS): the certificate is not for mail.far.test");
        Assert.Contains("the MTA-STS policy of far.test could not be fetched (sts-webpki-invalid)", server.Log, StringComparison.Ordinal);

        // A sender who does not mind says so.
        await TlsSubmission.SendAsync(server, "alice@far.test", "not required", field: "TLS-Required: No\r\n");
        await ArrivedAsync(3);

        // Only testing from now on: the same fault is counted and the mail goes.
        await far.StopAsync();
        await File.WriteAllTextAsync(far.SettingsFile, settings.Replace("publish: enforce", "publish: testing", StringComparison.Ordinal)
            .Replace("tls: {", $"tls: {{ additional: [ {{ certificate: \"file:{certificate}\", key: \"file:{key}\" }} ], ",
                StringComparison.Ordinal)
            .Replace($", certificate: \"file:{certificate}\", key: \"file:{key}\"",
                $", certificate: \"file:{other}\", key: \"file:{otherKey}\"", StringComparison.Ordinal));
        await far.StartAgainAsync();
        dns.Txt("_mta-sts.far.test", [(await RecordsAsync(far))["_mta-sts.far.test"].Value]);
        await server.StopAsync();
        await server.StartAgainAsync(trusts);
        (await server.VerbAsync("queue", "retry", "--destination", "far.test")).MustSucceed();
        await ArrivedAsync(4);
        Assert.Contains("MTA-STS policy of far.test: Testing", server.Log, StringComparison.Ordinal);

        async Task ArrivedAsync(int count)
        {
            using var imap = new ImapLineClient(far.Port("imap"), "alice@far.test", AvisoServer.Password);
            await Patience.UntilAsync(() =>
                imap.Ok("STATUS INBOX (MESSAGES)").Any(l => l.Contains($"MESSAGES {count}", StringComparison.Ordinal)),
                $"{count} messages there", 60, () => server.Log + "\n\n" + far.Log);
        }

        async Task WaitsAsync(string reason)
        {
            var queue = "";
            await Patience.UntilAsync(async () =>
                (queue = (await server.VerbAsync("queue", "list", "--json")).Output).Contains(reason, StringComparison.Ordinal),
                $"the queue says: {reason}", 60, () => queue + "\n" + server.Log);
        }
    }

    [Fact]
    public async Task Tlsa_records_are_shown_for_the_certificate_in_use()
    {
        using var authority = new TestAuthority();
        var (certificate, key) = authority.Issue("mail", "mail.example.test");
        await using var dns = new DnsServer();
        await using var server = await AvisoServer.StartAsync($$"""
            dns: { resolvers: ["127.0.0.1:{{dns.Port}}"] }
            """, tls: $"{{ certificate: \"file:{certificate}\", key: \"file:{key}\" }}");
        var openssl = Tool.Find("openssl", "openssl");
        var hash = await Tool.RunAsync("bash",
            ["-c", $"{openssl} x509 -in '{certificate}' -noout -pubkey | {openssl} pkey -pubin -outform DER | {openssl} dgst -sha256 -r"]);
        var shown = await server.VerbAsync("certificates", "tlsa", "--json");
        shown.MustSucceed();
        var row = Assert.Single(JsonDocument.Parse(shown.Output).RootElement.EnumerateArray());
        Assert.Equal(("_25._tcp.mail.example.test", "3 1 1 " + hash.Output.Split(' ')[0]),
            (row.GetProperty("name").GetString(), row.GetProperty("wanted")[0].GetString()));
        // Whoever wrote the files may change the key with the next ones.
        Assert.StartsWith("none is planned", row.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    private static async Task<Dictionary<string, (string Value, string Action)>> RecordsAsync(AvisoServer server)
    {
        var shown = await server.VerbAsync("certificates", "mta-sts", "--json");
        shown.MustSucceed();
        return JsonDocument.Parse(shown.Output).RootElement.EnumerateArray().ToDictionary(
            r => r.GetProperty("name").GetString()!, r => (r.GetProperty("wanted")[0].GetString()!, r.GetProperty("action").GetString()!));
    }
}
