using System.Text;
using System.Text.Json;
using Aviso.Jmap;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 8621 §4.1.2 and §4.1.3: header fields in every form.</summary>
public sealed class HeaderFormTests
{
    [Theory]
    [InlineData("header:Subject", "Subject", "Raw", false)]
    [InlineData("header:x-Foo:all", "x-Foo", "Raw", true)]
    [InlineData("header:X-Foo:asRaw", "X-Foo", "Raw", false)]
    [InlineData("header:Subject:asText", "Subject", "Text", false)]
    [InlineData("header:List-Id:asText", "List-Id", "Text", false)]
    [InlineData("header:List-Id:asAddresses", "List-Id", "Addresses", false)]
    [InlineData("header:Resent-To:asAddresses:all", "Resent-To", "Addresses", true)]
    [InlineData("header:to:asGroupedAddresses", "to", "GroupedAddresses", false)]
    [InlineData("header:References:asMessageIds", "References", "MessageIds", false)]
    [InlineData("header:Resent-Date:asDate:all", "Resent-Date", "Date", true)]
    [InlineData("header:List-POST:asURLs", "List-POST", "Urls", false)]
    [InlineData("header:X-Any:asDate", "X-Any", "Date", false)]
    public void A_field_is_named_with_its_form(string property, string field, string form, bool all)
    {
        var parsed = HeaderProperty.Parse(property);
        Assert.Equal((property, field, form, all), (parsed?.Name, parsed?.Field, parsed?.Form.ToString(), parsed?.IsAll));
    }

    [Theory]
    [InlineData("header:")]
    [InlineData("header::asText")]
    [InlineData("Header:Subject")]
    [InlineData("header:Sub ject")]
    [InlineData("header:Sübject")]
    [InlineData("header:Subject:astext")]
    [InlineData("header:Subject:as")]
    [InlineData("header:Subject:asText:al")]
    [InlineData("header:Subject:all:asText")]
    [InlineData("header:Subject:asText:all:all")]
    [InlineData("header:Subject:")]
    [InlineData("header:From:asDate")]
    [InlineData("header:From:asText")]
    [InlineData("header:Subject:asAddresses")]
    [InlineData("header:Date:asText")]
    [InlineData("header:Message-ID:asURLs")]
    [InlineData("header:Received:asText")]
    [InlineData("header:Return-Path:asAddresses")]
    [InlineData("header:List-Unsubscribe:asText")]
    [InlineData("header:Resent-Message-ID:asDate")]
    public void What_is_no_property_or_a_form_that_is_forbidden_is_refused(string property) => Assert.Null(HeaderProperty.Parse(property));

    [Fact]
    public void Addresses_are_those_of_the_example_of_the_rfc()
    {
        const string message = """
            To: "  James Smythe" <james@example.com>, Friends:
              jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?=
              <john@example.com>;

            """;
        const string james = """{"name":"James Smythe","email":"james@example.com"}""";
        const string others = """{"name":null,"email":"jane@example.com"},{"name":"John Smîth","email":"john@example.com"}""";
        Same($"[{james},{others}]", message, "header:To:asAddresses");
        Same($$"""[{"name":null,"addresses":[{{james}}]},{"name":"Friends","addresses":[{{others}}]}]""", message,
            "header:To:asGroupedAddresses");
        Same($"[{james},{others}]", message, "to");
    }

    [Fact]
    public void Mailboxes_side_by_side_are_one_group_without_a_name_and_an_empty_group_stays() => Same(
        """
        [{"name":null,"addresses":[{"name":null,"email":"a@x"},{"name":"B","email":"b@x"}]},{"name":"None","addresses":[]},
        {"name":null,"addresses":[{"name":"C","email":"c@x"}]}]
        """,
        "X-L: a@x, B <b@x>, None:;, c@x (C)\n\n", "header:X-L:asGroupedAddresses");

