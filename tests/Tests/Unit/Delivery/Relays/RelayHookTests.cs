using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Aviso.Delivery;
using Xunit;

namespace Aviso.Tests.Unit.Delivery.Relays;

/// <summary>Webhooks of three vendors: what is proved counts once, what is not does not.</summary>
public sealed class RelayHookTests
{
    private const string Key = "key-of-the-account", Topic = "arn:aws:sns:eu-central-1:123456789012:mail";
    private const string CertificateAt = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123.pem";

    private static readonly RelayHookOptions Mailgun = new("r", RelayVendor.Mailgun, Key, "");
    private static readonly RelayHookOptions Brevo = new("r", RelayVendor.Brevo, Key, "");
    private static readonly RelayHookOptions Ses = new("r", RelayVendor.Ses, "", Topic);

    private static string MailgunBody(
        WatchScene scene, string token, string key = Key, TimeSpan age = default, string recipient = "carol@far.test", string? data = null)
    {
        var time = (scene.Test.Clock.GetUtcNow() - age).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        data ??= $$$"""
            {"event":"failed","severity":"permanent","reason":"suppress-bounce","timestamp":{{{time}}}.25,"recipient":"{{{recipient}}}",
             "message":{"headers":{"message-id":"one@home.test"}},
             "delivery-status":{"code":605,"message":"Not delivering to previously bounced address"}}
            """;
        var signature = MailgunHook.Sign(key, time, token);
        var signed = $$$"""{"timestamp":"{{{time}}}","token":"{{{token}}}","signature":"{{{signature}}}"}""";
        return $$$"""{"signature":{{{signed}}},"event-data":{{{data}}}}""";
    }

    [Fact]
    public async Task Mailgun_counts_what_its_key_signed_once_even_after_a_restart()
    {
        await using var scene = await WatchScene.StartAsync();
        await scene.SendAsync("one@home.test", ["carol@far.test", "dave@far.test"]);
        scene.Restart(Mailgun);
        var body = MailgunBody(scene, "t1");
        Assert.Equal(HookResult.Taken, await scene.PostAsync(body));
        var news = Assert.Single(scene.News);
        Assert.Equal((RelayEventKind.Dropped, "suppress-bounce 605 Not delivering to previously bounced address", true),
            (news.Event.Kind, news.Event.Says, news.SenderTold));
        Assert.Equal(HookResult.Again, await scene.PostAsync(body));
        scene.Restart(Mailgun);
        Assert.Equal(HookResult.Again, await scene.PostAsync(body));
        // The signature does not cover the event: another event with a token that was seen is no event.
        Assert.Equal(HookResult.Again, await scene.PostAsync(MailgunBody(scene, "t1", recipient: "dave@far.test")));
        Assert.Single(scene.News);
        Assert.Single(await scene.InboxAsync());
    }

    [Fact]
    public async Task Digits_of_a_token_of_mailgun_cannot_be_moved_into_its_time()
    {
        await using var scene = await WatchScene.StartAsync();
        await scene.SendAsync("one@home.test", ["carol@far.test", "dave@far.test"]);
        scene.Restart(Mailgun);
        Assert.Equal(HookResult.Taken, await scene.PostAsync(MailgunBody(scene, "123ab")));
        var moved = MailgunBody(scene, "123ab", recipient: "dave@far.test").Replace("\",\"token\":\"123ab\"", "123\",\"token\":\"ab\"",
            StringComparison.Ordinal);
        Assert.Contains("\"token\":\"ab\"", moved, StringComparison.Ordinal);
        Assert.Equal(HookResult.Stale, await scene.PostAsync(moved));
        Assert.Single(scene.News);
    }

    [Fact]
    public async Task Mailgun_is_not_believed_with_another_key_nor_out_of_time()
    {
        await using var scene = await WatchScene.StartAsync();
        await scene.SendAsync("one@home.test", ["carol@far.test"]);
        scene.Restart(Mailgun);
        Assert.Equal(HookResult.Refused, await scene.PostAsync(MailgunBody(scene, "t1", "another key")));
        Assert.Equal(HookResult.Refused, await scene.PostAsync("""{"event-data":{"event":"failed"}}"""));
        Assert.Equal(HookResult.Refused, await scene.PostAsync("""{"signature":"x","event-data":[]}"""));
        Assert.Equal(HookResult.Unreadable, await scene.PostAsync("timestamp=1&token=2"));
        Assert.Equal(HookResult.Stale, await scene.PostAsync(MailgunBody(scene, "t2", age: TimeSpan.FromHours(10))));
        Assert.Equal(HookResult.Stale, await scene.PostAsync(MailgunBody(scene, "t3", age: TimeSpan.FromHours(-1))));
        Assert.Equal(HookResult.Unreadable, await scene.PostAsync(MailgunBody(scene, "t4", data: "7")));
        Assert.Empty(scene.News);
        // Its last try, eight hours later.
        Assert.Equal(HookResult.Taken, await scene.PostAsync(MailgunBody(scene, "t5", age: TimeSpan.FromHours(8))));
        Assert.Single(scene.News);
    }

