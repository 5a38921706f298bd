using System.Text;
using Aviso.Accounts;
using Aviso.ManageSieve;
using Xunit;

namespace Aviso.Tests.Unit.ManageSieve;

public sealed class GrammarTests
{
    [Theory]
    [InlineData("\"\"", "")]
    [InlineData("\"a b\"", "a b")]
    [InlineData("\"a\\\"\\\\b\"", "a\"\\b")]
    [InlineData("\"{3+}\"", "{3+}")]
    [InlineData("{0+}\r\n", "")]
    [InlineData("{5+}\r\na\r\n\"b", "a\r\n\"b")]
    [InlineData("\"ümlaut\"", "ümlaut")]
    public void Strings_are_read(string wire, string text)
    {
        var g = new Grammar(Encoding.UTF8.GetBytes(wire));
        Assert.True(g.String(out string read));
        Assert.Equal(text, read);
        Assert.True(g.End());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("\"")]
    [InlineData("\"a\\\"")]
    [InlineData("\"a\\b\"")]
    [InlineData("\"a\r\nb\"")]
    [InlineData("{3}\r\nabc")]
    [InlineData("{3+}\r\nab")]
    [InlineData("{3+}abc")]
    [InlineData("{+}\r\n")]
    [InlineData("{-1+}\r\n")]
    [InlineData("{99999999999+}\r\n")]
    public void What_is_no_string_is_refused(string wire)
    {
        var g = new Grammar(Encoding.UTF8.GetBytes(wire));
        Assert.False(g.String(out string _));
    }

    [Fact]
    public void A_quoted_string_has_at_most_1024_octets()
    {
        Assert.True(new Grammar(Encoding.ASCII.GetBytes($"\"{new string('a', 1024)}\"")).String(out string _));
        Assert.False(new Grammar(Encoding.ASCII.GetBytes($"\"{new string('a', 1025)}\"")).String(out string _));
    }

    [Fact]
    public void What_is_not_utf8_is_no_text() => Assert.False(new Grammar([(byte)'"', 0xC3, (byte)'"']).String(out string _));

    [Theory]
    [InlineData("a", "a")]
    [InlineData("u\u0308", "\u00FC")]
    [InlineData("", null)]
    [InlineData("a\tb", null)]
    [InlineData("a\u0085b", null)]
    [InlineData("a\u2028b", null)]
    [InlineData("a/../b", "a/../b")]
    public void Script_names_follow_their_rules(string name, string? canonical) => Assert.Equal(canonical, SieveScripts.Canonical(name));

    [Fact]
    public void A_script_name_has_at_most_128_characters()
    {
        Assert.NotNull(SieveScripts.Canonical(new('\u00FC', 128)));
        Assert.Null(SieveScripts.Canonical(new('a', 129)));
    }
}
