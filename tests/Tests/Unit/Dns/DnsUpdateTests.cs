using System.Buffers.Binary;
using System.Net;
using Aviso.Dns;
using Xunit;

namespace Aviso.Tests.Unit.Dns;

public sealed class DnsUpdateTests
{
    private static readonly TsigKey Key = new("acme-key.", TsigAlgorithm.HmacSha256, [.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    [Fact]
    public void A_message_holds_the_zone_sets_deletes_and_adds_in_this_order()
    {
        var message = DnsUpdate.Message(0x1234, "example.test", [DnsUpdate.Txt("_a.example.test", 60, "new")],
            [DnsUpdate.Txt("_a.example.test", 300, "old")], [("_b.example.test", DnsType.Tlsa)]).ToArray();
        Assert.Equal("12342800000100000003", Convert.ToHexString(message[..10]));
        var at = message.AsSpan().IndexOf((byte[])[2, (byte)'_', (byte)'b']);
        Assert.True(at > 0);
        // Class ANY without data; class NONE with TTL 0; class IN with its TTL (RFC 2136 §2.5).
        Assert.Contains("003400FF000000000000", Convert.ToHexString(message), StringComparison.Ordinal);
        Assert.Contains("001000FE00000000000403" + Convert.ToHexString("old"u8), Convert.ToHexString(message), StringComparison.Ordinal);
        Assert.EndsWith("001000010000003C000403" + Convert.ToHexString("new"u8), Convert.ToHexString(message), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_type_of_record_is_read_as_it_was_written()
    {
        DnsRecord[] records =
        [
            new ARecord("a.test", 1, IPAddress.Parse("192.0.2.1")), new AaaaRecord("a.test", 2, IPAddress.Parse("2001:db8::1")),
            new NsRecord("a.test", 3, "ns.test"), new CnameRecord("a.test", 4, "b.test"), new PtrRecord("a.test", 5, "c.test"),
            new MxRecord("a.test", 6, 10, "mx.test"), new SrvRecord("a.test", 7, 1, 2, 993, "imap.test"),
        ];
        foreach (var record in records) Assert.Equal(record, Reread(record));
        var tlsa = (TlsaRecord)Reread(new TlsaRecord("a.test", 8, 3, 1, 1, [1, 2, 3]));
        Assert.Equal("3 1 1 010203", $"{tlsa.Usage} {tlsa.Selector} {tlsa.MatchingType} {Convert.ToHexString(tlsa.Data)}");
        var caa = (CaaRecord)Reread(new CaaRecord("a.test", 9, 128, "issue", "ca.test"u8.ToArray()));
        Assert.Equal((128, "issue", 7), (caa.Flags, caa.Tag, caa.Value.Length));
        var text = new string('x', 600);
        var txt = (TxtRecord)Reread(DnsUpdate.Txt("a.test", 10, text));
        Assert.Equal((text, 3), (txt.Text, txt.Strings.Count));
        Assert.Equal("", ((TxtRecord)Reread(DnsUpdate.Txt("a.test", 10, ""))).Text);
    }

    private static DnsRecord Reread(DnsRecord record)
    {
        // An update looks like a reply whose authority section holds the changes.
        var message = DnsUpdate.Message(1, "test", [record], [], []).ToArray();
        Assert.True(DnsMessage.TryRead(message, out var read));
        return Assert.Single(read.Authority);
    }

    [Fact]
    public void A_signed_reply_is_believed_and_every_changed_octet_is_noticed()
    {
        var request = DnsUpdate.Message(7, "example.test", [], [], []);
        var mac = TsigSignature.Sign(request, Key, Now);
        var reply = Reply(mac, Key, Now);
        Assert.Equal(TsigCheck.Good, TsigSignature.Check(reply, Key, mac, Now, out _));
        Assert.Equal(TsigCheck.Good, TsigSignature.Check(reply, Key, mac, Now.AddSeconds(299), out _));
        Assert.Equal(TsigCheck.Wrong, TsigSignature.Check(reply, Key, mac, Now.AddSeconds(301), out _));
        Assert.Equal(TsigCheck.Wrong, TsigSignature.Check(reply, Key with { Secret = [1] }, mac, Now, out _));
        Assert.Equal(TsigCheck.Wrong, TsigSignature.Check(reply, Key, [1, 2, 3], Now, out _));
        Assert.Equal(TsigCheck.Missing, TsigSignature.Check(reply.AsSpan(0, 12), Key, mac, Now, out _));
        for (var i = 0; i < reply.Length; i++)
        {
            var changed = reply.ToArray();
            changed[i] ^= 1;
            // Names are compared without regard to case, which is no bit of these.
            Assert.True(TsigSignature.Check(changed, Key, mac, Now, out _) != TsigCheck.Good
                || IsIgnored(i, reply), $"octet {i} of {reply.Length}");
            Assert.NotEqual(TsigCheck.Good, TsigSignature.Check(reply.AsSpan(0, i), Key, mac, Now, out _));
        }

        // The reply's own id is replaced by the original one; class and TTL of the record itself are fixed by the RFC.
        static bool IsIgnored(int at, byte[] reply)
        {
            var start = reply.AsSpan().IndexOf((byte[])[0, 250]);
            return at < 2 || (at >= start + 2 && at < start + 10);
        }
    }

    [Theory]
    [InlineData(0, 0, "")]
    [InlineData(9, 17, "does not know the key acme-key")]
    [InlineData(9, 16, "BADSIG")]
    [InlineData(9, 18, "clocks differ")]
    [InlineData(5, 0, "REFUSED")]
    [InlineData(10, 0, "NOTZONE")]
    [InlineData(2, 0, "SERVFAIL")]
    public async Task What_a_server_refuses_is_said_with_what_to_do(int rcode, int tsigError, string says)
    {
        await using var server =
            new FakeDnsServer((query, _) => [Reply(MacOf(query), Key, DateTimeOffset.UtcNow, query, rcode, tsigError)]);
        var result = await DnsUpdate.SendAsync(
            server.EndPoint, "example.test", [DnsUpdate.Txt("_a.example.test", 60, "x")], [], Key, CancellationToken.None);
        Assert.Equal(says.Length == 0, result.Ok);
        Assert.Contains(says, result.Problem, StringComparison.Ordinal);
        Assert.Equal(rcode, result.Rcode);
    }

    [Fact]
    public async Task A_yes_that_is_not_signed_is_not_believed()
    {
        await using var server = new FakeDnsServer((query, _) => [[query[0], query[1], 0xA8, 0, 0, 0, 0, 0, 0, 0, 0, 0]]);
        var result = await DnsUpdate.SendAsync(server.EndPoint, "example.test", [], [], Key, CancellationToken.None);
        Assert.Contains("not signed", result.Problem, StringComparison.Ordinal);
        Assert.True((await DnsUpdate.SendAsync(server.EndPoint, "example.test", [], [], null, CancellationToken.None)).Ok);
        var nobody = await DnsUpdate.SendAsync(new(IPAddress.Loopback, 1), "example.test", [], [], Key, CancellationToken.None);
        Assert.Contains("cannot be reached", nobody.Problem, StringComparison.Ordinal);
    }

    // The MAC stands 6 octets (id, error, other) before the end.
    private static byte[] MacOf(byte[] request) => request[^38..^6];

    private static byte[] Reply(byte[] requestMac, TsigKey key, DateTimeOffset now, byte[]? request = null, int rcode = 0, int error = 0)
    {
        byte[] head = [request?[0] ?? 0, request?[1] ?? 7, 0xA8, (byte)rcode, 0, 0, 0, 0, 0, 0, 0, 0];
        var time = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(time, now.ToUnixTimeSeconds());
        var name = new List<byte>();
        DnsWriter.Name(name, key.Name);
        var algorithm = new List<byte>();
        DnsWriter.Name(algorithm, "hmac-sha256");
        byte[] end = [0, (byte)error, 0, 0];
        byte[] fudge = [1, 44];
        byte[] covered =
            [0, (byte)requestMac.Length, .. requestMac, .. head, .. name, 0, 255, 0, 0, 0, 0, .. algorithm, .. time[2..], .. fudge, .. end];
        var mac = error is 16 or 17 ? [] : key.Hash(covered);
        byte[] data = [.. algorithm, .. time[2..], .. fudge, 0, (byte)mac.Length, .. mac, head[0], head[1], .. end];
        head[11] = 1;
        return [.. head, .. name, 0, 250, 0, 255, 0, 0, 0, 0, 0, (byte)data.Length, .. data];
    }
}
