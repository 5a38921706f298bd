using System.Net;
using Aviso.Dns;
using Xunit;
using static Aviso.Tests.Unit.Dns.FakeDnsServer;

namespace Aviso.Tests.Unit.Dns;

public sealed class DnsWireTests
{
    private static byte[] Query(string name, DnsType type)
    {
        var query = new byte[512];
        return query[..DnsMessage.WriteQuery(query, 7, name, type, true)];
    }

    [Fact]
    public void A_query_carries_rd_ad_and_an_opt_record_with_do()
    {
        var query = Query("a.example", DnsType.Mx);
        Assert.Equal("00070120000100000000000101610765786D706C6500"[..24], Convert.ToHexString(query)[..24]);
        Assert.Equal("0000290" + "4D000008000" + "0000", Convert.ToHexString(query[^11..]));
    }

    [Fact]
    public void Every_known_record_is_read()
    {
        byte[] pointer = [0xC0, 12];
        var reply = Reply(Query("example.org", DnsType.Mx), answers: [
            A("192.0.2.1"),
            Record(DnsType.Aaaa, 1, IPAddress.Parse("2001:db8::1").GetAddressBytes()),
            Record(DnsType.Mx, 1, [0, 10, 2, (byte)'m', (byte)'x', .. pointer]),
            Record(DnsType.Mx, 1, [0, 0, 0]),
            Record(DnsType.Txt, 1, [1, (byte)'a', 0, 2, (byte)'b', (byte)'c']),
            Record(DnsType.Srv, 1, [0, 1, 0, 2, 0, 25, .. pointer]),
            Record(DnsType.Tlsa, 1, [3, 1, 1, 0xAB]),
            Record(DnsType.Caa, 1, [0, 5, .. "issue"u8, .. "ca.example"u8]),
            Record(DnsType.Ptr, 0x8000_0000, pointer),
            Record((DnsType)65280, 1, [1, 2]),
        ]);
        Assert.True(DnsMessage.TryRead(reply, out var message));
        Assert.Equal("example.org", message.QuestionName);
        Assert.Collection(message.Answers,
            r => Assert.Equal("192.0.2.1", Assert.IsType<ARecord>(r).Address.ToString()),
            r => Assert.Equal("2001:db8::1", Assert.IsType<AaaaRecord>(r).Address.ToString()),
            r => Assert.Equal(new MxRecord("example.org", 1, 10, "mx.example.org"), r),
            r => Assert.Equal(new MxRecord("example.org", 1, 0, "."), r),
            r => Assert.Equal("abc", Assert.IsType<TxtRecord>(r).Text),
            r => Assert.Equal(new SrvRecord("example.org", 1, 1, 2, 25, "example.org"), r),
            r => Assert.Equal([0xAB], Assert.IsType<TlsaRecord>(r).Data),
            r => Assert.Equal("issue", Assert.IsType<CaaRecord>(r).Tag),
            r => Assert.Equal(new PtrRecord("example.org", 0, "example.org"), r),
            r => Assert.Equal([1, 2], Assert.IsType<RawRecord>(r).Data));
        for (var cut = 0; cut < reply.Length; cut++) Assert.False(DnsMessage.TryRead(reply.AsSpan(0, cut), out _));
    }

    [Theory]
    [InlineData(new byte[] { 0xC0, 0 }, false)] // to itself
    [InlineData(new byte[] { 0xC0, 5, 0, 0, 0, 0 }, false)] // forward
    [InlineData(new byte[] { 1, 97, 0xC0, 0 }, false)] // through labels back to itself
    [InlineData(new byte[] { 0x40, 1, 0 }, false)] // reserved label type
    [InlineData(new byte[] { 3, 97, 98 }, false)] // cut
    [InlineData(new byte[] { 1, 97 }, false)] // no end
    [InlineData(new byte[] { 1, 65, 0 }, true)]
    public void Names_end(byte[] octets, bool expected) => Assert.Equal(expected, new DnsReader(octets).TryName(out _));

    [Theory]
    [InlineData("Example.ORG.", "example.org")]
    [InlineData("", ".")]
    [InlineData(".", ".")]
    [InlineData(@"a\.b.example", @"a\.b.example")]
    [InlineData(@"a\.", @"a\.")]
    [InlineData(@"\065.example", "a.example")]
    [InlineData(@"\200x.example", @"\200x.example")]
    [InlineData("a!b", @"a\!b")]
    [InlineData(@"a\", null)]
    [InlineData(@"a\300", null)]
    [InlineData("a..b", null)]
    public void A_name_has_one_spelling(string name, string? expected) => Assert.Equal(expected, DnsName.Normalize(name));

    [Fact]
    public void A_name_may_have_255_octets_and_no_more()
    {
        var longest = string.Join('.', Enumerable.Repeat(new string('a', 63), 3)) + "." + new string('b', 61);
        Assert.Equal(longest, DnsName.Normalize(longest));
        Assert.Equal(longest, DnsName.Normalize(longest + "."));
        Assert.Null(DnsName.Normalize(longest + "b"));
    }

    [Theory]
    [InlineData("192.0.2.1", "1.2.0.192.in-addr.arpa")]
    [InlineData("::ffff:192.0.2.1", "1.2.0.192.in-addr.arpa")]
    [InlineData("2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa")]
    public void Addresses_have_reverse_names(string address, string expected) =>
        Assert.Equal(expected, DnsName.Reverse(IPAddress.Parse(address)));

    [Fact]
    public async Task The_fake_zone_answers_like_a_server()
    {
        var zone = new FakeZone().Mx("example.org", 10, "mx.example.org").Address("mx.example.org", "192.0.2.1")
            .Cname("www.example.org", "mx.example.org").NullMx("quiet.example").Fail("broken.example", DnsStatus.ServFail)
            .Secure("mx.example.org");
        async Task<DnsStatus> StatusOf(string name, DnsType type) => (await zone.QueryAsync(name, type, default)).Status;
        Assert.Equal(DnsStatus.Ok, await StatusOf("EXAMPLE.org.", DnsType.Mx));
        Assert.Equal(DnsStatus.Ok, await StatusOf("www.example.org", DnsType.A));
        Assert.Equal(DnsStatus.NoData, await StatusOf("www.example.org", DnsType.Aaaa));
        Assert.Equal(DnsStatus.NoData, await StatusOf("org", DnsType.A));
        Assert.Equal(DnsStatus.NxDomain, await StatusOf("nothing.example.org", DnsType.A));
        Assert.Equal(DnsStatus.ServFail, await StatusOf("broken.example", DnsType.A));
        Assert.Equal(".", (await zone.QueryAsync("quiet.example", DnsType.Mx, default)).Of<MxRecord>().Single().Exchange);
        Assert.True((await zone.QueryAsync("mx.example.org", DnsType.A, default)).Authenticated);
        Assert.False((await zone.QueryAsync("www.example.org", DnsType.A, default)).Authenticated);
    }
}
