using Aviso.Tests.System.Clients;
using Xunit;

namespace Aviso.Tests.System.Peers;

/// <summary>Answers that leave through a smarthost.</summary>
public sealed class RelayTests
{
    private const string Elsewhere = "someone@elsewhere.test";
    private const int Messages = 150;

    [Theory]
    [InlineData("plain login scram-sha-256")]
    [InlineData("plain")]
    [InlineData("login")]
    public async Task An_answer_submitted_with_a_login_reaches_the_world_through_the_relay(string mechanisms)
    {
        await using var scene = await RelayScene.StartAsync(mechanisms: mechanisms);
        (await Tool.RunAsync(Tool.Find("swaks", "swaks"),
            ["--server", "127.0.0.1", "--port", $"{scene.Aviso.Port("submission")}", "-tls", "--from", "alice@example.test", "--to",
                Elsewhere,
                "--auth", "PLAIN", "--auth-user", "alice@example.test", "--auth-password", AvisoServer.Password, "--header",
                    "Subject: the answer",
                "--body", "is 42"])).MustSucceed();
        await scene.SunkAsync(1);
        var message = Assert.Single(scene.Sink.Messages);
        Assert.Equal("alice@example.test", message.MailFrom);
        Assert.Equal([Elsewhere], message.Recipients);
        Assert.Equal("the answer", message.Subject);
        Assert.Contains("is 42", message.Text, StringComparison.Ordinal);
        Assert.Contains("sasl_username=" + DovecotAuth.Username, scene.Relay.Log, StringComparison.Ordinal);
        Assert.Contains("TLS connection established", scene.Relay.Log, StringComparison.Ordinal);
        await scene.QueueWhenAsync(queue => queue.Count == 0, "the queue is empty");
    }

    [Fact]
    public async Task A_wrong_relay_password_leaves_the_mail_queued_with_the_remote_reply()
    {
        await using var scene = await RelayScene.StartAsync(password: "not the password");
        scene.Submit(["locked-out"], Elsewhere);
        var waiting = Assert.Single(await scene.QueueWhenAsync(queue => queue is [{ Attempts: > 0 }], "one attempt"));
        Assert.Contains("535 5.7.8", waiting.LastReply, StringComparison.Ordinal);
        Assert.Equal(Elsewhere, waiting.Address);
        Assert.Equal(0, scene.Sink.Count);
    }

