using System.Text;
using System.Text.Json;
using Aviso.Base;
using Aviso.Jmap;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>MDN/send (RFC 9007 §2.1).</summary>
public sealed class MdnSendTests
{
    private const string Asked =
        "Return-Path: <bob@example.org>\nFrom: bob@example.org\nTo: alice@example.test\nSubject: World domination\n"
        + "Message-ID: <1@example.org>\nOriginal-Recipient: rfc822;a.lice@example.test\n"
        + "Disposition-Notification-To: Bob <bob@example.org>\n\nplan\n";

    private const string Manual =
        "\"disposition\":{\"actionMode\":\"manual-action\",\"sendingMode\":\"mdn-sent-manually\",\"type\":\"displayed\"}";

    private const string Automatic =
        "\"disposition\":{\"actionMode\":\"automatic-action\",\"sendingMode\":\"mdn-sent-automatically\",\"type\":\"processed\"}";

    [Fact]
    public async Task A_receipt_goes_to_who_asked_and_the_email_is_marked()
    {
        await using var scene = await JmapScene.OpenAsync();
        var email = await scene.AppendAsync(Asked);
        var answers = await scene.CallAsync(await SendAsync(scene, $$$$"""
            "k":{"forEmailId":"{{{{email}}}}","subject":"Read receipt","textBody":"It was shown.",
            "reportingUA":"joes-pc.example.com; Foomail 97.1",
            {{{{Manual}}}},"extensionFields":{"X-Example":"example.com"}}
            """, "\"#k\":{\"keywords/$mdnsent\":true}"));
        Assert.Equal("MDN/send", answers[0][0].GetString());
        Assert.Equal(JsonValueKind.Null, answers[0][1].GetProperty("notSent").ValueKind);
        var made = answers[0][1].GetProperty("sent").GetProperty("k");
        Assert.Equal(
            ["includeOriginalMessage", "originalRecipient", "finalRecipient", "originalMessageId"],
            made.EnumerateObject().Select(p => p.Name));
        Assert.Equal("rfc822;a.lice@example.test", made.GetProperty("originalRecipient").GetString());
        Assert.Equal("rfc822; alice@example.test", made.GetProperty("finalRecipient").GetString());
        Assert.Equal("<1@example.org>", made.GetProperty("originalMessageId").GetString());
        Assert.Equal("Email/set", answers[1][0].GetString());
        Assert.Equal($"{{\"{email}\":null}}", answers[1][1].GetProperty("updated").GetRawText());
        var sent = Assert.Single(scene.Receiver.Taken);
        Assert.True(sent.Mail.Sender.IsNull);
        Assert.Equal("bob@example.org", Assert.Single(sent.Recipients).Address.Wire);
        var message = MimeKit.MimeMessage.Load(new MemoryStream(Encoding.UTF8.GetBytes(sent.Text)));
        Assert.Equal(("Read receipt", "1@example.org"), (message.Subject, message.InReplyTo));
        Assert.Equal("alice@example.test", Assert.Single(message.From.Mailboxes).Address);
        var report = Assert.IsType<MimeKit.MultipartReport>(message.Body);
        Assert.Equal("disposition-notification", report.ReportType);
        Assert.Equal(2, report.Count);
        Assert.Equal("It was shown.", Assert.IsType<MimeKit.TextPart>(report[0]).Text.Trim());
        var fields = Assert.IsType<MimeKit.MessageDispositionNotification>(report[1]).Fields;
        Assert.Equal(
            ["Reporting-UA: joes-pc.example.com; Foomail 97.1", "Original-Recipient: rfc822;a.lice@example.test",
                "Final-Recipient: rfc822; alice@example.test", "Original-Message-ID: <1@example.org>",
                "Disposition: manual-action/MDN-sent-manually; displayed", "X-Example: example.com"],
            fields.Select(f => $"{f.Field}: {f.Value}"));
    }

