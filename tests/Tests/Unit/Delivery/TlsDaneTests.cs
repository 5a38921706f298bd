using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Tests.Fuzz;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

public static class TlsDaneTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(0, 2)]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    public static void Ee_and_ta_records_match_their_certificates_and_no_others(byte selector, byte matching)
    {
        using var root = Root();
        using var leaf = Leaf(root, "mx.example.org");
        using var otherRoot = Root();
        using var other = Leaf(otherRoot, "mx.example.org");
        var end = Record(3, selector, matching, leaf);
        var anchor = Record(2, selector, matching, root);
        Assert.True(Match(end, leaf, [], "elsewhere.example"));
        Assert.False(Match(end, other, [leaf], "mx.example.org"));
        Assert.True(Match(anchor, leaf, [root], "mx.example.org"));
        Assert.False(Match(anchor, leaf, [root], "mx.example.com"));
        // Sending the real authority along does not make another's certificate its own.
        Assert.False(Match(anchor, other, [root, otherRoot], "mx.example.org"));
    }

    [Fact]
    public static void Dates_count_for_ta_and_not_for_ee()
    {
        using var root = Root();
        using var leaf = Leaf(root, "mx.example.org");
        var late = Now.AddYears(20);
        Assert.True(TlsDane.Matches([Record(3, 1, 1, leaf)], leaf, [], [], late));
        Assert.False(TlsDane.Matches([Record(2, 1, 1, root)], leaf, [root], ["mx.example.org"], late));
    }

    [Theory]
    [InlineData(true, true, true, (int)DaneState.Match)]
    [InlineData(false, true, true, (int)DaneState.None)]
    [InlineData(true, false, true, (int)DaneState.None)]
    [InlineData(true, true, false, (int)DaneState.Encrypt)]
    public static async Task Records_are_believed_only_when_all_is_authenticated(bool address, bool tlsa, bool usable, int expected)
    {
        var zone = new FakeZone().A("mx.example.org", "192.0.2.1").Tlsa("_25._tcp.mx.example.org", usable ? (byte)3 : (byte)1, 1, 1, new byte[32]);
        if (address) zone.Secure("mx.example.org");
        if (tlsa) zone.Secure("_25._tcp.mx.example.org");
        var answer = await new TlsDane(zone, TimeProvider.System).FindAsync("mx.example.org", TestContext.Current.CancellationToken);
        Assert.Equal((DaneState)expected, answer.State);
    }

    [Fact]
    public static async Task A_failing_tlsa_question_is_unknown_and_an_empty_one_is_none()
    {
        var zone = new FakeZone().A("a.example.org", "192.0.2.1").Secure("a.example.org").Fail("_25._tcp.a.example.org", DnsStatus.ServFail)
            .A("b.example.org", "192.0.2.1").Secure("b.example.org");
        var dane = new TlsDane(zone, TimeProvider.System);
        Assert.Equal(DaneState.Unknown, (await dane.FindAsync("a.example.org", TestContext.Current.CancellationToken)).State);
        Assert.Equal(DaneState.None, (await dane.FindAsync("b.example.org", TestContext.Current.CancellationToken)).State);
    }

    [Theory]
    [InlineData("mx.example.org", "none of its addresses can be asked for", (int)DaneState.Unknown)]
    [InlineData("alias.example.org", "an alias of a signed zone", (int)DaneState.Match)]
    [InlineData("plain.example.org", "an alias of a zone that is not", (int)DaneState.None)]
    public static async Task Before_the_tlsa_question_addresses_and_aliases_are_judged(string host, string what, int expected)
    {
        byte[] any = new byte[32];
        var zone = new FakeZone().Fail("mx.example.org", DnsStatus.ServFail)
            .Cname("alias.example.org", "target.example.net").Secure("alias.example.org").A("target.example.net", "192.0.2.1")
            .Tlsa("_25._tcp.alias.example.org", 3, 1, 1, any).Secure("_25._tcp.alias.example.org")
            .Cname("plain.example.org", "target.example.net").Tlsa("_25._tcp.plain.example.org", 3, 1, 1, any).Secure("_25._tcp.plain.example.org");
        var answer = await new TlsDane(zone, TimeProvider.System).FindAsync(host, TestContext.Current.CancellationToken);
        Assert.True((DaneState)expected == answer.State, $"{what}: {answer.State}");
    }

    [Theory]
    [InlineData(true, 0, "(TLSA)")]
    [InlineData(false, 1, "(DANE)")]
    public static async Task Mail_waits_when_the_tlsa_question_fails_or_the_host_has_no_tls(bool fails, int dials, string reason)
    {
        var zone = new FakeZone().Mx("example.org", 10, "mx.example.org").Secure("example.org")
            .A("mx.example.org", "192.0.2.1").Secure("mx.example.org")
            .Tlsa("_25._tcp.mx.example.org", 3, 1, 1, new byte[32]).Secure("_25._tcp.mx.example.org");
        if (fails) zone.Fail("_25._tcp.mx.example.org", DnsStatus.ServFail);
        var dialled = 0;
        var next = new NextHop(new(zone, _ => false), new(new(zone, TimeProvider.System), null, null, NullLogger.Instance), _ => true, _ => false, (_, _) =>
        {
            dialled++;
            return Task.FromResult<Stream>(new PlainServer());
        }, new() { HeloName = "we.example" }, NullLogger.Instance);
        var (hop, no) = await next.OpenAsync("example.org", null, TlsWish.Policy, new HashSet<string>(), TestContext.Current.CancellationToken);
        Assert.Null(hop);
        Assert.False(no!.IsPermanent);
        Assert.Contains(reason, no.ToString(), StringComparison.Ordinal);
        Assert.Equal(dials, dialled);
    }

    [Fact]
    public static void No_other_record_matches()
    {
        using var root = Root();
        using var leaf = Leaf(root, "mx.example.org");
        byte[] seed = [3, 1, 1, .. SHA256.HashData(leaf.PublicKey.ExportSubjectPublicKeyInfo())];
        Mutator.Run([seed], 2_000, octets =>
        {
            if (octets.Length < 3) return;
            var record = new TlsaRecord("x", 1, octets[0], octets[1], octets[2], octets[3..]);
            if (TlsDane.IsUsable(record) && Match(record, leaf, [root], "mx.example.org")) Assert.Equal(seed, octets);
        });
    }

    private static bool Match(TlsaRecord record, X509Certificate2 leaf, X509Certificate2[] sent, string name) =>
        TlsDane.Matches([record], leaf, sent, [name], Now);

    private static TlsaRecord Record(byte usage, byte selector, byte matching, X509Certificate2 certificate)
    {
        var data = selector == 0 ? certificate.RawData : certificate.PublicKey.ExportSubjectPublicKeyInfo();
        return new("x", 1, usage, selector, matching, matching switch { 1 => SHA256.HashData(data), 2 => SHA512.HashData(data), _ => data });
    }

    private static X509Certificate2 Root()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(100));
    }

    private static X509Certificate2 Leaf(X509Certificate2 root, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        return request.Create(root, Now, Now.AddDays(50), [1, 2, 3]);
    }

    // Says all its replies at once and takes whatever comes; offers no STARTTLS.
    private sealed class PlainServer : MemoryStream
    {
        public PlainServer() : base([.. "220 mx ESMTP\r\n"u8, .. "250 mx\r\n"u8, .. "221 bye\r\n"u8], false)
        {
        }

        public override bool CanWrite => true;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.CompletedTask;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }
}
