using System.Text;
using Aviso.Dns;
using Aviso.MailAuth;
using Xunit;

namespace Aviso.Tests.Unit.MailAuth;

public sealed class ArcTests
{
    private const string Message = "From: alice@example.org\r\nTo: list@example.net\r\nSubject: hello\r\n\r\nA message.\r\n";
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
    private static readonly DkimKey[] Keys =
    [
        DkimKey.Generate("one.example", "a", DkimAlgorithm.RsaSha256), DkimKey.Generate("two.example", "a", DkimAlgorithm.Ed25519Sha256),
        DkimKey.Generate("three.example", "a", DkimAlgorithm.RsaSha256),
    ];

    [Fact]
    public async Task A_chain_of_three_passes_and_names_its_sealers()
    {
        var message = await ForwardedAsync(Keys);
        var got = await VerifyAsync(message);
        Assert.Equal((ArcResult.Pass, 3), (got.Result, got.Instance));
        Assert.Equal(["one.example", "two.example", "three.example"], got.Sealers);
    }

    [Fact]
    public async Task A_list_that_changes_and_seals_keeps_the_chain()
    {
        var message = await ForwardedAsync(Keys[0]);
        message = await SealedAsync(
            message.Replace("A message.", "A message. A footer.", StringComparison.Ordinal), Keys[1], ArcResult.Pass);
        Assert.Equal(ArcResult.Pass, (await VerifyAsync(message)).Result);
    }

    [Theory]
    [InlineData("A message.", "Another message.", "message signature 2: the body hash does not match")]
    [InlineData("Subject: hello", "Subject: hallo", "message signature 2: the signature does not match")]
    [InlineData("results of one.example", "results of another", "seal 2: the seal does not match")]
    [InlineData("cv=pass", "cv=none", "the seal of set 2 says cv=none")]
    [InlineData("ARC-Authentication-Results: i=1;", "ARC-Authentication-Results: i=3;", "set 1 is not whole")]
    [InlineData("ARC-Authentication-Results: i=1;", "ARC-Authentication-Results: i=2;", "two ARC-Authentication-Results of instance 2")]
    [InlineData("ARC-Authentication-Results: i=1;", "ARC-Authentication-Results: i=51;",
        "ARC-Authentication-Results: ARC-Authentication-Results without an instance")]
    public async Task A_change_breaks_the_chain(string from, string to, string problem)
    {
        var message = await ForwardedAsync(Keys[0], Keys[1]);
        Assert.Contains(from, message, StringComparison.Ordinal);
        var got = await VerifyAsync(message.Replace(from, to, StringComparison.Ordinal));
        Assert.Equal((ArcResult.Fail, problem), (got.Result, got.Problem));
    }

    [Fact]
    public async Task A_failed_chain_is_closed_once_and_never_extended()
    {
        var message = await ForwardedAsync(Keys[0]);
        message = message.Replace("A message.", "Another message.", StringComparison.Ordinal);
        message = await SealedAsync(message, Keys[1], ArcResult.Fail);
        var got = await VerifyAsync(message);
        Assert.Equal((ArcResult.Fail, "the seal of set 2 says cv=fail"), (got.Result, got.Problem));
        using var body = Bodies.Of(message);
        Assert.Empty(ArcSealer.Seal(body, got, "mx.example; none", Keys[2], Now));
    }

    [Fact]
    public async Task A_chain_whose_key_is_out_of_reach_is_left_alone()
    {
        var message = await ForwardedAsync(Keys[0]);
        using var body = Bodies.Of(message);
        var zone = new FakeZone().Fail(Keys[0].DnsName, DnsStatus.Timeout);
        var got = await new ArcVerifier(zone, new(), TimeProvider.System).VerifyAsync(body, default);
        Assert.Equal((ArcResult.Fail, true), (got.Result, got.Temporary));
        Assert.Empty(ArcSealer.Seal(body, got, "mx.example; none", Keys[1], Now));
    }

    [Fact]
    public async Task Fifty_sets_are_the_most()
    {
        var message = await ForwardedAsync([.. Enumerable.Repeat(Keys[1], 50)]);
        var got = await VerifyAsync(message);
        Assert.Equal((ArcResult.Pass, 50), (got.Result, got.Instance));
        using var body = Bodies.Of(message);
        Assert.Empty(ArcSealer.Seal(body, got, "mx.example; none", Keys[1], Now));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("three.example", "results of three.example")]
    [InlineData("two.example", "")]
    [InlineData("two.example three.example", "results of two.example")]
    [InlineData("one.example three.example", "results of three.example")]
    [InlineData("example", "results of one.example")]
    public async Task Results_are_believed_as_far_as_trust_goes(string trusted, string expected)
    {
        var message = await ForwardedAsync(Keys);
        var got = await VerifyAsync(message, new() { TrustedSealers = trusted.Split(' ', StringSplitOptions.RemoveEmptyEntries) });
        Assert.Equal(expected.Length == 0 ? "" : $"mx.example; x=pass ({expected})", got.TrustedResults);
    }

    [Fact]
    public async Task A_thousand_arc_fields_are_no_chain()
    {
        var fields = string.Concat(
            Enumerable.Range(1, 1_000).Select(i => $"ARC-Seal: i={i}; a=rsa-sha256; cv=none; d=a.example; s=a; b=AAAA\r\n"));
        var zone = Zone();
        using var body = Bodies.Of(fields + Message);
        Assert.Equal(ArcResult.Fail, (await new ArcVerifier(zone, new(), TimeProvider.System).VerifyAsync(body, default)).Result);
        Assert.Empty(zone.Asked);
    }

    [Fact]
    public async Task Both_kinds_are_judged_in_one_pass()
    {
        using var body = Bodies.Of(Message);
        var signed = Encoding.ASCII.GetString(DkimSigner.Sign(body, [Keys[0]], SignOptions.Default, Now)) + Message;
        var message = await SealedAsync(signed, Keys[1], ArcResult.None);
        using var whole = Bodies.Of(message);
        var got = await new DkimArcVerifier(Zone(), new(), TimeProvider.System).VerifyAsync(whole, default);
        Assert.Equal((DkimResult.Pass, ArcResult.Pass), (Assert.Single(got.Dkim).Result, got.Arc.Result));
    }

    private static async Task<string> ForwardedAsync(params DkimKey[] keys)
    {
        var message = Message;
        foreach (var key in keys) message = await SealedAsync(message, key, null);
        return message;
    }

    private static async Task<string> SealedAsync(string message, DkimKey key, ArcResult? state)
    {
        using var body = Bodies.Of(message);
        var chain = await VerifyAsync(message);
        if (state is { } forced) chain = chain with { Result = forced };
        var seal = ArcSealer.Seal(body, chain, $"Authentication-Results: mx.example; x=pass (results of {key.Domain})\r\n", key, Now);
        Assert.NotEmpty(seal);
        return Encoding.ASCII.GetString(seal) + message;
    }

    private static FakeZone Zone()
    {
        var zone = new FakeZone();
        foreach (var key in Keys) zone.Txt(key.DnsName, key.DnsRecord());
        return zone;
    }

    private static async Task<ArcVerdict> VerifyAsync(string message, DkimOptions? options = null)
    {
        using var body = Bodies.Of(message);
        return await new ArcVerifier(Zone(), options ?? new(), TimeProvider.System).VerifyAsync(body, default);
    }
}
