using Aviso.Dns;
using Xunit;

namespace Aviso.Tests.Conformance;

/// <summary>suites/psl: the list's own tests on the list of the same day.</summary>
public sealed class PublicSuffixSuite
{
    [Fact]
    public void Every_domain_has_the_registrable_domain_of_the_lists_tests()
    {
        var folder = Suites.Find("psl");
        using var text = new StreamReader(Path.Combine(folder, "public_suffix_list.dat"));
        var list = PublicSuffixes.Read(text);
        var cases = 0;
        foreach (var line in File.ReadLines(Path.Combine(folder, "tests.txt")).Where(l =>
            l.Length > 0 && !l.StartsWith("//", StringComparison.Ordinal)))
        {
            var words = line.Split(' ');
            if (words[0] == "null") continue;
            var got = list.RegistrableDomain(words[0]);
            var expected = words[1] == "null" ? null : new System.Globalization.IdnMapping().GetAscii(words[1]);
            Assert.True(got == expected, $"{words[0]}: {got ?? "null"}, wanted {expected ?? "null"}");
            cases++;
        }
        Assert.True(cases > 70, $"{cases} cases");
    }

    [Theory]
    [InlineData("mail.example.co.uk", "example.co.uk")]
    [InlineData("example.org", "example.org")]
    [InlineData("com", "com")]
    public void The_shipped_list_knows_the_common_ones(string domain, string organizational) =>
        Assert.Equal(organizational, PublicSuffixes.Embedded.OrganizationalDomain(domain));
}
