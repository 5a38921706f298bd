using System.Net;
using Aviso.Delivery;
using Aviso.MailAuth;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>What the counting of a day leaves out, its report says.</summary>
public sealed class DmarcTallyTests
{
    private readonly TestClock _clock = new();

    [Fact]
    public async Task Rows_that_a_report_has_no_room_for_are_said_in_it_and_survive_a_restart()
    {
        var documents = new FakeDocuments(_clock);
        var tally = new DmarcTally(documents, _clock);
        for (var i = 0; i < DmarcTally.MostRows + 7; i++) Count(tally, "far.example", new([10, 0, (byte)(i >> 8), (byte)i]));
        await tally.SaveAsync(TestContext.Current.CancellationToken);
        tally = new(documents, _clock);
        await tally.LoadAsync(TestContext.Current.CancellationToken);
        _clock.Advance(TimeSpan.FromDays(1));
        var day = Assert.Single(tally.Over());
        Assert.Equal((DmarcTally.MostRows, 7L), (day.Rows.Count, day.LeftOut));
        Assert.Equal("7 messages of this day are in no record: a report has at most 1000 records", Assert.Single(day.Errors));
        Assert.Equal(0, tally.TakeLeftOut());
    }

    [Fact]
    public void Domains_that_there_is_no_room_for_are_told_once()
    {
        var tally = new DmarcTally(new FakeDocuments(_clock), _clock);
        for (var i = 0; i < DayTally.MostDomains + 3; i++) Count(tally, $"d{i}.example", IPAddress.Loopback);
        Count(tally, "d0.example", IPAddress.Loopback);
        Assert.Equal(3, tally.TakeLeftOut());
        Assert.Equal(0, tally.TakeLeftOut());
    }

    private static void Count(DmarcTally tally, string domain, IPAddress client) => tally.Count(
        new() { Dmarc = new(DmarcResult.Pass, DmarcPolicy.None, domain, domain, true, false, new() { AggregateReports = ["mailto:a@b.example"] }) },
        client, domain, "none", null);
}
