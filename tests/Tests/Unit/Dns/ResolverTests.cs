using System.Net;
using Aviso.Dns;
using Xunit;
using static Aviso.Tests.Unit.Dns.FakeDnsServer;

namespace Aviso.Tests.Unit.Dns;

public sealed class ResolverTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private static Resolver For(TimeProvider? clock, params FakeDnsServer[] servers) => new(new()
    {
        Upstreams = servers.Select(s => s.EndPoint).ToList(),
        Timeout = TimeSpan.FromMilliseconds(400),
        Clock = clock ?? TimeProvider.System,
    });

    private static async Task<string> FirstAddressAsync(Resolver resolver, string name = "mx.example.org")
    {
        var answer = await resolver.QueryAsync(name, DnsType.A, None);
        return answer.Status == DnsStatus.Ok ? ((ARecord)answer.Records[0]).Address.ToString() : answer.Status.ToString();
    }

    [Fact]
    public async Task An_answer_is_read_kept_for_its_ttl_and_forgotten_on_flush()
    {
        var clock = new SetClock();
        await using var server = new FakeDnsServer((q, _) => [Reply(q, answers: [A("192.0.2.1", 60), A("192.0.2.2", 30)])]);
        using var resolver = For(clock, server);
        var answer = await resolver.QueryAsync("MX.Example.ORG.", DnsType.A, None);
        Assert.Equal(2, answer.Records.Count);
        Assert.Equal(TimeSpan.FromSeconds(30), answer.Ttl);
        clock.Now += TimeSpan.FromSeconds(29);
        Assert.Equal(TimeSpan.FromSeconds(1), (await resolver.QueryAsync("mx.example.org", DnsType.A, None)).Ttl);
        Assert.Equal(1, server.Questions);
        clock.Now += TimeSpan.FromSeconds(1);
        await resolver.QueryAsync("mx.example.org", DnsType.A, None);
        Assert.Equal(2, server.Questions);
        resolver.Flush();
        await resolver.QueryAsync("mx.example.org", DnsType.A, None);
        Assert.Equal(3, server.Questions);
    }

    [Fact]
    public async Task A_truncated_reply_is_asked_again_by_tcp()
    {
        await using var server = new FakeDnsServer((q, tcp) => [tcp ? Reply(q, answers: [A("192.0.2.7")]) : Reply(q, truncated: true)]);
        using var resolver = For(null, server);
        Assert.Equal("192.0.2.7", await FirstAddressAsync(resolver));
        Assert.Equal(1, server.TcpQuestions);
    }

    [Fact]
    public async Task Replies_with_a_wrong_id_question_or_form_are_passed_over()
    {
        await using var server = new FakeDnsServer((q, _) =>
        {
            var good = Reply(q, answers: [A("192.0.2.9")]);
            var forged = Reply(q, answers: [A("192.0.2.66")]);
            forged[1] ^= 1;
            var otherName = Reply(q, answers: [A("192.0.2.67")]);
            otherName[13] ^= 1;
            var query = (byte[])q.Clone();
            return [forged, otherName, query, good[..20], [], good];
        });
        using var resolver = For(null, server);
        Assert.Equal("192.0.2.9", await FirstAddressAsync(resolver));
    }

    [Fact]
    public async Task A_flood_of_wrong_replies_ends_in_tcp()
    {
        await using var server = new FakeDnsServer((q, tcp) =>
        {
            var forged = Reply(q, answers: [A("192.0.2.66")]);
            forged[0] ^= 1;
            return tcp ? [Reply(q, answers: [A("192.0.2.1")])] : Enumerable.Repeat(forged, 16);
        });
        using var resolver = For(null, server);
        Assert.Equal("192.0.2.1", await FirstAddressAsync(resolver));
        Assert.Equal(1, server.TcpQuestions);
    }

    [Theory]
    [InlineData(-1, 0)] // silence
    [InlineData(2, 0)] // SERVFAIL
    [InlineData(5, 0)] // REFUSED
    public async Task The_next_server_is_asked_when_one_does_not_know(int rcode, int expectedBad)
    {
        await using var bad = new FakeDnsServer((q, _) => rcode < 0 ? [] : [Reply(q, rcode)]);
        await using var good = new FakeDnsServer((q, _) => [Reply(q, answers: [A("192.0.2.3")])]);
        using var resolver = For(null, bad, good);
        Assert.Equal("192.0.2.3", await FirstAddressAsync(resolver));
        // A silent one is not asked first again at once.
        var before = bad.Questions;
        Assert.Equal("192.0.2.3", await FirstAddressAsync(resolver, "other.example.org"));
        if (rcode < 0) Assert.Equal(expectedBad, bad.Questions - before);
    }

    [Fact]
    public async Task Silence_everywhere_is_a_timeout_and_failure_everywhere_is_servfail()
    {
        await using var silent = new FakeDnsServer((_, _) => []);
        await using var failing = new FakeDnsServer((q, _) => [Reply(q, 2)]);
        using var first = For(null, silent);
        Assert.Equal("Timeout", await FirstAddressAsync(first));
        using var second = For(null, failing);
        Assert.Equal("ServFail", await FirstAddressAsync(second));
        var asked = failing.Questions;
        Assert.Equal("ServFail", await FirstAddressAsync(second));
        Assert.Equal(asked, failing.Questions);
    }

    [Fact]
    public async Task A_closed_port_is_a_timeout_without_an_exception()
    {
        IPEndPoint gone;
        await using (var server = new FakeDnsServer((_, _) => [])) gone = server.EndPoint;
        using var resolver = new Resolver(new() { Upstreams = [gone], Timeout = TimeSpan.FromMilliseconds(200) });
        Assert.Equal("Timeout", await FirstAddressAsync(resolver));
    }

    [Fact]
    public async Task A_server_without_edns_is_asked_plainly()
    {
        await using var server = new FakeDnsServer((q, _) => [HasEdns(q) ? Reply(q, 1) : Reply(q, answers: [A("192.0.2.4")])]);
        using var resolver = For(null, server);
        Assert.Equal("192.0.2.4", await FirstAddressAsync(resolver));
        Assert.Equal("192.0.2.4", await FirstAddressAsync(resolver, "b.example.org"));
        Assert.Equal(3, server.Questions);
    }

    [Theory]
    [InlineData(0, DnsStatus.NoData)]
    [InlineData(3, DnsStatus.NxDomain)]
    public async Task A_denial_is_kept_by_the_soa_and_for_own_domains_at_most_a_minute(int rcode, DnsStatus expected)
    {
        var clock = new SetClock();
        await using var server = new FakeDnsServer((q, _) => [Reply(q, rcode, authority: [Soa(3600, 300)])]);
        using var resolver = For(clock, server);
        resolver.OwnDomains = new HashSet<string> { "example.org" };
        var own = await resolver.QueryAsync("_dmarc.example.org", DnsType.Txt, None);
        var other = await resolver.QueryAsync("_dmarc.example.net", DnsType.Txt, None);
        Assert.Equal((expected, TimeSpan.FromSeconds(60)), (own.Status, own.Ttl));
        Assert.Equal((expected, TimeSpan.FromSeconds(300)), (other.Status, other.Ttl));
        clock.Now += TimeSpan.FromSeconds(61);
        await resolver.QueryAsync("_dmarc.example.org", DnsType.Txt, None);
        await resolver.QueryAsync("_dmarc.example.net", DnsType.Txt, None);
        Assert.Equal(3, server.Questions);
    }

    [Fact]
    public async Task Aliases_are_followed_in_one_reply_and_over_several_but_not_in_a_circle()
    {
        await using var server = new FakeDnsServer((q, _) => System.Text.Encoding.ASCII.GetString(q, 13, 1) switch
        {
            "a" => [Reply(q, answers: [
                Record(DnsType.Cname, 20, Name("b.example.org")), A("192.0.2.66", name: "x.example.org"),
                    A("192.0.2.1", name: "b.example.org")])],
            "c" => [Reply(q, answers: [Record(DnsType.Cname, 20, Name("d.example.org"))])],
            "d" => [Reply(q, answers: [A("192.0.2.2")])],
            _ => [Reply(q, answers: [Record(DnsType.Cname, 20, [0xC0, 12])])],
        });
        using var resolver = For(null, server);
        var chained = await resolver.QueryAsync("a.example.org", DnsType.A, None);
        Assert.Equal("b.example.org", chained.CanonicalName);
        Assert.Equal(TimeSpan.FromSeconds(20), chained.Ttl);
        Assert.Equal("192.0.2.1", Assert.Single(chained.Of<ARecord>()).Address.ToString());
        Assert.Equal("192.0.2.2", await FirstAddressAsync(resolver, "c.example.org"));
        Assert.Equal("ServFail", await FirstAddressAsync(resolver, "loop.example.org"));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task The_ad_bit_counts_only_from_a_trusted_server(bool? trust, bool expected)
    {
        await using var server = new FakeDnsServer((q, _) => [Reply(q, ad: true, answers: [A("192.0.2.1")])]);
        using var resolver = new Resolver(new() { Upstreams = [server.EndPoint], TrustAuthenticated = trust });
        Assert.Equal(expected, (await resolver.QueryAsync("mx.example.org", DnsType.A, None)).Authenticated);
    }

    [Fact]
    public async Task Equal_questions_at_once_are_one()
    {
        using var go = new ManualResetEventSlim();
        await using var server = new FakeDnsServer((q, _) =>
        {
            go.Wait(TimeSpan.FromSeconds(5));
            return [Reply(q, answers: [A("192.0.2.1")])];
        });
        using var resolver = new Resolver(new() { Upstreams = [server.EndPoint], Timeout = TimeSpan.FromSeconds(5) });
        var asking = Enumerable.Range(0, 50).Select(_ => FirstAddressAsync(resolver)).ToList();
        go.Set();
        foreach (var one in asking) Assert.Equal("192.0.2.1", await one);
        Assert.Equal(1, server.Questions);
    }

    [Fact]
    public async Task One_caller_that_gives_up_does_not_stop_the_others()
    {
        using var go = new ManualResetEventSlim();
        await using var server = new FakeDnsServer((q, _) =>
        {
            go.Wait(TimeSpan.FromSeconds(5));
            return [Reply(q, answers: [A("192.0.2.1")])];
        });
        using var resolver = new Resolver(new() { Upstreams = [server.EndPoint], Timeout = TimeSpan.FromSeconds(5) });
        using var impatient = new CancellationTokenSource();
        var first = resolver.QueryAsync("mx.example.org", DnsType.A, impatient.Token).AsTask();
        var second = FirstAddressAsync(resolver);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        go.Set();
        Assert.Equal("192.0.2.1", await second);
    }

    [Fact]
    public async Task The_cache_stays_within_its_bound()
    {
        await using var server = new FakeDnsServer((q, _) => [Reply(q, answers: [Record(DnsType.Txt, 600, [200, .. new byte[200]])])]);
        using var resolver = new Resolver(new() { Upstreams = [server.EndPoint], CacheOctets = 10_000 });
        for (var i = 0; i < 200; i++) await resolver.QueryAsync($"n{i}.example.org", DnsType.Txt, None);
        Assert.InRange(resolver.Cached, 1, 20);
    }

    [Theory]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("bücher.example")]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901234.example")]
    public async Task A_name_that_cannot_be_one_does_not_exist(string name)
    {
        using var resolver = new Resolver(new() { Upstreams = [new(IPAddress.Loopback, 1)] });
        Assert.Equal(DnsStatus.NxDomain, (await resolver.QueryAsync(name, DnsType.A, None)).Status);
    }

    [Fact]
    public void The_system_file_names_servers_and_trust()
    {
        var conf = ResolvConf.Parse("# x\nnameserver 192.0.2.1\nnameserver\t2001:db8::1\nsearch example.org\noptions ndots:5 trust-ad\n");
        Assert.Equal(["192.0.2.1:53", "[2001:db8::1]:53"], conf.Servers.Select(s => s.ToString()));
        Assert.True(conf.TrustAd);
        Assert.Equal("127.0.0.1:53", Assert.Single(ResolvConf.Parse("").Servers).ToString());
    }
}
