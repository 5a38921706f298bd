using Aviso.Tests.System.Clients;
using Xunit;

namespace Aviso.Tests.System.Peers;

/// <summary>Mail that goes straight to the MX of its domain. The MX listens on port 25 of a loopback address of its own.</summary>
public sealed class DirectTests
{
    private const string Mx = "127.0.0.25";

    [Theory]
    [InlineData("127.0.0.0/8", true)]
    [InlineData("", false)]
    public async Task Mail_finds_the_mx_and_a_private_address_is_dialled_only_where_allowed(string allowed, bool sent)
    {
        if (Environment.UserName != "root") Assert.Skip("port 25 needs root");
        if (FreePort.Answers(25, Mx)) Assert.Skip($"port 25 of {Mx} is taken");
        await using var dns = new DnsServer().Mx("elsewhere.test", "mx.elsewhere.test").A("mx.elsewhere.test", Mx);
        await using var sink = await SmtpSink.StartAsync(Mx, 25);
        await using var server = await AvisoServer.StartAsync($$"""
            dns: { resolvers: ["127.0.0.1:{{dns.Port}}"] }
            outbound: { allow_private: [{{allowed}}] }
            """);
        using (var smtp = new SmtpLineClient(server.Port("submission")))
        {
            smtp.Login("alice@example.test", AvisoServer.Password);
            smtp.Deliver("alice@example.test", ["someone@elsewhere.test"], "From: alice@example.test\r\nSubject: straight\r\n\r\nx\r\n");
            smtp.Deliver(
                "alice@example.test", ["someone@nowhere.test"], "From: alice@example.test\r\nSubject: no such domain\r\n\r\nx\r\n");
        }
        using var imap = new ImapLineClient(server.Port("imap"), "alice@example.test", AvisoServer.Password);
        await Patience.UntilAsync(() =>
            imap.Ok("STATUS INBOX (MESSAGES)").Any(line => line.Contains("MESSAGES 1", StringComparison.Ordinal)),
            "the report about the domain that does not exist", 30, () => server.Log);
        imap.Ok("SELECT INBOX");
        Assert.Contains("5.1.2", string.Concat(imap.Ok("FETCH 1 BODY.PEEK[]")), StringComparison.Ordinal);
        if (sent)
        {
            await Patience.UntilAsync(() => sink.Count == 1, "the message in the sink", 30, () => server.Log);
            Assert.Equal("straight", Assert.Single(sink.Messages).Subject);
            return;
        }
        await Patience.UntilAsync(async () =>
            (await server.VerbAsync("queue", "list", "--json")).Output.Contains("not dialled", StringComparison.Ordinal),
            "the queue says why", 20, () => server.Log);
        Assert.Equal(0, sink.Count);
    }
}
