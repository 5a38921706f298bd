using System.Security.Cryptography;
using System.Text;
using Aviso.Dns;
using Aviso.MailAuth;
using Xunit;

namespace Aviso.Tests.Unit.MailAuth;

public sealed class DkimTests
{
    private const string Message = """
        From: Alice <alice@example.org>
        To: bob@example.net
        Subject: Is dinner  ready?
        Date: Fri, 11 Jul 2003 21:00:37 -0700
        Message-ID: <1@example.org>

        Hi.

        We are hungry  now.

        """;

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
    private static readonly DkimKey Rsa = DkimKey.Generate("example.org", "rsa", DkimAlgorithm.RsaSha256);
    private static readonly DkimKey Ed = DkimKey.Generate("example.org", "ed", DkimAlgorithm.Ed25519Sha256);

    [Fact]
    public async Task A_message_signed_with_both_keys_passes_twice()
    {
        var signed = Signed(Message, SignOptions.Default, Rsa, Ed);
        var got = await VerifyAsync(signed);
        Assert.Equal(["rsa-sha256 rsa Pass", "ed25519-sha256 ed Pass"], got.Select(v => $"{v.Algorithm} {v.Selector} {v.Result}"));
        Assert.All(got, v => Assert.Equal("@example.org", v.Identity));
        Assert.All(signed.Split("\r\n"), line => Assert.True(line.Length <= 78, line));
    }

    [Theory]
    [InlineData("dinner  ready", "dinner \t ready", DkimResult.Pass)]
    [InlineData("hungry  now.\r\n", "hungry now. \r\n\r\n\r\n", DkimResult.Pass)]
    [InlineData("From: Alice", "from  :  Alice", DkimResult.Pass)]
    [InlineData("To: bob", "X-New: field\r\nTo: bob", DkimResult.Pass)]
    [InlineData("dinner", "lunch", DkimResult.Fail)]
    [InlineData("hungry", "angry", DkimResult.Fail)]
    [InlineData("To: bob", "Cc: eve@example.com\r\nTo: bob", DkimResult.Fail)]
    [InlineData("To: bob", "From: eve@example.com\r\nTo: bob", DkimResult.Fail)]
    [InlineData("To: bob", "Content-Type: text/html\r\nTo: bob", DkimResult.Fail)]
    [InlineData("To: bob", "Reply-To: eve@example.com\r\nTo: bob", DkimResult.Fail)]
    public async Task What_may_change_on_the_way_and_what_may_not(string from, string to, DkimResult expected)
    {
        var signed = Signed(Message, SignOptions.Default, Rsa, Ed);
        var head = signed.IndexOf("From: Alice", StringComparison.Ordinal);
        var changed = signed[..head] + signed[head..].Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(signed, changed);
        Assert.All(await VerifyAsync(changed), v => Assert.Equal(expected, v.Result));
    }

    [Fact]
    public async Task A_signature_ends_when_its_lifetime_does()
    {
        var signed = Signed(Message, new SignOptions { Lifetime = TimeSpan.FromDays(7), Identity = "@mail.example.org" }, Ed);
        Assert.Equal(DkimResult.Pass, (await VerifyAsync(signed))[0].Result);
        Assert.Equal("@mail.example.org", (await VerifyAsync(signed))[0].Identity);
        var late = (await VerifyAsync(signed, now: Now.AddDays(8)))[0];
        Assert.Equal((DkimResult.PermError, "the signature has expired"), (late.Result, late.Problem));
        Assert.Equal(DkimResult.Pass, (await VerifyAsync(signed, new() { EnforceTimes = false }, Now.AddDays(8)))[0].Result);
    }