    [Theory]
    [InlineData("""{"event":"delivered","recipient":"c@far.test"}""", RelayEventKind.Delivered)]
    [InlineData("""{"event":"failed","severity":"temporary","recipient":"c@far.test"}""", RelayEventKind.Deferred)]
    [InlineData("""{"event":"failed","severity":"permanent","reason":"bounce","recipient":"c@far.test"}""", RelayEventKind.Bounced)]
    [InlineData("""{"event":"rejected","reject":{"reason":"policy"},"recipient":"c@far.test"}""", RelayEventKind.Dropped)]
    [InlineData("""{"event":"complained","recipient":"c@far.test"}""", RelayEventKind.Complained)]
    [InlineData("""{"event":"opened","recipient":"c@far.test"}""", null)]
    [InlineData("""{"event":"failed"}""", null)]
    [InlineData("""{"event":{"a":[1]},"recipient":"c@far.test"}""", null)]
    [InlineData("""{"event":"failed","recipient":"\ud800"}""", null)]
    [InlineData("""{"event":"rejected","reject":{"reason":"\udfff"},"recipient":"c@far.test"}""", RelayEventKind.Dropped)]
    public async Task Mailgun_words(string data, RelayEventKind? kind)
    {
        await using var scene = await WatchScene.StartAsync();
        scene.Restart(Mailgun);
        Assert.Equal(HookResult.Taken, await scene.PostAsync(MailgunBody(scene, "t", data: data)));
        Assert.Equal(kind is { } one ? [one] : [], scene.News.Select(n => n.Event.Kind));
    }

    [Theory]
    [InlineData("request", null)]
    [InlineData("delivered", RelayEventKind.Delivered)]
    [InlineData("deferred", RelayEventKind.Deferred)]
    [InlineData("soft_bounce", RelayEventKind.Bounced)]
    [InlineData("hard_bounce", RelayEventKind.Bounced)]
    [InlineData("blocked", RelayEventKind.Dropped)]
    [InlineData("invalid_email", RelayEventKind.Dropped)]
    [InlineData("error", RelayEventKind.Dropped)]
    [InlineData("spam", RelayEventKind.Complained)]
    [InlineData("unique_opened", null)]
    public async Task Brevo_words(string word, RelayEventKind? kind)
    {
        await using var scene = await WatchScene.StartAsync();
        await scene.SendAsync("one@home.test", ["carol@far.test"]);
        scene.Restart(Brevo);
        var body = $$"""
            {"event":"{{word}}","email":"carol@far.test","id":1,"message-id":"<one@home.test>","ts_event":1604933654,
             "reason":"550-5.1.1 no such user"}
            """;
        Assert.Equal(HookResult.Taken, await scene.PostAsync(body, "Bearer " + Key));
        Assert.Equal(kind is { } one ? [one] : [], scene.News.Select(n => n.Event.Kind));
        Assert.All(scene.News, n => Assert.Equal(("one@home.test", 1604933654), (n.Message!.MessageId, n.Event.At.ToUnixTimeSeconds())));
    }

