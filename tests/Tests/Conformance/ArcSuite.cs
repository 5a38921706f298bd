using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Tests.Unit.MailAuth;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Aviso.Tests.Conformance;

/// <summary>Suite arc-valimail (171 chains to judge, 17 to seal), and the DKIM and ARC cases of suite mail-auth-rspamd.</summary>
public sealed partial class ArcSuite
{
    /// <summary>Each chain of the suite to be judged, with the DNS of its time.</summary>
    internal static IEnumerable<(string Name, FakeZone Zone, string Message)> Chains() => Scenarios("arc-draft-validation-tests.yml")
        .SelectMany(scenario => Tests(scenario).Select(test => (test.Name, Zone(scenario), Text(test.Test, "message"))));

    [Fact]
    public async Task Chains_are_judged_as_the_suite_says()
    {
        var wrong = new List<string>();
        var count = 0;
        foreach (var scenario in Scenarios("arc-draft-validation-tests.yml"))
        {
            var verifier = new ArcVerifier(Zone(scenario), new(), TimeProvider.System);
            foreach (var (name, test) in Tests(scenario))
            {
                count++;
                using var body = Bodies.Of(Text(test, "message"));
                var got = await verifier.VerifyAsync(body, default);
                var expected = Text(test, "cv");
                if (expected.Length > 0 && !expected.Equals(got.Result.ToString(), StringComparison.OrdinalIgnoreCase))
                    wrong.Add($"{name}: {expected}, got {got}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        // 171 names, and four of them stand there twice.
        Assert.Equal(175, count);
    }

    [Fact]
    public async Task Chains_are_sealed_as_the_suite_says()
    {
        var wrong = new List<string>();
        var count = 0;
        foreach (var scenario in Scenarios("arc-draft-sign-tests.yml"))
        {
            using var key = DkimKey.Import(Text(scenario, "domain"), Text(scenario, "sel"), Text(scenario, "privatekey"));
            foreach (var (name, test) in Tests(scenario))
            {
                count++;
                using var body = Bodies.Of(Text(test, "message"));
                var payload = OwnResults(Text(test, "message"), Text(test, "srv-id"));
                var now = DateTimeOffset.FromUnixTimeSeconds(long.Parse(Text(test, "t")));
                var seal = Encoding.Latin1.GetString(
                    ArcSealer.Seal(body, State(payload), payload, key, now, Text(test, "sig-headers").Split(':')));
                foreach (var (tag, field) in new[] { ("AS", "ARC-Seal"), ("AMS", "ARC-Message-Signature"), ("AAR", "ARC-Authentication-Results") })
                {
                    // A seal covers how b= of the message signature is folded, which is nobody's to choose: it is verified below.
                    var expected = TagSet(Text(test, tag), seal: tag == "AS");
                    var got = TagSet(FieldOf(seal, field), seal: tag == "AS");
                    if (expected != got) wrong.Add($"{name} {tag}: expected {expected}, got {got}");
                }
                if (seal.Length > 0 && await SealProblemAsync(seal + Text(test, "message"), Zone(scenario)) is { Length: > 0 } problem)
                    wrong.Add($"{name}: {problem}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        Assert.Equal(17, count);
    }

    [Fact]
    public async Task Dkim_and_arc_cases_of_rspamd()
    {
        var root = Suites.Find("mail-auth-rspamd");
        var zone = RspamdZone(root);
        // The suite's "many signatures" case is written for a limit of five.
        var verifier = new DkimArcVerifier(zone, new() { EnforceTimes = false, MaxSignatures = 5 }, TimeProvider.System);
        using var cases = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(root, "cases.json")));
        var wrong = new List<string>();
        var count = 0;
        foreach (var item in cases.RootElement.EnumerateArray())
        {
            var check = item.GetProperty("check").GetString()!;
            if (check is not ("dkim" or "arc")) continue;
            count++;
            var file = item.GetProperty("message").GetString()!;
            using var body = Bodies.Of(await File.ReadAllBytesAsync(Path.Combine(root, "messages", file)));
            var got = await verifier.VerifyAsync(body, default);
            var result = check == "arc" ? got.Arc.Result.ToString() : Best(got.Dkim).ToString();
            var expected = item.GetProperty("expect").GetProperty(check).GetString()!;
            var same = expected[0] == '!' ? !expected[1..].Equals(result, StringComparison.OrdinalIgnoreCase)
                : expected.Equals(result, StringComparison.OrdinalIgnoreCase);
            if (!same) wrong.Add($"{file}: {expected}, got {string.Join(", ", got.Dkim)} {got.Arc}");
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        Assert.Equal(17, count);
    }

    private static DkimResult Best(IReadOnlyList<DkimVerdict> verdicts) =>
        verdicts.Count == 0 ? DkimResult.None
        : verdicts.Any(v => v.Result == DkimResult.Pass) ? DkimResult.Pass : verdicts[0].Result;

    private static ArcResult State(string payload) => Regex.Match(payload, @"arc=(\w+)").Groups[1].Value switch
    {
        "pass" => ArcResult.Pass,
        "fail" => ArcResult.Fail,
        _ => ArcResult.None,
    };

    // The results of the fields that carry our name, put together as one.
    private static string OwnResults(string message, string authservId)
    {
        var found = new List<string>();
        foreach (Match field in ResultFields().Matches(message))
        {
            var value = field.Groups[1].Value.Replace("\n", "\r\n", StringComparison.Ordinal).Trim();
            if (!value.StartsWith(authservId + ";", StringComparison.Ordinal)) continue;
            found.Add(value[(authservId.Length + 1)..].Trim());
        }
        return $"{authservId}; {string.Join("; ", found)}";
    }

    private static string FieldOf(string seal, string name) =>
        Regex.Match(seal, $@"^{name}:((?:.*\r\n(?=[ \t]))*.*)\r\n", RegexOptions.Multiline).Groups[1].Value;

    private static string TagSet(string tags, bool seal) =>
        string.Join(';', Regex.Replace(tags, @"\s", "").Split(';', StringSplitOptions.RemoveEmptyEntries)
            .Where(tag => !seal || !tag.StartsWith("b=", StringComparison.Ordinal)).Order(StringComparer.Ordinal));

    // A chain that goes on must pass; one that is closed with cv=fail has a newest seal that covers its own set alone.
    private static async Task<string> SealProblemAsync(string message, FakeZone zone)
    {
        using var body = Bodies.Of(message);
        var verdict = await new ArcVerifier(zone, new(), TimeProvider.System).VerifyAsync(body, default);
        var fields = CanonicalFields.Read(body);
        var newest = ArcChain.Read(fields).Sets[^1];
        if (newest.Seal!.ChainValidation != "fail") return verdict.Result == ArcResult.Pass ? "" : verdict.Problem;
        var key = await new DkimKeyLookup(zone).FindAsync(newest.Seal.KeyName, default);
        var hash = ArcVerification.SealHashes(fields, [newest])[0];
        return key.Key!.Verify(hash, newest.Seal.Hash, newest.Seal.Octets) ? "" : "the closing seal does not match";
    }

    private static FakeZone Zone(YamlMappingNode scenario)
    {
        var zone = new FakeZone();
        if ((Child(scenario, "txt-records") ?? Child(scenario, "txt_records")) is YamlMappingNode records)
            foreach (var (name, text) in records) zone.Txt(((YamlScalarNode)name).Value!, ((YamlScalarNode)text).Value!);
        return zone;
    }

    private static FakeZone RspamdZone(string root)
    {
        var zone = new FakeZone();
        using var dns = JsonDocument.Parse(File.ReadAllText(Path.Combine(root, "dns.json")));
        foreach (var record in dns.RootElement.EnumerateArray())
        {
            var name = record.GetProperty("name").GetString()!;
            if (record.GetProperty("type").GetString() != "txt" || DnsName.Normalize(name) is null) continue;
            if (record.TryGetProperty("rcode", out var code))
            {
                if (code.GetString() == "timeout") zone.Fail(name, DnsStatus.Timeout);
                continue;
            }
            foreach (var reply in record.GetProperty("replies").EnumerateArray()) zone.Txt(name, reply.GetString()!);
        }
        return zone;
    }

    private static IEnumerable<YamlMappingNode> Scenarios(string file)
    {
        var yaml = new YamlStream();
        // White space alone on the first line of a literal block is more than the YAML reader takes.
        // Three names stand there twice, which YAML forbids: each gets its position.
        var text = File.ReadAllText(Path.Combine(Suites.Find("arc-valimail"), file));
        text = Regex.Replace(text, @"^  (\w+):[ ]*$", match => $"  {match.Groups[1].Value}_{match.Index}:", RegexOptions.Multiline);
        using var reader = new StringReader(Regex.Replace(text, @"(?<=\|[ ]*\n)[ ]+\n", "\n"));
        yaml.Load(reader);
        return [.. yaml.Documents.Select(d => (YamlMappingNode)d.RootNode)];
    }

    private static IEnumerable<(string Name, YamlMappingNode Test)> Tests(YamlMappingNode scenario) =>
        ((YamlMappingNode)scenario.Children["tests"]).Select(t => (((YamlScalarNode)t.Key).Value!, (YamlMappingNode)t.Value));

    private static string Text(YamlMappingNode node, string name) =>
        (Child(node, name) as YamlScalarNode)?.Value ?? "";

    private static YamlNode? Child(YamlMappingNode node, string name) => node.Children.TryGetValue(name, out var child) ? child : null;

    [GeneratedRegex(@"^Authentication-Results:((?:.*\n(?=[ \t]))*.*)\n", RegexOptions.Multiline)]
    private static partial Regex ResultFields();
}
