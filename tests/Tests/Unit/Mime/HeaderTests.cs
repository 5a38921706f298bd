using System.Text;
using Aviso.Mime;
using Xunit;

namespace Aviso.Tests.Unit.Mime;

public sealed class HeaderTests
{
    [Fact]
    public void Fields_have_names_values_offsets_and_lengths()
    {
        var header = "From x@y Mon Jan 1 00:00:00\r\nSubject : a\r\n b\nTo:\n\r\nBody: no"u8;
        var seen = new List<string>();
        foreach (var field in new HeaderFields(header))
            seen.Add($"{Encoding.ASCII.GetString(field.Name)}={Encoding.ASCII.GetString(field.Value)}@{field.Offset}+{field.Length}");
        Assert.Equal(["=From x@y Mon Jan 1 00:00:00@0+29", "Subject= a\r\n b@29+16", "To=@45+4"], seen);
    }

    [Theory]
    [InlineData("Re: [list] Fwd: hello (fwd)", "hello", true)]
    [InlineData("[list] hello", "hello", false)]
    [InlineData("[Fwd: [a] RE[2]: inside]", "inside", true)]
    [InlineData("[only]", "[only]", false)]
    [InlineData("re : x", "x", true)]
    [InlineData("research: x", "research: x", false)]
    [InlineData("  a \t b  ", "a b", false)]
    [InlineData("fw: ", "", true)]
    [InlineData("", "", false)]
    public void Base_subject_follows_RFC_5256(string subject, string expected, bool marked) =>
        Assert.Equal((expected, marked), BaseSubject.Of(subject));

    [Theory]
    [InlineData("plain")]
    [InlineData("Grüße aus Köln")]
    [InlineData("日本語の件名はとても長いので、折り返しが必要になるかもしれませんし、ならないかもしれません。")]
    [InlineData("like =?utf-8?q?a?= word")]
    [InlineData("😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀")]
    [InlineData("a  two  spaces é  end")]
    public void Encoded_text_decodes_to_itself(string text)
    {
        var encoded = EncodedWord.Encode(text);
        Assert.True(Ascii.IsValid(encoded));
        Assert.Equal(text, EncodedWord.Decode(encoded));
        Assert.Equal(text, HeaderText.Decode(HeaderBody(new HeaderWriter().Text("Subject", text).ToArray())));
    }

    [Fact]
    public void A_character_split_across_words_is_whole() =>
        Assert.Equal("ä", EncodedWord.Decode("=?utf-8?q?=c3?= =?utf-8?q?=a4?="));

    [Fact]
    public void Octets_that_are_not_UTF8_read_as_Windows_1252() => Assert.Equal("café", HeaderText.Decode([(byte)'c', (byte)'a', (byte)'f', 0xE9]));

    [Fact]
    public void A_line_end_in_a_value_never_becomes_a_field()
    {
        var header = new HeaderWriter().Text("Subject", "a\r\nBcc: x@y").Addresses("To", HeaderAddress.Of("n\r\nBcc: q", "a\nb", "c")).ToArray();
        var names = new List<string>();
        foreach (var field in new HeaderFields(header)) names.Add(Encoding.ASCII.GetString(field.Name));
        Assert.Equal(["Subject", "To"], names);
    }

    [Fact]
    public void Envelope_without_UTF8_is_ASCII_and_with_it_keeps_the_text()
    {
        var header = Encoding.UTF8.GetBytes("""
            Subject: Grüße
            From: Jürgen <jürgen@exämple.org>
            To: Ann <ann@exämple.org>
            Message-ID: <a"b\c@x>


            """);
        var utf8 = Encoding.UTF8.GetString(ImapStructure.Envelope(header, utf8: true));
        Assert.Contains("\"Grüße\" ((\"Jürgen\" NIL \"jürgen\" \"exämple.org\"))", utf8);
        Assert.EndsWith("\"<a\\\"b\\\\c@x>\")", utf8);
        var ascii = Encoding.UTF8.GetString(ImapStructure.Envelope(header, utf8: false));
        Assert.True(Ascii.IsValid(ascii));
        Assert.Contains("((\"Ann\" NIL \"ann\" \"xn--exmple-cua.org\"))", ascii);
        // RFC 6857 §3.1.8: a group that holds nobody and shows the address.
        Assert.Contains("((NIL NIL \"=?utf-8?q?J=C3=BCrgen?= =?utf-8?b?", ascii);
        Assert.Contains("\" NIL)(NIL NIL NIL NIL))", ascii);
    }

    [Theory]
    [InlineData("=?utf-8?q?a?= <a@b>", "a", "a@b")]
    [InlineData("\"a, b\" <\"x y\"@b>", "a, b", "\"x y\"@b")]
    [InlineData("John Q. Public <j@b.c>", "John Q. Public", "j@b.c")]
    [InlineData("a@b.c (Real (nested) Name)", "Real (nested) Name", "a@b.c")]
    [InlineData("x@y.z <a@b.c>", "x@y.z", "a@b.c")]
    [InlineData("John Doe j@b.c", "John Doe", "j@b.c")]
    [InlineData("a@[127.0.0.1]", "", "a@[127.0.0.1]")]
    [InlineData("<a@b@c>", "", "\"a@b\"@c")]
    [InlineData("a @ b . c", "", "a@b.c")]
    public void Addresses_are_read_as_meant(string value, string name, string address)
    {
        var one = Assert.Single(AddressList.Parse(Encoding.UTF8.GetBytes(value)));
        Assert.Equal((name, address), (one.DisplayName, one.Address));
    }

    private static ReadOnlySpan<byte> HeaderBody(byte[] header) =>
        HeaderFields.TryFind(header, "Subject"u8, out var value) ? value : default;
}
