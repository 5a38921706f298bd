using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Smtp;
using Aviso.Tests.Unit.Smtp;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery.Relays;

/// <summary>A relay whose quota is used up hands on to the next; nothing is dropped, nothing goes twice, nothing goes in circles.</summary>
public sealed class SpillTests : IAsyncDisposable
{
    private readonly SetClock _clock = new();
    private readonly FakeQueue _queue;
    private readonly FakeSmtpServer _first = new(), _second = new();
    private RelaySettings _one = new() { Name = "one", Host = "one.test", Tls = TlsDemand.None, Quota = 3, Reserve = 0, Spill = "two" };
    private RelaySettings _two = new() { Name = "two", Host = "two.test", Tls = TlsDemand.None, Quota = 2, Reserve = 0 };
    private List<RouteSettings> _routes = [new("*", null, "one")];

    public SpillTests() => _queue = new(_clock);

    public async ValueTask DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    private async Task DeliverAsync()
    {
        var zone = new FakeZone().A("one.test", "203.0.113.1").A("two.test", "203.0.113.2");
        using var runner = new QueueRunner(new(
            _queue, new BodySpool(Path.GetTempPath(), 100_000_000), new FakeReader(), zone, new Router(_routes), new Nobody(),
                new IdSource(_clock),
            _ => true, _ => false, _clock, NullLogger.Instance)
        {
            Dial = (to, _) => (to.Address.ToString() == "203.0.113.1" ? _first : _second).ConnectAsync(),
        }, new() { HostName = "home.test", Relays = [_one, _two] });
        await runner.DeliverDueAsync(default);
    }

    private sealed class Nobody : INoticeTarget
    {
        public ValueTask<NoticeAddress> FindAsync(string sender, CancellationToken cancel) => new(new NoticeAddress(null, sender));
    }

    private static string[] To(FakeSmtpServer server) => [.. server.Mails.SelectMany(m => m.To).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task What_the_quota_does_not_take_goes_to_the_next_relay_and_what_that_does_not_take_waits()
    {
        for (var i = 0; i < 7; i++) _queue.Add("relay:one", to: $"u{i}@far.test");
        await DeliverAsync();
        Assert.Equal(3, To(_first).Length);
        Assert.Equal(2, To(_second).Length);
        Assert.Equal(2, _queue.Rows.Count);
        Assert.All(_queue.Rows, r => Assert.Contains("is used up", r.HoldReason + r.LastReply, StringComparison.Ordinal));
        // A day later each relay takes again, and all has come exactly once.
        _clock.Now += TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1);
        await DeliverAsync();
        Assert.Empty(_queue.Rows);
        Assert.Equal(Enumerable.Range(0, 7).Select(i => $"u{i}@far.test"),
            [.. To(_first).Concat(To(_second)).Order(StringComparer.Ordinal)]);
        Assert.Empty(_queue.Notices);
    }

    [Fact]
    public async Task Mail_that_waits_at_the_second_goes_back_to_the_first_when_that_takes_again()
    {
        (_one, _two) = (_one with { Quota = 1 }, _two with { Quota = 1, QuotaSpan = TimeSpan.FromDays(1) });
        for (var i = 0; i < 2; i++) _queue.Add("relay:two", to: $"u{i}@far.test");
        await DeliverAsync();
        Assert.Equal((1, 1), (To(_first).Length, To(_second).Length));
        Assert.Empty(_queue.Rows);
    }

    [Fact]
    public async Task Relays_that_stand_in_for_each_other_make_no_circle()
    {
        _two = _two with { Spill = "one" };
        for (var i = 0; i < 9; i++) _queue.Add("relay:one", to: $"u{i}@far.test");
        await DeliverAsync();
        Assert.Equal((3, 2, 4), (To(_first).Length, To(_second).Length, _queue.Rows.Count));
    }

    [Fact]
    public async Task A_route_that_changes_takes_back_what_was_spilled()
    {
        _two = _two with { Quota = 0 };
        _routes = [new("*", null, "one")];
        _one = _one with { Spill = null };
        _queue.Add("relay:two", to: "u@far.test");
        await DeliverAsync();
        Assert.Equal((1, 0), (To(_first).Length, To(_second).Length));
    }
}