    [Theory]
    [InlineData("Subject: plain", "plain")]
    [InlineData("Subject:   several  spaces ", "several  spaces ")]
    [InlineData("Subject: one\n two\n\tthree", "one two\tthree")]
    [InlineData("Subject: =?utf-8?q?a=C3=A4?= =?utf-8?b?w7Y=?= b", "aäö b")]
    [InlineData("Subject: =?utf-8?q?=C3?=\n =?utf-8?q?=A4?=", "ä")]
    [InlineData("Subject: x=?utf-8?q?a?=", "x=?utf-8?q?a?=")]
    [InlineData("Subject: =?utf-8?q?a?=x", "=?utf-8?q?a?=x")]
    [InlineData("Subject: =?utf-8?q?a b?=", "=?utf-8?q?a b?=")]
    [InlineData("Subject: =?utf-8?q?a?==?utf-8?q?b?=", "=?utf-8?q?a?==?utf-8?q?b?=")]
    [InlineData("Subject: =?x-none?q?a?=", "=?x-none?q?a?=")]
    [InlineData("Subject: =?utf-8?q?a=00b=07c?=", "abc")]
    [InlineData("Subject: =?utf-8?q?=FF?=", "\uFFFD")]
    [InlineData("Subject: e\u0301", "é")]
    [InlineData("Subject:", "")]
    public void Text_is_unfolded_decoded_where_words_are_well_placed_and_in_form_c(string header, string text)
    {
        Assert.Equal(text, Rendering.Of(header + "\n\n", "header:Subject:asText").GetProperty("header:Subject:asText").GetString());
        Assert.Equal(text, Rendering.Of(header + "\n\n", "subject").GetProperty("subject").GetString());
    }

    [Fact]
    public void Raw_is_what_stands_between_the_colon_and_the_last_line_end()
    {
        var message = Encoding.Latin1.GetBytes("Subject:  =?utf-8?q?a?=\r\n b\xff\0c \r\n\r\n");
        var email = Rendering.Of(message, Rendering.Request("header:SUBJECT"));
        Assert.Equal("  =?utf-8?q?a?=\r\n b\uFFFDc ", email.GetProperty("header:SUBJECT").GetString());
    }

    [Fact]
    public void One_instance_is_the_last_and_all_are_in_the_order_of_the_message()
    {
        const string message = "X-A: 1\nSubject: first\nx-a: 2\nSubject: second\n\n";
        Same("\" 2\"", message, "header:X-A");
        Same("[\" 1\",\" 2\"]", message, "header:X-A:all");
        Same("[]", message, "header:X-B:all");
        Same("null", message, "header:X-B");
        Same("null", message, "header:X-B:asAddresses");
        Same("\"second\"", message, "subject");
        Same(
            """
            [{"name":"X-A","value":" 1"},{"name":"Subject","value":" first"},{"name":"x-a","value":" 2"},
            {"name":"Subject","value":" second"}]
            """,
            message, "headers");
    }

    [Theory]
    [InlineData("Message-ID: <a@b>", "messageId", """["a@b"]""")]
    [InlineData("References: <a@b> (c) <c . d@e>", "references", """["a@b","c.d@e"]""")]
    [InlineData("In-Reply-To: ", "inReplyTo", "null")]
    [InlineData("X: y", "inReplyTo", "null")]
    [InlineData("X-Ids: <a@b>\n <c@d>", "header:X-Ids:asMessageIds", """["a@b","c@d"]""")]
    [InlineData("Date: Thu, 1 Jan 2004 10:00:07 -0800", "sentAt", "\"2004-01-01T10:00:07-08:00\"")]
    [InlineData("Date: Thu, 1 Jan 2004 10:00:07 +0000", "sentAt", "\"2004-01-01T10:00:07Z\"")]
    [InlineData("Date: yesterday", "sentAt", "null")]
    [InlineData(
        "List-Post: <mailto:a@b> (only\n members), <https://x.example/\n y>", "header:List-Post:asURLs",
            """["mailto:a@b","https://x.example/y"]""")]
    [InlineData("List-Post: NO", "header:List-Post:asURLs", "null")]
    [InlineData("From: A <a@b>", "sender", "null")]
    [InlineData("From: A <a@b>", "replyTo", "null")]
    [InlineData("From: A <a@b>\nSender: A <a@b>", "sender", """[{"name":"A","email":"a@b"}]""")]
    [InlineData("Cc:", "cc", "[]")]
    [InlineData("To: undisclosed-recipients:;", "to", "[]")]
    [InlineData("To: (nobody)", "to", "[]")]
    [InlineData("To: a@b (A \\(B\\))", "to", """[{"name":"A (B)","email":"a@b"}]""")]
    [InlineData("To: \"a b\"@c", "to", """[{"name":null,"email":"\"a b\"@c"}]""")]
    [InlineData("Bcc: x@ü.example", "bcc", """[{"name":null,"email":"x@ü.example"}]""")]
    public void Forms_of_one_field(string header, string property, string expected) => Same(expected, header + "\n\n", property);

    private static void Same(string expected, string message, string property)
    {
        using var json = JsonDocument.Parse(expected);
        var got = Rendering.Of(message, property).GetProperty(property);
        Assert.True(JsonElement.DeepEquals(json.RootElement, got), $"expected {expected}, got {got.GetRawText()}");
    }
}
