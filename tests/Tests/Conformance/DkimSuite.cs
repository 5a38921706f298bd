using System.Text;
using System.Text.Json;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Tests.Unit.MailAuth;
using Xunit;

namespace Aviso.Tests.Conformance;

/// <summary>Suite dkim: signatures of six projects and the RFCs, with the keys of their time.</summary>
public sealed class DkimSuite
{
    // By name, and why we differ.
    private static readonly Dictionary<string, string> Disagreements = new(StringComparer.Ordinal)
    {
        ["opendkim/test58.eml"] = "a message without DKIM-Signature is unsigned, however odd its From is (RFC 8601 §2.7.1 none)",
        ["opendkim/test76.eml"] =
            "a DKIM-Signature without d=, s=, bh= and b= is a broken signature, which the reader should see (RFC 6376 §6.1.1)",
        ["opendkim/test68.eml"] = "an rsa-sha1 signature is not verified at all (RFC 8301 §3.1): permerror, whether it would match or not",
        ["opendkim/test94.eml"] = "as test68",
        ["opendkim/test66.eml"] = "the signed From was changed, so the signature does not match (RFC 6376 §6.1.3): fail",
        ["opendkim/test84.eml"] = "the recorded key says t=s, and i= is in a subdomain of d= (RFC 6376 §3.6.1): permerror, as in test82",
        ["opendkim/test98.eml"] = "l=340 is less than the 366 octets of the body, and both hashes match (RFC 6376 §3.5)",
        ["opendkim/test119.eml"] = "the body is missing, so its hash does not match (RFC 6376 §6.1.3): fail",
    };

    [Fact]
    public Task Table_of_dkim_verifier() => RunTable("dkim_verifier");

    [Fact]
    public Task Real_mail() => RunTable("real-world");

    [Fact]
    public async Task Table_of_opendkim_as_rfc_8301_wants_it() =>
        Assert.Equal("", await OpenDkimAsync("result_rfc8301", new DkimOptions()));

    [Fact]
    public async Task Table_of_opendkim_by_arithmetic() =>
        Assert.Equal("", await OpenDkimAsync("result", new DkimOptions { AllowSha1 = true, FutureTolerance = TimeSpan.FromDays(1) }));

