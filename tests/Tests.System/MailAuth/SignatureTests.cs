using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Aviso.Base;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.MailAuth;

/// <summary>
/// What we sign and seal, OpenDKIM and dkimpy verify, and the other way round; the keys are in a DNS server that both ask.
/// </summary>
public sealed partial class SignatureTests : IAsyncLifetime
{
    // OpenDKIM asks port 53 of an address only.
    private const string OpenDkimDns = "127.0.0.54";

    private static readonly string Message = """
        Received: from laptop (laptop [192.0.2.1]) by mail.example.org; Fri, 11 Jul 2003 21:00:37 -0700
        From: =?utf-8?q?Alice?= <alice@example.org>
        To: bob@example.net,
          carol@example.net
        Subject: Is dinner  ready?	Or lunch
        Date: Fri, 11 Jul 2003 21:00:37 -0700
        Message-ID: <1@example.org>
        MIME-Version: 1.0
        Content-Type: text/plain; charset=utf-8
        List-Unsubscribe: <https://example.org/u>

        Hi,  Bob.	
         
        We are hungry now. 

        -- 
        Alice


        """.ReplaceLineEndings("\r\n");

    private readonly BodySpool _spool = new(Path.Combine(Path.GetTempPath(), "aviso-signatures"), 1 << 24);
    private readonly DkimKey _rsa = DkimKey.Generate("example.org", "rsa", DkimAlgorithm.RsaSha256);
    private readonly DkimKey _ed = DkimKey.Generate("example.org", "ed", DkimAlgorithm.Ed25519Sha256);
    private readonly PeerFolder _folder = new("signatures");
    private readonly DnsServer _dns = new();

