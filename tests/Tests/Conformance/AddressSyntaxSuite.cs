using System.Text;
using System.Xml.Linq;
using Aviso.Mime;
using Xunit;

namespace Aviso.Tests.Conformance;

/// <summary>Suite address-isemail, the side of message headers: everything but ISEMAIL_ERR is an addr-spec of RFC 5322.</summary>
public sealed class AddressSyntaxSuite
{
    // Where we differ, by the suite's id, and why.
    private static readonly Dictionary<string, string> Disagreements = new()
    {
        ["134"] = "a header field holds no bare LF, quoted or not",
        ["160"] = "RFC 6532 §3.2 allows UTF-8 in quoted strings",
    };

    [Fact]
    public void Every_address_is_taken_or_refused_as_the_suite_says()
    {
        var tests = XDocument.Load(Path.Combine(Suites.Find("address-isemail"), "tests.xml")).Descendants("test").ToList();
        Assert.True(tests.Count > 100);
        var wrong = new List<string>();
        foreach (var test in tests)
        {
            var id = test.Attribute("id")!.Value;
            var expected = test.Element("category")!.Value != "ISEMAIL_ERR";
            var got = AddrSpec.TryParse(Octets(test.Element("address")!.Value), out _, out _);
            if (got != expected && !Disagreements.ContainsKey(id))
                wrong.Add($"{id} {test.Element("address")!.Value} {test.Element("diagnosis")!.Value}: expected {expected}");
            if (got == expected && Disagreements.ContainsKey(id)) wrong.Add($"{id} is listed as a disagreement but agrees");
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