    [Theory]
    [InlineData("mail-auth")]
    [InlineData("mail-auth-arc")]
    public async Task Messages_that_carry_their_keys(string folder)
    {
        var wrong = new List<string>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Suites.Find("dkim"), folder), "*.txt").Order())
        {
            var text = await File.ReadAllTextAsync(file, Encoding.Latin1);
            text = text.Replace("\r\n", "\n", StringComparison.Ordinal);
            var end = text.IndexOf("\n\n", StringComparison.Ordinal);
            var zone = new FakeZone();
            foreach (var line in text[..end].Split('\n')) zone.Txt(line[..line.IndexOf(' ')], line[(line.IndexOf(' ') + 1)..]);
            using var body = Bodies.Of(text[(end + 2)..]);
            var verifier = new DkimArcVerifier(zone, new(), new FixedClock(1667843664));
            var got = await verifier.VerifyAsync(body, default);
            var isRight = folder == "mail-auth" ? got.Dkim[^1].Result == DkimResult.Pass
                : got.Arc.Result == ArcResult.Pass && got.Dkim.Any(d => d.Result == DkimResult.Pass);
            if (!isRight) wrong.Add($"{file}: {string.Join(", ", got.Dkim)} {got.Arc}");
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    [Theory]
    [InlineData("gmail.msg")]
    [InlineData("related.msg")]
    [InlineData("multipart-no-end-boundary.msg")]
    public async Task Signatures_of_gmail(string file)
    {
        var folder = Path.Combine(Suites.Find("dkim"), "mimekit");
        var pem = (await File.ReadAllLinesAsync(Path.Combine(folder, "gmail.pub"))).Where(line => !line.StartsWith('-'));
        var zone = new FakeZone().Txt("20120113._domainkey.gmail.com", "k=rsa; p=" + string.Concat(pem));
        using var body = Bodies.Of(await File.ReadAllBytesAsync(Path.Combine(folder, file)));
        var got = await new DkimVerifier(zone, new(), TimeProvider.System).VerifyAsync(body, default);
        Assert.Equal(DkimResult.Pass, Assert.Single(got).Result);
    }

    [Fact]
    public async Task A_foreign_key_pair_signs_and_verifies()
    {
        var folder = Path.Combine(Suites.Find("dkim"), "mimekit");
        using var key = DkimKey.Import("example.com", "test", await File.ReadAllTextAsync(Path.Combine(folder, "example.pem")));
        var published = (await File.ReadAllLinesAsync(Path.Combine(folder, "example.pub"))).Where(line => !line.StartsWith('-'));
        Assert.Equal("v=DKIM1; k=rsa; p=" + string.Concat(published), key.DnsRecord());
    }

    private static async Task RunTable(string folder)
    {
        var root = Path.Combine(Suites.Find("dkim"), folder);
        using var cases = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(root, "cases.json")));
        var wrong = new List<string>();
        var number = 0;
        foreach (var item in cases.RootElement.EnumerateArray())
        {
            var file = item.GetProperty("file").GetString()!;
            var zone = Zone(Path.Combine(root, "dns.json"), item);
            var now = item.TryGetProperty("now", out var at) ? at.GetInt64() : 1698100000;
            using var body = Bodies.Of(await File.ReadAllBytesAsync(Path.Combine(root, file)));
            var got = await new DkimVerifier(zone, new(), new FixedClock(now)).VerifyAsync(body, default);
            var results = item.GetProperty("results").EnumerateArray().ToList();
            var same = results.Count == got.Count && results.Zip(got).All(pair => Allows(pair.First, pair.Second.Result))
                && (!item.TryGetProperty("identity", out var who)
                    || who.EnumerateArray().All(one => got.Any(verdict => IsWho(one, verdict))));
            if (!same) wrong.Add($"{number} {file}: {string.Join(", ", got)}");
            number++;
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        Assert.NotEqual(0, number);
    }

    private static bool IsWho(JsonElement who, DkimVerdict got) => who.EnumerateObject().All(tag => tag.Value.GetString() == tag.Name switch
    {
        "d" => got.Domain,
        "s" => got.Selector,
        "i" => got.Identity,
        _ => got.Algorithm,
    });

    private static bool Allows(JsonElement expected, DkimResult got) => expected.ValueKind == JsonValueKind.Array
        ? expected.EnumerateArray().Any(e => Allows(e, got))
        : string.Equals(expected.GetString(), got.ToString(), StringComparison.OrdinalIgnoreCase);

    private static async Task<string> OpenDkimAsync(string column, DkimOptions options)
    {
        var root = Path.Combine(Suites.Find("dkim"), "opendkim");
        using var cases = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(root, "cases.json")));
        var wrong = new List<string>();
        foreach (var item in cases.RootElement.EnumerateArray())
        {
            var file = item.GetProperty("file").GetString()!;
            var expected = item.GetProperty(column).GetString()!;
            using var body = Bodies.Raw(await File.ReadAllBytesAsync(Path.Combine(root, file)));
            var got = await new DkimVerifier(Zone(Path.Combine(root, "dns.json"), item), options, TimeProvider.System)
                .VerifyAsync(body, default);
            var result = got.Count == 0 ? DkimResult.None : got[0].Result;
            if (string.Equals(result.ToString(), expected, StringComparison.OrdinalIgnoreCase)) continue;
            if (!Disagreements.ContainsKey("opendkim/" + file)) wrong.Add($"{file}: {expected} {string.Join(", ", got)}");
        }
        return string.Join('\n', wrong);
    }

    internal static FakeZone Zone(string file, JsonElement item)
    {
        var records = new Dictionary<string, string>(StringComparer.Ordinal);
        using var dns = JsonDocument.Parse(File.ReadAllText(file));
        foreach (var record in dns.RootElement.EnumerateObject()) records[record.Name] = record.Value.GetString()!;
        if (item.TryGetProperty("dns_override", out var changed))
            foreach (var record in changed.EnumerateObject()) records[record.Name] = record.Value.GetString()!;
        var zone = new FakeZone();
        foreach (var (name, text) in records) zone.Txt(name, text);
        return zone;
    }
}
