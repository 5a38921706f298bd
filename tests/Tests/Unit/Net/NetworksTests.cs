using System.Net;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Net;

public sealed class NetworksTests
{
    [Theory]
    [InlineData("10.0.0.0", true)]
    [InlineData("10.255.255.255", true)]
    [InlineData("11.0.0.0", false)]
    [InlineData("9.255.255.255", false)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("192.0.2.7", true)]
    [InlineData("192.0.2.8", false)]
    [InlineData("fd00::1", true)]
    [InlineData("fd00:0:0:1::1", false)]
    [InlineData("172.20.1.1", true)]
    [InlineData("::a00:1", false)]
    public void Contains_answers_for_both_families(string address, bool expected) => Assert.Equal(expected,
        Networks.Parse("10.0.0.0/8", "10.2.0.0/16", "192.0.2.7", "fd00::/64", "::ffff:172.16.0.0/108").Contains(IPAddress.Parse(address)));

    [Theory]
    [InlineData("0.0.0.0/0", "1.2.3.4", true)]
    [InlineData("0.0.0.0/0", "2001:db8::1", false)]
    [InlineData("::/0", "2001:db8::1", true)]
    public void The_whole_of_a_family_is_a_network(string network, string address, bool expected) =>
        Assert.Equal(expected, Networks.Parse(network).Contains(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("ten")]
    [InlineData("")]
    [InlineData("fe80::1%1")]
    public void What_is_no_network_is_named(string text) =>
        Assert.Contains($"'{text}'", Assert.Throws<FormatException>(() => Networks.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void One_client_is_an_ipv4_address_or_an_ipv6_64()
    {
        static UInt128 Key(string address) => Networks.ClientKey(IPAddress.Parse(address));
        Assert.Equal(Key("192.0.2.7"), Key("::ffff:192.0.2.7"));
        Assert.NotEqual(Key("192.0.2.7"), Key("192.0.2.8"));
        Assert.Equal(Key("2001:db8::1"), Key("2001:db8::ffff:2"));
        Assert.NotEqual(Key("2001:db8::1"), Key("2001:db8:0:1::1"));
    }

    [Theory]
    [InlineData("192.0.2.7", "::ffff:192.0.2.255", true)]
    [InlineData("192.0.2.7", "192.0.3.7", false)]
    [InlineData("2001:db8:7::1", "2001:db8:7:ffff::1", true)]
    [InlineData("2001:db8:7::1", "2001:db8:8::1", false)]
    public void The_network_of_a_client_is_an_ipv4_24_or_an_ipv6_48(string one, string other, bool same) =>
        Assert.Equal(same, Networks.NetworkKey(IPAddress.Parse(one)) == Networks.NetworkKey(IPAddress.Parse(other)));

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("192.0.2.1", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("0.1.2.3", false)]
    [InlineData("10.1.1.1", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd12::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::127.0.0.1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("64:ff9b::808:808", true)]
    [InlineData("64:ff9b:1::808:808", false)]
    [InlineData("2002:7f00:1::1", false)]
    [InlineData("2002:808:808::1", true)]
    [InlineData("2002:a00:1::", false)]
    [InlineData("203.0.113.5", false)]
    [InlineData("64:ff9b::cb00:7105", false)]
    [InlineData("10.9.0.1", true)]
    [InlineData("::ffff:10.9.0.1", true)]
    public void Only_strangers_addresses_are_dialled(string address, bool expected)
    {
        var guard = new DialGuard([IPNetwork.Parse("10.9.0.0/16")], () => new HashSet<IPAddress> { IPAddress.Parse("203.0.113.5") });
        Assert.Equal(expected, guard.Allows(IPAddress.Parse(address)));
    }
}