    [Theory]
    [InlineData("t=y", DkimResult.Pass, true)]
    [InlineData("t=s", DkimResult.Pass, false)]
    [InlineData("s=email", DkimResult.Pass, false)]
    [InlineData("s=tlsrpt", DkimResult.PermError, false)]
    [InlineData("h=sha256", DkimResult.Pass, false)]
    [InlineData("h=sha512", DkimResult.PermError, false)]
    [InlineData("x=unknown", DkimResult.Pass, false)]
    [InlineData("v=DKIM2", DkimResult.PermError, false)]
    [InlineData("k=rsa", DkimResult.PermError, false)]
    [InlineData("k=dsa", DkimResult.PermError, false)]
    [InlineData("p=", DkimResult.PermError, false)]
    [InlineData("p=AAAA", DkimResult.PermError, false)]
    [InlineData("p=%%%", DkimResult.PermError, false)]
    public async Task What_the_owner_says_in_the_key_record_counts(string tag, DkimResult expected, bool testing)
    {
        var record = new Dictionary<string, string>(StringComparer.Ordinal) { ["k"] = "ed25519", ["p"] = Ed.DnsRecord().Split("p=")[1] };
        record[tag[..1]] = tag[2..];
        var zone = new FakeZone()
            .Txt(Ed.DnsName, string.Join("; ", record.OrderBy(t => t.Key == "v" ? "" : t.Key).Select(t => t.Key + "=" + t.Value)));
        var got = Assert.Single(await VerifyAsync(Signed(Message, SignOptions.Default, Ed), zone: zone));
        Assert.Equal((expected, testing), (got.Result, got.Testing));
        Assert.Equal(expected == DkimResult.Pass, got.Problem.Length == 0);
    }

    [Fact]
    public async Task A_strict_key_refuses_an_identity_below_its_domain()
    {
        var zone = new FakeZone().Txt(Ed.DnsName, Ed.DnsRecord() + "; t=s");
        var got = await VerifyAsync(Signed(Message, new SignOptions { Identity = "@mail.example.org" }, Ed), zone: zone);
        Assert.Equal(DkimResult.PermError, got[0].Result);
    }

    [Fact]
    public async Task No_key_is_permanent_and_no_answer_is_temporary()
    {
        var signed = Signed(Message, SignOptions.Default, Ed);
        Assert.Equal(DkimResult.PermError, (await VerifyAsync(signed, zone: new()))[0].Result);
        Assert.Equal(
            DkimResult.TempError, (await VerifyAsync(signed, zone: new FakeZone().Fail(Ed.DnsName, DnsStatus.ServFail)))[0].Result);
    }

    [Fact]
    public async Task A_key_that_never_arrives_is_waited_for_only_so_long()
    {
        using var body = Bodies.Of(Signed(Message, SignOptions.Default, Ed));
        var verifier = new DkimVerifier(new SilentResolver(), new() { KeyTimeout = TimeSpan.FromMilliseconds(20) }, TimeProvider.System);
        var got = Assert.Single(await verifier.VerifyAsync(body, default));
        Assert.Equal((DkimResult.TempError, "the key did not arrive in time"), (got.Result, got.Problem));
    }

    [Fact]
    public async Task A_key_with_fewer_than_1024_bits_is_not_accepted()
    {
        using var rsa = RSA.Create(768);
        var zone = new FakeZone().Txt("rsa._domainkey.example.org", "p=" + Convert.ToBase64String(rsa.ExportSubjectPublicKeyInfo()));
        var got = await VerifyAsync(Signed(Message, SignOptions.Default, Rsa), zone: zone);
        Assert.Equal((DkimResult.Policy, "an RSA key of 768 bits, fewer than 1024"), (got[0].Result, got[0].Problem));
    }

    [Fact]
    public async Task Names_beyond_ascii_are_looked_up_as_a_labels()
    {
        using var key = DkimKey.Generate("bücher.example", "ed", DkimAlgorithm.Ed25519Sha256);
        Assert.Equal("ed._domainkey.xn--bcher-kva.example", key.DnsName);
        var signed = Signed(Message, SignOptions.Default, key)
            .Replace("d=xn--bcher-kva.example", "d=bücher.example", StringComparison.Ordinal);
        using var body = Bodies.Of(Encoding.UTF8.GetBytes(signed));
        var got = await new DkimVerifier(Zone().Txt(key.DnsName, key.DnsRecord()), new(), new FixedClock(Now.ToUnixTimeSeconds()))
            .VerifyAsync(body, default);
        // The signature was made over the other spelling; what counts is that the key was found.
        Assert.Equal((DkimResult.Fail, "xn--bcher-kva.example"), (got[0].Result, got[0].Domain));
    }

