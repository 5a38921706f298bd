using Aviso.Base;
using Aviso.Delivery;
using Aviso.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery.Relays;

/// <summary>What a relay says of mail that it took reaches whom it concerns, once.</summary>
public sealed class RelayWatchTests
{
    [Theory]
    [InlineData(RelayEventKind.Bounced, "550 5.1.1 no such user", "5.1.1", "could not deliver it: 550 5.1.1 no such user")]
    [InlineData(RelayEventKind.Dropped, "blocked", "5.7.1", "did not send it on: blocked")]
    [InlineData(RelayEventKind.Bounced, "452 4.2.2 full", "5.2.2", "could not deliver it")]
    public async Task What_a_relay_took_and_lost_is_told_to_the_sender_once(RelayEventKind kind, string says, string status, string words)
    {
        await using var scene = await WatchScene.StartAsync();
        await scene.SendAsync("one@home.test", ["carol@far.test", "dave@far.test"]);
        Assert.Empty(await scene.InboxAsync());
        var heard = scene.Event(kind, "Carol@far.test", "one@home.test", says);
        Assert.True((await scene.Watch.TakeAsync("r", heard, default))!.SenderTold);
        Assert.Null(await scene.Watch.TakeAsync("r", heard, default));
        Assert.Null(await scene.Watch.TakeAsync("r", heard with { Kind = RelayEventKind.Dropped }, default));
        Assert.Null(await scene.Watch.TakeBounceAsync("r", heard, default));
        var notice = Assert.Single(await scene.InboxAsync());
        Assert.Contains("Final-Recipient: rfc822; carol@far.test\r\n", notice, StringComparison.Ordinal);
        Assert.Contains($"Status: {status}\r\n", notice, StringComparison.Ordinal);
        Assert.Contains("Action: failed\r\n", notice, StringComparison.Ordinal);
        Assert.Contains(words, notice, StringComparison.Ordinal);
        // Which message it was, and nothing else of it.
        Assert.Contains("Subject: to one@home.test\r\n", notice, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Secret", notice, StringComparison.Ordinal);
        Assert.Equal("one@home.test", Assert.Single(scene.News).Message!.MessageId);
    }

    [Fact]
    public async Task Two_events_at_once_and_a_restart_between_make_one_notice()
    {
        await using var scene = await WatchScene.StartAsync();
        await scene.SendAsync("one@home.test", ["carol@far.test"]);
        var heard = scene.Event(RelayEventKind.Bounced, "carol@far.test", "one@home.test");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => scene.Watch.TakeAsync("r", heard, default)));
        await scene.Test.ReopenAsync();
        using var again = new RelayWatch(new(scene.Test.Store, scene.Test.Clock, NullLogger.Instance), () => "home.test", new(
            scene.Test.Store, new MessageReader(), new Router([]), scene.Notices, new IdSource(scene.Test.Clock), () => { },
            scene.Test.Clock, NullLogger.Instance));
        Assert.Null(await again.TakeAsync("r", heard, default));
        Assert.Single(await scene.InboxAsync());
    }

    [Fact]
    public async Task Notify_never_and_a_null_sender_are_kept_to_and_the_loss_is_still_news()
    {
        await using var scene = await WatchScene.StartAsync();
        await scene.SendAsync("never@home.test", ["carol@far.test"], DsnNotify.Never);
        await scene.SendAsync("null@home.test", ["carol@far.test"], sender: "");
        foreach (var id in (string[])["never@home.test", "null@home.test"])
            Assert.False((await scene.Watch.TakeAsync("r", scene.Event(RelayEventKind.Bounced, "carol@far.test", id),
                default))!.SenderTold);
        Assert.Empty(await scene.InboxAsync());
        Assert.Equal(2, scene.News.Count);
    }

    [Fact]
    public async Task A_sender_elsewhere_is_told_through_the_queue()
    {
        await using var scene = await WatchScene.StartAsync();
        await scene.SendAsync("fwd@home.test", ["carol@far.test"], sender: "bob@else.test");
        Assert.True((await scene.Watch.TakeAsync("r", scene.Event(RelayEventKind.Bounced, "carol@far.test", "fwd@home.test"),
            default))!.SenderTold);
        var queued = Assert.Single(await scene.Test.Store.ListQueueAsync(new(), 10, default));
        Assert.Equal(("", "bob@else.test"), (queued.Message.Sender, queued.Recipients[0].Address));
        Assert.Equal(1, scene.Woken);
    }

    [Fact]
    public async Task Arrival_delay_and_complaint_are_news_and_no_notice()
    {
        await using var scene = await WatchScene.StartAsync();
        await scene.SendAsync("one@home.test", ["carol@far.test"]);
        foreach (var kind in (RelayEventKind[])[RelayEventKind.Deferred, RelayEventKind.Delivered, RelayEventKind.Deferred,
            RelayEventKind.Complained])
            await scene.Watch.TakeAsync("r", scene.Event(kind, "carol@far.test", "one@home.test"), default);
        Assert.Equal([RelayEventKind.Deferred, RelayEventKind.Delivered, RelayEventKind.Complained], scene.News.Select(n => n.Event.Kind));
        Assert.Empty(await scene.InboxAsync());
    }

    [Fact]
    public async Task What_is_not_known_here_is_nobodys_matter()
    {
        await using var scene = await WatchScene.StartAsync();
        await scene.SendAsync("one@home.test", ["carol@far.test"]);
        // Another recipient, another message, another relay.
        await scene.Watch.TakeAsync("r", scene.Event(RelayEventKind.Bounced, "eve@far.test", "one@home.test"), default);
        await scene.Watch.TakeAsync("r", scene.Event(RelayEventKind.Bounced, "carol@far.test", "two@home.test"), default);
        await scene.Watch.TakeAsync("s", scene.Event(RelayEventKind.Bounced, "carol@far.test", "one@home.test"), default);
        Assert.Equal(3, scene.News.Count);
        Assert.All(scene.News, n => Assert.Null(n.Message));
        Assert.Empty(await scene.InboxAsync());
        scene.Test.Clock.Advance(RelayLedger.Kept + TimeSpan.FromHours(1));
        await scene.Watch.TakeAsync("r", scene.Event(RelayEventKind.Bounced, "carol@far.test", "one@home.test"), default);
        Assert.Empty(await scene.InboxAsync());
    }

    [Theory]
    [InlineData("250 Ok 010001abcdef1234-56789012-3456-7890-abcd-ef1234567890-000000",
        "010001abcdef1234-56789012-3456-7890-abcd-ef1234567890-000000")]
    [InlineData("250 2.0.0 OK: queued as <202601011200.12345678901@smtp-relay.vendor.test>",
        "202601011200.12345678901@smtp-relay.vendor.test")]
    public async Task An_id_that_the_relays_reply_named_finds_the_message(string reply, string id)
    {
        await using var scene = await WatchScene.StartAsync();
        scene.Relay.Answer = line => line == "." ? reply : null;
        await scene.SendAsync("one@home.test", ["carol@far.test"]);
        var news = await scene.Watch.TakeAsync("r", scene.Event(RelayEventKind.Delivered, "carol@far.test", id), default);
        Assert.Equal("one@home.test", news!.Message?.MessageId);
    }

    [Fact]
    public async Task A_bounce_by_mail_finds_its_message_and_the_webhook_afterwards_tells_nobody_again()
    {
        await using var scene = await WatchScene.StartAsync();
        await scene.SendAsync("one@home.test", ["carol@far.test", "dave@far.test"]);
        var bounces = new RelayBounces(scene.Watch, () => ["other", "r"], scene.Test.Clock, NullLogger.Instance);
        using var body = scene.Test.Body(Bounce("one@home.test", "carol@far.test"));
        var status = DeliveryStatus.Read(new MessageReader().Scan(body), MessageReader.Reader(body), 65536);
        // Who got the message can write such a letter about another; to its return path it comes from those who took it.
        await bounces.HearAsync(status!, ["bob@example.test"], default);
        Assert.Empty(scene.News);
        await bounces.HearAsync(status!, ["ALICE@example.test"], default);
        var news = Assert.Single(scene.News);
        Assert.Equal((RelayEventKind.Bounced, "carol@far.test", new EnhancedCode(5, 1, 1), false),
            (news.Event.Kind, news.Event.Recipient, news.Event.Status, news.SenderTold));
        Assert.Equal("550 5.1.1 <carol@far.test>: unknown", news.Event.Says);
        await scene.Watch.TakeAsync("r", scene.Event(RelayEventKind.Bounced, "carol@far.test", "one@home.test"), default);
        Assert.Empty(await scene.InboxAsync());
        await scene.Watch.TakeAsync("r", scene.Event(RelayEventKind.Bounced, "dave@far.test", "one@home.test"), default);
        Assert.Single(await scene.InboxAsync());
    }

    [Fact]
    public async Task A_relay_without_a_webhook_costs_no_waiting_and_its_bounce_finds_the_message()
    {
        await using var scene = await WatchScene.StartAsync();
        scene.Ledger.IsHeard = _ => false;
        scene.Relay.Answer = line => line.Contains("<no@", StringComparison.Ordinal) ? "550 5.1.1 no" : null;
        await scene.SendAsync("one@home.test", ["carol@far.test", "no@far.test"]);
        Assert.NotNull(await scene.Ledger.FindAsync("r", ["one@home.test"], "carol@far.test", default));
        Assert.Null(await scene.Ledger.FindAsync("r", ["one@home.test"], "no@far.test", default));
    }

    [Fact]
    public async Task Every_beginning_of_a_bounce_is_read_without_a_fault()
    {
        await using var scene = await WatchScene.StartAsync();
        var text = Bounce("one@home.test", "carol@far.test");
        for (var length = 0; length < text.Length; length += 7)
        {
            using var body = scene.Test.Body(text[..length]);
            var read = DeliveryStatus.Read(new MessageReader().Scan(body), MessageReader.Reader(body), 65536);
            Assert.True(read is null || read.MessageId.Length > 0);
        }
    }

    [Fact]
    public async Task Our_own_notices_are_bounces_that_are_read()
    {
        await using var scene = await WatchScene.StartAsync();
        await scene.SendAsync("one@home.test", ["carol@far.test"]);
        await scene.Watch.TakeAsync("r", scene.Event(RelayEventKind.Bounced, "carol@far.test", "one@home.test"), default);
        using var body = scene.Test.Body((await scene.InboxAsync())[0]);
        var read = DeliveryStatus.Read(new MessageReader().Scan(body), MessageReader.Reader(body), 65536);
        Assert.Equal("one@home.test", read!.MessageId);
        Assert.Equal([("carol@far.test", "failed", "5.1.1", "")], read.Recipients);
    }

    private static string Bounce(string messageId, string recipient)
    {
        var lines = $"""
            From: MAILER-DAEMON@relay.test
            To: alice@example.test
            Subject: Undelivered Mail
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=delivery-status; boundary="b"

            --b
            Content-Type: text/plain

            It could not be delivered.
            --b
            Content-Type: message/delivery-status

            Reporting-MTA: dns; relay.test
            Arrival-Date: Thu, 01 Jan 2026 12:00:00 +0000

            Final-Recipient: rfc822; {recipient}
            Action: failed
            Status: 5.1.1
            Diagnostic-Code: smtp; 550 5.1.1
              <{recipient}>: unknown

            --b
            Content-Type: message/rfc822

            From: alice@example.test
            Message-ID: <{messageId}>
            Subject: x

            hello
            --b--

            """;
        return lines.ReplaceLineEndings("\r\n");
    }
}
