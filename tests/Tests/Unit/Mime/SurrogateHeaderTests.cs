using System.Text;
using Aviso.Mime;
using Xunit;

namespace Aviso.Tests.Unit.Mime;

public sealed class SurrogateHeaderTests
{
    [Theory]
    [InlineData("A: b\r\nC: d\r\n e\r\n\r\n", "A: b\r\nC: d\r\n e\r\n\r\n")]
    [InlineData("Subject: Grüße\r\nX: y\r\n\r\n", "Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\nX: y\r\n\r\n")]
    [InlineData("To: Jü <a@b.example>, c@d.example\r\n", "To: =?utf-8?b?SsO8?= <a@b.example>, c@d.example\r\n")]
    [InlineData("To: <a@bücher.example>\r\n", "To: a@xn--bcher-kva.example\r\n")]
    [InlineData("To: жук@b.example\r\n", "To: =?utf-8?b?0LbRg9C6QGIuZXhhbXBsZQ==?=: ;\r\n")]
    [InlineData("Content-Type: text/plain; name=\"ü x.txt\"\r\n", "Content-Type: text/plain; name=\"=?utf-8?b?w7w=?= x.txt\"\r\n")]
    [InlineData("ü\r\nA: b\r\n", "A: b\r\n")]
    public void A_header_becomes_ascii_and_fields_of_ascii_stay(string header, string wanted) =>
        Assert.Equal(wanted, Encoding.ASCII.GetString(SurrogateHeader.Of(Encoding.UTF8.GetBytes(header))));

    [Theory]
    [InlineData("a: b\r\n\r\nx", 8)]
    [InlineData("a: b\n\nx", 6)]
    [InlineData("\r\nx", 2)]
    [InlineData("a: b\r\n\r", 0)]
    [InlineData("a: b", 0)]
    [InlineData("", 0)]
    public void The_length_of_a_header_has_its_empty_line(string message, int wanted) =>
        Assert.Equal(wanted, HeaderFields.LengthOf(Encoding.ASCII.GetBytes(message)));
}
