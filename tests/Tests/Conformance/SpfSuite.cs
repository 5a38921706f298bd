using System.Net;
using System.Text.RegularExpressions;
using Aviso.Base;
using Aviso.Dns;
using Aviso.MailAuth;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Aviso.Tests.Conformance;

/// <summary>suites/spf-rfc7208: the openspf.org suite (203 cases), pyspf's extras and another server's cases.</summary>
public sealed partial class SpfSuite
{
    private const string DefaultExplanation = "DEFAULT";

    [Fact]
    public async Task The_openspf_suite_passes_whole() => Assert.Equal(203, await RunAsync("rfc7208-tests.yml", []));

    [Fact]
    public async Task The_extra_cases_pass() => Assert.Equal(16, await RunAsync("pyspf-extra.yml", new()
    {
        // RFC 7208 §6: unknown modifiers are ignored; default= was in a draft and in no RFC.
        ["default-modifier"] = "default= is no modifier of RFC 7208",
        ["default-modifier-harsh"] = "as above, in pyspf's own strict mode",
    }));

    // "file sender ip": what we answer, and why. The RFC is quoted in docs/decisions/0011.
    private static readonly Dictionary<string, string> Disagreed = new(StringComparer.Ordinal)
    {
        ["all.txt sender@test.org 10.0.0.1"] = "permerror: an unknown mechanism anywhere is a syntax error (RFC 7208 §4.6)",
        ["basic.txt sender@ok.test.org 172.168.0.1"] = "permerror: ten lookups without an answer (§4.6.4 allows two)",
        ["basic.txt sender@mx.test.org 10.0.0.8"] = "permerror: more than ten MX records, whether or not an early one would match (§4.6.4)",
        ["basic.txt sender@test.org 172.168.0.1 fail mx.test.org"] = "pass: HELO is judged only for the null reverse-path (§2.4; RFC 7489 §4.1 wants MAIL FROM)",
        ["exists.txt sender@ip6.test.org 167.1.2.3"] = "fail: exists asks for A whatever the client's family (§5.7)",
        ["ip.txt sender@test.org 10.1.2.3"] = "fail: ip6 never matches an IPv4 client (§5)",
        ["macro.txt strong-bad@email.example.com 2001:db8::cb01"] = "fail: exists asks for A whatever the client's family (§5.7)",
    };