    [Fact]
    public async Task What_the_client_leaves_out_the_server_says_and_the_original_comes_with_it_when_wanted()
    {
        await using var scene = await JmapScene.OpenAsync();
        var email = await scene.AppendAsync(Asked);
        var answers = await scene.CallAsync(await SendAsync(
            scene, $$$$"""
            "k":{"forEmailId":"{{{{email}}}}","includeOriginalMessage":true,{{{{Manual}}}}}
            """, $"\"{email}\":{{\"keywords\":{{\"$mdnsent\":true,\"$seen\":true}}}}"));
        var made = answers[0][1].GetProperty("sent").GetProperty("k");
        Assert.Equal("Receipt: World domination", made.GetProperty("subject").GetString());
        Assert.Contains("\"World domination\" was displayed", made.GetProperty("textBody").GetString(), StringComparison.Ordinal);
        var message = MimeKit.MimeMessage.Load(new MemoryStream(Encoding.UTF8.GetBytes(Assert.Single(scene.Receiver.Taken).Text)));
        var original = Assert.IsType<MimeKit.MessagePart>(Assert.IsType<MimeKit.MultipartReport>(message.Body)[2]);
        Assert.Equal("plan", original.Message!.TextBody!.Trim());
    }

    // RFC 9007 §2.1
    [Theory]
    [InlineData("", "mdnAlreadySent", true)]
    [InlineData("NODNT", "notFound", false)]
    [InlineData("BADDNT", "notFound", false)]
    [InlineData("MDN", "forbidden", false)]
    [InlineData("OTHER", "notFound", false)]
    public async Task An_email_that_has_no_receipt_to_give_says_why(string kind, string error, bool isMarked)
    {
        await using var scene = await JmapScene.OpenAsync();
        var email = (await scene.AppendAsync(kind switch
        {
            "NODNT" => "Subject: x\n\ny\n",
            "BADDNT" => "Subject: x\nDisposition-Notification-To: nobody\n\ny\n",
            "MDN" => "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n"
                + "Disposition-Notification-To: bob@example.org\n\n--b--\n",
            _ => Asked,
        })).ToString();
        if (isMarked) await scene.OneAsync("Email/set", $"\"update\":{{\"{email}\":{{\"keywords/$mdnsent\":true}}}}");
        if (kind == "OTHER") email = "nothing";
        Assert.Equal(error, await NotSentAsync(scene, $"\"forEmailId\":\"{email}\",{Manual}"));
        Assert.Empty(scene.Receiver.Taken);
    }

    [Fact]
    public async Task One_email_has_one_receipt_in_one_call_too()
    {
        await using var scene = await JmapScene.OpenAsync();
        var email = await scene.AppendAsync(Asked);
        var one = $"{{\"forEmailId\":\"{email}\",{Manual}}}";
        var answers = await scene.CallAsync(await SendAsync(
            scene, $"\"a\":{one},\"b\":{one}", $"\"{email}\":{{\"keywords/$mdnsent\":true}}"));
        Assert.Equal("mdnAlreadySent", answers[0][1].GetProperty("notSent").GetProperty("b").GetProperty("type").GetString());
        Assert.Single(scene.Receiver.Taken);
        Assert.Equal("mdnAlreadySent", await NotSentAsync(scene, one[1..^1]));
    }

    [Theory]
    [InlineData("", "invalidProperties")]
    [InlineData("\"disposition\":{}", "invalidProperties")]
    [InlineData("\"disposition\":\"displayed\"", "invalidProperties")]
    [InlineData("""
        "disposition":{"actionMode":"Manual-Action","sendingMode":"mdn-sent-manually","type":"displayed"}
        """, "invalidProperties")]
    [InlineData("""
        "disposition":{"actionMode":"manual-action","sendingMode":"mdn-sent-manually","type":"denied"}
        """, "invalidProperties")]
    [InlineData(Manual + ",\"error\":[\"x\"]", "invalidProperties")]
    [InlineData(Manual + ",\"originalMessageId\":\"x\"", "invalidProperties")]
    [InlineData(Manual + ",\"mdnGateway\":\"x\"", "invalidProperties")]
    [InlineData(Manual + ",\"unknown\":1", "invalidProperties")]
    [InlineData(Manual + ",\"subject\":1", "invalidProperties")]
    [InlineData(Manual + ",\"includeOriginalMessage\":\"yes\"", "invalidProperties")]
    [InlineData(Manual + ",\"reportingUA\":\"a\\r\\nDisposition: x\"", "invalidProperties")]
    [InlineData(Manual + ",\"reportingUA\":\"\u00fc\"", "invalidProperties")]
    [InlineData(Manual + ",\"extensionFields\":{\"Disposition\":\"x\"}", "invalidProperties")]
    [InlineData(Manual + ",\"extensionFields\":{\"a b\":\"x\"}", "invalidProperties")]
    [InlineData(Manual + ",\"extensionFields\":{\"a\":\"x\\ny: z\"}", "invalidProperties")]
    [InlineData(Manual + ",\"extensionFields\":{\"a\":null}", "invalidProperties")]
    [InlineData(Manual + ",\"finalRecipient\":\"rfc822; nobody\"", "invalidProperties")]
    [InlineData(Manual + ",\"finalRecipient\":\"rfc822; bob@example.org\"", "forbiddenFrom")]
    public async Task What_cannot_be_sent_says_why_and_nothing_is(string properties, string error)
    {
        await using var scene = await JmapScene.OpenAsync();
        var email = await scene.AppendAsync(Asked);
        Assert.Equal(error, await NotSentAsync(scene, $"\"forEmailId\":\"{email}\"{(properties.Length > 0 ? "," : "")}{properties}"));
        Assert.Empty(scene.Receiver.Taken);
        Assert.DoesNotContain("$mdnsent", (await scene.OneAsync(
            "Email/get", $"\"ids\":[\"{email}\"],\"properties\":[\"keywords\"]")).GetRawText(), StringComparison.Ordinal);
    }

