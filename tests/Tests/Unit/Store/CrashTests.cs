using System.Collections.Concurrent;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Store;

public sealed class CrashTests
{
    /// <summary>Copies the folder in mid-run: what was acknowledged before the copy began must be in it.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task What_was_acknowledged_before_a_crash_is_there_after_it(int seed)
    {
        await using var t = await TestStore.OpenAsync(with: o => o with { SegmentOctets = 60_000, Index = false });
        var (account, inbox) = await t.AccountAsync();
        var acknowledged = new ConcurrentDictionary<EmailId, string>();
        var stop = false;
        var work = Enumerable.Range(0, 6).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; !Volatile.Read(ref stop); i++)
            {
                var text = $"Subject: {seed}-{worker}-{i}\r\n\r\n" + new string('c', i * 7 % 3000);
                var entry = await t.DeliverAsync(account, text, prefix: "");
                if (i % 4 == 0) await t.Store.StoreFlagsAsync(account, inbox, [entry.Uid], new(FlagOperation.Add, SystemFlags.Seen, []), null, default);
                acknowledged[entry.Email] = text;
            }
        })).ToArray();
        var random = new Random(seed);
        for (var crash = 0; crash < 3; crash++)
        {
            var wanted = (crash + 1) * 60;
            await Patience.UntilAsync(
                () => acknowledged.Count >= wanted || work.Any(worker => worker.IsCompleted), $"{wanted} messages are acknowledged", pause: random.Next(1, 5));
            var before = acknowledged.ToArray();
            var copy = t.Folder + "-crash" + crash;
            // The committing thread stands still, bodies go on being written: rows are of one moment, as after a kill.
            await t.Store.ChangeForTestAsync(_ => CopyWhileRunning(t.Folder, copy));
            await CompareAsync(copy, account, inbox, before);
            Directory.Delete(copy, recursive: true);
        }
        Volatile.Write(ref stop, true);
        await Task.WhenAll(work);
    }

    [Fact]
    public async Task A_change_that_fails_spoils_no_other()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        using var stopped = new ManualResetEventSlim();
        // Holds the committing thread so that all that follows is one batch.
        var holder = t.Store.ChangeForTestAsync(_ => stopped.Wait(TimeSpan.FromSeconds(30)));
        var good = Enumerable.Range(0, 5).Select(_ => t.DeliverAsync(account)).ToList();
        var bad = t.Store.ChangeForTestAsync(batch =>
        {
            batch.CreateMailbox(batch.Account(account)!, "Half done", SpecialUse.None);
            throw new InvalidOperationException("as planned");
        });
        good.AddRange(Enumerable.Range(0, 5).Select(_ => t.DeliverAsync(account)));
        stopped.Set();
        await holder;
        await Assert.ThrowsAsync<InvalidOperationException>(() => bad);
        var entries = await Task.WhenAll(good);
        Assert.Equal(10, entries.Select(e => e.Uid).Distinct().Count());
        Assert.Null(await t.Store.FindMailboxAsync(account, "Half done", default));
        Assert.Equal(10, (await t.Store.ViewAsync(account, inbox, default))!.Count);
    }

    [Fact]
    public async Task A_sealed_store_refuses_changes_and_goes_on_reading()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        var entry = await t.DeliverAsync(account, "kept");
        t.Store.SealForTest("a sync failed");
        using var body = t.Body("more");
        var refused = await t.Store.AcceptAsync(
            new(body, TestStore.Rendered(), [new(account, "INBOX", default, SystemFlags.None, [])], null) { ReceivedAt = 1 }, default);
        Assert.Equal(StoreError.ReadOnly, refused.Error);
        Assert.Equal(StoreError.ReadOnly, (await t.Store.ExpungeAsync(account, inbox, [1], false, default)).Error);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => t.Store.SetSubscribedAsync(account, "x", true, default));
        Assert.Equal("Return-Path: <a@b>\r\nkept", await t.ReadAsync(account, entry.Email));
        await t.Store.ProbeAsync();
        Assert.False(t.Store.Health.CanAccept);
        Assert.Equal("a sync failed", t.Store.Health.Reason);
        await t.ReopenAsync();
        await t.DeliverAsync(account);
        Assert.True(t.Store.Health.CanAccept);
    }

    [Fact]
    public async Task Views_asked_for_while_mail_comes_in_are_each_consistent_and_grow()
    {
        await using var t = await TestStore.OpenAsync(with: o => o with { ViewMemory = 1, Index = false });
        var (account, inbox) = await t.AccountAsync();
        var (other, otherInbox) = await t.AccountAsync("bob@example.test");
        var done = false;
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            long last = 0;
            while (!Volatile.Read(ref done))
            {
                var view = (await t.Store.ViewAsync(account, inbox, default))!;
                Assert.True(view.HighestModSeq >= last);
                last = view.HighestModSeq;
                uint uid = 0;
                for (var i = 0; i < view.Count; i++)
                {
                    Assert.True(view[i].Uid > uid && view[i].Uid < view.UidNext && view[i].ModSeq <= view.HighestModSeq);
                    uid = view[i].Uid;
                }
                await t.Store.ViewAsync(other, otherInbox, default);   // throws the first one out
            }
        })).ToArray();
        for (var i = 0; i < 60; i++)
        {
            var entry = await t.DeliverAsync(account);
            var view = (await t.Store.ViewAsync(account, inbox, default))!;
            Assert.True(view.IndexOf(entry.Uid) >= 0);
            if (i % 3 == 0) await t.Store.ExpungeAsync(account, inbox, [entry.Uid], false, default);
            else await t.Store.StoreFlagsAsync(account, inbox, [entry.Uid], new(FlagOperation.Add, SystemFlags.Flagged, []), null, default);
        }
        Volatile.Write(ref done, true);
        await Task.WhenAll(readers);
        Assert.Equal(40, (await t.Store.ViewAsync(account, inbox, default))!.Count);
    }

    private static void CopyWhileRunning(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var name in (string[])["store.db-wal", "store.db"])
            if (File.Exists(Path.Combine(from, name))) FolderScene.CopyOpen(Path.Combine(from, name), Path.Combine(to, name));
        foreach (var folder in (string[])["segments", "large", "journal"])
        {
            Directory.CreateDirectory(Path.Combine(to, folder));
            foreach (var file in Directory.GetFiles(Path.Combine(from, folder)))
                File.Copy(file, Path.Combine(to, folder, Path.GetFileName(file)));
        }
    }

    private static async Task CompareAsync(string folder, AccountId account, MailboxId inbox, KeyValuePair<EmailId, string>[] expected)
    {
        await using var copy = await TestStore.OpenAsync(folder, o => o with { SegmentOctets = 60_000, Index = false });
        var view = (await copy.Store.ViewAsync(account, inbox, default))!;
        var seen = new HashSet<EmailId>();
        for (var i = 0; i < view.Count; i++) Assert.True(seen.Add(view[i].Email));
        foreach (var (email, text) in expected)
        {
            Assert.Contains(email, seen);
            Assert.Equal(text, await copy.ReadAsync(account, email));
        }
        await copy.DeliverAsync(account);
    }
}
