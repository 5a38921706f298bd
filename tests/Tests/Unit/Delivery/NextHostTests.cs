using System.Diagnostics.Metrics;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Smtp;
using Aviso.Store;
using Aviso.Tests.Unit.Base;
using Aviso.Tests.Unit.Smtp;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>Which host gets the mail next, and what is said when none does.</summary>
public sealed class NextHostTests : IAsyncDisposable
{
    private readonly SetClock _clock = new();
    private readonly FakeQueue _queue;
    private readonly Dictionary<string, FakeSmtpServer> _hosts = [];
    private readonly List<string> _dialled = [];
    private readonly FakeZone _zone = new();
    private QueueRunnerOptions _options = new() { HostName = "home.test", Timeouts = new() { Command = TimeSpan.FromSeconds(5) } };
    private List<RouteSettings> _routes = [];
    private bool _isGiven = true;

    public NextHostTests() => _queue = new(_clock);

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts.Values) await host.DisposeAsync();
    }

    private sealed class Foreign : INoticeTarget
    {
        public ValueTask<NoticeAddress> FindAsync(string sender, CancellationToken cancel) =>
            new(new NoticeAddress(null, sender) { IsNobody = sender.StartsWith("SRS0", StringComparison.Ordinal) });

        public ValueTask<NoticeAddress?> KeeperAsync(string originalRecipient, CancellationToken cancel) => new(originalRecipient != "rfc822;fwd@home.test" ? null
            : new NoticeAddress(new AcceptTarget(new(7), "INBOX", default, SystemFlags.None, []), "owner@home.test") { IsKeeper = true });
    }

    private FakeSmtpServer Host(string name, string address, ushort preference = 10)
    {
        if (name.EndsWith("far.test", StringComparison.Ordinal)) _zone.Mx("far.test", preference, name);
        _zone.A(name, address);
        return _hosts[address] = new();
    }

    private async Task DeliverAsync()
    {
        using var runner = new QueueRunner(new(
            _queue, new BodySpool(Path.GetTempPath(), 100_000_000), new FakeReader(), _zone, new Router(_routes), new Foreign(), new IdSource(_clock),
            address => !address.ToString().StartsWith("10.", StringComparison.Ordinal), host => host == "home.test", _clock, NullLogger.Instance)
        {
            IsOurAddress = address => address.ToString() == "10.0.0.1",
            Dial = async (to, _) =>
            {
                lock (_dialled) _dialled.Add(to.Address.ToString());
                return await _hosts[to.Address.ToString()].ConnectAsync();
            },
            Verify = _isGiven ? (_, _, _, _) => true : null,
        }, _options);
        await runner.DeliverDueAsync(default);
    }

    private static Func<string, string?> Says(string command, string reply) => line => line.StartsWith(command, StringComparison.Ordinal) ? reply : null;

    // RFC 5321 §5.1: each of the addresses in order until one takes it, in the same try.
    [Theory]
    [InlineData("MAIL", "451 4.7.1 greylisted")]
    [InlineData("RCPT", "451 4.7.1 greylisted")]
    [InlineData("RCPT", "421 4.3.2 going down")]
    [InlineData("DATA", "451 4.3.0 not now")]
    [InlineData("DATA", "421 4.3.2 going down")]
    [InlineData(".", "451 4.3.0 not now")]
    public async Task What_the_best_mx_puts_off_goes_to_the_second_in_the_same_try(string command, string reply)
    {
        Host("mx1.far.test", "203.0.113.1").Answer = Says(command, reply);
        var second = Host("mx2.far.test", "203.0.113.2", 20);
        _queue.Add("far.test", to: ["b@far.test", "c@far.test"]);
        await DeliverAsync();
        Assert.Empty(_queue.Rows);
        Assert.Equal(["b@far.test", "c@far.test"], Assert.Single(second.Mails).To);
        Assert.Empty(_hosts["203.0.113.1"].Mails);
    }

    [Fact]
    public async Task Only_the_recipients_that_were_put_off_go_to_the_second_mx()
    {
        var first = Host("mx1.far.test", "203.0.113.1");
        first.Answer = line => line.StartsWith("RCPT TO:<c@", StringComparison.Ordinal) ? "450 4.2.1 busy"
            : line.StartsWith("RCPT TO:<d@", StringComparison.Ordinal) ? "550 5.1.1 nobody" : null;
        var second = Host("mx2.far.test", "203.0.113.2", 20);
        _queue.Add("far.test", to: ["b@far.test", "c@far.test", "d@far.test"]);
        await DeliverAsync();
        Assert.Equal(["b@far.test"], Assert.Single(first.Mails).To);
        Assert.Equal(["c@far.test"], Assert.Single(second.Mails).To);
        Assert.Contains("550 5.1.1 nobody", Assert.Single(_queue.Notices).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_every_host_puts_it_off_it_waits_with_what_the_best_said_and_the_next_message_begins_with_the_best()
    {
        var first = Host("mx1.far.test", "203.0.113.1");
        first.Answer = Says("RCPT TO:<x1", "451 4.7.1 first");
        Host("mx2.far.test", "203.0.113.2", 20).Answer = Says("RCPT TO:<x1", "451 4.7.1 second");
        _queue.Add("far.test", to: "x1@far.test");
        _queue.Add("far.test", to: "y@far.test");
        await DeliverAsync();
        Assert.Contains("451 4.7.1 first", Assert.Single(_queue.Rows).LastReply, StringComparison.Ordinal);
        Assert.Equal(["y@far.test"], Assert.Single(first.Mails).To);
    }

    // What came after the final dot is in doubt: a second copy is worse than a wait.
    [Fact]
    public async Task A_session_that_breaks_after_the_data_is_no_reason_to_ask_another_host()
    {
        Host("mx1.far.test", "203.0.113.1").Answer = Says(".", "CLOSE");
        var second = Host("mx2.far.test", "203.0.113.2", 20);
        _queue.Add("far.test", to: "b@far.test");
        await DeliverAsync();
        Assert.Empty(second.Mails);
        Assert.Single(_queue.Rows);
    }

    [Fact]
    public async Task A_relay_with_several_addresses_is_asked_at_each()
    {
        Host("relay.test", "203.0.113.8").Answer = Says("RCPT", "451 4.3.2 busy");
        Host("relay.test", "203.0.113.9").Answer = Says("RCPT", "451 4.3.2 busy");
        _hosts["203.0.113.9"].Answer = _ => null;
        _options = _options with { Relays = [new() { Name = "r", Host = "relay.test", Tls = TlsDemand.None }] };
        _routes = [new("*", null, "r")];
        _queue.Add("relay:r", to: "b@far.test");
        await DeliverAsync();
        Assert.Empty(_queue.Rows);
        Assert.Single(_hosts["203.0.113.9"].Mails);
    }

    // RFC 5321 §4.5.3.1.10
    [Fact]
    public async Task Too_many_recipients_by_552_go_on_in_the_next_transaction_at_once()
    {
        var host = Host("mx1.far.test", "203.0.113.1");
        var taken = 0;
        host.Answer = line =>
        {
            if (line.StartsWith("MAIL", StringComparison.Ordinal)) taken = 0;
            return line.StartsWith("RCPT", StringComparison.Ordinal) && ++taken > 2 ? "552 5.5.3 too many" : null;
        };
        _queue.Add("far.test", to: ["a@far.test", "b@far.test", "c@far.test"]);
        await DeliverAsync();
        Assert.Equal([2, 1], host.Mails.Select(m => m.To.Count));
        host.Answer = Says("RCPT", "552 5.5.3 too many");
        _queue.Add("far.test", to: "d@far.test");
        await DeliverAsync();
        Assert.Equal("d@far.test", Assert.Single(_queue.Rows).Address);
        Assert.Empty(_queue.Notices);
    }

    // A full mailbox was tried for five days, and its sender believed all that time that the mail had come.
    [Theory]
    [InlineData("552 5.2.2 mailbox is full", 1, "Status: 5.2.2\r\n")]
    [InlineData("552 5.5.3 too many", 5, "Status: 5.4.7\r\n")]
    [InlineData("552 over", 5, "Status: 5.4.7\r\n")]
    [InlineData("452 4.2.2 mailbox is full", 5, "Status: 5.4.7\r\n")]
    public async Task A_mailbox_that_is_full_for_good_has_a_day_and_then_its_sender_knows(string reply, int days, string status)
    {
        Host("mx1.far.test", "203.0.113.1").Answer = Says("RCPT", reply);
        _queue.Add("far.test", to: "b@far.test");
        var start = _clock.Now;
        for (var tries = 0; tries < 100; tries++)
        {
            await DeliverAsync();
            if (_queue.Rows is not [var row]) break;
            _clock.Now = DateTimeOffset.FromUnixTimeMilliseconds(row.DueAt);
        }
        Assert.InRange(_clock.Now - start, TimeSpan.FromDays(days), TimeSpan.FromDays(days) + TimeSpan.FromHours(5));
        Assert.Contains("Action: delayed", _queue.Notices[0].Text, StringComparison.Ordinal);
        Assert.Contains(status, _queue.Notices[1].Text, StringComparison.Ordinal);
        Assert.Contains("Diagnostic-Code: smtp; " + reply, _queue.Notices[1].Text, StringComparison.Ordinal);
        Assert.Equal(2, _queue.Notices.Count);
    }

    [Fact]
    public async Task A_mail_server_whose_name_does_not_exist_bounces_at_once()
    {
        _zone.Mx("far.test", 10, "gone.far.test");
        _queue.Add("far.test", to: "b@far.test");
        await DeliverAsync();
        Assert.Contains("Status: 5.4.4\r\n", Assert.Single(_queue.Notices).Text, StringComparison.Ordinal);
        // With another host that may come back, it waits.
        _zone.Mx("far.test", 20, "mx2.far.test").Fail("mx2.far.test", DnsStatus.ServFail);
        _queue.Add("far.test", to: "c@far.test");
        await DeliverAsync();
        Assert.Contains(_queue.Rows, r => r.Address == "c@far.test");
    }

    // RFC 5321 §5.1: whatever the host is called, this is us.
    [Fact]
    public async Task A_mail_server_that_is_our_own_address_is_a_loop_at_once()
    {
        _zone.Mx("far.test", 10, "other-name.far.test").A("other-name.far.test", "10.0.0.1");
        var worse = Host("mx2.far.test", "203.0.113.2", 20);
        _queue.Add("far.test", to: "b@far.test");
        await DeliverAsync();
        Assert.Contains("Status: 5.4.6\r\n", Assert.Single(_queue.Notices).Text, StringComparison.Ordinal);
        Assert.Empty(worse.Mails);
    }

    [Fact]
    public async Task A_better_host_than_ours_still_gets_the_mail()
    {
        var best = Host("mx1.far.test", "203.0.113.1", 5);
        _zone.Mx("far.test", 10, "other-name.far.test").A("other-name.far.test", "10.0.0.1");
        _queue.Add("far.test", to: "b@far.test");
        await DeliverAsync();
        Assert.Single(best.Mails);
    }

    [Fact]
    public async Task Two_null_mx_records_are_null_mx()
    {
        _zone.Mx("far.test", 0, ".").Mx("far.test", 10, ".");
        _queue.Add("far.test", to: "b@far.test");
        await DeliverAsync();
        Assert.Contains("Status: 5.1.10\r\n", Assert.Single(_queue.Notices).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_relay_that_refuses_our_login_is_counted_under_its_name()
    {
        var counted = new List<string?>();
        using var meters = new MeterListener();
        meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "aviso_relay_logins_refused_total") listener.EnableMeasurementEvents(instrument);
        };
        meters.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            foreach (var tag in tags) lock (counted) counted.Add(tag.Value as string);
        });
        meters.Start();
        var relay = Host("relay.test", "203.0.113.9");
        relay.Extensions.Add("AUTH PLAIN");
        relay.Extensions.Add("STARTTLS");
        relay.Answer = Says("AUTH", "535 5.7.8 wrong");
        _options = _options with { Relays = [new() { Name = "by-login", Host = "relay.test", Username = "u", Password = "p" }] };
        _routes = [new("*", null, "by-login")];
        _queue.Add("relay:by-login", to: "b@far.test");
        await DeliverAsync();
        Assert.Contains("relay by-login, login", Assert.Single(_queue.Rows).LastReply, StringComparison.Ordinal);
        Assert.Contains("by-login", counted);
    }

    [Fact]
    public async Task A_relay_that_hangs_up_on_starttls_is_tried_in_the_clear_where_tls_is_only_wished_for()
    {
        var relay = Host("relay.test", "203.0.113.9");
        relay.Extensions.Add("STARTTLS");
        relay.Answer = Says("STARTTLS", "CLOSE");
        _options = _options with { Relays = [new() { Name = "r", Host = "relay.test", Tls = TlsDemand.Opportunistic }] };
        _routes = [new("*", null, "r")];
        _queue.Add("relay:r", to: "b@far.test");
        await DeliverAsync();
        Assert.False(Assert.Single(relay.Mails).Tls);
    }

    [Theory]
    [InlineData("good", true, "")]
    [InlineData("expired", true, "the certificate expired on ")]
    [InlineData("other name", true, "the certificate is not for relay.test, but for other.test")]
    [InlineData("nobody", true, "which is not an authority in `ca` of the relay")]
    [InlineData("good", false, "which this system does not trust")]
    public async Task Why_a_certificate_of_a_relay_is_refused_is_said(string shown, bool hasCa, string expected)
    {
        _isGiven = false;
        var relay = Host("relay.test", "203.0.113.9");
        relay.Extensions.Add("STARTTLS");
        relay.Show = shown switch
        {
            "expired" => SceneCertificates.Expired("relay.test"),
            "other name" => SceneCertificates.Good("other.test"),
            "nobody" => SceneCertificates.OfNobody("relay.test"),
            _ => SceneCertificates.Good("relay.test"),
        };
        _options = _options with { Relays = [new() { Name = "r", Host = "relay.test", Authorities = hasCa ? [SceneCertificates.Root] : null }] };
        _routes = [new("*", null, "r")];
        _queue.Add("relay:r", to: "b@far.test");
        await DeliverAsync();
        if (expected.Length == 0) Assert.True(Assert.Single(relay.Mails).Tls);
        else Assert.Contains(expected, Assert.Single(_queue.Rows).LastReply, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(40, "40 seconds")]
    [InlineData(1800, "30 minutes")]
    [InlineData(3600, "1 hour")]
    [InlineData(5400, "1.5 hours")]
    [InlineData(86_400, "1 day")]
    [InlineData(432_000, "5 days")]
    public async Task How_long_it_is_tried_is_said_in_the_unit_that_fits(int seconds, string expected)
    {
        Host("mx1.far.test", "203.0.113.1").Answer = Says("RCPT", "451 4.7.1 greylisted");
        _options = _options with { Schedule = new() { GiveUpAfter = TimeSpan.FromSeconds(seconds), DelayNoticeAfter = TimeSpan.Zero } };
        _queue.Add("far.test", to: "b@far.test");
        await DeliverAsync();
        Assert.Contains($"tried again for {expected}", Assert.Single(_queue.Notices).Text.Replace("\r\n", " ", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    // RFC 3461 §4.3: FULL asks for the whole message; RFC 6522 §4: a header may be encoded.
    [Theory]
    [InlineData("Subject: x\r\n\r\nGr\u00C3\u00BC\u00C3\u009Fe\r\n", "Content-Type: message/rfc822", "Content-Transfer-Encoding: 8bit", "Gr\u00FC\u00DFe")]
    [InlineData("Subject: Gr\u00FC\u00DFe\r\n\r\nhello\r\n", "Content-Type: text/rfc822-headers", "Content-Transfer-Encoding: quoted-printable", "Gr=FC=DFe")]
    public async Task A_bounce_of_an_eight_bit_message_has_it(string message, string type, string encoding, string text)
    {
        Host("mx1.far.test", "203.0.113.1").Answer = Says("RCPT", "550 5.1.1 nobody");
        _queue.Add("far.test", message, needs: QueueNeeds.EightBit, ret: DsnReturn.Full, to: "b@far.test");
        await DeliverAsync();
        var notice = Assert.Single(_queue.Notices).Text;
        Assert.Contains(type, notice, StringComparison.Ordinal);
        Assert.Contains(encoding, notice, StringComparison.Ordinal);
        Assert.Contains(text, notice, StringComparison.Ordinal);
    }

    // What was acknowledged may not vanish: the address that forwards it gets it back whole, and nothing goes to an address of ours by a relay.
    [Theory]
    [InlineData("")]
    [InlineData("SRS0=ABCDEF=AA=x.example=gone@home.test")]
    public async Task A_failed_forward_that_cannot_be_returned_is_kept_by_the_address_that_forwards(string sender)
    {
        Host("mx1.far.test", "203.0.113.1").Answer = Says("RCPT", "550 5.1.1 nobody");
        _queue.Add("far.test", "Subject: x\r\n\r\nthe whole text\r\n", sender, orcpt: "rfc822;fwd@home.test", to: "b@far.test");
        await DeliverAsync();
        var notice = Assert.Single(_queue.Notices);
        Assert.Equal(7, notice.Local?.Account.Value);
        Assert.Contains("the whole text", notice.Text, StringComparison.Ordinal);
        _queue.Add("far.test", sender: sender, to: "b@far.test");
        await DeliverAsync();
        Assert.Single(_queue.Notices);
        Assert.Empty(_queue.Rows);
    }

    // docs/decisions/0023
    [Fact]
    public async Task A_line_of_more_than_a_thousand_octets_arrives_as_it_was()
    {
        var host = Host("mx1.far.test", "203.0.113.1");
        var line = new string('x', 5000);
        _queue.Add("far.test", $"Subject: x\r\n\r\n{line}\r\n", to: "b@far.test");
        await DeliverAsync();
        Assert.Contains($"\r\n{line}\r\n", Assert.Single(host.Mails).Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_with_two_dots_is_written_as_rfc_5321_wants_it()
    {
        var host = Host("mx1.far.test", "203.0.113.1");
        _queue.Add("far.test", to: Addresses.Of("a..b@far.test").Wire);
        await DeliverAsync();
        Assert.Equal(["\"a..b\"@far.test"], Assert.Single(host.Mails).To);
    }
}
