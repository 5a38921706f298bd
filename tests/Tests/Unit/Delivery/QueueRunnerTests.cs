using System.Net;
using System.Net.Sockets;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Smtp;
using Aviso.Store;
using Aviso.Tests.Unit.Smtp;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

public sealed class QueueRunnerTests : IAsyncDisposable
{
    private readonly SetClock _clock = new();
    private readonly FakeQueue _queue;
    private readonly FakeSmtpServer _server = new();
    private readonly List<IPEndPoint> _dialled = [];
    private readonly FakeZone _zone = new FakeZone()
        .Mx("far.test", 10, "mx1.far.test").Mx("far.test", 20, "mx2.far.test")
        .A("mx1.far.test", "203.0.113.1").A("mx2.far.test", "203.0.113.2").Aaaa("mx2.far.test", "2001:db8::2")
        .A("relay.test", "203.0.113.9");

    private List<RouteSettings> _routes = [];
    private QueueRunnerOptions _options = new() { HostName = "home.test", Timeouts = new() { Command = TimeSpan.FromSeconds(5) } };
    private Func<IPEndPoint, bool> _down = _ => false;

    public QueueRunnerTests() => _queue = new(_clock);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private sealed class LocalNotices : INoticeTarget
    {
        public ValueTask<NoticeAddress> FindAsync(string sender, CancellationToken cancel) => ValueTask.FromResult<NoticeAddress>(new(
            sender.EndsWith("@home.test", StringComparison.Ordinal) ? new AcceptTarget(new(1), "INBOX", default, SystemFlags.None, []) : null, sender));
    }

    private QueueRunner Runner() => new(new(
        _queue, new BodySpool(Path.GetTempPath(), 100_000_000), new FakeReader(), _zone, new Router(_routes), new LocalNotices(),
        new IdSource(_clock), address => !IPAddress.IsLoopback(address) && !address.ToString().StartsWith("10.", StringComparison.Ordinal),
        host => host == "home.test", _clock, NullLogger.Instance)
    {
        Dial = async (to, _) =>
        {
            lock (_dialled) _dialled.Add(to);
            if (_down(to)) throw new SocketException((int)SocketError.ConnectionRefused);
            return await _server.ConnectAsync();
        },
        Verify = (_, certificate, _, _) => certificate?.Subject == "CN=mx.test",
    }, _options);

    private async Task DeliverAsync()
    {
        using var runner = Runner();
        await runner.DeliverDueAsync(default);
    }

    private RelaySettings Relay(int quota = 0, TlsDemand tls = TlsDemand.None) =>
        new() { Name = "r", Host = "relay.test", Tls = tls, Quota = quota };

    private void UseRelay(RelaySettings relay)
    {
        _options = _options with { Relays = [relay] };
        _routes = [new("*", null, "r")];
    }

    [Fact]
    public async Task A_message_goes_to_the_best_mx_in_one_transaction_and_leaves_the_queue()
    {
        _queue.Add("far.test", to: ["b@far.test", "c@far.test"]);
        await DeliverAsync();
        Assert.Equal(["b@far.test", "c@far.test"], Assert.Single(_server.Mails).To);
        Assert.Equal("203.0.113.1:25", Assert.Single(_dialled).ToString());
        Assert.Empty(_queue.Rows);
        Assert.Empty(_queue.Notices);
        Assert.StartsWith("mx1.far.test[203.0.113.1]: 250 2.0.0 taken", _queue.Settled[0].Reply);
    }

    [Fact]
    public async Task The_next_mx_is_tried_when_the_first_is_down()
    {
        _queue.Add("far.test", to: "b@far.test");
        _down = to => to.Address.ToString() == "203.0.113.1";
        await DeliverAsync();
        Assert.Single(_server.Mails);
        Assert.Equal(2, _dialled.Count);
    }