    public ValueTask InitializeAsync()
    {
        Publish(_dns);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _dns.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Dkimpy_verifies_what_we_sign_and_sees_changes()
    {
        var signed = Sign(Message, _rsa, _ed);
        Assert.Equal("pass pass", await DkimpyAsync(signed, "verify", $"{_dns.Port}"));
        Assert.DoesNotContain("pass", await DkimpyAsync(signed + "more", "verify", $"{_dns.Port}"), StringComparison.Ordinal);
        Assert.DoesNotContain("pass", await DkimpyAsync(
            signed.Replace("dinner", "supper", StringComparison.Ordinal), "verify", $"{_dns.Port}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rsa-sha256", "relaxed/relaxed")]
    [InlineData("rsa-sha256", "simple/simple")]
    [InlineData("rsa-sha256", "relaxed/simple")]
    [InlineData("ed25519-sha256", "simple/relaxed")]
    [InlineData("ed25519-sha256", "relaxed/relaxed")]
    public async Task We_verify_what_dkimpy_signs(string algorithm, string forms)
    {
        var key = algorithm == "rsa-sha256" ? _rsa : _ed;
        var field = await DkimpyAsync(Message, "sign", "example.org", key.Selector, KeyFile(key), algorithm, forms);
        Assert.Equal("Pass " + algorithm, await VerifyAsync(field + Message));
        Assert.Equal("Fail " + algorithm, await VerifyAsync(field + Message.Replace("hungry", "angry", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task OpenDkim_verifies_what_we_sign_and_sees_changes()
    {
        await using var dns = OpenDkimServer();
        Publish(dns);
        var signed = Sign(Message, _rsa, _ed);
        var said = await OpenDkimAsync(signed, $"Mode v\nNameservers {OpenDkimDns}\n");
        Assert.Matches(@"dkim=pass \(2048-bit key[^)]*\) header\.d=example\.org [^;]*header\.a=rsa-sha256", said);
        Assert.Matches(@"dkim=pass header\.d=example\.org [^;]*header\.a=ed25519-sha256", said);
        Assert.DoesNotContain(
            "dkim=pass", await OpenDkimAsync(signed + "more\r\n", $"Mode v\nNameservers {OpenDkimDns}\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rsa-sha256", "relaxed/relaxed")]
    [InlineData("rsa-sha256", "simple/simple")]
    [InlineData("ed25519-sha256", "relaxed/simple")]
    public async Task We_verify_what_opendkim_signs(string algorithm, string forms)
    {
        var key = algorithm == "rsa-sha256" ? _rsa : _ed;
        var said = await OpenDkimAsync(Message, $"""
            Mode s
            Domain example.org
            Selector {key.Selector}
            KeyFile {KeyFile(key)}
            RequireSafeKeys no
            SignatureAlgorithm {algorithm}
            Canonicalization {forms}
            OversignHeaders From,Subject

            """);
        var field = "DKIM-Signature: " + InsertedField().Match(said).Groups[1].Value.ReplaceLineEndings("\r\n") + "\r\n";
        Assert.Equal("Pass " + algorithm, await VerifyAsync(field + Message));
        Assert.Equal("Fail " + algorithm, await VerifyAsync(field + "Subject: another\r\n" + Message));
    }

    [Fact]
    public async Task A_chain_that_we_and_dkimpy_seal_in_turn_passes_for_both()
    {
        var sealed1 = await SealAsync(Sign(Message, _rsa), _rsa);
        Assert.StartsWith("pass 1 ", await DkimpyAsync(sealed1, "arc-verify", $"{_dns.Port}"), StringComparison.Ordinal);
        // dkimpy seals with RSA only.
        var set2 = await DkimpyAsync(sealed1, "arc-seal", $"{_dns.Port}", "example.org", _rsa.Selector, KeyFile(_rsa));
        var sealed2 = set2.Replace("\r\n", "\n", StringComparison.Ordinal).ReplaceLineEndings("\r\n") + sealed1;
        var got = await ChainAsync(sealed2);
        Assert.Equal((ArcResult.Pass, 2, ""), (got.Result, got.Instance, got.Problem));
        var sealed3 = await SealAsync(sealed2, _rsa);
        Assert.StartsWith("pass 3 ", await DkimpyAsync(sealed3, "arc-verify", $"{_dns.Port}"), StringComparison.Ordinal);
        Assert.StartsWith("fail", await DkimpyAsync(sealed3 + "more", "arc-verify", $"{_dns.Port}"), StringComparison.Ordinal);
        Assert.Equal(ArcResult.Fail, (await ChainAsync(sealed2 + "more")).Result);
    }

    private string Sign(string message, params DkimKey[] keys)
    {
        using var body = Body(message);
        return Encoding.UTF8.GetString(DkimSigner.Sign(body, keys, SignOptions.Default, DateTimeOffset.UtcNow)) + message;
    }

    private async Task<string> SealAsync(string message, DkimKey key)
    {
        using var body = Body(message);
        var chain = await ChainAsync(message);
        return Encoding.UTF8.GetString(
            ArcSealer.Seal(body, chain, "Authentication-Results: mx.example.org;\r\n\tspf=none; dkim=pass header.d=example.org\r\n",
            key, DateTimeOffset.UtcNow)) + message;
    }

    private async Task<string> VerifyAsync(string message)
    {
        using var body = Body(message);
        using var resolver = Resolver();
        var verdicts = await new DkimVerifier(resolver, new(), TimeProvider.System).VerifyAsync(body, default);
        var verdict = Assert.Single(verdicts);
        return $"{verdict.Result} {verdict.Algorithm}";
    }

    private async Task<ArcVerdict> ChainAsync(string message)
    {
        using var body = Body(message);
        using var resolver = Resolver();
        return await new ArcVerifier(resolver, new(), TimeProvider.System).VerifyAsync(body, default);
    }

    private Resolver Resolver() => new(new ResolverOptions { Upstreams = [new IPEndPoint(IPAddress.Loopback, _dns.Port)] });

    private SpooledBody Body(string message)
    {
        var body = _spool.Begin();
        body.Write(Encoding.UTF8.GetBytes(message));
        return body;
    }

    private void Publish(DnsServer dns)
    {
        foreach (var key in new[] { _rsa, _ed }) dns.Txt(key.DnsName, key.DnsStrings());
    }

    // OpenDKIM and dkimpy read RSA keys as PEM; dkimpy wants an Ed25519 key as the base64 of its seed.
    private string KeyFile(DkimKey key, bool seed = false)
    {
        var path = _folder.Path($"{key.Selector}.{(seed ? "seed" : "pem")}");
        var pem = key.ExportPem();
        if (seed) pem = Convert.ToBase64String(Convert.FromBase64String(pem.Split('\n')[1])[^32..]);
        File.WriteAllText(path, pem);
        return path;
    }

    private async Task<string> DkimpyAsync(string message, params string[] arguments)
    {
        if (arguments is ["sign", _, _, _, "ed25519-sha256", ..]) arguments[3] = KeyFile(_ed, seed: true);
        return await Dkimpy.RunAsync(message, arguments);
    }

    private async Task<string> OpenDkimAsync(string message, string settings)
    {
        var program = Tool.Find("opendkim", "opendkim");
        await File.WriteAllTextAsync(_folder.Path("message"), message);
        await File.WriteAllTextAsync(_folder.Path("opendkim.conf"), settings + "Syslog no\n");
        var run = await Tool.RunAsync(program, ["-x", _folder.Path("opendkim.conf"), "-t", _folder.Path("message"), "-vvv"]);
        return run.MustSucceed().Output;
    }

    private static DnsServer OpenDkimServer()
    {
        Tool.Find("opendkim", "opendkim");
        if (Environment.UserName != "root") Assert.Skip("port 53 needs root");
        try
        {
            return new(OpenDkimDns, 53);
        }
        catch (global::System.Net.Sockets.SocketException)
        {
            Assert.Skip($"port 53 of {OpenDkimDns} is taken");
            throw;
        }
    }

    [GeneratedRegex("hname='DKIM-Signature' hvalue='([^']*)'")]
    private static partial Regex InsertedField();
}
