using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Transport;

/// <summary>Mail out under DANE: BIND signs the zones, unbound validates, Postfix is the mail host.</summary>
public sealed class DaneTests
{
    private const string Mx = "127.0.41.25", Clear = "127.0.41.26";

    [Fact]
    public async Task Mail_goes_only_where_the_signed_dns_names_the_key_and_waits_where_it_cannot_say()
    {
        if (Environment.UserName != "root") Assert.Skip("port 25 needs root");
        if (FreePort.Answers(25, Mx) || FreePort.Answers(25, Clear)) Assert.Skip("port 25 of a loopback address is taken");
        using var authority = new TestAuthority();
        // The name in the certificate is another one and nobody trusts the authority: DANE-EE does not mind (RFC 7672 §3.1.1).
        var pair = authority.Issue("mx", "anything.example", "mxauthority.secure.test");
        await File.AppendAllTextAsync(pair.Certificate, await File.ReadAllTextAsync(authority.CaFile));
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(pair.Certificate);
        var key = Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));
        using var ca = X509CertificateLoader.LoadCertificateFromFile(authority.CaFile);
        var anchor = Convert.ToHexStringLower(SHA256.HashData(ca.RawData));
        await using var chain = await DnssecChain.StartAsync($"""
            good MX 10 mxgood
            mxgood A {Mx}
            _25._tcp.mxgood TLSA 3 1 1 {key}
            rollover MX 10 mxrollover
            mxrollover A {Mx}
            _25._tcp.mxrollover TLSA 3 1 1 {new string('0', 64)}
            _25._tcp.mxrollover TLSA 3 1 2 {Convert.ToHexStringLower(SHA512.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()))}
            authority MX 10 mxauthority
            mxauthority A {Mx}
            _25._tcp.mxauthority TLSA 2 0 1 {anchor}
            unnamed MX 10 mxunnamed
            mxunnamed A {Mx}
            _25._tcp.mxunnamed TLSA 2 0 1 {anchor}
            wrong MX 10 mxwrong
            mxwrong A {Mx}
            _25._tcp.mxwrong TLSA 3 1 1 {new string('0', 64)}
            clear MX 10 mxclear
            mxclear A {Clear}
            _25._tcp.mxclear TLSA 3 1 1 {key}
            plain MX 10 mxplain
            mxplain A {Clear}
            """);
        await using var sink = await SmtpSink.StartAsync();
        await using var mx = await PostfixServer.StartMxAsync(Mx, sink.Port, pair);
        await using var clear = await PostfixServer.StartMxAsync(Clear, sink.Port, null);
        await using var server = await AvisoServer.StartAsync($$"""
            dns: { resolvers: ["{{chain.Resolver}}"] }
            outbound: { allow_private: [127.0.0.0/8] }
            """);
        string[] sent =
            ["good.secure", "rollover.secure", "authority.secure", "plain.secure", "good.insecure", "wrong.insecure", "clear.insecure"];
        string[] wait = ["wrong.secure", "unnamed.secure", "clear.secure", "good.bogus"];
        using (var smtp = new SmtpLineClient(server.Port("submission")))
        {
            smtp.Login("alice@example.test", AvisoServer.Password);
            foreach (var domain in sent.Concat(wait)) smtp.Deliver(
                "alice@example.test", [$"x@{domain}.test"], $"From: alice@example.test\r\nSubject: {domain}\r\n\r\nx\r\n");
        }
        await Patience.UntilAsync(() => sink.Count == sent.Length, "what may go has gone", 60, () => server.Log + "\n" + mx.Log);
        Assert.Equal(sent.Order(StringComparer.Ordinal), sink.Messages.Select(m => m.Subject).Order(StringComparer.Ordinal));
        // Where the host offers TLS it was used, policy or not.
        foreach (var message in sink.Messages.Where(m => m.Subject is not ("plain.secure" or "clear.insecure")))
            Assert.Contains("(using TLSv1.3", message.Text, StringComparison.Ordinal);

        var queue = "";
        await Patience.UntilAsync(async () =>
            (queue = (await server.VerbAsync("queue", "list", "--json")).Output).Split("\"attempts\": 1").Length == wait.Length + 1,
            "all others have been tried", 60, () => queue + "\n" + server.Log);
        Assert.Contains(
            "mxwrong.secure.test[127.0.41.25] (DANE): the certificate matches none of the 1 TLSA records of mxwrong.secure.test", queue,
            StringComparison.Ordinal);
        Assert.Contains("mxclear.secure.test[127.0.41.26] (DANE): the host does not offer STARTTLS", queue, StringComparison.Ordinal);
        Assert.Contains("the DNS cannot say now where mail for good.bogus.test goes", queue, StringComparison.Ordinal);
        Assert.Equal(3, await server.MetricAsync("aviso_outbound_tls_sessions_total", "policy=\"tlsa\",result=\"success\""));

        // RFC 8689: authenticated by DANE, but Postfix does not promise to go on so.
        await TlsSubmission.SendAsync(server, "x@good.secure.test", "required", " REQUIRETLS");
        using var imap = new ImapLineClient(server.Port("imap"), "alice@example.test", AvisoServer.Password);
        await Patience.UntilAsync(() => imap.Ok("STATUS INBOX (MESSAGES)").Any(l => l.Contains("MESSAGES 1", StringComparison.Ordinal)),
            "the report", 30, () => server.Log);
        imap.Ok("SELECT INBOX");
        Assert.Contains("5.7.30", string.Concat(imap.Ok("FETCH 1 BODY.PEEK[]")), StringComparison.Ordinal);
        Assert.Equal(sent.Length, sink.Count);
    }
}
