using Aviso.Backup;
using Aviso.Base;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Backup;

/// <summary>Mail that comes back into the running store.</summary>
public sealed class PartRestoreTests
{
    private const string Address = "alice@example.test";

    [Fact]
    public async Task A_message_comes_back_once_with_a_new_uid_and_the_rest_is_not_touched()
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, inbox) = await w.Store.AccountAsync();
        var first = await w.Store.DeliverAsync(alice, "Subject: first\r\n\r\n1\r\n");
        var second = await w.Store.DeliverAsync(alice, "Subject: second\r\n\r\n2\r\n");
        await w.RoundAsync();
        w.Store.Clock.Advance(TimeSpan.FromSeconds(5));
        await w.Store.Store.ExpungeAsync(alice, inbox, [first.Uid], onlyDeleted: false, default);
        var third = await w.Store.DeliverAsync(alice, "Subject: third\r\n\r\n3\r\n");
        var at = w.Store.Clock.GetUtcNow().AddSeconds(-5);
        for (var time = 0; time < 2; time++)
        {
            var report = await ReturnAsync(w, new(Address, null, null, at));
            Assert.Equal((time == 0 ? 1 : 0, time == 0 ? 1 : 2, 0, 0),
                (report.Returned, report.There, report.Mailboxes.Count, report.Problems.Count));
            var view = (await w.Store.Store.ViewAsync(alice, inbox, default))!;
            Assert.Equal([second.Uid, third.Uid, third.Uid + 1], Enumerable.Range(0, view.Count).Select(i => view[i].Uid));
            Assert.Equal(first.Email, view[2].Email);
        }
        Assert.Contains("Subject: first", await w.Store.ReadAsync(alice, first.Email), StringComparison.Ordinal);
        // The undelete window does not take it again.
        w.Store.Clock.Advance(TimeSpan.FromDays(15));
        await w.Store.Store.ExpireAsync(default);
        Assert.Contains("Subject: first", await w.Store.ReadAsync(alice, first.Email), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_past_the_undelete_window_comes_back_with_its_octets()
    {
        await using var w = await BackupWorld.OpenAsync(o => o with { UndeleteWindow = TimeSpan.Zero });
        var (alice, inbox) = await w.Store.AccountAsync();
        var entry = await w.Store.DeliverAsync(alice, "Subject: gone\r\n\r\nall of it\r\n");
        var was = await w.Store.ReadAsync(alice, entry.Email);
        await w.RoundAsync();
        var at = w.Store.Clock.GetUtcNow();
        w.Store.Clock.Advance(TimeSpan.FromSeconds(5));
        await w.Store.Store.ExpungeAsync(alice, inbox, [entry.Uid], onlyDeleted: false, default);
        w.Store.Clock.Advance(TimeSpan.FromSeconds(5));
        await w.Store.Store.ExpireAsync(default);
        Assert.Null(await w.Store.Store.OpenBodyAsync(alice, entry.Email, default));
        Assert.Equal(1, (await ReturnAsync(w, new(Address, null, entry.Email.ToString(), at))).Returned);
        Assert.Equal(was, await w.Store.ReadAsync(alice, entry.Email));
        Assert.Equal(1, (await ReturnAsync(w, new(Address, null, entry.Email.ToString(), at))).There);
    }

    [Fact]
    public async Task A_deleted_mailbox_comes_back_with_its_uidvalidity_and_uids()
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, _) = await w.Store.AccountAsync();
        var made = (await w.Store.Store.CreateMailboxAsync(alice, "Trips/2026", SpecialUse.None, default)).Value!;
        await w.Store.DeliverAsync(alice, mailbox: "Trips/2026");
        var kept = await w.Store.DeliverAsync(alice, "Subject: kept\r\n\r\nx\r\n", "Trips/2026", "", "holiday");
        await w.Store.Store.ExpungeAsync(alice, made.Id, [1], onlyDeleted: false, default);
        await w.RoundAsync();
        var at = w.Store.Clock.GetUtcNow();
        w.Store.Clock.Advance(TimeSpan.FromSeconds(5));
        await w.Store.Store.DeleteMailboxAsync(alice, made.Id, default);
        var report = await ReturnAsync(w, new(Address, "Trips", null, at));
        Assert.Equal(1, report.Returned);
        Assert.Contains("Trips/2026", report.Mailboxes);
        var back = (await w.Store.Store.FindMailboxAsync(alice, "Trips/2026", default))!;
        Assert.Equal((made.UidValidity, true), (back.UidValidity, back.UidNext > 1_000_000));
        var view = (await w.Store.Store.ViewAsync(alice, back.Id, default))!;
        Assert.Equal((kept.Uid, kept.Email, 1), (view[0].Uid, view[0].Email, view.Count));
        Assert.Equal(["holiday"], back.Keywords);
        var next = await w.Store.DeliverAsync(alice, mailbox: "Trips/2026");
        Assert.True(next.Uid > 1_000_000);
    }

    [Fact]
    public async Task What_is_delivered_while_a_mailbox_comes_back_gets_no_uid_that_clients_know()
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, _) = await w.Store.AccountAsync();
        var made = (await w.Store.Store.CreateMailboxAsync(alice, "Trips", SpecialUse.None, default)).Value!;
        var old = new List<EmailId>();
        for (var i = 0; i < 4; i++) old.Add((await w.Store.DeliverAsync(alice, $"Subject: {i}\r\n\r\n{i}", "Trips")).Email);
        await w.RoundAsync();
        var at = w.Store.Clock.GetUtcNow();
        w.Store.Clock.Advance(TimeSpan.FromSeconds(5));
        await w.Store.Store.DeleteMailboxAsync(alice, made.Id, default);
        AppendedEntry? came = null;
        var reader = new MeddlingReader(time =>
        {
            if (time == 3) came = w.Store.DeliverAsync(alice, "Subject: new\r\n\r\nx", "Trips").GetAwaiter().GetResult();
        });
        var report = await ReturnAsync(w, new(Address, "Trips", null, at), reader);
        Assert.Equal((4, 0), (report.Returned, report.Problems.Count));
        Assert.True(came!.Uid > 1_000_000, $"UID {came.Uid}");
        Assert.Equal(made.UidValidity, came.UidValidity);
        var view = (await w.Store.Store.ViewAsync(alice, came.Mailbox, default))!;
        Assert.Equal([old[0], old[1], came.Email, old[2], old[3]], Enumerable.Range(0, view.Count).Select(i => view[i].Email));
        Assert.Equal([1, 2, came.Uid, came.Uid + 1, came.Uid + 2], Enumerable.Range(0, view.Count).Select(i => view[i].Uid));
        await w.Store.ReopenAsync();
        Assert.Equal(came.Uid + 3, (await w.Store.Store.FindMailboxAsync(alice, "Trips", default))!.UidNext);
    }

    private static Task<PartReport> ReturnAsync(BackupWorld w, PartWishes wishes, IMessageReader? reader = null) =>
        new PartRestore(w.Target, w.Key, w.Store.Store, reader ?? new TestReader(), Path.Combine(w.Folder, "scratch"),
            w.Store.Clock).RunAsync(wishes, default);

    /// <summary>Something happens before the message of that number is put back.</summary>
    private sealed class MeddlingReader(Action<int> before) : IMessageReader
    {
        private readonly TestReader _reader = new();
        private int _times;

        public int Version => _reader.Version;

        public Rendered Render(SpooledBody body)
        {
            before(++_times);
            return _reader.Render(body);
        }

        public (string Text, bool Whole) ExtractText(SpooledBody body, int limit) => _reader.ExtractText(body, limit);
    }
}
