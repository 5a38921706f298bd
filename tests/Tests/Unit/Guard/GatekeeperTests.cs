using System.Net;
using Aviso.Base;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Tests.Unit.Base;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Guard;

public sealed class GatekeeperTests : IAsyncLifetime
{
    private static readonly IPAddress Stranger = IPAddress.Parse("192.0.2.9");
    private static readonly IPAddress Gateway = IPAddress.Parse("10.0.0.7");

    private TestStore _store = null!;
    private DecisionBook _book = null!;
    private Gatekeeper _gate = null!;
    private TestClock _clock = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        _clock = _store.Clock;
        await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _book.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Theory]
    [InlineData("crowdsecurity/postfix-relay-denied", ListenerKind.Smtp, nameof(Reason.RelayDenied), 2)]
    [InlineData("crowdsecurity/postfix-non-smtp-command", ListenerKind.Smtp, nameof(Reason.NonSmtpCommand), 1)]
    [InlineData("crowdsecurity/postfix-spam", ListenerKind.Smtp, nameof(Reason.UnknownRecipient), 6)]
    [InlineData("crowdsecurity/postfix-spam", ListenerKind.Submission, nameof(Reason.LoginFailed), 6)]
    [InlineData("crowdsecurity/dovecot-spam", ListenerKind.Imap, nameof(Reason.LoginFailed), 4)]
    [InlineData("aviso/protocol-abuse", ListenerKind.Smtp, nameof(Reason.BareLineFeed), 3)]
    [InlineData("aviso/spam-source", ListenerKind.Smtp, nameof(Reason.Spam), 5)]
    public void A_scenario_fires_at_its_threshold_and_not_before(string scenario, ListenerKind kind, string what, int at)
    {
        for (var i = 1; i < at; i++) Report(kind, Reasons.Named(what), "alice");
        Assert.True(_gate.Allows(kind, Stranger));
        Report(kind, Reasons.Named(what), "alice");
        Assert.False(_gate.Allows(kind, Stranger));
        Assert.False(_gate.Allows(ListenerKind.Imaps, Stranger));
        var decision = Assert.Single(_book.List());
        Assert.Equal((scenario, "192.0.2.9", "aviso", at), (decision.Scenario, decision.Value, decision.Origin, decision.Events));
        _clock.Advance(TimeSpan.FromHours(4));
        Assert.True(_gate.Allows(ListenerKind.Imaps, Stranger));
    }

    [Fact]
    public void A_bucket_leaks()
    {
        for (var i = 0; i < 12; i++)
        {
            Report(ListenerKind.Smtp, Reason.UnknownRecipient);
            _clock.Advance(TimeSpan.FromSeconds(60));
        }
        Assert.Empty(_book.List());
    }

    [Fact]
    public void Distinct_users_count_apart_from_failures()
    {
        var scenario = Scenario.All.Single(s => s.Name == "aviso/login-enum");
        var bucket = new LeakyBucket();
        for (var i = 0; i < 50; i++) Assert.False(bucket.Pour(scenario, "same", _clock.GetTimestamp(), _clock));
        for (var i = 0; i < 4; i++) Assert.False(bucket.Pour(scenario, $"user{i}", _clock.GetTimestamp(), _clock));
        Assert.True(bucket.Pour(scenario, "user4", _clock.GetTimestamp(), _clock));
    }

    [Fact]
    public void A_client_that_comes_back_is_banned_four_times_as_long()
    {
        var lengths = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            Report(ListenerKind.Smtp, Reason.NonSmtpCommand);
            var decision = _book.List()[^1];
            lengths.Add((decision.Until - decision.Since).TotalHours);
            _clock.Advance(decision.Until - decision.Since);
            _book.Upkeep();
        }
        Assert.Equal([4, 16, 64, 168, 168], lengths);
    }

    [Fact]
    public void Incident_26_relays_proxies_and_own_networks_are_never_banned_or_limited()
    {
        for (var i = 0; i < 200; i++)
        {
            _gate.Report(new(ListenerKind.Smtp, Gateway, Reason.RelayDenied));
            Assert.True(_gate.Allows(ListenerKind.Smtp, Gateway));
            Assert.True(_gate.Allows(ClientRate.Messages, ListenerKind.Smtp, Gateway));
        }
        Assert.Empty(_book.List());
        // Nor by a network that somebody else listed.
        Ban("10.0.0.0/8", "lists");
        Assert.True(_gate.Allows(ListenerKind.Imap, Gateway));
    }

    [Fact]
    public void Who_has_just_logged_in_is_not_banned_by_automation_but_by_a_person()
    {
        _gate.LoggedIn(Stranger);
        for (var i = 0; i < 20; i++) Report(ListenerKind.Imap, Reason.LoginFailed, $"user{i}");
        Ban("192.0.2.0/24", "lists");
        Assert.True(_gate.Allows(ListenerKind.Imap, Stranger));
        Assert.False(_gate.Allows(ListenerKind.Imap, IPAddress.Parse("192.0.2.10")));
        Ban("192.0.2.9", "cscli");
        Assert.False(_gate.Allows(ListenerKind.Imap, Stranger));
    }

    [Fact]
    public void Strangers_get_so_many_connections_and_messages_a_minute_and_others_are_not_touched()
    {
        Assert.Equal(10, Enumerable.Range(0, 30).Count(_ => _gate.Allows(ListenerKind.Smtp, Stranger)));
        Assert.Equal(30, Enumerable.Range(0, 40).Count(_ => _gate.Allows(ClientRate.Messages, ListenerKind.Smtp, Stranger)));
        Assert.True(_gate.Allows(ListenerKind.Imap, Stranger));
        Assert.True(_gate.Allows(ListenerKind.Smtp, IPAddress.Parse("192.0.2.10")));
        _clock.Advance(TimeSpan.FromSeconds(6));
        Assert.True(_gate.Allows(ListenerKind.Smtp, Stranger));
        Assert.False(_gate.Allows(ListenerKind.Smtp, Stranger));
    }

    [Fact]
    public void Connections_that_we_sent_away_ban_no_sender_and_nobody_for_more_than_four_hours()
    {
        var sender = IPAddress.Parse("192.0.2.50");
        _gate.Delivered(sender);
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 120; i++)
            {
                _gate.Report(new(ListenerKind.Smtp, sender, Reason.Rate));
                Report(ListenerKind.Smtp, Reason.Rate);
            }
            var decision = Assert.Single(_book.List());
            Assert.Equal(("aviso/connection-flood", "192.0.2.9", 4d),
                (decision.Scenario, decision.Value, (decision.Until - decision.Since).TotalHours));
            _clock.Advance(TimeSpan.FromHours(4));
            _book.Upkeep();
        }
        // What it does wrong still counts.
        _gate.Report(new(ListenerKind.Smtp, sender, Reason.NonSmtpCommand));
        Assert.False(_gate.Allows(ListenerKind.Imap, sender));
    }

    [Fact]
    public void Addresses_of_one_ipv6_network_are_one_client()
    {
        for (var i = 0; i < 2; i++) _gate.Report(new(ListenerKind.Smtp, IPAddress.Parse($"2001:db8:1:2::{i + 1}"), Reason.RelayDenied));
        Assert.False(_gate.Allows(ListenerKind.Imap, IPAddress.Parse("2001:db8:1:2:ffff::1")));
        Assert.True(_gate.Allows(ListenerKind.Imap, IPAddress.Parse("2001:db8:1:3::1")));
        Assert.Equal("2001:db8:1:2::/64", Assert.Single(_book.List()).Value);
    }

    [Theory]
    [InlineData(ListenerKind.Smtp, "2001:db8:7:{0:x}::1", "2001:db8:8::1", 100)]
    [InlineData(ListenerKind.Smtp, "198.51.100.{0}", "198.51.101.1", 100)]
    [InlineData(ListenerKind.Imaps, "2001:db8:7:{0:x}::1", "2001:db8:8::1", 1200)]
    public void Clients_of_one_network_connect_ten_times_as_often_as_one_and_are_not_banned_for_it(
        ListenerKind kind, string client, string other, int most)
    {
        var known = IPAddress.Parse(string.Format(null, client, 255));
        _gate.LoggedIn(known);
        Assert.Equal(most, Enumerable.Range(0, 2000).Count(i => _gate.Allows(kind, IPAddress.Parse(string.Format(null, client, i % 250)))));
        Assert.Empty(_book.List());
        Assert.True(_gate.Allows(kind, known));
        Assert.True(_gate.Allows(kind, IPAddress.Parse(other)));
        Assert.True(_gate.Allows(kind, Gateway));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(_gate.Allows(kind, IPAddress.Parse(string.Format(null, client, 1))));
    }

    [Theory]
    [InlineData(ListenerKind.Submission, false, 120)]
    [InlineData(ListenerKind.Imaps, false, 120)]
    [InlineData(ListenerKind.Imaps, true, 1200)]
    [InlineData(ListenerKind.Https, false, 3000)]
    [InlineData(ListenerKind.Lmtp, false, 3000)]
    public void A_stranger_connects_so_often_where_people_log_in(ListenerKind kind, bool loggedIn, int most)
    {
        if (loggedIn) _gate.LoggedIn(Stranger);
        Assert.Equal(most, Enumerable.Range(0, 3000).Count(_ => _gate.Allows(kind, Stranger) && _book.List().Count == 0));
        Assert.All(Enumerable.Range(0, 3000), _ => Assert.True(_gate.Allows(kind, Gateway)));
    }

    [Fact]
    public void All_listeners_for_logins_count_together()
    {
        var kinds = new[] { ListenerKind.Imaps, ListenerKind.Submissions, ListenerKind.ManageSieve, ListenerKind.Imap };
        Assert.Equal(120, Enumerable.Range(0, 160).Count(i => _gate.Allows(kinds[i % 4], Stranger)));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_gate.Allows(ListenerKind.Imaps, Stranger));
    }

    [Theory]
    [InlineData(GuardOwner.Crowdsec, 1)]
    [InlineData(GuardOwner.None, 0)]
    public void Only_one_owner_of_policy_bans(GuardOwner owner, int told)
    {
        var fired = 0;
        _gate.Fired += _ => fired++;
        _gate.Options = _gate.Options with { Owner = owner };
        Report(ListenerKind.Smtp, Reason.NonSmtpCommand);
        Assert.Empty(_book.List());
        Assert.Equal(told, fired);
    }

    [Fact]
    public async Task Decisions_come_back_after_a_restart_with_the_rest_of_their_time()
    {
        Ban("198.51.100.0/24", "cscli");
        var short_ = _book.Add(new(0, "cscli", "x", Decision.Ban, "192.0.2.77", _clock.GetUtcNow(), _clock.GetUtcNow().AddMinutes(5)))!;
        _book.Remove(new(Id: _book.Add(short_ with { Value = "192.0.2.78" })!.Id));
        await _book.DisposeAsync();
        _clock.Advance(TimeSpan.FromMinutes(10));
        await OpenAsync();
        Assert.Equal("198.51.100.0/24", Assert.Single(_book.List()).Value);
        Assert.False(_gate.Allows(ListenerKind.Imap, IPAddress.Parse("198.51.100.200")));
        _clock.Advance(TimeSpan.FromMinutes(50));
        Assert.True(_gate.Allows(ListenerKind.Imap, IPAddress.Parse("198.51.100.200")));
    }

    [Fact]
    public void A_deleted_decision_leaves_the_longer_one_on_the_same_address()
    {
        var first = Ban("192.0.2.9", "lists");
        Ban("192.0.2.9", "lists");
        _book.Remove(new(Id: first.Id));
        Assert.False(_gate.Allows(ListenerKind.Imap, Stranger));
        _book.Remove(new(Value: "192.0.2.9"));
        Assert.True(_gate.Allows(ListenerKind.Imap, Stranger));
    }

    [Fact]
    public void What_is_remembered_of_clients_is_bounded()
    {
        var table = new BoundedTable<int, List<int>>(100);
        for (var i = 0; i < 10_000; i++) table.With(i, l => l.Count);
        Assert.Equal(100, table.Count);
    }

    private Decision Ban(string value, string origin) =>
        _book.Add(new(0, origin, "test", Decision.Ban, value, _clock.GetUtcNow(), _clock.GetUtcNow().AddHours(1)))!;

    private void Report(ListenerKind kind, Reason what, string? user = null) => _gate.Report(new(kind, Stranger, what), user);

    private async Task OpenAsync()
    {
        _book = await DecisionBook.OpenAsync(_store.Store, _clock, NullLogger.Instance, default);
        _gate = new(new(GuardOwner.Builtin, Networks.Parse("10.0.0.0/8")), _book, _clock, NullLogger.Instance);
    }
}
