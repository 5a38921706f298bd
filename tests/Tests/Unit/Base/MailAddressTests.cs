using System.Text;
using Aviso.Base;
using Aviso.Smtp;
using Xunit;

namespace Aviso.Tests.Unit.Base;

public sealed class MailAddressTests
{
    [Theory]
    [InlineData("Alice@Example.ORG", "Alice", "Alice@example.org", "Alice@example.org")]
    [InlineData("\"john doe\"@x.test", "john doe", "\"john doe\"@x.test", "\"john doe\"@x.test")]
    [InlineData("\"john\"@x.test", "john", "john@x.test", "john@x.test")]
    [InlineData("\"a\\\"b\\\\c\"@x.test", "a\"b\\c", "\"a\\\"b\\\\c\"@x.test", "\"a\\\"b\\\\c\"@x.test")]
    [InlineData("\"a@b\"@x.test", "a@b", "\"a@b\"@x.test", "\"a@b\"@x.test")]
    [InlineData("a..b@carrier.test", "a..b", "\"a..b\"@carrier.test", "\"a..b\"@carrier.test")]
    [InlineData("boss@MÜNCHEN.example", "boss", "boss@xn--mnchen-3ya.example", "boss@münchen.example")]
    [InlineData("иван@xn--e1afmkfd.test", "иван", "иван@пример.test", "иван@пример.test")]
    [InlineData("a@[192.0.2.1]", "a", "a@[192.0.2.1]", "a@[192.0.2.1]")]
    [InlineData("\"\"@x.test", "", "\"\"@x.test", "\"\"@x.test")]
    public void An_address_has_one_form_for_the_wire_and_one_for_people(string text, string local, string wire, string shown)
    {
        Assert.True(MailAddress.TryParse(text, out var address));
        Assert.Equal((local, wire, shown), (address.LocalPart, address.Wire, address.Shown));
        Assert.True(MailAddress.TryParse(wire, out var again) && again == address);
        Assert.True(MailAddress.TryParse(shown, out again) && again == address);
    }

    [Theory]
    [InlineData("")]
    [InlineData("alice")]
    [InlineData("@example.org")]
    [InlineData("alice@")]
    [InlineData("john doe@x.test")]
    [InlineData("a\"b@x.test")]
    [InlineData("\"a\"b\"@x.test")]
    [InlineData("\"a@x.test")]
    [InlineData("\"@x.test")]
    [InlineData("\"a\\\"@x.test")]
    [InlineData("a\r\nb@x.test")]
    [InlineData("\"a\r\nb\"@x.test")]
    [InlineData("a@b c.test")]
    public void What_is_no_address_is_refused(string text) => Assert.False(MailAddress.TryParse(text, out _));

    [Fact]
    public void No_address_is_none_and_equal_to_itself()
    {
        Assert.True(default(MailAddress).IsNone);
        Assert.Equal(default, new MailAddress("", default));
        Assert.Equal("postmaster", MailAddress.Postmaster.Wire);
    }

    // The grammar of commands and this type must agree, or an address that was taken could never be written again.
    [Fact]
    public void Every_local_part_is_written_so_that_the_grammar_reads_it_back()
    {
        var random = new Random(4712);
        const string Letters = "aZ9.._+= \"\\@<>[]():;,'|{ü例";
        for (var i = 0; i < 20_000; i++)
        {
            var text = new StringBuilder();
            for (var n = random.Next(0, 9); n > 0; n--) text.Append(Letters[random.Next(Letters.Length)]);
            Assert.True(MailAddress.TryMake(text.ToString(), "x.test", out var address));
            var path = new PathGrammar(Encoding.UTF8.GetBytes($"<{address.Wire}>"));
            Assert.True(path.TryPath(out var read) && path.AtEnd, address.Wire);
            Assert.Equal(address, read.Address);
            Assert.True(MailAddress.TryParse(address.Wire, out var again) && again == address, address.Wire);
        }
    }
}
