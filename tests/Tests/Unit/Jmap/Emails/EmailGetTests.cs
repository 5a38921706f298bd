using System.Text.Json;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>Email/get and Email/parse upon a store (RFC 8621 §4.2, §4.9).</summary>
public sealed class EmailGetTests
{
    private const string Message = """
        From: Anna <a@example.org>
        To: b@example.org
        Subject: =?utf-8?q?H=C3=A4llo?=
        Date: Thu, 1 Jan 2004 10:00:07 -0800
        Message-ID: <1@example.org>
        References: <0@example.org>
        Content-Type: multipart/mixed; boundary=b

        --b

        Some   words
        here.
        --b
        Content-Type: message/rfc822

        Subject: inside
        Content-Type: multipart/mixed; boundary=c

        --c
        Content-Type: text/plain

        deep
        --c
        Content-Type: application/pdf; name=x.pdf
        Content-Transfer-Encoding: base64

        AAAA
        --c--
        --b--

        """;

    [Fact]
    public async Task What_a_list_shows_comes_from_the_store_and_says_what_the_message_says()
    {
        await using var scene = await EmailScene.OpenAsync();
        var id = await scene.DeliverAsync(Message, "INBOX", "$forwarded", "Work");
        await scene.Mail.Test.Store.StoreFlagsAsync(
            scene.Mail.Account, scene.Mail.Inbox, [1], new(FlagOperation.Add, SystemFlags.Seen, []), null, default);
        var email = await OneAsync(scene, id,
            "threadId", "mailboxIds", "keywords", "size", "receivedAt", "from", "to", "cc", "subject", "sentAt", "messageId",
                "hasAttachment", "preview");
        Assert.Equal(id.ToString(), email.GetProperty("id").GetString());
        Assert.Equal(id.ToString(), email.GetProperty("threadId").GetString());
        Assert.Equal($$"""{"{{scene.Mail.Inbox}}":true}""", email.GetProperty("mailboxIds").GetRawText());
        Assert.Equal(
            ["$forwarded", "$seen", "work"], email.GetProperty("keywords").EnumerateObject().Select(one => one.Name).Order(
                StringComparer.Ordinal));
        Assert.Equal("""[{"name":"Anna","email":"a@example.org"}]""", email.GetProperty("from").GetRawText());
        Assert.Equal(JsonValueKind.Null, email.GetProperty("cc").ValueKind);
        Assert.Equal("Hällo", email.GetProperty("subject").GetString());
        Assert.Equal("2004-01-01T10:00:07-08:00", email.GetProperty("sentAt").GetString());
        Assert.Equal("Some words here.", email.GetProperty("preview").GetString());
        Assert.True(email.GetProperty("hasAttachment").GetBoolean());
        Assert.Equal((await scene.Mail.Test.ReadAsync(scene.Mail.Account, id)).Length, email.GetProperty("size").GetInt64());
    }

    [Fact]
    public async Task The_fields_we_put_before_a_message_are_its_header_too()
    {
        await using var scene = await EmailScene.OpenAsync();
        var email = await OneAsync(
            scene, await scene.DeliverAsync(Message), "headers", "header:Return-Path", "references", "bodyStructure");
        Assert.Equal("Return-Path", email.GetProperty("headers")[0].GetProperty("name").GetString());
        Assert.Equal(" <a@b>", email.GetProperty("header:Return-Path").GetString());
        Assert.Equal("""["0@example.org"]""", email.GetProperty("references").GetRawText());
        Assert.Equal(2, email.GetProperty("bodyStructure").GetProperty("subParts").GetArrayLength());
    }

    [Fact]
    public async Task Without_properties_all_that_the_rfc_names_are_answered_and_ids_that_are_none_are_not_found()
    {
        await using var scene = await EmailScene.OpenAsync();
        var id = await scene.DeliverAsync(Message);
        var answer = await scene.CallAsync(
            "Email/get", $$"""{"ids":["{{id}}","nobody","{{id.ToString().ToUpperInvariant()}}"],"fetchTextBodyValues":true}""");
        Assert.Equal(["nobody", id.ToString().ToUpperInvariant()], EmailScene.Texts(answer.GetProperty("notFound")));
        var email = Assert.Single(answer.GetProperty("list").EnumerateArray());
        string[] names =
        [
            "attachments", "bcc", "blobId", "bodyValues", "cc", "from", "hasAttachment", "htmlBody", "id", "inReplyTo", "keywords",
                "mailboxIds",
            "messageId", "preview", "receivedAt", "references", "replyTo", "sender", "sentAt", "size", "subject", "textBody", "threadId",
                "to",
        ];
        Assert.Equal(names, email.EnumerateObject().Select(one => one.Name).Order(StringComparer.Ordinal));
        Assert.Equal("Some   words\nhere.", email.GetProperty("bodyValues").GetProperty("1").GetProperty("value").GetString());
        var all = await scene.CallAsync("Email/get", """{"ids":null,"properties":["id"]}""");
        Assert.Equal($$"""[{"id":"{{id}}"}]""", all.GetProperty("list").GetRawText());
        Assert.Empty((await scene.CallAsync("Email/get", """{"ids":[]}""")).GetProperty("list").EnumerateArray());
    }

