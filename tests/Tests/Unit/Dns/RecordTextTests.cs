using System.Text;
using Aviso.Dns;
using Xunit;

namespace Aviso.Tests.Unit.Dns;

/// <summary>Records as people write them.</summary>
public sealed class RecordTextTests
{
    [Theory]
    [InlineData(DnsType.A, "192.0.2.1")]
    [InlineData(DnsType.Aaaa, "2001:db8::1")]
    [InlineData(DnsType.Mx, "10 mail.example.org.")]
    [InlineData(DnsType.Mx, "0 .")]
    [InlineData(DnsType.Cname, "mail.example.org.")]
    [InlineData(DnsType.Ns, "ns.example.org.")]
    [InlineData(DnsType.Ptr, "mail.example.org.")]
    [InlineData(DnsType.Srv, "0 1 993 mail.example.org.")]
    [InlineData(DnsType.Tlsa, "3 1 1 00ff")]
    [InlineData(DnsType.Caa, "0 issue \"ca.example; a=b\"")]
    [InlineData(DnsType.Caa, "128 tbs \"a\\\"b\\\\c\"")]
    [InlineData(DnsType.Txt, "v=spf1 -all")]
    [InlineData(DnsType.Txt, "")]
    public void A_text_is_the_record_and_the_record_is_the_text(DnsType type, string text) =>
        Assert.Equal(text, RecordText.Of(RecordText.Parse("x.example.org", 60, type, text)!));

    [Theory]
    [InlineData(DnsType.A, "192.0.2")]
    [InlineData(DnsType.A, "2001:db8::1")]
    [InlineData(DnsType.Aaaa, "192.0.2.1")]
    [InlineData(DnsType.Aaaa, "fe80::1%1")]
    [InlineData(DnsType.Mx, "mail.example.org")]
    [InlineData(DnsType.Mx, "70000 mail.example.org")]
    [InlineData(DnsType.Srv, "0 1 mail.example.org")]
    [InlineData(DnsType.Tlsa, "3 1 1 0")]
    [InlineData(DnsType.Tlsa, "3 1 1 zz")]
    [InlineData(DnsType.Caa, "0 issue")]
    [InlineData(DnsType.Cname, "two words")]
    [InlineData(DnsType.Soa, "ns.example.org. x. 1")]
    public void What_is_no_record_is_none(DnsType type, string text) => Assert.Null(RecordText.Parse("x.example.org", 60, type, text));

    [Theory]
    [InlineData("bare text", "bare text")]
    [InlineData("\"one\" \"two\"", "onetwo")]
    [InlineData("\"one\"\t\"two\"", "onetwo")]
    [InlineData("\"a\\\"b\\\\c\\065\"", "a\"b\\cA")]
    [InlineData("\"never closed", "never closed")]
    [InlineData("\"\\", "\\")]
    public void Strings_in_quotes_are_joined(string written, string text) => Assert.Equal(text, RecordText.Unquote(written));

    [Fact]
    public void A_long_text_is_quoted_in_strings_of_255_octets_and_read_back()
    {
        var text = string.Concat(Enumerable.Range(0, 700).Select(i => (char)(i % 256)));
        Assert.Equal(text, RecordText.Unquote(RecordText.Quoted(text)));
        var record = (TxtRecord)RecordText.Parse("x", 60, DnsType.Txt, text)!;
        Assert.Equal([255, 255, 190], record.Strings.Select(s => s.Length));
        Assert.Equal(text, Encoding.Latin1.GetString([.. record.Strings.SelectMany(s => s)]));
    }

    [Theory]
    [InlineData("AAAA", DnsType.Aaaa)]
    [InlineData("txt", DnsType.Txt)]
    [InlineData("28", null)]
    [InlineData("NAPTR", null)]
    public void Types_have_names(string name, DnsType? type) => Assert.Equal(type, DnsTypes.Parse(name));
}
