using Aviso.Backup;
using Xunit;

namespace Aviso.Tests.Unit.Backup;

/// <summary>What stays, and what goes.</summary>
public sealed class KeepTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Days_weeks_and_months_stay()
    {
        // Two years, a base a day at noon and a point each hour.
        var points = Enumerable.Range(0, 730 * 24).Select(hour => Now.AddHours(-hour))
            .Select(at => ObjectName.OfPoint(at.ToUnixTimeMilliseconds(), at.Hour == 12)).ToList();
        var kept = new KeepRule(14, 8, 12).Kept(points, Now).Select(name => ObjectName.PointOf(name)!.Value)
            .Select(p => (At: DateTimeOffset.FromUnixTimeMilliseconds(p.At), p.IsBase)).OrderByDescending(p => p.At).ToList();
        Assert.Equal((14 * 24) + 1, kept.Count(p => p.At >= Now.AddDays(-14)));
        var older = kept.Where(p => p.At < Now.AddDays(-14)).ToList();
        Assert.All(older, p => Assert.True(p.IsBase));
        var weeks = older.Where(p => p.At > Now.AddDays(-56)).ToList();
        Assert.InRange(weeks.Count, 6, 8);
        Assert.InRange(older.Count, 14, 20);
        Assert.InRange(kept[^1].At, Now.AddMonths(-12), Now.AddMonths(-10));
    }

    [Fact]
    public void The_base_that_leads_into_the_window_stays()
    {
        var points = new[] { 20.0, 19.5, 15.2, 14.5, 13.9, 1 }
            .Select((days, i) => ObjectName.OfPoint(Now.AddDays(-days).ToUnixTimeMilliseconds(), i is 0 or 2)).ToList();
        Assert.Equal(points.Skip(2), new KeepRule(14, 0, 0).Kept(points, Now).Order(StringComparer.Ordinal));
        Assert.Equal(points, new KeepRule(30, 0, 0).Kept(points, Now).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Nothing_that_a_point_names_is_removed_and_the_rest_is()
    {
        await using var w = await BackupWorld.OpenAsync(o =>
            o with { SegmentOctets = 20_000, LargeBodyOctets = 8_000, UndeleteWindow = TimeSpan.Zero });
        w.Keep = new(2, 1, 0);
        await w.AnewAsync();
        var (alice, inbox) = await w.Store.AccountAsync();
        for (var day = 0; day < 30; day++)
        {
            var entry = await w.Store.DeliverAsync(alice, $"Subject: {day}\r\n\r\n{new string((char)('a' + (day % 26)), 12_000)}");
            await w.RoundAsync();
            w.Store.Clock.Advance(TimeSpan.FromHours(12));
            await w.RoundAsync();
            await w.Store.Store.ExpungeAsync(alice, inbox, [entry.Uid], onlyDeleted: false, default);
            w.Store.Clock.Advance(TimeSpan.FromHours(12));
            await w.Store.Store.ExpireAsync(default);
        }
        await w.RoundAsync(asBase: true);
        var report = await w.VerifyAsync();
        Assert.Empty(report.Damage);
        Assert.InRange(report.Points, 4, 20);
        // Of thirty bodies those of the last days are left.
        Assert.True(w.Objects().Count < 60, $"{w.Objects().Count} objects");
        Assert.Empty((await w.RestoreAsync("old", report.Oldest)).Damage);
    }

    [Fact]
    public async Task Where_a_point_that_stays_is_damaged_nothing_is_removed()
    {
        await using var w = await BackupWorld.OpenAsync();
        w.Keep = new(1, 0, 0);
        await w.AnewAsync();
        var (alice, _) = await w.Store.AccountAsync();
        for (var day = 0; day < 4; day++)
        {
            await w.Store.DeliverAsync(alice, $"Subject: {day}\r\n\r\n{day}");
            await w.RoundAsync();
            w.Store.Clock.Advance(TimeSpan.FromHours(20));
        }
        var newest = w.Objects().Last(o => o.Contains("/points/", StringComparison.Ordinal));
        var octets = await File.ReadAllBytesAsync(newest);
        octets[^1] ^= 1;
        await File.WriteAllBytesAsync(newest, octets);
        var before = w.Objects();
        await w.Rounds.RoundAsync(asBase: true, all: true, default);
        Assert.Empty(before.Except(w.Objects()));
    }
}