    [Fact]
    public async Task The_next_mx_is_tried_when_the_first_hangs_up_before_the_data()
    {
        var first = true;
        _server.Answer = line => line.StartsWith("RCPT", StringComparison.Ordinal) && first && !(first = false) ? "CLOSE" : null;
        _queue.Add("far.test", to: "b@far.test");
        await DeliverAsync();
        Assert.Single(_server.Mails);
        Assert.Equal(2, _dialled.Count);
        Assert.Empty(_queue.Rows);
    }

    [Fact]
    public async Task A_parked_session_that_the_peer_left_costs_no_attempt()
    {
        using var stop = new CancellationTokenSource();
        using var runner = Runner();
        var running = runner.RunAsync(stop.Token);
        var left = false;
        _server.Answer = line => line.StartsWith("MAIL", StringComparison.Ordinal) && _server.Mails.Count == 1 && !left && (left = true) ? "421 4.4.2 idle too long" : null;
        for (var i = 0; i < 2; i++)
        {
            _queue.Add("far.test", to: $"u{i}@far.test");
            runner.Wake();
            await Patience.UntilAsync(() => _queue.Rows.Count == 0, "the queue is empty", pause: 10);
        }
        await stop.CancelAsync();
        await running;
        Assert.True(left);
        Assert.Equal(2, _server.Mails.Count);
        Assert.All(_queue.Settled, s => Assert.Equal(QueueResult.Done, s.Result));
    }

    [Fact]
    public async Task Many_messages_share_a_connection()
    {
        for (var i = 0; i < 5; i++) _queue.Add("far.test", to: $"u{i}@far.test");
        await DeliverAsync();
        Assert.Equal(5, _server.Mails.Count);
        Assert.Equal(1, _server.Connections);
    }

    [Fact]
    public async Task No_more_connections_than_allowed_are_open_to_one_destination()
    {
        for (var i = 0; i < 60; i++) _queue.Add("far.test", to: $"u{i}@far.test");
        await DeliverAsync();
        Assert.Equal(60, _server.Mails.Count);
        Assert.Equal(60, _server.Mails.Select(m => m.To[0]).Distinct().Count());
        Assert.InRange(_server.Connections, 1, 2);
    }

    [Theory]
    [InlineData("null.test", "5.1.10")]
    [InlineData("nowhere.test", "5.1.2")]
    [InlineData("empty.test", "5.1.2")]
    [InlineData("[127.0.0.1]", "5.4.4")]
    [InlineData("[IPv6:::1]", "5.4.4")]
    [InlineData("loop.test", "5.4.6")]
    [InlineData("lost.test", "5.4.4")]
    public async Task A_domain_that_takes_no_mail_bounces_at_once(string domain, string status)
    {
        _zone.NullMx("null.test").Txt("empty.test", "x").Mx("loop.test", 5, "home.test").Mx("loop.test", 9, "mx1.far.test").Mx("lost.test", 1, "gone.lost.test");
        _queue.Add(domain, to: "b@" + domain);
        await DeliverAsync();
        Assert.Empty(_queue.Rows);
        Assert.Contains($"Status: {status}\r\n", Assert.Single(_queue.Notices).Text);
        Assert.Empty(_dialled);
    }

    [Theory]
    [InlineData("broken.test")]
    [InlineData("inside.test")]
    public async Task What_the_dns_or_the_guard_cannot_settle_is_tried_later(string domain)
    {
        _zone.Fail("broken.test", DnsStatus.ServFail).Mx("inside.test", 1, "in.inside.test").A("in.inside.test", "10.0.0.1");
        _queue.Add(domain, to: "b@" + domain);
        await DeliverAsync();
        var row = Assert.Single(_queue.Rows);
        Assert.Equal(1, row.Attempts);
        Assert.StartsWith("451 4.", row.LastReply);
        Assert.InRange(row.DueAt - _clock.Ms, 4 * 60_000, 6 * 60_000);
        Assert.Empty(_dialled);
    }

    [Fact]
    public async Task Without_mx_the_domain_itself_is_the_host()
    {
        _zone.A("plain.test", "203.0.113.7");
        _queue.Add("plain.test", to: "b@plain.test");
        await DeliverAsync();
        Assert.Equal("203.0.113.7:25", Assert.Single(_dialled).ToString());
        Assert.Single(_server.Mails);
    }

