using System.Text;
using System.Text.Json;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Tests.Conformance;
using Aviso.Tests.Unit.MailAuth;
using MimeKit;
using MimeKit.Cryptography;
using Org.BouncyCastle.Crypto;
using Xunit;

namespace Aviso.Tests.Oracles;

/// <summary>MimeKit as a second opinion about DKIM signatures and ARC chains of the suites: does each pass or not?</summary>
public sealed class SignatureOracleTests
{
    [Fact]
    public async Task Every_dkim_signature_is_judged_as_another_judges_it()
    {
        var differences = new Differences("dkim signature");
        var judged = 0;
        foreach (var (name, zone, octets, now) in Signed())
        {
            using var body = Bodies.Of(octets);
            var ours = (await new Aviso.MailAuth.DkimVerifier(zone, new(), new FixedClock(now)).VerifyAsync(body, default)).Select(v => Word(v.Result == DkimResult.Pass)).ToList();
            var theirs = await TheirsAsync(zone, octets);
            judged += theirs.Count;
            if (!ours.SequenceEqual(theirs)) differences.Add("dkim signature/" + name, "verdicts", string.Join(' ', ours), string.Join(' ', theirs));
        }
        Assert.True(judged > 60);
        differences.MustBeArgued();
    }

    [Fact]
    public async Task Every_arc_chain_is_judged_as_another_judges_it()
    {
        var differences = new Differences("arc chain");
        var judged = 0;
        foreach (var (name, zone, text) in ArcSuite.Chains())
        {
            judged++;
            using var body = Bodies.Of(text);
            var ours = (await new Aviso.MailAuth.ArcVerifier(zone, new(), TimeProvider.System).VerifyAsync(body, default)).Result.ToString();
            var theirs = await TheirChainAsync(zone, Bodies.Crlf(Encoding.Latin1.GetBytes(text)));
            if (!ours.Equals(theirs, StringComparison.OrdinalIgnoreCase)) differences.Add("arc chain/" + name, "verdict", ours, theirs);
        }
        Assert.Equal(175, judged);
        differences.MustBeArgued();
    }

    private static string Word(bool passes) => passes ? "pass" : "no";

    private static async Task<List<string>> TheirsAsync(FakeZone zone, byte[] octets)
    {
        var message = MimeMessage.Load(new MemoryStream(Bodies.Crlf(octets)));
        var verifier = new MimeKit.Cryptography.DkimVerifier(new ZoneKeys(zone));
        var verdicts = new List<string>();
        foreach (var signature in message.Headers.Where(h => h.Id == HeaderId.DkimSignature))
        {
            try
            {
                verdicts.Add(Word(await verifier.VerifyAsync(message, signature)));
            }
            catch (Exception e) when (e is FormatException or ArgumentException or IOException or InvalidCastException or Org.BouncyCastle.Security.GeneralSecurityException)
            {
                // A signature or a key that it cannot read.
                verdicts.Add(Word(false));
            }
        }
        return verdicts;
    }

    private static async Task<string> TheirChainAsync(FakeZone zone, byte[] octets)
    {
        try
        {
            var verdict = await new MimeKit.Cryptography.ArcVerifier(new ZoneKeys(zone)).VerifyAsync(MimeMessage.Load(new MemoryStream(octets)));
            return verdict.Chain.ToString();
        }
        catch (FormatException)
        {
            return "Fail";
        }
    }

    private static IEnumerable<(string Name, FakeZone Zone, byte[] Message, long Now)> Signed()
    {
        foreach (var folder in new[] { "dkim_verifier", "real-world", "opendkim" })
        {
            var root = Path.Combine(Suites.Find("dkim"), folder);
            using var cases = JsonDocument.Parse(File.ReadAllText(Path.Combine(root, "cases.json")));
            foreach (var item in cases.RootElement.EnumerateArray())
            {
                var file = item.GetProperty("file").GetString()!;
                var now = item.TryGetProperty("now", out var at) ? at.GetInt64() : 1698100000;
                yield return ($"{folder}/{file}", DkimSuite.Zone(Path.Combine(root, "dns.json"), item), File.ReadAllBytes(Path.Combine(root, file)), now);
            }
        }
    }

    /// <summary>Keys of a zone, as MimeKit asks for them.</summary>
    private sealed class ZoneKeys(FakeZone zone) : DkimPublicKeyLocatorBase
    {
        public override AsymmetricKeyParameter LocatePublicKey(string methods, string domain, string selector, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("keys are asked for without blocking");

        public override async Task<AsymmetricKeyParameter> LocatePublicKeyAsync(string methods, string domain, string selector, CancellationToken cancellationToken = default)
        {
            var answer = await zone.QueryAsync($"{selector}._domainkey.{domain}", DnsType.Txt, cancellationToken);
            return answer.Of<TxtRecord>().FirstOrDefault() is { } record ? GetPublicKey(record.Text) : throw new FormatException("no key");
        }
    }
}
