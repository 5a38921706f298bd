using Aviso.Dns;
using Xunit;

namespace Aviso.Tests.Unit.Dns;

/// <summary>What one server says, and what that means.</summary>
public sealed class OneServerTests
{
    private static async Task<ServerAnswer> AskAsync(DnsScript script)
    {
        await using var server = new FakeDnsServer(script);
        return await new OneServer(TimeProvider.System).AskAsync(server.EndPoint, "example.org", DnsType.A, default);
    }

    private static bool IsUnjudged(byte[] query) => (query[3] & 0x10) != 0;

    [Fact]
    public async Task An_answer_is_an_answer()
    {
        var said = await AskAsync((q, _) => [FakeDnsServer.Reply(q, answers: [FakeDnsServer.A("192.0.2.1")])]);
        Assert.Equal(("", DnsStatus.Ok, "192.0.2.1"), (said.Trouble, said.Answer.Status, RecordText.Of(said.Answer.Records[0])));
        Assert.Equal(DnsStatus.NxDomain, (await AskAsync((q, _) => [FakeDnsServer.Reply(q, rcode: 3)])).Answer.Status);
    }

    [Fact]
    public async Task Servfail_that_has_an_answer_when_it_is_not_judged_is_bogus()
    {
        var bogus = await AskAsync((q, _) => [IsUnjudged(q) ? FakeDnsServer.Reply(q, answers: [FakeDnsServer.A("192.0.2.1")])
            : FakeDnsServer.Reply(q, rcode: 2)]);
        Assert.True(bogus.IsBogus);
        Assert.Equal(DnsStatus.ServFail, bogus.Answer.Status);
        Assert.Empty(bogus.Answer.Records);
        var broken = await AskAsync((q, _) => [FakeDnsServer.Reply(q, rcode: 2)]);
        Assert.Equal((false, "SERVFAIL"), (broken.IsBogus, broken.Trouble));
    }

    [Fact]
    public async Task Refusals_and_lame_servers_are_named_and_no_missing_records()
    {
        Assert.Equal("REFUSED", (await AskAsync((q, _) => [FakeDnsServer.Reply(q, rcode: 5)])).Trouble);
        var lame = await AskAsync((q, _) =>
        {
            var reply = FakeDnsServer.Reply(q);
            reply[3] &= 0x7F;
            return [reply];
        });
        Assert.Contains("lame", lame.Trouble, StringComparison.Ordinal);
        Assert.Equal(DnsStatus.ServFail, lame.Answer.Status);
    }

    [Fact]
    public async Task A_server_without_edns_is_asked_without()
    {
        var said = await AskAsync((q, _) => [FakeDnsServer.HasEdns(q) ? FakeDnsServer.Reply(q, rcode: 1) : FakeDnsServer.Reply(q,
            answers: [FakeDnsServer.A("192.0.2.1")])]);
        Assert.Equal(DnsStatus.Ok, said.Answer.Status);
    }
}
