using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Aviso.Smtp;
using Xunit;

namespace Aviso.Tests.Conformance;

/// <summary>Suites address-isemail (its SMTP side) and header-vectors/smtp-path: what MAIL and RCPT take.</summary>
public sealed class SmtpPathSuite
{
    // What is an SMTP mailbox; the rest of the categories is legal in header fields only, or nowhere.
    private static readonly string[] Good = ["ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN", "ISEMAIL_RFC5321"];

    // Where we differ, by the suite's id, and why.
    private static readonly Dictionary<string, string> Disagreements = new()
    {
        ["71"] = "\"::\" for a single group: RFC 5952 §4.2.2 says not to write it, RFC 4291 §2.2 reads it",
    };

    [Fact]
    public void Mailboxes_are_taken_or_refused_as_the_suite_says()
    {
        var tests = XDocument.Load(Path.Combine(Suites.Find("address-isemail"), "tests.xml")).Descendants("test").ToList();
        Assert.True(tests.Count > 100);
        var wrong = new List<string>();
        foreach (var test in tests)
        {
            var id = test.Attribute("id")!.Value;
            var octets = Octets(test.Element("address")!.Value);
            var grammar = new PathGrammar(octets);
            var got = grammar.TryMailbox(out _) && grammar.AtEnd;
            var expected = Good.Contains(test.Element("category")!.Value);
            if (got != expected && !Disagreements.ContainsKey(id))
                wrong.Add($"{id} {test.Element("address")!.Value} {test.Element("category")!.Value} {test.Element("diagnosis")!.Value}: expected {expected}");
            if (got == expected && Disagreements.ContainsKey(id)) wrong.Add($"{id} is listed as a disagreement but agrees");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Paths_are_read_as_the_suite_says()
    {
        var wrong = new List<string>();
        var number = -1;
        foreach (var test in JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Suites.Find("header-vectors"), "smtp-path.json"))).RootElement.EnumerateArray())
        {
            number++;
            var input = test.GetProperty("input").GetString()!;
            var no = MailCommand.Read(Encoding.UTF8.GetBytes($"FROM:{input} SMTPUTF8"), false, out var mail);
            var same = no is null == test.GetProperty("valid").GetBoolean() && (no is not null || (Is("user", mail.Sender.LocalPart) && Is("domain", mail.Sender.Domain.ToString())));
            if (!same) wrong.Add($"{number} {input}: {no?.ToString() ?? mail.Sender.ToString()}");

            bool Is(string part, string value) => !test.TryGetProperty(part, out var wanted) || wanted.GetString() == value;
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(number > 20);
    }

    private static byte[] Octets(string address)
    {
        var text = new StringBuilder();
        foreach (var c in address) text.Append(c is >= '\u2400' and <= '\u2420' ? (char)(c - 0x2400) : c);
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