    [Fact]
    public async Task A_relay_whose_certificate_another_authority_signed_gets_neither_mail_nor_password()
    {
        await using var scene = await RelayScene.StartAsync(strangerCa: true);
        scene.Submit(["not-trusted"], Elsewhere);
        var waiting = Assert.Single(await scene.QueueWhenAsync(queue => queue is [{ Attempts: > 0 }], "one attempt"));
        Assert.Contains("certificate", waiting.Reason, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("sasl", scene.Relay.Log.ToLowerInvariant(), StringComparison.Ordinal);
        Assert.Equal(0, scene.Sink.Count);
    }

    [Fact]
    public async Task A_relay_that_was_down_gets_the_mail_after_retry()
    {
        await using var scene = await RelayScene.StartAsync();
        await scene.Relay.StopAsync();
        scene.Submit(["one", "two", "three"], Elsewhere);
        var queue = await scene.QueueWhenAsync(queue => queue.Count == 3 && queue.All(w => w.Attempts > 0), "three failed attempts");
        Assert.All(queue, w => Assert.Contains("connect", w.Reason, StringComparison.OrdinalIgnoreCase));
        await scene.Relay.StartAgainAsync();
        await scene.RetryAsync();
        await scene.SunkAsync(3);
        await scene.QueueWhenAsync(now => now.Count == 0, "the queue is empty");
        Assert.Equal(["one", "three", "two"], scene.Sink.Messages.Select(m => m.Subject).Order());
    }

    [Fact]
    public async Task A_relay_that_says_later_to_one_recipient_gets_the_others_at_once()
    {
        await using var scene = await RelayScene.StartAsync();
        scene.Submit(["mixed"], Elsewhere, "later@elsewhere.test");
        await scene.SunkAsync(1);
        var waiting = Assert.Single(await scene.QueueWhenAsync(queue => queue is [{ Attempts: > 0 }], "one recipient waits"));
        Assert.Equal("later@elsewhere.test", waiting.Address);
        Assert.Contains("450 4.2.0", waiting.LastReply, StringComparison.Ordinal);
        Assert.Contains("come again later", waiting.LastReply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_killed_with_a_full_queue_loses_nothing_and_repeats_only_what_was_not_settled()
    {
        await using var scene = await RelayScene.StartAsync();
        await scene.Relay.StopAsync();
        var subjects = Enumerable.Range(0, Messages).Select(i => $"queued-{i}").ToList();
        scene.Submit(subjects, Elsewhere);
        await scene.Aviso.KillAsync();
        await scene.Aviso.StartAgainAsync();
        Assert.Equal(Messages, (await scene.QueueAsync()).Count);

        // Killed again while the mail is leaving.
        await scene.Relay.StartAgainAsync();
        await scene.RetryAsync();
        await scene.SunkAsync(1);
        await scene.Aviso.KillAsync();
        await scene.Aviso.StartAgainAsync();
        await scene.RetryAsync(mayBeEmpty: true);
        await scene.QueueWhenAsync(queue => queue.Count == 0, "the queue is empty");
        await Patience.UntilAsync(() => scene.Sink.Messages.Select(m => m.Subject).ToHashSet(StringComparer.Ordinal).IsSupersetOf(subjects),
            "every message in the sink", 30, () => scene.Relay.Log);

        // RFC 1047: a message whose last reply was on its way may come twice; at most one per connection was.
        var doubled = scene.Sink.Messages.GroupBy(m => m.Subject).Where(g => g.Count() > 1).ToList();
        Assert.All(doubled, g => Assert.Equal(2, g.Count()));
        Assert.True(doubled.Count <= 8, $"{doubled.Count} messages came twice");
    }

    [Fact]
    public async Task Mail_beyond_the_quota_is_held_with_the_reason_and_not_lost()
    {
        await using var scene = await RelayScene.StartAsync(more: ", quota: 5/day, reserve: 0");
        scene.Submit(Enumerable.Range(0, 8).Select(i => $"q{i}"), Elsewhere);
        await scene.SunkAsync(5);
        var queue = await scene.QueueWhenAsync(now => now.Count == 3 && now.All(w => w.State == "held"), "three recipients held");
        Assert.All(queue, w => Assert.Contains("quota", w.Reason, StringComparison.OrdinalIgnoreCase));
        Assert.Equal(5, scene.Sink.Count);
        Assert.Equal(0, await scene.Aviso.MetricAsync("aviso_relay_quota_remaining", "smart"));
        var (_, page) = await scene.Aviso.PageAsync("/metrics");
        Assert.Contains("aviso_relay_quota_remaining{relay=\"smart\"} 0", page, StringComparison.Ordinal);

        // The count is stored: a restart gives no new quota, and the three are still there.
        await scene.Aviso.KillAsync();
        await scene.Aviso.StartAgainAsync();
        await scene.RetryAsync();
        await Task.Delay(TimeSpan.FromSeconds(2));
        Assert.Equal(3, (await scene.QueueAsync()).Count);
        Assert.Equal(5, scene.Sink.Count);
    }

    [Fact]
    public async Task A_recipient_the_relay_refuses_comes_back_to_the_sender_as_a_delivery_report()
    {
        await using var scene = await RelayScene.StartAsync();
        scene.Submit(["to-nobody"], "refused@elsewhere.test");
        using var imap = new ImapLineClient(scene.Aviso.Port("imap"), "alice@example.test", AvisoServer.Password);
        await Patience.UntilAsync(() =>
            imap.Ok("STATUS INBOX (MESSAGES)").Any(line => line.Contains("MESSAGES 1", StringComparison.Ordinal)),
            "a report in the inbox", 30, () => scene.Aviso.Log + scene.Relay.Log);
        imap.Ok("SELECT INBOX");
        var report = string.Join("\r\n", imap.Ok("FETCH 1 BODY.PEEK[]"));
        // RFC 3464 §2: multipart/report; per recipient Final-Recipient, Action, Status, and what the other side said.
        Assert.Contains("Return-Path: <>", report, StringComparison.Ordinal);
        Assert.Matches("""(?is)Content-Type: multipart/report;.*report-type="?delivery-status""", report);
        Assert.Matches("(?i)Content-Type: message/delivery-status", report);
        Assert.Matches("(?im)^Reporting-MTA: dns; ?mail\\.example\\.test", report);
        Assert.Matches("(?im)^Final-Recipient: rfc822; ?refused@elsewhere\\.test", report);
        Assert.Matches("(?im)^Action: failed", report);
        Assert.Matches("(?im)^Status: 5\\.1\\.1", report);
        Assert.Matches("(?im)^Diagnostic-Code: smtp; ?550 5\\.1\\.1", report);
        Assert.Contains("Subject: to-nobody", report, StringComparison.Ordinal);
        Assert.Empty(await scene.QueueAsync());
        Assert.Contains("\"REPORT\"", string.Concat(imap.Ok("FETCH 1 BODYSTRUCTURE")), StringComparison.OrdinalIgnoreCase);
    }
}