    [Fact]
    public async Task A_failed_handshake_is_tried_once_in_the_clear()
    {
        _server.Extensions.Add("STARTTLS");
        _server.BreakHandshake = true;
        _queue.Add("far.test", to: "b@far.test");
        await DeliverAsync();
        Assert.False(Assert.Single(_server.Mails).Tls);
        Assert.Equal(2, _dialled.Count);
    }

    [Fact]
    public async Task A_permanent_refusal_bounces_to_the_local_sender_with_a_report()
    {
        _server.Answer = line => line.StartsWith("RCPT", StringComparison.Ordinal) && line.Contains("<no@") ? "550 5.1.1 no such user" : null;
        _queue.Add("far.test", to: ["no@far.test", "yes@far.test"], envid: "env1", orcpt: "rfc822;old@far.test", ret: DsnReturn.Full);
        await DeliverAsync();
        Assert.Empty(_queue.Rows);
        Assert.Equal(["yes@far.test"], Assert.Single(_server.Mails).To);
        var notice = Assert.Single(_queue.Notices);
        Assert.True(notice.Local!.IgnoreQuota);
        Assert.Contains("Original-Envelope-Id: env1\r\n", notice.Text);
        Assert.Contains("Original-Recipient: rfc822; old@far.test\r\n", notice.Text);
        Assert.Contains("Final-Recipient: rfc822; no@far.test\r\n", notice.Text);
        Assert.Contains("Action: failed\r\n", notice.Text);
        Assert.Contains("Status: 5.1.1\r\n", notice.Text);
        Assert.Contains("Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n", notice.Text);
        Assert.Contains("Remote-MTA: dns; mx1.far.test\r\n", notice.Text);
        Assert.Contains("hello\r\n", notice.Text);
        Assert.Contains("message/rfc822", notice.Text);
    }

    [Fact]
    public async Task A_bounce_for_a_foreign_sender_goes_through_the_queue_and_never_bounces_itself()
    {
        _server.Answer = line => line.StartsWith("RCPT", StringComparison.Ordinal) ? "550 5.1.1 no" : null;
        _queue.Add("far.test", sender: "z@far.test", to: "b@far.test");
        await DeliverAsync();
        Assert.Null(Assert.Single(_queue.Notices).Local);
        Assert.Contains("MAIL FROM:<> SIZE=" + System.Text.Encoding.UTF8.GetByteCount(_queue.Notices[0].Text), _server.Commands);
        Assert.Contains("RCPT TO:<z@far.test>", _server.Commands);
        Assert.Empty(_queue.Rows);
    }

