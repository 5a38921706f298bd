using Aviso.Backup;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Backup;

/// <summary>Targets and stores that fail at the worst moment; what is restored afterwards is what was there.</summary>
public sealed class FailureTests
{
    [Theory]
    [InlineData(Shakes.Away)]
    [InlineData(Shakes.RefusesPoints)]
    [InlineData(Shakes.LosesAnswer)]
    public async Task A_target_that_fails_while_its_base_falls_due_gets_every_frame(Shakes shakes)
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, inbox) = await w.Store.AccountAsync();
        await w.RoundAsync();
        var moments = new List<(DateTimeOffset At, int Count)>();
        for (var i = 0; i < 6; i++)
        {
            w.Store.Clock.Advance(i == 2 ? TimeSpan.FromHours(25) : TimeSpan.FromSeconds(1));
            await w.Store.DeliverAsync(alice, $"Subject: {i}\r\n\r\n{new string((char)('a' + i), 3_000)}");
            moments.Add((w.Store.Clock.GetUtcNow(), i + 1));
            if (i < 5) await w.FailingRoundAsync(shakes);
            // The frames of before are written over from here on.
            if (i == 3) await w.IdleAsync();
        }
        await w.RoundAsync();
        Assert.Empty((await w.VerifyAsync()).Damage);
        foreach (var (at, count) in moments)
        {
            var report = await w.RestoreAsync("at" + count, at);
            Assert.Equal((count, ""), (report.Messages, string.Join('\n', report.Damage.Concat(report.Lost).Concat(report.Findings))));
            Assert.Equal(count, await w.CountAsync("at" + count, alice, inbox));
        }
        Assert.Empty((await w.Rounds.DrillAsync(w.Target, default)).Problems);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_point_whose_answer_is_lost_forks_nothing(bool asBase)
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, inbox) = await w.Store.AccountAsync();
        await w.Store.DeliverAsync(alice);
        await w.RoundAsync();
        var moments = new List<DateTimeOffset>();
        for (var i = 0; i < 5; i++)
        {
            w.Store.Clock.Advance(TimeSpan.FromSeconds(5));
            await w.Store.DeliverAsync(alice, $"Subject: {i}\r\n\r\n{i}");
            moments.Add(w.Store.Clock.GetUtcNow());
            w.Shaky.Shakes = i is 1 or 2 ? Shakes.LosesAnswer : Shakes.Nothing;
            await w.Rounds.RoundAsync(asBase && i == 1, all: true, default);
        }
        Assert.Empty((await w.VerifyAsync()).Damage);
        for (var i = 0; i < moments.Count; i++)
        {
            var report = await w.RestoreAsync("at" + i, moments[i]);
            Assert.Equal((i + 2, 0), (report.Messages, report.Damage.Count));
            Assert.Equal(i + 2, await w.CountAsync("at" + i, alice, inbox));
        }
        Assert.Empty((await w.Rounds.DrillAsync(w.Target, default)).Problems);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_restore_that_ends_before_what_was_asked_for_says_so_and_holds_the_queue(bool newest)
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, _) = await w.Store.AccountAsync();
        for (var i = 0; i < 5; i++)
        {
            await w.Store.DeliverAsync(alice, $"Subject: {i}\r\n\r\n{i}");
            await w.RoundAsync();
            w.Store.Clock.Advance(TimeSpan.FromMinutes(1));
        }
        var points = w.Objects().Where(o => o.Contains("/points/", StringComparison.Ordinal)).ToList();
        if (newest) await File.WriteAllBytesAsync(points[^1], [1, 2, 3]);
        else File.Delete(points[2]);
        var report = await w.RestoreAsync("new");
        Assert.Equal(newest ? 4 : 2, report.Messages);
        Assert.Contains("what happened since", Assert.Single(report.Damage), StringComparison.Ordinal);
        Assert.NotEqual("", report.Held);
        // What is before the gap comes back whole.
        Assert.Empty((await w.RestoreAsync("before", w.Store.Clock.GetUtcNow().AddMinutes(-4.5))).Damage);
    }

    [Fact]
    public async Task A_moment_between_the_last_point_and_the_base_of_a_restart_is_said_to_be_missing_only_where_mail_came()
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, _) = await w.Store.AccountAsync();
        await w.Store.DeliverAsync(alice);
        await w.RoundAsync();
        foreach (var comes in new[] { false, true })
        {
            w.Store.Clock.Advance(TimeSpan.FromMinutes(1));
            if (comes) await w.Store.DeliverAsync(alice);
            var between = w.Store.Clock.GetUtcNow();
            w.Store.Clock.Advance(TimeSpan.FromMinutes(1));
            await w.AnewAsync();
            await w.RoundAsync();
            Assert.Equal(comes ? 1 : 0, (await w.RestoreAsync("between" + comes, between)).Damage.Count);
        }
        Assert.Empty((await w.RestoreAsync("newest")).Damage);
    }

    [Fact]
    public async Task A_fault_that_no_target_should_have_is_its_own_affair()
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, _) = await w.Store.AccountAsync();
        await w.Store.DeliverAsync(alice);
        var place = Directory.CreateDirectory(Path.Combine(w.Folder, "good")).FullName;
        await using var rounds = new BackupRounds(new(w.Store.Store, () => [], w.Store.Store),
            [new ShakyTarget(new FolderTarget("bad", w.Place)) { Shakes = Shakes.Throws }, new FolderTarget("good", place)], w.Key,
            w.Rounds.Options, w.Store.Clock, NullLogger.Instance);
        var states = await rounds.RoundAsync(false, all: true, default);
        Assert.Equal("nobody thought of this", states[0].Problem);
        Assert.Null(states[1].Problem);
        Assert.Equal(1, (await new WholeRestore(rounds.Targets[1], w.Key, w.Store.Clock).RunAsync(
            new(Path.Combine(w.Folder, "new"), null, false), default)).Messages);
    }

    [Fact]
    public async Task A_round_that_fails_here_is_a_problem_of_every_target()
    {
        await using var w = await BackupWorld.OpenAsync();
        await w.RoundAsync();
        w.Others.Add(new("x", "1", () => throw new InvalidDataException("it cannot be read")));
        Assert.Contains("it cannot be read", Assert.Single(await w.Rounds.RoundAsync(false, true, default)).Problem,
            StringComparison.Ordinal);
        await w.AnewAsync();
        w.Others.Clear();
        var isBad = true;
        await using var rounds = new BackupRounds(
            new(w.Store.Store, () => isBad ? throw new InvalidOperationException("no folder of ours") : [], w.Store.Store), [w.Shaky],
            w.Key, w.Rounds.Options, w.Store.Clock, NullLogger.Instance);
        Assert.Equal("no folder of ours", Assert.Single(await rounds.RoundAsync(false, true, default)).Problem);
        isBad = false;
        Assert.Null(Assert.Single(await rounds.RoundAsync(false, true, default)).Problem);
    }

    [Fact]
    public async Task A_segment_that_is_shorter_than_its_rows_say_is_named_and_the_rest_is_copied()
    {
        await using var w = await BackupWorld.OpenAsync();
        w.Store.CheckAtEnd = false;
        var (alice, _) = await w.Store.AccountAsync();
        for (var i = 0; i < 12; i++) await w.Store.DeliverAsync(alice, $"Subject: {i}\r\n\r\n{new string((char)('a' + i), 5_000)}");
        var first = Directory.GetFiles(Path.Combine(w.Store.Folder, "segments")).Order(StringComparer.Ordinal).First();
        using (var segment = File.OpenHandle(first, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            RandomAccess.SetLength(segment, 7_000);
        var state = Assert.Single(await w.Rounds.RoundAsync(false, true, default));
        Assert.Contains("ends at 7000", state.Problem, StringComparison.Ordinal);
        Assert.Null(state.WholeAt);
        var report = await w.RestoreAsync("new");
        Assert.Equal(12, report.Messages);
        Assert.InRange(report.Lost.Count, 1, 4);
        // It stays said.
        Assert.NotNull(Assert.Single(await w.Rounds.RoundAsync(false, false, default)).Problem);
    }

    [Fact]
    public async Task What_waits_too_long_to_be_copied_is_let_go_and_the_copy_begins_anew()
    {
        await using var w = await BackupWorld.OpenAsync(o => o with { CopyOctets = 1_000_000 });
        var (alice, inbox) = await w.Store.AccountAsync();
        await w.RoundAsync();
        for (var i = 0; i < 60; i++) await w.Store.DeliverAsync(alice, $"Subject: {i}\r\n\r\n{i}");
        await w.IdleAsync();
        Assert.False(w.Store.Store.IsGathering);
        Assert.Empty(Directory.GetFiles(Path.Combine(w.Store.Folder, "backup", "frames")));
        await w.RoundAsync();
        Assert.Empty((await w.RestoreAsync("new")).Damage);
        Assert.Equal(60, await w.CountAsync("new", alice, inbox));
    }
}