    // RFC 8098 §2.1
    [Theory]
    [InlineData("Return-Path: <bob@example.org>\nDisposition-Notification-To: bob@example.org\n", true)]
    [InlineData("Return-Path: <bob@EXAMPLE.org>\nDisposition-Notification-To: Bob <bob@example.org>\n", true)]
    [InlineData("Return-Path: <carol@example.org>\nDisposition-Notification-To: bob@example.org\n", false)]
    [InlineData("Return-Path: <>\nDisposition-Notification-To: bob@example.org\n", false)]
    [InlineData("Disposition-Notification-To: bob@example.org\n", false)]
    [InlineData("Return-Path: <bob@example.org>\nDisposition-Notification-To: bob@example.org, carol@example.org\n", false)]
    public async Task Without_a_person_it_goes_only_to_where_the_message_came_from(string header, bool isSent)
    {
        await using var scene = await JmapScene.OpenAsync();
        var email = await scene.AppendAsync(header + "\nx\n");
        var error = await NotSentAsync(scene, $"\"forEmailId\":\"{email}\",{Automatic}");
        Assert.Equal(isSent ? null : "forbidden", error);
        Assert.Equal(isSent ? 1 : 0, scene.Receiver.Taken.Count);
        if (!isSent) Assert.Null(await NotSentAsync(scene, $"\"forEmailId\":\"{email}\",{Manual}"));
    }