    [Fact]
    public async Task The_cases_of_another_server_pass()
    {
        var (checks, wrong) = (0, new List<string>());
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Suites.Find("spf-rfc7208"), "mail-auth"), "*.txt").Order(StringComparer.Ordinal))
        {
            var zone = new RecordTable();
            string domain = "", sender = "", ip = "", group = "";
            foreach (var line in File.ReadLines(file))
            {
                var match = Line().Match(line);
                if (!match.Success) continue;
                var value = match.Groups[2].Value.Trim();
                switch (match.Groups[1].Value)
                {
                    case "name": group = value; break;
                    case "domain": domain = value; break;
                    case "sender": sender = value; break;
                    case "ip": ip = value; break;
                    case "expect":
                        var words = value.Split(' ', 2);
                        var got = await new SpfChecker(zone, "receiver.example", TimeProvider.System).CheckAsync(IPAddress.Parse(ip), domain, sender);
                        checks++;
                        if (Disagreed.TryGetValue($"{Path.GetFileName(file)} {sender} {ip}", out var ours) && ours.StartsWith(Word(got.Result), StringComparison.Ordinal)) continue;
                        if (Disagreed.TryGetValue($"{Path.GetFileName(file)} {sender} {ip} {value} {domain}", out ours) && ours.StartsWith(Word(got.Result), StringComparison.Ordinal)) continue;
                        if (Word(got.Result) != words[0]) wrong.Add($"{Path.GetFileName(file)} \"{group}\" {sender} from {ip}: {Word(got.Result)} ({got.Problem}), wanted {value}");
                        else if (words.Length > 1 && got.Explanation != words[1]) wrong.Add($"{Path.GetFileName(file)} \"{group}\": \"{got.Explanation}\", wanted \"{words[1]}\"");
                        break;
                    case var record: Add(zone, record, value); break;
                }
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Equal(163, checks);
    }

    // A later line for a name and type takes the place of an earlier one.
    private static void Add(RecordTable zone, string type, string value)
    {
        var (name, rest) = value.Split(' ', 2) is [var n, var r] ? (n, r) : (value, "");
        var hosts = rest.Split(',', StringSplitOptions.TrimEntries);
        switch (type)
        {
            case "spf" or "exp": zone[name, DnsType.Txt] = [new TxtRecord(name, 300, [System.Text.Encoding.Latin1.GetBytes(rest)])]; break;
            case "a": zone[name, DnsType.A] = [.. hosts.Select(h => new ARecord(name, 300, IPAddress.Parse(h)))]; break;
            case "aaaa": zone[name, DnsType.Aaaa] = [.. hosts.Select(h => new AaaaRecord(name, 300, IPAddress.Parse(h)))]; break;
            case "mx":
                zone[name, DnsType.Mx] = [.. hosts.Select((h, i) => new MxRecord(name, 300, (ushort)i, IPAddress.TryParse(h, out _) ? $"mx{i}-of.{name}" : h))];
                for (var i = 0; i < hosts.Length; i++)
                    if (IPAddress.TryParse(hosts[i], out var at)) zone[$"mx{i}-of.{name}", at.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? DnsType.A : DnsType.Aaaa] =
                        [at.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? new ARecord("", 300, at) : new AaaaRecord("", 300, at)];
                break;
            case "ptr": zone[DnsName.Reverse(IPAddress.Parse(name)), DnsType.Ptr] = [.. hosts.Select(h => new PtrRecord(name, 300, h))]; break;
        }
    }

    private sealed class RecordTable : IResolver
    {
        private readonly Dictionary<(string, DnsType), IReadOnlyList<DnsRecord>> _records = [];

        public IReadOnlyList<DnsRecord> this[string name, DnsType type]
        {
            set => _records[(name.TrimEnd('.').ToLowerInvariant(), type)] = value;
        }

        public ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancel) => new(
            name.StartsWith("_dns_error", StringComparison.Ordinal) ? DnsAnswer.None(DnsStatus.ServFail)
            : _records.TryGetValue((name.TrimEnd('.').ToLowerInvariant(), type), out var hits) ? new DnsAnswer(DnsStatus.Ok, false, hits, TimeSpan.FromMinutes(5))
            : DnsAnswer.None(DnsStatus.NxDomain));
    }

    private static async Task<int> RunAsync(string file, Dictionary<string, string> disagreed)
    {
        var yaml = new YamlStream();
        using (var text = new StreamReader(Path.Combine(Suites.Find("spf-rfc7208"), file))) yaml.Load(text);
        var (cases, wrong) = (0, new List<string>());
        foreach (var document in yaml.Documents)
        {
            if (document.RootNode is not YamlMappingNode root) continue;
            var zone = new SuiteZone((YamlMappingNode)root["zonedata"]);
            foreach (var (name, node) in (YamlMappingNode)root["tests"])
            {
                var one = (YamlMappingNode)node;
                var results = one["result"] is YamlSequenceNode list ? list.Select(r => r.ToString()).ToList() : [one["result"].ToString()];
                var got = await new SpfChecker(zone, "receiver.example", TimeProvider.System).CheckAsync(
                    IPAddress.Parse(Text(one, "host")), Text(one, "helo"), Text(one, "mailfrom"));
                cases++;
                if (disagreed.ContainsKey(name.ToString())) continue;
                if (!results.Contains(Word(got.Result))) wrong.Add($"{name}: {Word(got.Result)} ({got.Problem}), wanted {string.Join(" or ", results)}");
                else if (Text(one, "explanation") is { Length: > 0 } exp && got.Explanation != (exp == DefaultExplanation ? "" : exp))
                    wrong.Add($"{name}: \"{got.Explanation}\", wanted \"{exp}\"");
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        return cases;
    }

    private static string Text(YamlMappingNode node, string key) => node.Children.TryGetValue(key, out var value) ? value.ToString() : "";

    private static string Word(SpfResult result) => result.ToString().ToLowerInvariant();

    [GeneratedRegex(@"^\s*(?:- )?(name|spf|exp|a|aaaa|mx|ptr|domain|sender|ip|expect):\s*(.*)$")]
    private static partial Regex Line();

    /// <summary>Zone data of the suite: names that the DNS could not hold are looked up as text.</summary>
    private sealed class SuiteZone : IResolver
    {
        private readonly Dictionary<string, List<DnsRecord>> _records = new(StringComparer.OrdinalIgnoreCase);
        private readonly HashSet<string> _timeouts = new(StringComparer.OrdinalIgnoreCase);

        public SuiteZone(YamlMappingNode data)
        {
            foreach (var (key, list) in data)
            {
                var name = key.ToString().TrimEnd('.');
                var here = _records[name] = [];
                var ownTxt = false;
                foreach (var item in (YamlSequenceNode)list)
                {
                    if (item is YamlScalarNode { Value: "TIMEOUT" }) _timeouts.Add(name);
                    else if (item is YamlMappingNode one)
                    {
                        var (type, value) = (one.Children[0].Key.ToString(), one.Children[0].Value);
                        ownTxt |= type == "TXT";
                        if (value is YamlScalarNode { Value: "TIMEOUT" }) _timeouts.Add(name);
                        else Add(here, name, type, value);
                    }
                }
                // SPF stands for TXT unless the name has TXT of its own.
                if (ownTxt) here.RemoveAll(r => r is TxtRecord { Ttl: 99 });
            }
        }

        public ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancel)
        {
            for (var hops = 0; hops < 10; hops++)
            {
                name = name.TrimEnd('.');
                if (!_records.TryGetValue(name, out var here)) return new(DnsAnswer.None(_timeouts.Contains(name) ? DnsStatus.Timeout : DnsStatus.NxDomain));
                var hits = here.Where(r => r.Type == type).ToList();
                if (hits.Count > 0) return new(new DnsAnswer(DnsStatus.Ok, false, hits, TimeSpan.FromMinutes(5)) { CanonicalName = name });
                if (_timeouts.Contains(name)) return new(DnsAnswer.None(DnsStatus.Timeout));
                if (here.OfType<CnameRecord>().FirstOrDefault() is not { } alias) return new(DnsAnswer.None(DnsStatus.NoData));
                name = alias.Target;
            }
            return new(DnsAnswer.None(DnsStatus.ServFail));
        }

        private static void Add(List<DnsRecord> here, string name, string type, YamlNode value)
        {
            var text = value.ToString();
            switch (type)
            {
                case "TXT" when text == "NONE": break;
                case "TXT" or "SPF":
                    IEnumerable<string> strings = value is YamlSequenceNode parts ? parts.Select(p => p.ToString()) : [text];
                    here.Add(new TxtRecord(name, type == "SPF" ? 99u : 300, [.. strings.Select(System.Text.Encoding.Latin1.GetBytes)]));
                    break;
                case "A": here.Add(new ARecord(name, 300, IPAddress.Parse(text))); break;
                case "AAAA": here.Add(new AaaaRecord(name, 300, IPAddress.Parse(text))); break;
                case "PTR": here.Add(new PtrRecord(name, 300, text)); break;
                case "CNAME": here.Add(new CnameRecord(name, 300, text)); break;
                case "MX":
                    var mx = (YamlSequenceNode)value;
                    here.Add(new MxRecord(name, 300, ushort.Parse(mx[0].ToString(), System.Globalization.CultureInfo.InvariantCulture), mx[1].ToString()));
                    break;
            }
        }
    }
}

internal static class SpfByText
{
    /// <summary>As RFC 7208 §2.4 has it, for senders of a suite that are no addresses.</summary>
    public static ValueTask<SpfVerdict> CheckAsync(this SpfChecker checker, IPAddress client, string helo, string sender)
    {
        if (sender.Length == 0) return checker.CheckAsync(client, helo, default, default);
        return MailAddress.TryCut(sender, out var local, out var domain)
            ? checker.CheckHostAsync(client, domain.TrimEnd('.').ToString(), local.ToString(), helo, default)
            : checker.CheckHostAsync(client, sender, "", helo, default);
    }
}
