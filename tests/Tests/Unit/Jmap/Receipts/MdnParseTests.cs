using System.Text;
using System.Text.Json;
using Aviso.Jmap;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>MDN/parse (RFC 9007 §2.2).</summary>
public sealed class MdnParseTests
{
    // RFC 8098 §9
    private const string Example = """
        Date: Wed, 20 Sep 1995 00:19:00 (EDT) -0400
        From: Joe Recipient <Joe_Recipient@example.com>
        Message-Id: <199509200019.12345@example.com>
        Subject: =?utf-8?q?Re=3A_First_draft_=C3=BC?=
        To: Jane Sender <Jane_Sender@example.org>
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=disposition-notification;
           boundary="RAA14128.773615765/example.com"

        --RAA14128.773615765/example.com
        Content-type: text/plain; charset=utf-8
        Content-transfer-encoding: 8bit

        The message has been displayed. Grüße

        --RAA14128.773615765/example.com
        content-type: message/disposition-notification

        Reporting-UA: joes-pc.cs.example.com; Foomail 97.1
        MDN-Gateway: smtp; gate.example.com
        Original-Recipient: rfc822;Joe_Recipient@example.com
        Final-Recipient: rfc822;Joe_Recipient@example.com
        Original-Message-ID: <199509192301.23456@example.org>
        Disposition: Manual-Action/MDN-sent-manually; Displayed/error,x
        Error: out of
          paper
        Error: another
        X-Example: one

        --RAA14128.773615765/example.com
        Content-type: message/rfc822

        Subject: First draft

        text
        --RAA14128.773615765/example.com--
        """;

