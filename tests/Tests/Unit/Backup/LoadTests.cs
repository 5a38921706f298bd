using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Backup;

/// <summary>Copies while the store works, and restores to random moments, against what a model knows of each.</summary>
public sealed class LoadTests
{
    private sealed record Moment(DateTimeOffset At, IReadOnlyList<(uint Uid, EmailId Email, SystemFlags Flags)> Inbox, int Archive);

    [Fact]
    public async Task A_drill_beside_writing_finds_no_difference()
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, inbox) = await w.Store.AccountAsync();
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var i = 1U; !stop.IsCancellationRequested; i++)
            {
                await w.Store.DeliverAsync(alice, $"Subject: {i}\r\n\r\n{new string('x', 900)}");
                await w.Store.Store.StoreFlagsAsync(alice, inbox, [i], new(FlagOperation.Add, SystemFlags.Seen, []), null, default);
            }
        });
        for (var i = 0; i < 5; i++) Assert.Empty((await w.Rounds.DrillAsync(w.Target, default)).Problems);
        await stop.CancelAsync();
        await writing;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Random_moments_come_back_as_they_were(int seed)
    {
        await using var w = await BackupWorld.OpenAsync(o =>
            o with { SegmentOctets = 30_000, LargeBodyOctets = 4_000, UndeleteWindow = TimeSpan.FromSeconds(40) });
        var (random, moments) = (new Random(seed), new List<Moment>());
        var (alice, inbox) = await w.Store.AccountAsync();
        var archive = (await w.Store.Store.FindMailboxAsync(alice, "Archive", default))!.Id;
        using var stop = new CancellationTokenSource();
        await w.RoundAsync();
        // As fast as it can, beside the writing.
        var rounds = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++) Assert.Null(Assert.Single(await w.Rounds.RoundAsync(i % 9 == 8,
                i % 2 == 0, default)).Problem);
        });
        var live = new List<(uint Uid, EmailId Email, SystemFlags Flags)>();
        var moved = 0;
        for (var step = 0; step < 250; step++)
        {
            w.Store.Clock.Advance(TimeSpan.FromSeconds(1));
            var what = random.Next(10);
            if (live.Count == 0 || what < 6)
            {
                var entry = await w.Store.DeliverAsync(alice,
                    $"Subject: {step}\r\n\r\n{new string((char)random.Next('a', 'z'), random.Next(1, 6_000))}\r\n");
                live.Add((entry.Uid, entry.Email, SystemFlags.None));
            }
            else if (what < 8)
            {
                var at = random.Next(live.Count);
                live[at] = live[at] with { Flags = live[at].Flags | SystemFlags.Seen };
                var change = new FlagChange(FlagOperation.Add, SystemFlags.Seen, []);
                Did(await w.Store.Store.StoreFlagsAsync(alice, inbox, [live[at].Uid], change, null, default));
            }
            else if (what == 8)
            {
                var at = random.Next(live.Count);
                Did(await w.Store.Store.ExpungeAsync(alice, inbox, [live[at].Uid], onlyDeleted: false, default));
                live.RemoveAt(at);
            }
            else
            {
                var at = random.Next(live.Count);
                Did(await w.Store.Store.CopyAsync(alice, inbox, [live[at].Uid], archive, move: true, default));
                live.RemoveAt(at);
                moved++;
            }
            moments.Add(new(w.Store.Clock.GetUtcNow(), [.. live], moved));
            if (step % 60 == 59)
            {
                await w.Store.Store.ExpireAsync(default);
                await w.Store.Store.CompactAsync(0.2, default);
            }
        }
        await stop.CancelAsync();
        await rounds;
        await w.RoundAsync();
        Assert.Empty((await w.VerifyAsync()).Damage);
        foreach (var moment in Enumerable.Range(0, 12).Select(_ => moments[random.Next(moments.Count)]).Append(moments[^1]))
        {
            var name = "at" + Guid.NewGuid().ToString("N");
            var report = await w.RestoreAsync(name, moment.At);
            Assert.Equal("", string.Join('\n', report.Damage.Concat(report.Findings)));
            await using var restored = await w.OpenRestoredAsync(name);
            var view = (await restored.Store.ViewAsync(alice, inbox, default))!;
            var restoredInbox = Enumerable.Range(0, view.Count).Select(i => (view[i].Uid, view[i].Email, view[i].Flags.System));
            var (lost, more) = (moment.Inbox.Except(restoredInbox), restoredInbox.Except(moment.Inbox));
            Assert.True(moment.Inbox.SequenceEqual(restoredInbox), $"to {moment.At:O}, restored {report.At:O}: {moment.Inbox.Count} became "
                + $"{view.Count}; lost {string.Join(',', lost)}, more {string.Join(',', more)}");
            Assert.Equal(moment.Archive, (await restored.Store.ViewAsync(alice, archive, default))!.Count);
            foreach (var (_, email, _) in moment.Inbox)
            {
                using var body = await restored.Store.OpenBodyAsync(alice, email, default);
                Assert.Null(body!.Prove());
            }
        }
    }

    private static void Did<T>(Outcome<T> outcome) where T : class => Assert.Equal(StoreError.None, outcome.Error);
}