    // RFC 9007 §2.1: "the server MUST reject an MDN/send that does not result in setting the keyword"
    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"#k":{"keywords/$seen":true}}""")]
    [InlineData("""{"#k":{"keywords/$mdnsent":null}}""")]
    [InlineData("""{"#k":{"keywords":{"$seen":true}}}""")]
    [InlineData("""{"#other":{"keywords/$mdnsent":true}}""")]
    [InlineData("""{"#k":{"keywords":{"$mdnsent":true},"keywords/$mdnsent":true}}""")]
    public async Task Nothing_is_sent_that_would_not_be_marked(string afterwards)
    {
        await using var scene = await JmapScene.OpenAsync();
        var email = await scene.AppendAsync(Asked);
        var identity = await IdentityAsync(scene);
        Assert.Equal("invalidArguments", await scene.ErrorAsync("MDN/send", $$$$"""
            "identityId":"{{{{identity}}}}","send":{"k":{"forEmailId":"{{{{email}}}}",{{{{Manual}}}}}},
            "onSuccessUpdateEmail":{{{{afterwards}}}}
            """));
        Assert.Empty(scene.Receiver.Taken);
    }

    [Fact]
    public async Task Arguments_that_are_wrong_end_the_call()
    {
        await using var scene = await JmapScene.OpenAsync();
        var identity = await IdentityAsync(scene);
        Assert.Equal("invalidArguments", await scene.ErrorAsync("MDN/send", "\"identityId\":\"none\",\"send\":{}"));
        Assert.Equal("invalidArguments", await scene.ErrorAsync("MDN/send", "\"send\":{}"));
        Assert.Equal("invalidArguments", await scene.ErrorAsync("MDN/send", $"\"identityId\":\"{identity}\""));
        Assert.Equal("invalidArguments", await scene.ErrorAsync("MDN/send", $"\"identityId\":\"{identity}\",\"send\":{{\"k\":7}}"));
        var reader = scene.Alice with { Scope = new LoginScope { ReadOnly = true } };
        Assert.Equal("accountReadOnly", await scene.ErrorAsync("MDN/send", $"\"identityId\":\"{identity}\",\"send\":{{}}", reader));
        var narrow = scene.Alice with { Scope = new LoginScope { Mailboxes = ["INBOX"] } };
        Assert.Equal("accountNotSupportedByMethod", await scene.ErrorAsync(
            "MDN/send", $"\"identityId\":\"{identity}\",\"send\":{{}}", narrow));
        using var session = JsonDocument.Parse(scene.Server.Session(scene.Alice, ""));
        Assert.Equal("{}", session.RootElement.GetProperty("capabilities").GetProperty(Capabilities.Mdn).GetRawText());
    }

    [Fact]
    public async Task Both_capabilities_are_needed()
    {
        await using var scene = await JmapScene.OpenAsync();
        var body = $$$$"""
            {"using":["{{{{Capabilities.Core}}}}","{{{{Capabilities.Mdn}}}}"],
            "methodCalls":[["MDN/send",{"accountId":"{{{{scene.Account}}}}","identityId":"x","send":{}},"0"]]}
            """;
        using var reply = await scene.Server.AnswerAsync(scene.Alice, "application/json", Encoding.UTF8.GetBytes(body), default);
        Assert.Contains("\"unknownMethod\"", Encoding.UTF8.GetString(reply.Body.Span), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("size", "tooLarge")]
    [InlineData("sendas", "forbiddenFrom")]
    [InlineData("later", "rateLimit")]
    [InlineData("policy", "forbidden")]
    public async Task What_the_receiver_refuses_is_said_in_the_words_of_the_RFC(string refusal, string error)
    {
        await using var scene = await JmapScene.OpenAsync();
        var email = await scene.AppendAsync(Asked);
        scene.Receiver.OfMessage = refusal switch
        {
            "size" => new Refusal(552, new(5, 3, 4), "too large", Reason.Size, ""),
            "sendas" => new Refusal(550, new(5, 7, 1), "not yours", Reason.SendAs, ""),
            "later" => new Refusal(450, new(4, 7, 1), "too much today", Reason.Rate, ""),
            _ => new Refusal(550, new(5, 7, 1), "no", Reason.Rate, ""),
        };
        Assert.Equal(error, await NotSentAsync(scene, $"\"forEmailId\":\"{email}\",{Manual}"));
        // It was not sent, so it may be tried again.
        scene.Receiver.OfMessage = null;
        Assert.Null(await NotSentAsync(scene, $"\"forEmailId\":\"{email}\",{Manual}"));
    }

    [Fact]
    public async Task A_receipt_with_a_large_original_is_too_large()
    {
        await using var scene = await JmapScene.OpenAsync();
        var email = await scene.AppendAsync(Asked + string.Concat(Enumerable.Repeat(new string('x', 70) + "\n", 15_000)));
        Assert.Equal("tooLarge", await NotSentAsync(scene, $"\"forEmailId\":\"{email}\",\"includeOriginalMessage\":true,{Manual}"));
        Assert.Null(await NotSentAsync(scene, $"\"forEmailId\":\"{email}\",{Manual}"));
    }

    private static async Task<string> SendAsync(JmapScene scene, string send, string afterwards) => $$$$"""
        ["MDN/send",{"accountId":"ACCOUNT","identityId":"{{{{await IdentityAsync(scene)}}}}","send":{{{{{send}}}}},
        "onSuccessUpdateEmail":{{{{{afterwards}}}}}},"0"]
        """;

    /// <summary>Null: it was sent.</summary>
    private static async Task<string?> NotSentAsync(JmapScene scene, string properties)
    {
        var answers = await scene.CallAsync(await SendAsync(scene, $"\"k\":{{{properties}}}", "\"#k\":{\"keywords/$mdnsent\":true}"));
        Assert.True(answers[0][0].GetString() == "MDN/send", answers.GetRawText());
        var not = answers[0][1].GetProperty("notSent");
        Assert.Equal(not.ValueKind == JsonValueKind.Null ? 2 : 1, answers.GetArrayLength());
        return not.ValueKind == JsonValueKind.Null ? null : not.GetProperty("k").GetProperty("type").GetString();
    }

    private static async Task<string> IdentityAsync(JmapScene scene) =>
        (await scene.OneAsync("Identity/get", "\"ids\":null")).GetProperty("list")[0].GetProperty("id").GetString()!;
}