    [Fact]
    public async Task Only_so_many_signatures_are_looked_at()
    {
        var signature = Encoding.ASCII.GetString(Sign(Message, Ed));
        var message = string.Concat(Enumerable.Repeat(signature, 1_000)) + Message;
        var zone = Zone();
        var got = await VerifyAsync(message, new() { MaxSignatures = 7 }, zone: zone);
        Assert.Equal(8, got.Count);
        Assert.All(got.Take(7), v => Assert.Equal(DkimResult.Pass, v.Result));
        Assert.Equal((DkimResult.Policy, "993 more signatures were not looked at (at most 7)"), (got[7].Result, got[7].Problem));
        Assert.Single(zone.Asked);
    }

    [Fact]
    public async Task Ten_thousand_fields_and_long_lists_of_names_cost_their_size()
    {
        // With a search of the header for each name this would be 10 * 5,000 * 10,000 comparisons.
        var header = new StringBuilder();
        for (var i = 0; i < 10_000; i++) header.Append($"X-{i % 5_000}: {i}\n");
        var names = Enumerable.Range(0, 4_990).Select(i => $"X-{i}").ToList();
        var options = new SignOptions { Fields = ["From", .. names], Oversigned = [] };
        var signed = Encoding.ASCII.GetString(Sign(header + Message, options, Ed, Ed, Ed, Ed, Ed, Ed, Ed, Ed, Ed, Ed));
        Assert.All(await VerifyAsync(signed + header + Message), v => Assert.Equal("h= has more than 5000 names", v.Problem));
        options = new SignOptions { Fields = ["From", .. names.Take(2_400)], Oversigned = [] };
        signed = Encoding.ASCII.GetString(Sign(header + Message, options, Ed, Ed, Ed, Ed, Ed, Ed, Ed, Ed, Ed, Ed));
        Assert.All(await VerifyAsync(signed + header + Message), v => Assert.Equal(DkimResult.Pass, v.Result));
    }

    [Fact]
    public async Task A_message_in_a_spool_file_is_hashed_in_pieces()
    {
        var message = Message + string.Concat(Enumerable.Repeat("A line  with two spaces and \t a tab \n\n", 60_000));
        Assert.All(await VerifyAsync(Signed(message, SignOptions.Default, Rsa, Ed)), v => Assert.Equal(DkimResult.Pass, v.Result));
        Assert.All(await VerifyAsync(Signed(message, SignOptions.Default, Ed) + "more"), v => Assert.Equal(DkimResult.Fail, v.Result));
    }

    [Fact]
    public async Task One_key_serves_many_threads()
    {
        var signed = Signed(Message, SignOptions.Default, Rsa, Ed);
        var verifier = new DkimVerifier(Zone(), new(), TimeProvider.System);
        await Parallel.ForAsync(0, 400, async (_, cancel) =>
        {
            using var body = Bodies.Of(signed);
            Assert.All(await verifier.VerifyAsync(body, cancel), v => Assert.Equal(DkimResult.Pass, v.Result));
            using var own = Bodies.Of(Message);
            Assert.NotEmpty(DkimSigner.Sign(own, [Rsa, Ed], SignOptions.Default, Now));
        });
    }

