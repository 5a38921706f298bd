using Aviso.Backup;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Backup;

/// <summary>Places that are not what they were: emptied, swapped, damaged, shared.</summary>
public sealed class PlaceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_place_that_was_emptied_gets_everything_again(bool failsFirst)
    {
        await using var w = await WithMailAsync();
        foreach (var path in w.Objects()) File.Delete(path);
        if (failsFirst) await w.FailingRoundAsync(Shakes.Away);
        else w.Store.Clock.Advance(TimeSpan.FromHours(25));
        await w.RoundAsync();
        await AssertWholeAsync(w);
    }

    [Fact]
    public async Task Another_disk_at_the_same_place_goes_on_where_it_was()
    {
        await using var w = await WithMailAsync();
        var aside = w.Place + ".aside";
        for (var i = 0; i < 4; i++)
        {
            // Two disks, in turn.
            Directory.Move(w.Place, w.Place + ".out");
            if (Directory.Exists(aside)) Directory.Move(aside, w.Place);
            else Directory.CreateDirectory(w.Place);
            Directory.Move(w.Place + ".out", aside);
            w.Store.Clock.Advance(TimeSpan.FromHours(25));
            await w.RoundAsync();
            await AssertWholeAsync(w, "turn" + i);
        }
    }

    [Fact]
    public async Task Pieces_that_are_empty_or_cut_off_are_sent_again_with_the_next_base()
    {
        await using var w = await WithMailAsync();
        await w.RoundAsync(asBase: true);
        var newest = w.Objects().Where(o => o.Contains("/pieces/", StringComparison.Ordinal)).ToList();
        foreach (var path in newest.Where((_, i) => i % 2 == 0))
            await File.WriteAllBytesAsync(path, []);
        w.Store.Clock.Advance(TimeSpan.FromHours(25));
        await w.RoundAsync();
        await AssertWholeAsync(w);
    }

    [Fact]
    public async Task What_a_drill_finds_damaged_is_sent_again()
    {
        await using var w = await WithMailAsync();
        await w.RoundAsync(asBase: true);
        foreach (var path in w.Objects().Where(o => o.Contains("/pieces/", StringComparison.Ordinal)))
        {
            var octets = await File.ReadAllBytesAsync(path);
            octets[^1] ^= 1;
            await File.WriteAllBytesAsync(path, octets);
        }
        Assert.NotEmpty((await w.Rounds.DrillAsync(w.Target, default)).Problems);
        w.Store.Clock.Advance(TimeSpan.FromSeconds(1));
        await w.RoundAsync();
        await AssertWholeAsync(w);
    }

    [Fact]
    public async Task Two_servers_do_not_remove_each_others_pieces()
    {
        await using var w = await WithMailAsync();
        await using var other = await WithMailAsync();
        w.Store.Clock.Advance(TimeSpan.FromHours(25));
        other.Store.Clock.Advance(TimeSpan.FromHours(26));
        await using var second = new BackupRounds(new(other.Store.Store, () => [], other.Store.Store), [new FolderTarget("disk", w.Place)],
            w.Key, w.Rounds.Options with { Keep = new(0, 0, 0) }, other.Store.Clock, NullLogger.Instance);
        Assert.Null(Assert.Single(await second.RoundAsync(false, true, default)).Problem);
        var before = w.Objects();
        for (var i = 0; i < 2; i++)
            Assert.Contains("another server writes", Assert.Single(await w.Rounds.RoundAsync(true, true, default)).Problem,
                StringComparison.Ordinal);
        Assert.Empty(before.Except(w.Objects()));
    }

    [Fact]
    public async Task A_rule_of_few_days_is_what_a_drill_goes_by()
    {
        await using var w = await BackupWorld.OpenAsync();
        w.Keep = new(2, 8, 12);
        await w.AnewAsync();
        var (alice, _) = await w.Store.AccountAsync();
        for (var day = 0; day < 12; day++)
        {
            await w.Store.DeliverAsync(alice, $"Subject: {day}\r\n\r\n{day}");
            await w.RoundAsync();
            w.Store.Clock.Advance(TimeSpan.FromHours(25));
        }
        Assert.Empty((await w.Rounds.DrillAsync(w.Target, default)).Problems);
        // Who knows no rule takes bases as they stand.
        Assert.Empty((await new Verifier(w.Target, w.Key, w.Store.Clock).RunAsync(Path.Combine(w.Folder, "v"), null, default)).Damage);
        for (var i = 0; i < 3; i++) await w.RoundAsync();
        File.Delete(w.Objects().First(o => o.EndsWith("-more", StringComparison.Ordinal)));
        Assert.NotEmpty((await new Verifier(w.Target, w.Key, w.Store.Clock).RunAsync(Path.Combine(w.Folder, "v"), null, default)).Damage);
    }

    private static async Task<BackupWorld> WithMailAsync()
    {
        var w = await BackupWorld.OpenAsync();
        var (alice, _) = await w.Store.AccountAsync();
        for (var i = 0; i < 12; i++)
        {
            await w.Store.DeliverAsync(alice, $"Subject: {i}\r\n\r\n{new string((char)('a' + i), 2_000)}\r\n");
            w.Store.Clock.Advance(TimeSpan.FromSeconds(1));
            if (i % 3 == 2) await w.RoundAsync();
        }
        return w;
    }

    private static async Task AssertWholeAsync(BackupWorld w, string name = "whole")
    {
        var report = await w.RestoreAsync(name);
        Assert.Equal((12, ""), (report.Messages, string.Join('\n', report.Damage.Concat(report.Lost).Concat(report.Findings))));
        await using var restored = await w.OpenRestoredAsync(name);
        await restored.AssertSoundAsync();
    }
}
