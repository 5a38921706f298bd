using System.Diagnostics.Metrics;
using Aviso.Doctor;
using Aviso.Store;
using Aviso.Tests.Unit.Delivery;
using Aviso.Tests.Unit.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>What is counted of mail, over days and restarts.</summary>
public sealed class DayTalliesTests
{
    private static readonly AccountId Alice = new(7), Bob = new(8);

    private readonly ManualClock _clock = new();
    private readonly FakeDocuments _documents;
    private long _used = 100;

    public DayTalliesTests() => _documents = new(_clock);

    private async Task<DayTallies> OpenAsync()
    {
        var days = new DayTallies(_documents, () => _used, _clock, NullLogger.Instance);
        await days.OpenAsync(default);
        return days;
    }

    [Fact]
    public async Task Counts_go_on_after_a_restart_and_a_new_day_begins_at_nothing()
    {
        var days = await OpenAsync();
        days.Add(FlowWord.Accepted, 2);
        days.Moved(Alice, isOut: false);
        await days.WriteAsync(default);
        days = await OpenAsync();
        days.Add(FlowWord.Accepted, 3);
        days.Moved(Alice, isOut: true);
        _clock.Advance(TimeSpan.FromDays(1));
        _used = 150;
        days.Add(FlowWord.Accepted, 10);
        days.Moved(Bob, isOut: false);
        var all = await days.ListAsync(default);
        Assert.Equal(2, all.Count);
        Assert.Equal(1, all[1].Day.DayNumber - all[0].Day.DayNumber);
        Assert.Equal([5, 10], all.Select(d => d.Counts[FlowWord.Accepted]));
        Assert.Equal([100, 150], all.Select(d => d.Used));
        Assert.Equal(new AccountTally(1, 1), all[0].Accounts[Alice.ToString()]);
        Assert.Equal(new AccountTally(1, 0), Assert.Single(all[1].Accounts).Value);
    }

    [Fact]
    public async Task A_day_without_mail_is_known_and_days_are_forgotten_after_five_weeks()
    {
        var days = await OpenAsync();
        Assert.Empty(Assert.Single(await days.ListAsync(default)).Counts);
        for (var day = 0; day < 50; day++)
        {
            _clock.Advance(TimeSpan.FromDays(1));
            await days.WriteAsync(default);
        }
        Assert.InRange((await days.ListAsync(default)).Count, 35, 36);
    }

    [Fact]
    public async Task The_last_login_of_an_account_survives_a_restart()
    {
        var days = await OpenAsync();
        Assert.Null(days.LastLogin(Alice));
        days.LoggedIn(Alice);
        await days.WriteAsync(default);
        var then = _clock.GetUtcNow();
        _clock.Advance(TimeSpan.FromDays(100));
        days = await OpenAsync();
        Assert.Equal(then, days.LastLogin(Alice));
        Assert.Null(days.LastLogin(Bob));
    }

    [Fact]
    public async Task Of_too_many_accounts_the_rest_is_counted_together()
    {
        var days = await OpenAsync();
        for (var i = 1; i <= DayTallies.MostAccounts + 5; i++) days.Moved(new(i), isOut: false);
        var day = Assert.Single(await days.ListAsync(default));
        Assert.Equal(DayTallies.MostAccounts + 1, day.Accounts.Count);
        Assert.Equal(new AccountTally(5, 0), day.Accounts[""]);
    }

    [Fact]
    public void The_flow_hears_the_instruments_of_metrics_and_knows_rates()
    {
        using var meter = new Meter("Aviso.FlowTest");
        var heard = new List<(string, long)>();
        using var flow = new MailFlow(_clock, NullLogger.Instance, (word, count) =>
        {
            lock (heard) heard.Add((word, count));
            if (word.EndsWith("flow-throws", StringComparison.Ordinal)) throw new InvalidOperationException();
        });
        // Other tests of this process count with the real ones: only what nobody else does is looked at.
        var refused = meter.CreateCounter<long>("aviso_refused_total");
        refused.Add(3, new KeyValuePair<string, object?>("reason", "flow-test"));
        meter.CreateCounter<long>("aviso_judged_total").Add(2, new KeyValuePair<string, object?>("action", "flow-test"));
        // Whoever counts delivers mail, and hears of nothing that goes wrong with it.
        refused.Add(1, new KeyValuePair<string, object?>("reason", "flow-throws"));
        meter.CreateCounter<long>("aviso_unknown_total").Add(1, new KeyValuePair<string, object?>("reason", "flow-test"));
        Assert.Equal(3, flow.Sum(FlowWord.RefusedFor + "flow-test"));
        Assert.Contains(("flow-test", 2), flow.Sums(FlowWord.Verdict));
        lock (heard) Assert.Contains((FlowWord.RefusedFor + "flow-test", 3), heard);
        Assert.True(flow.Sum(FlowWord.Refused) >= 3);
        using var other = new Meter("Others.FlowTest");
        other.CreateCounter<long>("aviso_refused_total").Add(5, new KeyValuePair<string, object?>("reason", "flow-other"));
        Assert.Equal(0, flow.Sum(FlowWord.RefusedFor + "flow-other"));
    }

    [Fact]
    public void Rates_are_of_the_last_whole_second_and_of_the_last_minute()
    {
        var ring = new RateRing(_clock);
        ring.Add(5);
        Assert.Equal((0, 5), ring.Read());
        _clock.Advance(TimeSpan.FromSeconds(1));
        ring.Add(2);
        Assert.Equal((5, 7), ring.Read());
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((2, 7), ring.Read());
        _clock.Advance(TimeSpan.FromSeconds(58));
        Assert.Equal((0, 2), ring.Read());
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((0, 0), ring.Read());
        // A place of a former round counts no more.
        _clock.Advance(TimeSpan.FromSeconds(61));
        ring.Add(1);
        Assert.Equal((0, 1), ring.Read());
    }
}
