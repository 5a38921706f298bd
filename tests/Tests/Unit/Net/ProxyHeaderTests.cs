using System.Net;
using System.Text;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Net;

public sealed class ProxyHeaderTests
{
    private const string Signature = "0d0a0d0a000d0a515549540a";

    /// <summary>Frames as HAProxy 2.6 sends them, and what they mean.</summary>
    public static readonly TheoryData<string, string> Good = new()
    {
        { V2("21 11 000c c0000207 0a000001 d431 0019"), "2 192.0.2.7:54321" },
        { V2("21 21 0024 20010db8000000000000000000000007 20010db8000000000000000000000001 d431 0019"), "2 [2001:db8::7]:54321" },
        { V2("21 21 0024 00000000000000000000ffffc0000207 20010db8000000000000000000000001 d431 0019"), "2 192.0.2.7:54321" },
        { V2("20 00 0000"), "2 local" },
        { V2("20 11 000c c0000207 0a000001 d431 0019"), "2 local" },
        { V2("21 00 0005 0102030405"), "2 local" },
        { V2("21 31 00d8" + new string('0', 432)), "2 local" },
        { V2("21 11 0011 c0000207 0a000001 d431 0019 e0 0002 aabb"), "2 192.0.2.7:54321" },
        { V1("PROXY TCP4 192.0.2.7 10.0.0.1 54321 25\r\n"), "1 192.0.2.7:54321" },
        { V1("PROXY TCP4 127.0.0.1 127.0.0.1 54321 25\r\n"), "1 127.0.0.1:54321" },
        { V1("PROXY TCP6 2001:db8::7 2001:db8::1 54321 25\r\n"), "1 [2001:db8::7]:54321" },
        { V1("PROXY TCP6 ::ffff:192.0.2.7 2001:db8::1 54321 25\r\n"), "1 192.0.2.7:54321" },
        { V1("PROXY UNKNOWN\r\n"), "1 local" },
        { V1("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"), "1 local" },
    };

    public static readonly TheoryData<string> Bad = new()
    {
        V1("EHLO me\r\n"),
        V1("PROXY  TCP4 192.0.2.7 10.0.0.1 54321 25\r\n"),
        V1("PROXY TCP4 192.0.2 10.0.0.1 54321 25\r\n"),
        V1("PROXY TCP4 0300.0.2.7 10.0.0.1 54321 25\r\n"),
        V1("PROXY TCP4 192.0.2.7 10.0.0.1 65536 25\r\n"),
        V1("PROXY TCP4 192.0.2.7 10.0.0.1 054 25\r\n"),
        V1("PROXY TCP4 192.0.2.7 10.0.0.1 54321\r\n"),
        V1("PROXY TCP4 192.0.2.7 10.0.0.1 54321 25 \r\n"),
        V1("PROXY TCP4 2001:db8::7 2001:db8::1 54321 25\r\n"),
        V1("PROXY TCP6 fe80::1%1 2001:db8::1 54321 25\r\n"),
        V1("PROXY tcp4 192.0.2.7 10.0.0.1 54321 25\r\n"),
        V1("PROXY UNKNOWN " + new string('x', 100)),
        V2("11 11 000c c0000207 0a000001 d431 0019"),
        V2("22 11 000c c0000207 0a000001 d431 0019"),
        V2("21 41 000c c0000207 0a000001 d431 0019"),
        V2("21 13 000c c0000207 0a000001 d431 0019"),
        V2("21 11 000b c0000207 0a000001 d431 00"),
        V2("21 21 000c c0000207 0a000001 d431 0019"),
        V2("21 11 0219 c0000207 0a000001 d431 0019"),
        V2("21 11 000e c0000207 0a000001 d431 0019 e000"),
        V2("21 11 0010 c0000207 0a000001 d431 0019 e0 0002 aa"),
        V2("21 11 0013 c0000207 0a000001 d431 0019 03 0004 00000000"),
    };

    [Theory]
    [MemberData(nameof(Good))]
    public void A_header_is_read_whole_and_every_prefix_is_incomplete(string hex, string expected)
    {
        var octets = Convert.FromHexString(hex);
        for (var i = 0; i < octets.Length; i++)
            Assert.Equal(ProxyStatus.Incomplete, ProxyHeader.Parse(octets.AsSpan(0, i), 536, out _, out _));
        byte[] more = [.. octets, .. "EHLO"u8];
        Assert.Equal(ProxyStatus.Complete, ProxyHeader.Parse(more, 536, out var header, out var length));
        Assert.Equal(octets.Length, length);
        Assert.Equal(expected, $"{header!.Version} {header.Source?.ToString() ?? "local"}");
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void What_breaks_the_rules_is_invalid(string hex) =>
        Assert.Equal(ProxyStatus.Invalid, ProxyHeader.Parse(Convert.FromHexString(hex), 536, out _, out _));

    [Fact]
    public void A_right_crc32c_is_accepted_and_any_changed_octet_is_not()
    {
        var octets = Convert.FromHexString(V2("21 11 003a c0000207 0a000001 d431 0019 03 0004 00000000 05 0024" + new string('3', 72)));
        var crc = ProxyHeader.Crc32C(octets, 31);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(octets.AsSpan(31), crc);
        Assert.Equal(ProxyStatus.Complete, ProxyHeader.Parse(octets, 536, out var header, out _));
        Assert.Equal(IPAddress.Parse("192.0.2.7"), header!.Source!.Address);
        for (var i = 16; i < octets.Length; i++)
        {
            var changed = (byte[])octets.Clone();
            changed[i] ^= 1;
            if (i is >= 28 and < 31 or >= 35 and < 38) continue; // the TLVs' own frames
            Assert.Equal(ProxyStatus.Invalid, ProxyHeader.Parse(changed, 536, out _, out _));
        }
    }

    [Fact]
    public void Crc32c_has_the_value_of_its_standard_test()
    {
        // RFC 3720 §B.4: 32 octets of ones
        var octets = Enumerable.Repeat((byte)0xff, 32).ToArray();
        Assert.Equal(0x62a8ab43u, ProxyHeader.Crc32C(octets, 1000));
    }

    internal static string V1(string text) => Convert.ToHexString(Encoding.ASCII.GetBytes(text));

    internal static string V2(string rest) => Signature + rest.Replace(" ", "", StringComparison.Ordinal);
}