    [Theory]
    [InlineData("", HookResult.Refused)]
    [InlineData("Bearer wrong", HookResult.Refused)]
    [InlineData("Bearer ", HookResult.Refused)]
    [InlineData("key-of-the-account", HookResult.Refused)]
    [InlineData("Basic !!!", HookResult.Refused)]
    [InlineData("bearer key-of-the-account", HookResult.Taken)]
    // hook:key-of-the-account
    [InlineData("Basic aG9vazprZXktb2YtdGhlLWFjY291bnQ=", HookResult.Taken)]
    public async Task Brevo_proves_itself_by_a_token_or_password(string authorization, HookResult result)
    {
        await using var scene = await WatchScene.StartAsync();
        scene.Restart(Brevo);
        // A list, as batched webhooks have it.
        Assert.Equal(result, await scene.PostAsync("""[{"event":"spam","email":"a@far.test"},7,{"event":"spam","email":"b@far.test"}]""",
            authorization));
        Assert.Equal(result == HookResult.Taken ? 2 : 0, scene.News.Count);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public async Task Ses_counts_what_sns_signed_for_our_topic_once(string version)
    {
        await using var scene = await WatchScene.StartAsync();
        await scene.SendAsync("one@home.test", ["carol@far.test"]);
        using var sns = new Sns(scene, version);
        scene.Restart(Ses, sns.FetchAsync);
        var body = sns.Notification(Bounce("carol@far.test"));
        Assert.Equal(HookResult.Taken, await scene.PostAsync(body));
        var news = Assert.Single(scene.News);
        Assert.Equal((RelayEventKind.Dropped, true, "one@home.test"), (news.Event.Kind, news.SenderTold, news.Message!.MessageId));
        Assert.Equal(HookResult.Again, await scene.PostAsync(body));
        scene.Restart(Ses, sns.FetchAsync);
        Assert.Equal(HookResult.Again, await scene.PostAsync(body));
        Assert.Single(await scene.InboxAsync());
        Assert.All(sns.Fetched, f => Assert.Equal(CertificateAt, f.ToString()));
    }

    [Fact]
    public async Task Ses_is_not_believed_unless_everything_fits()
    {
        await using var scene = await WatchScene.StartAsync();
        await scene.SendAsync("one@home.test", ["carol@far.test"]);
        using var sns = new Sns(scene, "2");
        scene.Restart(Ses, sns.FetchAsync);
        async Task<HookResult> WithAsync(Action<JsonObject> change, bool signs = true) =>
            await scene.PostAsync(sns.Notification(Bounce("carol@far.test"), change, signs));
        // Signed by Amazon, of somebody else's topic.
        Assert.Equal(HookResult.Refused, await WithAsync(m => m["TopicArn"] = "arn:aws:sns:eu-central-1:999999999999:mail"));
        foreach (var at in (string[])["https://sns.eu-central-1.amazonaws.com.evil.test/a.pem",
            "http://sns.eu-central-1.amazonaws.com/a.pem",
            "https://evil.test/sns.eu-central-1.amazonaws.com.pem", "https://sns.eu-central-1.amazonaws.com:8443/a.pem",
            "https://sns.eu-central-1.amazonaws.com@evil.test/a.pem", "https://x@sns.eu-central-1.amazonaws.com/a.pem",
            "https://s3.eu-central-1.amazonaws.com/sns/a.pem", "https://sns.eu-central-1.amazonaws.com/a.pem?x", "file:///etc/a.pem",
            "https://sns.eu-central-1.amazonaws.com/a", ""])
            Assert.Equal(HookResult.Refused, await WithAsync(m => m["SigningCertURL"] = at));
        Assert.Equal(HookResult.Refused, await WithAsync(m => m["Message"] = Bounce("dave@far.test"), signs: false));
        Assert.Equal(HookResult.Refused, await WithAsync(m => m["SignatureVersion"] = "3", signs: false));
        Assert.Equal(HookResult.Refused, await WithAsync(m => m["Signature"] = "????", signs: false));
        Assert.Equal(HookResult.Stale, await WithAsync(m => m["Timestamp"] = Time(scene, -TimeSpan.FromHours(10))));
        Assert.Equal(HookResult.Stale, await WithAsync(m => m["Timestamp"] = "yesterday"));
        Assert.Equal(HookResult.Unreadable, await scene.PostAsync("{}"));
        Assert.Equal(HookResult.Unreadable, await scene.PostAsync("[1]"));
        Assert.Empty(scene.News);
        // One that cannot be fetched now is no lie: SNS shall come again.
        sns.Away = true;
        scene.Restart(Ses, sns.FetchAsync);
        Assert.Equal(HookResult.Failed, await WithAsync(_ => { }));
        sns.Away = false;
        Assert.Equal(HookResult.Taken, await WithAsync(_ => { }));
        Assert.Single(scene.News);
    }

    [Fact]
    public async Task The_first_message_of_a_topic_is_answered_by_a_visit_to_sns_and_to_nobody_else()
    {
        await using var scene = await WatchScene.StartAsync();
        using var sns = new Sns(scene, "2");
        scene.Restart(Ses, sns.FetchAsync);
        const string Visit = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=abc";
        Assert.Equal(HookResult.Refused, await scene.PostAsync(sns.Subscription("https://evil.test/?Action=ConfirmSubscription")));
        Assert.DoesNotContain(sns.Fetched, f => f.Host == "evil.test");
        Assert.Equal(HookResult.Taken, await scene.PostAsync(sns.Subscription(Visit)));
        Assert.Contains(new Uri(Visit), sns.Fetched);
    }

    [Theory]
    [InlineData("""
        {"notificationType":"Bounce","mail":{},"bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[
          {"emailAddress":"a@far.test","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 unknown"},{"emailAddress":"b@far.test"}]}}
        """, "Bounced a@far.test smtp; 550 5.1.1 unknown|Bounced b@far.test Permanent General")]
    [InlineData("""
        {"eventType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"a@far.test"}],"complaintFeedbackType":"abuse"}}
        """, "Complained a@far.test abuse")]
    [InlineData("""
        {"eventType":"Delivery","delivery":{"recipients":["a@far.test"],"smtpResponse":"250 ok"}}
        """, "Delivered a@far.test 250 ok")]
    [InlineData("""
        {"eventType":"DeliveryDelay","deliveryDelay":{"delayType":"MailboxFull","delayedRecipients":[{"emailAddress":"a@far.test"}]}}
        """, "Deferred a@far.test MailboxFull")]
    [InlineData("""
        {"eventType":"Reject","reject":{"reason":"Bad content"},"mail":{"destination":["a@far.test"]}}
        """, "Dropped a@far.test Bad content")]
    [InlineData("""{"eventType":"Send","mail":{"destination":["a@far.test"]}}""", "")]
    [InlineData("\"plain words\"", "")]
    [InlineData("""{"eventType":"Bounce","bounce":7}""", "")]
    public async Task Ses_words(string message, string expected)
    {
        await using var scene = await WatchScene.StartAsync();
        using var sns = new Sns(scene, "2");
        scene.Restart(Ses, sns.FetchAsync);
        Assert.Equal(HookResult.Taken, await scene.PostAsync(sns.Notification(message)));
        Assert.Equal(expected, string.Join('|', scene.News.Select(n => $"{n.Event.Kind} {n.Event.Recipient} {n.Event.Says}")));
    }

    private static string Bounce(string recipient) => $$$"""
        {"eventType":"Bounce",
         "bounce":{"bounceType":"Permanent","bounceSubType":"OnAccountSuppressionList",
           "bouncedRecipients":[{"emailAddress":"{{{recipient}}}"}]},
         "mail":{"messageId":"EXAMPLE7c191be45-000000","headers":[{"name":"Message-ID","value":"<one@home.test>"}],
           "commonHeaders":{"messageId":"EXAMPLE7c191be45-000000"} } }
        """;

    private static string Time(WatchScene scene, TimeSpan after) =>
        (scene.Test.Clock.GetUtcNow() + after).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Amazon's SNS: a key, its certificate, and messages signed as its documents say.</summary>
    private sealed class Sns : IDisposable
    {
        private readonly RSA _key = RSA.Create(2048);
        private readonly X509Certificate2 _certificate;
        private readonly WatchScene _scene;
        private readonly string _version;
        private int _next;

        public Sns(WatchScene scene, string version)
        {
            (_scene, _version) = (scene, version);
            var now = scene.Test.Clock.GetUtcNow();
            _certificate = new CertificateRequest("CN=sns.amazonaws.com", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
                .CreateSelfSigned(now.AddDays(-1), now.AddDays(90));
        }

        public List<Uri> Fetched { get; } = [];

        public bool Away { get; set; }

        public Task<string?> FetchAsync(Uri at, CancellationToken cancel)
        {
            Fetched.Add(at);
            return Task.FromResult(Away ? null : at.ToString() == CertificateAt ? _certificate.ExportCertificatePem() : "<ok/>");
        }

        public string Notification(string message, Action<JsonObject>? change = null, bool signs = true) =>
            Signed(new() { ["Type"] = "Notification", ["Message"] = message, ["Subject"] = "Amazon SES" }, change, signs,
                ["Message", "MessageId",
                "Subject", "Timestamp", "TopicArn", "Type"]);

        public string Subscription(string visit) => Signed(
            new() { ["Type"] = "SubscriptionConfirmation", ["Message"] = "You have chosen", ["Token"] = "abc", ["SubscribeURL"] = visit },
                null, true,
            ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]);

        public void Dispose()
        {
            _certificate.Dispose();
            _key.Dispose();
        }

        private string Signed(JsonObject message, Action<JsonObject>? change, bool signs, string[] order)
        {
            message["MessageId"] = $"00000000-0000-0000-0000-{++_next:D12}";
            message["TopicArn"] = Topic;
            message["Timestamp"] = Time(_scene, TimeSpan.Zero);
            message["SignatureVersion"] = _version;
            message["SigningCertURL"] = CertificateAt;
            if (signs) change?.Invoke(message);
            var text = string.Concat(order.Select(n => $"{n}\n{message[n]!.GetValue<string>()}\n"));
            message["Signature"] = Convert.ToBase64String(_key.SignData(Encoding.UTF8.GetBytes(text),
                _version == "1" ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
            if (!signs) change?.Invoke(message);
            return message.ToJsonString();
        }
    }
}