    [Fact]
    public async Task The_example_of_RFC_8098_is_read()
    {
        await using var scene = await JmapScene.OpenAsync();
        var mdn = Assert.Single((await ParseAsync(scene, Example)).GetProperty("parsed").EnumerateObject()).Value;
        Assert.Equal(JsonValueKind.Null, mdn.GetProperty("forEmailId").ValueKind);
        Assert.Equal("Re: First draft \u00fc", mdn.GetProperty("subject").GetString());
        Assert.StartsWith(
            "The message has been displayed. Gr\u00fc\u00dfe\n", mdn.GetProperty("textBody").GetString(), StringComparison.Ordinal);
        Assert.True(mdn.GetProperty("includeOriginalMessage").GetBoolean());
        Assert.Equal("joes-pc.cs.example.com; Foomail 97.1", mdn.GetProperty("reportingUA").GetString());
        Assert.Equal("""{"actionMode":"manual-action","sendingMode":"mdn-sent-manually","type":"displayed"}""",
            mdn.GetProperty("disposition").GetRawText());
        Assert.Equal("smtp; gate.example.com", mdn.GetProperty("mdnGateway").GetString());
        Assert.Equal("rfc822;Joe_Recipient@example.com", mdn.GetProperty("originalRecipient").GetString());
        Assert.Equal("rfc822;Joe_Recipient@example.com", mdn.GetProperty("finalRecipient").GetString());
        Assert.Equal("<199509192301.23456@example.org>", mdn.GetProperty("originalMessageId").GetString());
        Assert.Equal(["out of paper", "another"], mdn.GetProperty("error").EnumerateArray()
            .Select(e => string.Join(' ', e.GetString()!.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))));
        Assert.Equal("""{"X-Example":"one"}""", mdn.GetProperty("extensionFields").GetRawText());
    }

    [Theory]
    [InlineData("Disposition: Manual-Action/MDN-sent-manually; Displayed/error,x", "Disposition: manual-action; displayed")]
    [InlineData("Disposition: Manual-Action/MDN-sent-manually; Displayed/error,x", "Disposition: manual-action/mdn-sent-manually; denied")]
    [InlineData("Disposition: Manual-Action/MDN-sent-manually; Displayed/error,x", "X-Disposition: none")]
    [InlineData("Final-Recipient: rfc822;Joe_Recipient@example.com\n", "")]
    [InlineData("message/disposition-notification", "text/plain")]
    [InlineData("multipart/report", "multipart/mixed")]
    public async Task What_is_no_MDN_is_not_parsable(string part, string instead)
    {
        await using var scene = await JmapScene.OpenAsync();
        var answer = await ParseAsync(scene, Example.Replace(part, instead, StringComparison.Ordinal));
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("parsed").ValueKind);
        Assert.Equal(1, answer.GetProperty("notParsable").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("notFound").ValueKind);
    }

    [Fact]
    public async Task An_MDN_that_is_an_email_names_the_email_it_is_for()
    {
        await using var scene = await JmapScene.OpenAsync();
        var original = await scene.AppendAsync("Message-ID: <199509192301.23456@example.org>\nSubject: First draft\n\nx\n");
        var mdn = await scene.AppendAsync("References: <199509192301.23456@example.org>\n" + Example);
        var blob = BlobId.OfEmail(mdn).ToString();
        var answer = await scene.OneAsync("MDN/parse", $"\"blobIds\":[\"{blob}\"]");
        Assert.Equal(original.ToString(), answer.GetProperty("parsed").GetProperty(blob).GetProperty("forEmailId").GetString());
        // Two of one Message-ID: nobody knows which.
        await scene.AppendAsync("Message-ID: <199509192301.23456@example.org>\nSubject: First draft\n\nagain\n");
        answer = await scene.OneAsync("MDN/parse", $"\"blobIds\":[\"{blob}\"]");
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("parsed").GetProperty(blob).GetProperty("forEmailId").ValueKind);
    }

    [Fact]
    public async Task What_is_sent_here_is_read_here()
    {
        await using var scene = await JmapScene.OpenAsync();
        var email = await scene.AppendAsync("Subject: x\nMessage-ID: <1@example.org>\nDisposition-Notification-To: bob@example.org\n\ny\n");
        var identity = (await scene.OneAsync("Identity/get", "\"ids\":null")).GetProperty("list")[0].GetProperty("id").GetString();
        await scene.CallAsync($$$$"""
            ["MDN/send",{"accountId":"ACCOUNT","identityId":"{{{{identity}}}}","send":{"k":{"forEmailId":"{{{{email}}}}",
            "subject":"Gelesen: Gr\u00fc\u00dfe",
            "textBody":"Gelesen, \u00fcbrigens.","reportingUA":"Aviso","disposition":{"actionMode":"automatic-action",
            "sendingMode":"mdn-sent-manually","type":"deleted"},"extensionFields":{"X-A":"b"}}},
            "onSuccessUpdateEmail":{"#k":{"keywords/$mdnsent":true}}},"0"]
            """);
        var answer = await ParseAsync(scene, Assert.Single(scene.Receiver.Taken).Text);
        var mdn = Assert.Single(answer.GetProperty("parsed").EnumerateObject()).Value;
        Assert.Equal("Gelesen: Gr\u00fc\u00dfe", mdn.GetProperty("subject").GetString());
        Assert.Equal("Gelesen, \u00fcbrigens.", mdn.GetProperty("textBody").GetString()!.Trim());
        Assert.Equal("Aviso", mdn.GetProperty("reportingUA").GetString());
        Assert.Equal("""{"actionMode":"automatic-action","sendingMode":"mdn-sent-manually","type":"deleted"}""",
            mdn.GetProperty("disposition").GetRawText());
        Assert.Equal("rfc822; alice@example.test", mdn.GetProperty("finalRecipient").GetString());
        Assert.Equal("<1@example.org>", mdn.GetProperty("originalMessageId").GetString());
        Assert.Equal(JsonValueKind.Null, mdn.GetProperty("error").ValueKind);
        Assert.Equal("""{"X-A":"b"}""", mdn.GetProperty("extensionFields").GetRawText());
        Assert.False(mdn.GetProperty("includeOriginalMessage").GetBoolean());
    }

    [Fact]
    public async Task Blobs_that_are_not_there_and_calls_that_are_wrong()
    {
        await using var scene = await JmapScene.OpenAsync(new JmapLimits { MaxObjectsInGet = 2 });
        var answer = await scene.OneAsync("MDN/parse", "\"blobIds\":[\"u0000000000000\",\"x\"]");
        Assert.Equal("""["u0000000000000","x"]""", answer.GetProperty("notFound").GetRawText());
        Assert.Equal("invalidArguments", await scene.ErrorAsync("MDN/parse", ""));
        Assert.Equal("requestTooLarge", await scene.ErrorAsync("MDN/parse", "\"blobIds\":[\"a\",\"b\",\"c\"]"));
        Assert.Equal("accountNotFound", (await scene.CallAsync("""["MDN/parse",{"accountId":"x","blobIds":[]},"0"]"""))[0][1]
            .GetProperty("type").GetString());
    }

    private static async Task<JsonElement> ParseAsync(JmapScene scene, string message)
    {
        var octets = Encoding.UTF8.GetBytes(message.ReplaceLineEndings("\r\n"));
        return await scene.OneAsync("MDN/parse", $"\"blobIds\":[\"{await SieveScriptTests.UploadAsync(scene, octets)}\"]");
    }
}