    [Theory]
    [InlineData("v=1; a=rsa-sha256; d=example.org; s=a; h=from; b=AAAA", "bh= is missing or no base64")]
    [InlineData("v=1; a=rsa-sha256; d=example.org; s=a; h=from; bh=AAAA; b=", "b= is missing or no base64")]
    [InlineData("v=1; a=rsa-sha256; d=example.org; s=a; h=to; bh=AAAA; b=AAAA", "h= does not name From")]
    [InlineData("v=1; a=rsa-sha256; d=example.org; s=a; bh=AAAA; b=AAAA", "h= is missing")]
    [InlineData("v=2; a=rsa-sha256; d=example.org; s=a; h=from; bh=AAAA; b=AAAA", "v= is not 1")]
    [InlineData("v=1; a=rsa-md5; d=example.org; s=a; h=from; bh=AAAA; b=AAAA", "a= is not known")]
    [InlineData("v=1; a=rsa-sha256; d=example..org; s=a; h=from; bh=AAAA; b=AAAA", "d= is missing or no domain")]
    [InlineData("v=1; a=rsa-sha256; d=example.org; s=; h=from; bh=AAAA; b=AAAA", "s= is missing or no selector")]
    [InlineData("v=1; a=rsa-sha256; d=example.org; s=a; h=from; bh=AAAA; b=AAAA; i=x@example.com", "i= is not within d=")]
    [InlineData("v=1; a=rsa-sha256; d=example.org; s=a; h=from; bh=AAAA; b=AAAA; i=x@badexample.org", "i= is not within d=")]
    [InlineData("v=1; a=rsa-sha256; d=example.org; s=a; h=from; bh=AAAA; b=AAAA; q=http/txt", "q= names no method we know")]
    [InlineData("v=1; a=rsa-sha256; d=example.org; s=a; h=from; bh=AAAA; b=AAAA; c=nice", "c= is not known")]
    [InlineData("v=1; a=rsa-sha256; d=example.org; s=a; h=from; bh=AAAA; b=AAAA; l=-1", "l= is no number")]
    [InlineData("v=1; a=rsa-sha256; d=example.org; s=a; h=from; bh=AAAA; b=AAAA; t=2; x=1", "x= is not after t=")]
    [InlineData("v=1; a=rsa-sha256; d=example.org; d=example.com; s=a; h=from; bh=AAAA; b=AAAA", "tag d= twice")]
    [InlineData("v=1;; a=rsa-sha256; d=example.org; s=a; h=from; bh=AAAA; b=AAAA", "an empty tag")]
    [InlineData("v=1; a=rsa-sha1; d=example.org; s=a; h=from; bh=AAAA; b=AAAA", "rsa-sha1 is not accepted (RFC 8301)")]
    public async Task What_is_wrong_with_a_signature_is_said(string value, string problem)
    {
        var zone = Zone();
        var got = Assert.Single(await VerifyAsync($"DKIM-Signature: {value}\n{Message}", zone: zone));
        Assert.Equal((DkimResult.PermError, problem), (got.Result, got.Problem));
        Assert.Empty(zone.Asked);
    }

    [Fact]
    public async Task An_unsigned_message_asks_nothing()
    {
        var zone = Zone();
        Assert.Empty(await VerifyAsync(Message, zone: zone));
        Assert.Empty(zone.Asked);
    }

    internal static FakeZone Zone() => new FakeZone().Txt(Rsa.DnsName, [.. Rsa.DnsStrings()]).Txt(Ed.DnsName, Ed.DnsRecord());

    private static string Signed(string message, SignOptions options, params DkimKey[] keys)
    {
        using var body = Bodies.Of(message);
        return Encoding.Latin1.GetString([.. DkimSigner.Sign(body, keys, options, Now), .. Bodies.Crlf(Encoding.Latin1.GetBytes(message))]);
    }

    private static byte[] Sign(string message, params DkimKey[] keys) => Sign(message, SignOptions.Default, keys);

    private static byte[] Sign(string message, SignOptions options, params DkimKey[] keys)
    {
        using var body = Bodies.Of(message);
        return DkimSigner.Sign(body, keys, options, Now);
    }

    private static async Task<IReadOnlyList<DkimVerdict>> VerifyAsync(
        string message, DkimOptions? options = null, DateTimeOffset? now = null, FakeZone? zone = null)
    {
        using var body = Bodies.Of(message);
        var clock = new FixedClock((now ?? Now).ToUnixTimeSeconds());
        return await new DkimVerifier(zone ?? Zone(), options ?? new(), clock).VerifyAsync(body, default);
    }

    private sealed class SilentResolver : IResolver
    {
        public async ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancel)
        {
            await Task.Delay(Timeout.Infinite, cancel);
            return DnsAnswer.None(DnsStatus.Timeout);
        }
    }
}