    [Theory]
    [InlineData(DsnNotify.Never, 0)]
    [InlineData(DsnNotify.Success, 0)]
    [InlineData(DsnNotify.Failure, 1)]
    [InlineData(DsnNotify.Unspecified, 1)]
    public async Task Notify_is_obeyed_for_failures(DsnNotify notify, int expected)
    {
        _server.Answer = line => line.StartsWith("RCPT", StringComparison.Ordinal) ? "550 5.1.1 no" : null;
        _queue.Add("far.test", notify: notify, to: "b@far.test");
        await DeliverAsync();
        Assert.Equal(expected, _queue.Notices.Count);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public async Task Success_is_told_as_relayed_when_the_next_hop_will_not(bool peerHasDsn, int expected)
    {
        if (peerHasDsn) _server.Extensions.Add("DSN");
        _queue.Add("far.test", notify: DsnNotify.Success | DsnNotify.Failure, to: "b@far.test");
        await DeliverAsync();
        Assert.Equal(expected, _queue.Notices.Count);
        if (!peerHasDsn) Assert.Contains("Action: relayed\r\n", _queue.Notices[0].Text);
        else Assert.Contains("RCPT TO:<b@far.test> NOTIFY=SUCCESS,FAILURE", _server.Commands);
    }

    [Fact]
    public async Task Deferred_mail_is_tried_less_and_less_often_told_of_once_and_given_up_after_five_days()
    {
        _server.Answer = line => line.StartsWith("RCPT", StringComparison.Ordinal) ? "451 4.7.1 greylisted" : null;
        _queue.Add("far.test", to: "b@far.test");
        var start = _clock.Ms;
        var waits = new List<double>();
        while (_queue.Rows.Count > 0 && waits.Count < 100)
        {
            await DeliverAsync();
            if (_queue.Rows is not [var row]) break;
            waits.Add((row.DueAt - _clock.Ms) / 60_000.0);
            _clock.Now = DateTimeOffset.FromUnixTimeMilliseconds(row.DueAt);
            if (_queue.Notices.Count == 0) Assert.True(_clock.Ms - start < 9 * 3_600_000);
        }
        foreach (var (wait, expected) in waits.Zip([5.0, 10, 20, 40, 60, 120, 240, 240])) Assert.InRange(wait, expected * 0.89, expected * 1.11);
        Assert.InRange(_clock.Ms - start, 5 * 86_400_000L, 5 * 86_400_000L + 5 * 3_600_000);
        Assert.Equal(2, _queue.Notices.Count);
        Assert.Contains("Action: delayed\r\n", _queue.Notices[0].Text);
        Assert.Contains("Will-Retry-Until: ", _queue.Notices[0].Text);
        Assert.Contains("Status: 5.4.7\r\n", _queue.Notices[1].Text);
        Assert.Contains("greylisted", _queue.Notices[1].Text);
    }

    [Theory]
    [InlineData(TlsDemand.None, true, true)]
    [InlineData(TlsDemand.Opportunistic, true, true)]
    [InlineData(TlsDemand.Verified, true, true)]
    [InlineData(TlsDemand.Verified, false, false)]
    public async Task Requiretls_mail_goes_to_a_relay_by_verified_tls_or_comes_back(TlsDemand tls, bool offers, bool sent)
    {
        _server.Extensions.Add("STARTTLS");
        if (offers) _server.Extensions.Add("REQUIRETLS");
        UseRelay(Relay(tls: tls));
        _queue.Add("relay:r", needs: QueueNeeds.RequireTls, to: "b@far.test");
        await DeliverAsync();
        Assert.Empty(_queue.Rows);
        Assert.Equal(sent, _server.Mails is [{ Tls: true }]);
        if (!sent) Assert.Contains("5.7.30", Assert.Single(_queue.Notices).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_relay_is_used_with_login_and_verified_tls()
    {
        UseRelay(Relay(tls: TlsDemand.Verified) with { Username = "u", Password = "p" });
        _server.Extensions.AddRange(["STARTTLS", "AUTH PLAIN"]);
        _queue.Add("relay:r", to: "b@far.test");
        await DeliverAsync();
        Assert.True(Assert.Single(_server.Mails).Tls);
        Assert.Contains("AUTH PLAIN AHUAcA==", _server.Commands);
        Assert.Equal("203.0.113.9:587", Assert.Single(_dialled).ToString());
        Assert.Equal("r", _queue.Settled[0].Relay);
    }

    [Theory]
    [InlineData(true, "535 5.7.8 wrong password")]
    [InlineData(false, "STARTTLS")]
    public async Task A_relay_that_will_not_let_us_in_holds_up_mail_but_never_bounces_it(bool offersTls, string expected)
    {
        UseRelay(Relay(tls: TlsDemand.Verified) with { Username = "u", Password = "p" });
        if (offersTls) _server.Extensions.Add("STARTTLS");
        _server.Extensions.Add("AUTH PLAIN");
        _server.Answer = line => line.StartsWith("AUTH", StringComparison.Ordinal) ? "535 5.7.8 wrong password" : null;
        _queue.Add("relay:r", to: "b@far.test");
        await DeliverAsync();
        Assert.Contains(expected, Assert.Single(_queue.Rows).LastReply);
        Assert.DoesNotContain("AHUAcA==", _queue.Rows[0].LastReply);
        Assert.Empty(_queue.Notices);
        Assert.Empty(_server.Mails);
    }

    [Fact]
    public async Task A_quota_holds_bulk_first_then_automatic_then_the_newest_and_lets_go_after_a_day()
    {
        UseRelay(Relay(quota: 10));
        for (var i = 0; i < 4; i++) _queue.Add("relay:r", priority: QueuePriority.Bulk, to: $"bulk{i}@far.test");
        for (var i = 0; i < 4; i++) _queue.Add("relay:r", priority: QueuePriority.Automatic, to: $"auto{i}@far.test");
        for (var i = 0; i < 6; i++) _queue.Add("relay:r", to: $"person{i}@far.test");
        _options = _options with { Relays = [Relay(quota: 10) with { Connections = 1 }] };
        await DeliverAsync();
        var first = _server.Mails.Select(m => m.To[0]).ToList();
        // 6 people; automatic until 1 is left for people; bulk until 2 are left.
        Assert.Equal(6, first.Count(a => a.StartsWith("person", StringComparison.Ordinal)));
        Assert.Equal(3, first.Count(a => a.StartsWith("auto", StringComparison.Ordinal)));
        Assert.Equal(0, first.Count(a => a.StartsWith("bulk", StringComparison.Ordinal)));
        Assert.All(_queue.Rows, r => Assert.Contains("quota of relay r", r.HoldReason));
        Assert.All(_queue.Rows, r => Assert.Equal(0, r.Attempts));
        _queue.Add("relay:r", to: ["p7@far.test", "p8@far.test"]);
        await DeliverAsync();
        Assert.Equal(["p7@far.test"], _server.Mails[^1].To);
        _clock.Now += TimeSpan.FromHours(25);
        await DeliverAsync();
        Assert.Empty(_queue.Rows);
        Assert.Equal(16, _server.Mails.SelectMany(m => m.To).Distinct().Count());
    }

    [Fact]
    public async Task A_changed_route_moves_waiting_mail_and_a_missing_relay_holds_it_up()
    {
        _queue.Add("relay:old", to: "b@far.test");
        await DeliverAsync();
        Assert.Single(_server.Mails);
        _routes = [new("*", null, "gone")];
        _queue.Add("relay:gone", to: "b@far.test");
        await DeliverAsync();
        Assert.Contains("not in the settings", Assert.Single(_queue.Rows).LastReply);
    }

    [Fact]
    public async Task A_settlement_that_fails_is_written_again_and_nothing_goes_out_twice()
    {
        _queue.FailSettlements = 1;
        _queue.Add("far.test", to: "b@far.test");
        await DeliverAsync();
        Assert.Single(_server.Mails);
        Assert.Empty(_queue.Rows);
    }

    [Fact]
    public async Task After_a_crash_between_reply_and_settlement_the_lease_ends_and_the_message_is_tried_again()
    {
        _queue.Add("far.test", to: "b@far.test");
        var leased = await _queue.LeaseAsync(_clock.Ms, _clock.Ms + 60_000, 10, new HashSet<string>(), default);
        Assert.Single(leased);
        await DeliverAsync();
        Assert.Empty(_server.Mails);
        _clock.Now += TimeSpan.FromMinutes(1);
        await DeliverAsync();
        Assert.Single(_server.Mails);
        Assert.Empty(_queue.Rows);
    }

    [Theory]
    [InlineData("MAIL")]
    [InlineData("RCPT")]
    [InlineData("DATA")]
    [InlineData(".")]
    public async Task A_peer_that_goes_away_leaves_the_message_in_the_queue(string command)
    {
        _server.Answer = line => line.StartsWith(command, StringComparison.Ordinal) ? "CLOSE" : null;
        _queue.Add("far.test", to: "b@far.test");
        await DeliverAsync();
        Assert.Equal(1, Assert.Single(_queue.Rows).Attempts);
        _server.Answer = _ => null;
        _clock.Now += TimeSpan.FromMinutes(10);
        await DeliverAsync();
        Assert.Single(_server.Mails);
        Assert.Empty(_queue.Rows);
    }

    [Fact]
    public async Task Too_many_recipients_go_on_in_the_next_transaction_at_once()
    {
        var taken = 0;
        _server.Answer = line =>
        {
            if (line.StartsWith("MAIL", StringComparison.Ordinal)) taken = 0;
            return line.StartsWith("RCPT", StringComparison.Ordinal) && ++taken > 2 ? "452 4.5.3 too many" : null;
        };
        _queue.Add("far.test", to: ["a@far.test", "b@far.test", "c@far.test", "d@far.test", "e@far.test"]);
        await DeliverAsync();
        Assert.Equal([2, 2, 1], _server.Mails.Select(m => m.To.Count));
        Assert.Empty(_queue.Rows);
        _server.Answer = _ => null;
        _server.Extensions.Add("LIMITS RCPTMAX=2");
        _queue.Add("far.test", to: ["a@far.test", "b@far.test", "c@far.test"]);
        await DeliverAsync();
        Assert.Equal([2, 1], _server.Mails.Skip(3).Select(m => m.To.Count));
    }

    [Theory]
    [InlineData("", "Content-Transfer-Encoding: quoted-printable\r\n")]
    [InlineData("DKIM-Signature: v=1\r\n", "gr\u00fc\u00dfe\r\n")]
    public async Task Eight_bits_for_a_seven_bit_hop_are_encoded_unless_signed(string header, string expected)
    {
        _server.Extensions.Remove("8BITMIME");
        _queue.Add("far.test", needs: QueueNeeds.EightBit, to: "b@far.test",
            body: header + "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\ngr\u00fc\u00dfe\r\n");
        await DeliverAsync();
        Assert.Contains(expected, Assert.Single(_server.Mails).Data);
        Assert.DoesNotContain(_server.Commands, c => c.Contains("BODY="));
    }

    [Fact]
    public async Task Internationalised_mail_bounces_where_it_cannot_go()
    {
        _queue.Add("far.test", needs: QueueNeeds.SmtpUtf8, to: "b@far.test");
        await DeliverAsync();
        Assert.Contains("Status: 5.6.7\r\n", Assert.Single(_queue.Notices).Text);
        Assert.Empty(_queue.Rows);
    }

    [Fact]
    public async Task The_loop_delivers_what_comes_while_it_sleeps_and_ends_when_told()
    {
        using var stop = new CancellationTokenSource();
        using var runner = Runner();
        var running = runner.RunAsync(stop.Token);
        for (var i = 0; i < 3; i++)
        {
            _queue.Add("far.test", to: $"u{i}@far.test");
            runner.Wake();
            await Patience.UntilAsync(() => _queue.Rows.Count == 0, "the queue is empty", pause: 10);
            Assert.Empty(_queue.Rows);
        }
        await stop.CancelAsync();
        await running;
        Assert.Equal(3, _server.Mails.Count);
    }

    [Fact]
    public async Task The_verbs_show_reason_and_reply_and_change_what_they_select()
    {
        _server.Answer = line => line.StartsWith("RCPT", StringComparison.Ordinal) ? "451 4.7.1 greylisted" : null;
        var id = _queue.Add("far.test", to: "b@far.test");
        await DeliverAsync();
        var woken = 0;
        var service = new QueueService(_queue, _clock, () => woken++, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var entry = Assert.Single(await service.ListAsync(new(), 10, default));
        Assert.Contains("mx1.far.test[203.0.113.1]: 451 4.7.1 greylisted", entry.Recipients[0].LastReply);
        Assert.Equal("the remote host put it off", entry.Recipients[0].Reason);
        Assert.Null(await service.ShowAsync("nonsense", default));
        Assert.Equal(0, await service.DropAsync(new(), default));
        Assert.Equal(1, await service.HoldAsync(new(id.ToString()), default));
        Assert.Equal("held", (await service.ShowAsync(id.ToString(), default))!.Recipients[0].State);
        Assert.Equal(1, await service.ReleaseAsync(new(id.ToString()), default));
        Assert.Equal(1, woken);
        Assert.Equal(1, await service.DropAsync(new(id.ToString()), default));
        Assert.Empty(_queue.Rows);
    }
}
