using System.Text;
using System.Text.Json;
using Aviso.Jmap;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 8621 §4.1.4 EmailBodyValue and the arguments of §4.2 that choose and cut them.</summary>
public sealed class BodyValueTests
{
    private const string Both = """
        Content-Type: multipart/mixed; boundary=m

        --m
        Content-Type: multipart/alternative; boundary=b

        --b
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        one =C3=A4=
        =C3=B6
        two
        --b
        Content-Type: text/html; charset=iso-8859-1
        Content-Transfer-Encoding: quoted-printable

        <p>=E4</p>
        --b--
        --m
        Content-Type: text/csv; name=a.csv

        1,2
        --m--
        """;

    [Fact]
    public void Values_are_those_of_the_lists_asked_for()
    {
        Assert.Equal("", Parts(new()));
        Assert.Equal("1.1", Parts(new() { FetchTextBodyValues = true }));
        Assert.Equal("1.2", Parts(new() { FetchHtmlBodyValues = true }));
        Assert.Equal("1.1 1.2", Parts(new() { FetchHtmlBodyValues = true, FetchTextBodyValues = true }));
        Assert.Equal("1.1 1.2 2", Parts(new() { FetchAllBodyValues = true }));
        string Parts(Wanted wanted) => string.Join(' ', Values(Both, wanted).EnumerateObject().Select(p => p.Name));
    }

    [Fact]
    public void A_value_is_decoded_text_with_line_feeds()
    {
        var values = Values(Both, new() { FetchAllBodyValues = true });
        Assert.Equal("one äö\ntwo", values.GetProperty("1.1").GetProperty("value").GetString());
        Assert.Equal("<p>ä</p>", values.GetProperty("1.2").GetProperty("value").GetString());
        foreach (var value in values.EnumerateObject())
        {
            Assert.False(value.Value.GetProperty("isEncodingProblem").GetBoolean());
            Assert.False(value.Value.GetProperty("isTruncated").GetBoolean());
        }
    }

    [Theory]
    [InlineData("utf-8", "7bit", "a\xC3\xA4", "aä", false)]
    [InlineData("utf-8", "7bit", "a\xE4", "a\uFFFD", true)]
    [InlineData("us-ascii", "7bit", "a\xC3\xA4", "aä", true)]
    [InlineData("", "7bit", "a\xC3\xA4", "aä", false)]
    [InlineData("", "7bit", "a\xE4", "aä", true)]
    [InlineData("x-nobody", "7bit", "a", "a", true)]
    [InlineData("iso-8859-1", "7bit", "\xE4", "ä", false)]
    [InlineData("utf-16be", "7bit", "\0A\xD8", "A\uFFFD", true)]
    [InlineData("utf-8", "x-yenc", "a", "a", true)]
    [InlineData("utf-8", "base64", "YQ==", "a", false)]
    public void A_problem_of_encoding_is_said(string charset, string encoding, string octets, string text, bool problem)
    {
        var type = charset.Length == 0 ? "text/plain" : $"text/plain; charset={charset}";
        var message = Encoding.Latin1.GetBytes($"Content-Type: {type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{octets}");
        var request = Rendering.Request("bodyValues") with { FetchAllBodyValues = true };
        var value = Rendering.Of(message, request).GetProperty("bodyValues").GetProperty("1");
        Assert.Equal(text, value.GetProperty("value").GetString());
        Assert.Equal(problem, value.GetProperty("isEncodingProblem").GetBoolean());
    }

    [Theory]
    [InlineData("plain", "aäöü", 1, "a")]
    [InlineData("plain", "aäöü", 2, "a")]
    [InlineData("plain", "aäöü", 3, "aä")]
    [InlineData("plain", "aäöü", 7, null)]
    [InlineData("plain", "a😀b", 4, "a")]
    [InlineData("plain", "a😀b", 5, "a😀")]
    [InlineData("html", "ab<a href=\"x\">c</a>", 2, "ab")]
    [InlineData("html", "ab<a href=\"x\">c</a>", 3, "ab")]
    [InlineData("html", "ab<a href=\"x\">c</a>", 12, "ab")]
    [InlineData("html", "ab<a href=\"x>y\">c</a>", 15, "ab")]
    [InlineData("html", "ab<a href=\"x\">c</a>", 14, "ab<a href=\"x\">")]
    [InlineData("html", "ab<a href=\"x\">c</a>", 17, "ab<a href=\"x\">c")]
    [InlineData("html", "a < b and more", 5, "a < b")]
    [InlineData("html", "a<!-- > -- more --> b", 12, "a")]
    [InlineData("plain", "a<b>c", 3, "a<b")]
    public void A_long_value_ends_with_a_whole_character_and_html_with_a_whole_tag(string subtype, string text, int most, string? kept)
    {
        var message = Rendering.Octets($"Content-Type: text/{subtype}; charset=utf-8\n\n{text}");
        var request = Rendering.Request("bodyValues") with { FetchAllBodyValues = true, MaxBodyValueBytes = most };
        var value = Rendering.Of(message, request).GetProperty("bodyValues").GetProperty("1");
        Assert.Equal(kept ?? text, value.GetProperty("value").GetString());
        Assert.Equal(kept is not null, value.GetProperty("isTruncated").GetBoolean());
    }

    [Fact]
    public void The_beginning_of_a_long_text_does_not_read_all_of_it()
    {
        var message = Encoding.ASCII.GetBytes("Content-Type: text/plain\r\n\r\n" + new string('x', 5_000_000));
        var read = 0;
        var root = Mime.MimeScannerTests.Scan(message);
        var octets = new MessageOctets(0, root, (offset, into) =>
        {
            read += into.Length;
            message.AsSpan((int)offset, into.Length).CopyTo(into);
            return into.Length;
        });
        Assert.Equal(new(new('x', 100), false, true), BodyValue.Read(octets, BodyPart.Of(root), 100));
        Assert.True(read < 200_000);
    }

    private static JsonElement Values(string message, Wanted wanted) => Rendering.Of(
        Rendering.Octets(message),
        Rendering.Request("bodyValues") with
        {
            FetchTextBodyValues = wanted.FetchTextBodyValues,
            FetchHtmlBodyValues = wanted.FetchHtmlBodyValues,
            FetchAllBodyValues = wanted.FetchAllBodyValues,
        }).GetProperty("bodyValues");

    private sealed record Wanted
    {
        public bool FetchTextBodyValues { get; init; }

        public bool FetchHtmlBodyValues { get; init; }

        public bool FetchAllBodyValues { get; init; }
    }
}
