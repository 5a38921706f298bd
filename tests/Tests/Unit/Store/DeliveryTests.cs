using System.Text;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Store;

public sealed class DeliveryTests
{
    [Fact]
    public async Task A_delivered_message_is_read_back_with_its_prefix()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        var entry = await t.DeliverAsync(account, "Subject: a\r\n\r\nbody\r\n", keywords: "$Forwarded");
        Assert.Equal(1u, entry.Uid);
        Assert.Equal("Return-Path: <a@b>\r\nSubject: a\r\n\r\nbody\r\n", await t.ReadAsync(account, entry.Email));
        var view = (await t.Store.ViewAsync(account, inbox, default))!;
        Assert.Equal(1, view.Count);
        Assert.Equal(entry.Email, view[0].Email);
        Assert.Equal(["$Forwarded"], view.Keywords);
        Assert.Equal(UInt128.One, view[0].Flags.Keywords);
        var email = Assert.Single(await t.Store.EmailsAsync(account, [entry.Email], default))!;
        Assert.Equal("(env)", Encoding.ASCII.GetString(email.Rendered.Envelope));
        Assert.Equal(email.Size, view[0].Size);
        Assert.Equal(20, email.PrefixLength);
    }

    [Fact]
    public async Task One_body_serves_all_recipients_each_with_its_prefix()
    {
        await using var t = await TestStore.OpenAsync();
        var (alice, _) = await t.AccountAsync();
        var (bob, _) = await t.AccountAsync("bob@example.test");
        using var body = t.Body("Subject: both\r\n\r\n");
        var accepted = await t.Store.AcceptAsync(
            new(body, TestStore.Rendered("m1@x"),
                [
                    new(alice, "INBOX", "To-Alice: 1\r\n"u8.ToArray(), SystemFlags.None, []),
                    new(bob, "No such place", "To-Bob: 1\r\n"u8.ToArray(), SystemFlags.Seen, []),
                    new(new(12345), "INBOX", default, SystemFlags.None, []),
                ], null)
            { ReceivedAt = 5 },
            default);
        var targets = accepted.Value!.Targets;
        Assert.Equal("To-Alice: 1\r\nSubject: both\r\n\r\n", await t.ReadAsync(alice, targets[0].Value!.Email));
        Assert.Equal("To-Bob: 1\r\nSubject: both\r\n\r\n", await t.ReadAsync(bob, targets[1].Value!.Email));
        Assert.Equal(StoreError.NotFound, targets[2].Error);
        Assert.Null(await t.Store.OpenBodyAsync(bob, targets[0].Value!.Email, default));
    }

    [Fact]
    public async Task Everything_is_there_after_reopening()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        var first = await t.DeliverAsync(account, "one");
        await t.ReopenAsync();
        var second = await t.DeliverAsync(account, "two");
        Assert.Equal(first.Uid + 1, second.Uid);
        Assert.Equal(first.UidValidity, second.UidValidity);
        Assert.True(second.ModSeq > first.ModSeq);
        Assert.True(second.Email.Value > first.Email.Value);
        Assert.Equal("Return-Path: <a@b>\r\none", await t.ReadAsync(account, first.Email));
        Assert.Equal(2, (await t.Store.ViewAsync(account, inbox, default))!.Count);
    }

    [Fact]
    public async Task Deliveries_at_once_are_all_stored_once()
    {
        await using var t = await TestStore.OpenAsync(with: o => o with { SegmentOctets = 100_000 });
        var accounts = new List<(AccountId Account, MailboxId Inbox)>();
        for (var i = 0; i < 4; i++) accounts.Add(await t.AccountAsync($"user{i}@example.test"));
        await Task.WhenAll(Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
                await t.DeliverAsync(accounts[worker % 4].Account, $"Subject: {worker}-{i}\r\n\r\n" + new string('x', i * 37));
        })));
        var seen = new HashSet<string>();
        foreach (var (account, inbox) in accounts)
        {
            var view = (await t.Store.ViewAsync(account, inbox, default))!;
            Assert.Equal(200, view.Count);
            for (var i = 0; i < view.Count; i++)
            {
                Assert.Equal((uint)i + 1, view[i].Uid);
                Assert.True(seen.Add((await t.ReadAsync(account, view[i].Email)).Split("\r\n")[1]));
            }
        }
        Assert.Equal(800, seen.Count);
        Assert.True(Directory.GetFiles(Path.Combine(t.Folder, "segments"), "*.seg").Length > 3);
    }

    [Theory]
    [InlineData(300 * 1024)]
    [InlineData(1024 * 1024 + 1)]
    [InlineData(5 * 1024 * 1024)]
    public async Task Bodies_of_every_size_come_back_whole(int size)
    {
        await using var t = await TestStore.OpenAsync();
        var (account, _) = await t.AccountAsync();
        var text = string.Create(size, 0, static (to, _) =>
        {
            for (var i = 0; i < to.Length; i++) to[i] = (char)('a' + (i % 23));
        });
        var entry = await t.DeliverAsync(account, text, prefix: "P: 1\r\n");
        await t.ReopenAsync();
        Assert.Equal("P: 1\r\n" + text, await t.ReadAsync(account, entry.Email));
    }

    [Fact]
    public async Task Over_quota_targets_are_refused_one_by_one()
    {
        await using var t = await TestStore.OpenAsync();
        var (alice, _) = await t.AccountAsync();
        var (bob, _) = await t.AccountAsync("bob@example.test");
        var row = (await t.Store.ListAccountsAsync(default)).Single(a => a.Id == alice);
        Assert.Equal(StoreError.None, await t.Store.UpdateAccountAsync(row with { QuotaOctets = 100 }, default));
        using var body = t.Body(new string('x', 101));
        AcceptTarget[] targets =
        [
            new(alice, "INBOX", default, SystemFlags.None, []), new(bob, "INBOX", default, SystemFlags.None, []),
            new(alice, "INBOX", default, SystemFlags.None, [], IgnoreQuota: true),
        ];
        var accepted = await t.Store.AcceptAsync(new(body, TestStore.Rendered(), targets, null) { ReceivedAt = 1 }, default);
        Assert.Equal([StoreError.OverQuota, StoreError.None, StoreError.None], accepted.Value!.Targets.Select(o => o.Error));
        var use = await t.Store.GetQuotaAsync(alice, default);
        Assert.Equal(new QuotaUse(101, 100, 1, 0), use);
    }

    [Fact]
    public async Task A_second_open_is_refused_with_a_clear_message()
    {
        await using var t = await TestStore.OpenAsync();
        var refused = await Assert.ThrowsAsync<StoreOpenException>(
            () => SqliteMailStore.OpenAsync(TestStore.Options(t.Folder, t.Clock), default));
        Assert.Contains("another server is using", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Messages_that_name_one_another_are_one_thread()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        async Task<ThreadId> Append(Rendered rendered)
        {
            using var body = t.Body("x");
            var done = await t.Store.AppendAsync(account, inbox, [new(body, rendered, SystemFlags.None, [], 1)], default);
            return (await t.Store.EmailsAsync(account, [done.Value![0].Email], default))[0]!.Thread;
        }
        var first = await Append(TestStore.Rendered("a@x"));
        Assert.Equal(first, await Append(TestStore.Rendered("b@x", "a@x")));
        Assert.Equal(first, await Append(TestStore.Rendered("c@x", "unknown@x", "b@x")));
        Assert.Equal(first, await Append(TestStore.Rendered("d@x", "unknown@x")));
        Assert.NotEqual(first, await Append(TestStore.Rendered("e@x")));
    }

    [Fact]
    public async Task Over_the_disk_reserve_new_mail_is_refused_and_expunging_works()
    {
        long free = long.MaxValue;
        await using var t = await TestStore.OpenAsync(with: o => o with { FreeOctets = () => free });
        var (account, inbox) = await t.AccountAsync();
        var entry = await t.DeliverAsync(account);
        free = 1000;
        await t.Store.ProbeAsync();
        Assert.False(t.Store.Health.CanAccept);
        using var body = t.Body("more");
        var refused = await t.Store.AcceptAsync(
            new(body, TestStore.Rendered(), [new(account, "INBOX", default, SystemFlags.None, [])], null) { ReceivedAt = 1 }, default);
        Assert.Equal(StoreError.DiskFull, refused.Error);
        Assert.Equal([1u], (await t.Store.ExpungeAsync(account, inbox, [1], false, default)).Value!.Uids);
        Assert.NotNull(await t.Store.OpenBodyAsync(account, entry.Email, default));
        free = long.MaxValue;
        await t.Store.ProbeAsync();
        Assert.True(t.Store.Health.CanAccept);
        await t.DeliverAsync(account);
    }

    [Fact]
    public async Task Messages_that_belong_together_are_stored_in_one_change_and_may_share_a_body()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        using var body = t.Body("Subject: x\r\n\r\nshared\r\n");
        var queued = new QueueSubmission("srs@example.test", null, "", DsnReturn.Unspecified, QueueNeeds.None, QueuePriority.Person,
            "X-Forwarded: yes\r\n"u8.ToArray(), [new("carol@elsewhere.example", "elsewhere.example", DsnNotify.Unspecified, "", 0)]);
        var accepted = await t.Store.AcceptAllAsync(
            [
                new(body, TestStore.Rendered(), [new(account, "INBOX", default, SystemFlags.None, [])], null) { ReceivedAt = t.Clock.Seconds },
                new(body, TestStore.Rendered(), [], queued) { ReceivedAt = t.Clock.Seconds },
            ],
            default);
        Assert.True(accepted.Ok);
        var filed = accepted.Value![0].Targets[0].Value!;
        Assert.Equal("Subject: x\r\n\r\nshared\r\n", await t.ReadAsync(account, filed.Email));
        using var open = (await t.Store.OpenQueueBodyAsync(accepted.Value[1].Queue!.Value, default))!;
        Assert.Equal("X-Forwarded: yes\r\nSubject: x\r\n\r\nshared\r\n", TestStore.Read(open));
        Assert.Equal(inbox, filed.Mailbox);
    }
}