    [Fact]
    public async Task Attached_messages_are_parsed_by_their_blobs_however_deep()
    {
        await using var scene = await EmailScene.OpenAsync();
        var email = await OneAsync(scene, await scene.DeliverAsync(Message), "attachments");
        var blob = email.GetProperty("attachments")[0].GetProperty("blobId").GetString();
        var answer = await scene.CallAsync(
            "Email/parse",
                $$"""
            {"blobIds":["{{blob}}","nobody"],"properties":["subject","attachments","id","bodyValues","size"],"fetchAllBodyValues":true}
            """);
        var parsed = answer.GetProperty("parsed").GetProperty(blob!);
        Assert.Equal("inside", parsed.GetProperty("subject").GetString());
        Assert.Equal(JsonValueKind.Null, parsed.GetProperty("id").ValueKind);
        Assert.Equal("deep", parsed.GetProperty("bodyValues").GetProperty("1").GetProperty("value").GetString());
        Assert.Equal(["nobody"], EmailScene.Texts(answer.GetProperty("notFound")));
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("notParsable").ValueKind);
        // A part of the attached message, which is no message.
        var pdf = parsed.GetProperty("attachments")[0].GetProperty("blobId").GetString();
        answer = await scene.CallAsync("Email/parse", $$"""{"blobIds":["{{pdf}}"]}""");
        Assert.Equal([pdf!], EmailScene.Texts(answer.GetProperty("notParsable")));
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("parsed").ValueKind);
    }

    [Theory]
    [InlineData("Email/get", """{"ids":[],"properties":["nobody"]}""")]
    [InlineData("Email/get", """{"ids":[],"properties":["header:From:asDate"]}""")]
    [InlineData("Email/get", """{"ids":[],"bodyProperties":["nobody"]}""")]
    [InlineData("Email/get", """{"ids":[],"maxBodyValueBytes":-1}""")]
    [InlineData("Email/get", """{"ids":[],"fetchAllBodyValues":1}""")]
    [InlineData("Email/parse", """{}""")]
    [InlineData("Email/parse", """{"blobIds":[],"properties":["header:Date:asText"]}""")]
    [InlineData("Email/query", """{"filter":{"inMailbox":1}}""")]
    [InlineData("Email/query", """{"filter":{"before":"2004-01-01"}}""")]
    [InlineData("Email/query", """{"filter":{"header":[]}}""")]
    [InlineData("Email/query", """{"filter":{"header":["a","b","c"]}}""")]
    [InlineData("Email/query", """{"filter":{"minSize":-1}}""")]
    [InlineData("Email/query", """{"sort":[{"property":"hasKeyword"}]}""")]
    [InlineData("Email/query", """{"limit":-1}""")]
    [InlineData("Email/query", """{"collapseThreads":"yes"}""")]
    [InlineData("SearchSnippet/get", """{"filter":null}""")]
    public async Task Arguments_that_are_wrong_are_invalid(string method, string arguments)
    {
        await using var scene = await EmailScene.OpenAsync();
        Assert.Equal("invalidArguments", await scene.FailureAsync(method, arguments));
    }

    [Theory]
    [InlineData("""{"filter":{"nobody":1}}""", "unsupportedFilter")]
    [InlineData("""{"sort":[{"property":"nobody"}]}""", "unsupportedSort")]
    [InlineData("""{"sort":[{"property":"subject","collation":"i;nobody"}]}""", "unsupportedSort")]
    [InlineData("""{"anchor":"nobody"}""", "anchorNotFound")]
    public async Task What_is_not_supported_or_not_there_is_said_so(string arguments, string type)
    {
        await using var scene = await EmailScene.OpenAsync();
        Assert.Equal(type, await scene.FailureAsync("Email/query", arguments));
    }

    private static async Task<JsonElement> OneAsync(EmailScene scene, EmailId id, params string[] properties)
    {
        var names = string.Join(',', properties.Select(name => $"\"{name}\""));
        var answer = await scene.CallAsync("Email/get", $$"""{"ids":["{{id}}"],"properties":[{{names}}]}""");
        var email = Assert.Single(answer.GetProperty("list").EnumerateArray());
        Assert.Equal(
            properties.Append("id").Order(StringComparer.Ordinal), email.EnumerateObject().Select(one => one.Name).Order(
                StringComparer.Ordinal));
        return email;
    }
}
