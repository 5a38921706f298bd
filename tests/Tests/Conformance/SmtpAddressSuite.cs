using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Aviso.Smtp;
using Xunit;

namespace Aviso.Tests.Conformance;

/// <summary>Suite address-isemail, the side of the envelope (RFC 5321 §4.1.2), and the paths of header-vectors.</summary>
public sealed class SmtpAddressSuite
{
    [Fact]
    public void Every_address_is_an_envelope_address_or_not_as_the_suite_says()
    {
        var tests = XDocument.Load(Path.Combine(Suites.Find("address-isemail"), "tests.xml")).Descendants("test").ToList();
        Assert.True(tests.Count > 100);
        var wrong = new List<string>();
        foreach (var test in tests)
        {
            var id = test.Attribute("id")!.Value;
            var expected = test.Element("category")!.Value is "ISEMAIL_VALID_CATEGORY" or "ISEMAIL_DNSWARN" or "ISEMAIL_RFC5321";
            var octets = Octets(test.Element("address")!.Value);
            var grammar = new PathGrammar(octets);
            var got = grammar.TryMailbox(out _) && grammar.AtEnd;
            if (got != expected) wrong.Add($"{id} {test.Element("address")!.Value} {test.Element("diagnosis")!.Value}: expected {expected}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Every_path_is_read_as_the_vectors_say()
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Suites.Find("header-vectors"), "smtp-path.json")));
        var wrong = new List<string>();
        foreach (var test in file.RootElement.EnumerateArray())
        {
            var input = test.GetProperty("input").GetString()!;
            var grammar = new PathGrammar(Encoding.UTF8.GetBytes(input), PathLeniency.NoBrackets);
            var got = grammar.TryReversePath(out var path) && grammar.AtEnd;
            if (got != test.GetProperty("valid").GetBoolean()) wrong.Add($"{input}: {got}");
            if (!got) continue;
            if (test.TryGetProperty("user", out var user) && user.GetString() != path.LocalPart) wrong.Add($"{input}: {path.LocalPart}");
            if (test.TryGetProperty("domain", out var domain) && domain.GetString() != path.Domain) wrong.Add($"{input}: {path.Domain}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static byte[] Octets(string address)
    {
        var text = new StringBuilder();
        foreach (var c in address) text.Append(c is >= '\u2400' and <= '\u2420' ? (char)(c - 0x2400) : c);
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
