using System.Text;
using Aviso.Backup;
using Aviso.Store;
using Aviso.Store.Restoring;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Backup;

/// <summary>What comes back is what was there.</summary>
public sealed class RestoreTests
{
    [Fact]
    public async Task Everything_comes_back_with_uids_and_a_gap()
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, inbox) = await w.Store.AccountAsync();
        var small = await w.Store.DeliverAsync(alice, "Subject: small\r\n\r\nhello\r\n");
        await w.RoundAsync();
        var large = await w.Store.DeliverAsync(alice, "Subject: large\r\n\r\n" + new string('x', 10_000));
        await w.Store.Store.StoreFlagsAsync(alice, inbox, [small.Uid], new(FlagOperation.Add, SystemFlags.Flagged, ["work"]), null,
            default);
        await w.RoundAsync();
        var before = (await w.Store.Store.ListMailboxesAsync(alice, default)).First(m => m.Id == inbox);

        var report = await w.RestoreAsync("new");
        Assert.Equal((1, 2, ""), (report.Accounts, report.Messages,
            string.Join(' ', report.Damage.Concat(report.Lost).Concat(report.Findings))));
        await using var restored = await w.OpenRestoredAsync("new");
        var after = (await restored.Store.ListMailboxesAsync(alice, default)).First(m => m.Id == inbox);
        Assert.Equal((before.UidValidity, before.UidNext + RestoredStore.SafeDistance), (after.UidValidity, after.UidNext));
        Assert.True(after.HighestModSeq >= before.HighestModSeq + RestoredStore.SafeDistance);
        var view = (await restored.Store.ViewAsync(alice, inbox, default))!;
        Assert.Equal([small.Uid, large.Uid], [view[0].Uid, view[1].Uid]);
        Assert.Equal(SystemFlags.Flagged, view[0].Flags.System);
        Assert.True(view[0].ModSeq > before.HighestModSeq && view[1].ModSeq > before.HighestModSeq);
        Assert.EndsWith(new string('x', 100), await restored.ReadAsync(alice, large.Email), StringComparison.Ordinal);
        // Who asks from below the gap hears that he must compare all.
        Assert.False((await restored.Store.ChangesAsync(alice, inbox, before.HighestModSeq, default)).Complete);
        await restored.AssertSoundAsync();
    }

    [Fact]
    public async Task Many_points_of_one_moment_hide_nothing_that_came_after_them()
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, inbox) = await w.Store.AccountAsync();
        for (var i = 0; i < 2_100; i++) await w.RoundAsync();
        await w.Store.DeliverAsync(alice, "Subject: late\r\n\r\nx\r\n");
        await w.RoundAsync();
        await w.RestoreAsync("now", w.Store.Clock.GetUtcNow());
        await using var restored = await w.OpenRestoredAsync("now");
        Assert.Equal(1, (await restored.Store.ViewAsync(alice, inbox, default))!.Count);
    }

    [Fact]
    public async Task Each_second_can_be_restored()
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, inbox) = await w.Store.AccountAsync();
        await w.RoundAsync();
        var moments = new List<(DateTimeOffset At, int Count)>();
        for (var i = 0; i < 60; i++)
        {
            w.Store.Clock.Advance(TimeSpan.FromSeconds(1));
            await w.Store.DeliverAsync(alice, $"Subject: {i}\r\n\r\n{new string('y', i * 40)}\r\n");
            moments.Add((w.Store.Clock.GetUtcNow(), i + 1));
            if (i % 20 == 19) await w.RoundAsync(asBase: i == 39);
        }
        foreach (var (at, count) in moments.Where((_, i) => i % 7 == 3))
        {
            var name = "at" + count;
            var report = await w.RestoreAsync(name, at);
            Assert.Equal((count, at), (report.Messages, report.At));
            await using var restored = await w.OpenRestoredAsync(name);
            Assert.Equal(count, (await restored.Store.ViewAsync(alice, inbox, default))!.Count);
        }
    }

    [Fact]
    public async Task Small_files_come_along_and_the_newest_counts()
    {
        await using var w = await BackupWorld.OpenAsync();
        var key = "first";
        w.Others.Add(new("tls/ca.key", "1", () => Encoding.ASCII.GetBytes(key)));
        await w.RoundAsync();
        key = "second";
        w.Others[0] = w.Others[0] with { Stamp = "2" };
        w.Store.Clock.Advance(TimeSpan.FromSeconds(1));
        await w.RoundAsync();
        await w.RestoreAsync("new");
        Assert.Equal("second", await File.ReadAllTextAsync(Path.Combine(w.Folder, "new", "tls", "ca.key")));
    }

    [Fact]
    public async Task Mail_on_its_way_out_is_held_when_an_older_moment_comes_back()
    {
        await using var w = await BackupWorld.OpenAsync();
        await w.Store.AccountAsync();
        var queue = new QueueSubmission("a@example.test", null, "", DsnReturn.Full, QueueNeeds.None, QueuePriority.Person, default,
            [new("b@elsewhere.example", "elsewhere.example", DsnNotify.Unspecified, "",
                w.Store.Clock.GetUtcNow().ToUnixTimeMilliseconds())]);
        using (var body = w.Store.Body("Subject: out\r\n\r\nx\r\n"))
            await w.Store.Store.AcceptAsync(new(body, TestStore.Rendered(), [], queue) { ReceivedAt = w.Store.Clock.Seconds }, default);
        await w.RoundAsync();
        foreach (var (name, to, state) in new[] { ("newest", (DateTimeOffset?)null, QueueState.Waiting),
            ("older", w.Store.Clock.GetUtcNow(), QueueState.Held) })
        {
            await w.RestoreAsync(name, to);
            await using var restored = await w.OpenRestoredAsync(name);
            var item = Assert.Single(await restored.Store.ListQueueAsync(new(), 10, default));
            Assert.Equal(state, Assert.Single(item.Recipients).State);
        }
    }

    [Fact]
    public async Task What_stood_in_the_folder_is_put_aside_and_a_running_server_is_not_touched()
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, _) = await w.Store.AccountAsync();
        await w.Store.DeliverAsync(alice);
        await w.RoundAsync();
        await w.RestoreAsync("new");
        var again = await w.RestoreAsync("new");
        Assert.True(File.Exists(Path.Combine(again.Aside, "store.db")));
        await Assert.ThrowsAsync<StoreOpenException>(() =>
            new WholeRestore(w.Target, w.Key, w.Store.Clock).RunAsync(new(w.Store.Folder, null, false), default));
        await w.Store.AssertSoundAsync();
    }

    [Fact]
    public async Task Another_key_opens_nothing_and_is_not_mixed_in()
    {
        await using var w = await BackupWorld.OpenAsync();
        await w.Store.AccountAsync();
        await w.RoundAsync();
        Assert.True(BackupKey.TryParse(BackupKey.New(), out var other));
        await Assert.ThrowsAsync<NoRestoreException>(() =>
            new WholeRestore(w.Target, other, w.Store.Clock).RunAsync(new(Path.Combine(w.Folder, "x"), null, false), default));
        await using var rounds = new BackupRounds(new(w.Store.Store, () => [], w.Store.Store), [new FolderTarget("disk", w.Place)], other,
            w.Rounds.Options, w.Store.Clock, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        Assert.Contains("not made with this key", Assert.Single(await rounds.RoundAsync(false, true, default)).Problem,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restart_goes_on_with_what_lies_there()
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, _) = await w.Store.AccountAsync();
        for (var i = 0; i < 30; i++) await w.Store.DeliverAsync(alice, $"Subject: {i}\r\n\r\n{new string('z', 900)}");
        await w.RoundAsync();
        await w.AnewAsync();
        w.Store.Clock.Advance(TimeSpan.FromSeconds(1));
        await w.Store.DeliverAsync(alice);
        await w.RoundAsync();
        Assert.Equal(31, (await w.RestoreAsync("new")).Messages);
        Assert.Empty((await w.VerifyAsync()).Damage);
    }

    [Fact]
    public async Task A_body_that_goes_right_after_it_came_is_there_for_the_moment_between()
    {
        await using var w = await BackupWorld.OpenAsync(o => o with { LargeBodyOctets = 1_000, UndeleteWindow = TimeSpan.Zero });
        var (alice, inbox) = await w.Store.AccountAsync();
        await w.RoundAsync();
        w.Store.Clock.Advance(TimeSpan.FromSeconds(1));
        var entry = await w.Store.DeliverAsync(alice, "Subject: short-lived\r\n\r\n" + new string('q', 5_000));
        var between = w.Store.Clock.GetUtcNow();
        w.Store.Clock.Advance(TimeSpan.FromSeconds(1));
        await w.Store.Store.ExpungeAsync(alice, inbox, [entry.Uid], onlyDeleted: false, default);
        w.Store.Clock.Advance(TimeSpan.FromSeconds(1));
        await w.Store.Store.ExpireAsync(default);
        await w.RoundAsync();
        var report = await w.RestoreAsync("between", between);
        Assert.Equal((1, 0), (report.Messages, report.Damage.Count));
        await using var restored = await w.OpenRestoredAsync("between");
        Assert.Contains("qqqq", await restored.ReadAsync(alice, entry.Email), StringComparison.Ordinal);
        // The file went when the copy was made.
        await w.RoundAsync();
        await Patience.UntilAsync(() => Directory.GetFiles(Path.Combine(w.Store.Folder, "large")).Length == 0,
            "the file of the expired body goes");
    }
}
