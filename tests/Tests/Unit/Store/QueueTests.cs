using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Store;

public sealed class QueueTests
{
    private static readonly IReadOnlySet<string> Nobody = new HashSet<string>();

    private static async Task<QueueId> QueueAsync(TestStore t, params QueueTarget[] recipients)
    {
        using var body = t.Body("Subject: out\r\n\r\n");
        var queue = new QueueSubmission(
            "alice@example.test", null, "env", DsnReturn.Headers, QueueNeeds.EightBit, QueuePriority.Person, "Received: x\r\n"u8.ToArray(),
                recipients);
        var accepted = await t.Store.AcceptAsync(new(body, TestStore.Rendered("m@x"), [], queue) { ReceivedAt = t.Clock.Seconds }, default);
        return accepted.Value!.Queue!.Value;
    }

    private static QueueTarget Target(string address, long due = 10) =>
        new(address, address.Split('@')[1], DsnNotify.Failure | DsnNotify.Delay, "rfc822;" + address, due);

    [Fact]
    public async Task A_queued_message_is_leased_sent_and_gone()
    {
        await using var t = await TestStore.OpenAsync();
        var id = await QueueAsync(t, Target("a@x.test"), Target("b@y.test", 20), Target("c@y.test", 5000));
        Assert.Equal(10, await t.Store.NextDueAsync(default));
        Assert.Empty(await t.Store.LeaseAsync(9, 1000, 10, Nobody, default));
        var leased = await t.Store.LeaseAsync(100, 1000, 10, Nobody, default);
        Assert.Equal(["a@x.test", "b@y.test"], leased.Select(r => r.Address));
        Assert.Empty(await t.Store.LeaseAsync(100, 1000, 10, Nobody, default));
        Assert.Equal(2, (await t.Store.LeaseAsync(1001, 2000, 10, Nobody, default)).Count);   // the lease ended
        using (var body = (await t.Store.OpenQueueBodyAsync(id, default))!)
            Assert.Equal("Received: x\r\nSubject: out\r\n\r\n", TestStore.Read(body));
        var message = Assert.Single(await t.Store.QueueMessagesAsync([id, new(5)], default));
        Assert.Equal(("alice@example.test", "env", DsnReturn.Headers, "m@x"),
            (message.Sender, message.EnvelopeId, message.Return, message.MessageId));

        await t.Store.SettleAsync(
            [
                new(id, 0, QueueResult.Done, 0, "250 ok", 100, Relay: "brevo"),
                new(id, 1, QueueResult.Retry, 9000, "451 later", 100, DelayNotified: true, Destination: "relay:brevo"),
                new(id, 2, QueueResult.Postpone, 9500, "", 100, HoldReason: "quota"),
            ], [], default);
        Assert.Equal(1, (await t.Store.QueueTotalsAsync(default)).Held);
        var item = Assert.Single(await t.Store.ListQueueAsync(new(), 10, default));
        Assert.Equal([(1, 1, 9000L, "451 later", "relay:brevo"), (2, 0, 9500L, "", "y.test")],
            item.Recipients.Select(r => (r.Number, r.Attempts, r.DueAt, r.LastReply, r.Destination)));
        Assert.Equal(1, await t.Store.RelayUseAsync("brevo", 0, default));
        Assert.Equal(0, await t.Store.RelayUseAsync("brevo", 101, default));
        await t.AssertSoundAsync();

        await t.ReopenAsync();
        await t.Store.SettleAsync([new(id, 1, QueueResult.Done, 0, "", 1), new(id, 2, QueueResult.Done, 0, "", 1),
            new(id, 2, QueueResult.Done, 0, "", 1)], [], default);
        Assert.Empty(await t.Store.ListQueueAsync(new(), 10, default));
        Assert.Null(await t.Store.OpenQueueBodyAsync(id, default));
        Assert.Equal(new QueueTotals(0, 0, 0, null), await t.Store.QueueTotalsAsync(default));
    }

    [Fact]
    public async Task A_bounce_and_the_end_of_what_it_reports_are_one_commit()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        var id = await QueueAsync(t, Target("a@x.test"));
        using var bounce = t.Body("Subject: failed\r\n\r\n");
        await t.Store.SettleAsync(
            [new(id, 0, QueueResult.Done, 0, "550 no", 1)],
            [new(bounce, TestStore.Rendered(), [new(account, "INBOX", default, SystemFlags.None, [], IgnoreQuota: true)], null) { ReceivedAt = 1 }],
            default);
        Assert.Equal(1, (await t.Store.ViewAsync(account, inbox, default))!.Count);
        Assert.Empty(await t.Store.ListQueueAsync(new(), 10, default));
    }

    [Fact]
    public async Task Busy_destinations_are_passed_over_and_verbs_change_what_the_filter_names()
    {
        await using var t = await TestStore.OpenAsync();
        var first = await QueueAsync(t, Target("a@x.test"), Target("b@y.test"));
        var second = await QueueAsync(t, Target("c@x.test"));
        Assert.Equal(["b@y.test"], (await t.Store.LeaseAsync(50, 100, 10, new HashSet<string> { "x.test" }, default)).Select(r => r.Address));
        Assert.Equal(2, await t.Store.ChangeQueueAsync(new(Destination: "X.test"), QueueChange.Hold, 50, default));
        Assert.Empty(await t.Store.LeaseAsync(60, 100, 10, Nobody, default));
        Assert.Equal(2, (await t.Store.QueueTotalsAsync(default)).Held);
        Assert.Equal(0, await t.Store.ChangeQueueAsync(new(Recipient: "b@y.test"), QueueChange.RetryNow, 60, default));   // an attempt runs
        Assert.Equal(1, await t.Store.ChangeQueueAsync(new(Id: second), QueueChange.Release, 60, default));
        Assert.Equal(["c@x.test"], (await t.Store.LeaseAsync(60, 100, 10, Nobody, default)).Select(r => r.Address));
        Assert.Equal(2, await t.Store.ChangeQueueAsync(new(Id: first), QueueChange.Drop, 60, default));
        await t.Store.SettleAsync([new(first, 1, QueueResult.Retry, 9000, "", 1)], [], default);   // dropped while it ran
        Assert.Equal(second, Assert.Single(await t.Store.ListQueueAsync(new(), 10, default)).Message.Id);
    }

    [Theory]
    [InlineData(QueueChange.Hold, QueueChange.Release)]
    [InlineData(QueueChange.Hold, QueueChange.RetryNow)]
    [InlineData(QueueChange.Release, QueueChange.Release)]
    public async Task What_is_on_its_way_is_given_to_nobody_else_whatever_a_verb_says(QueueChange first, QueueChange second)
    {
        await using var t = await TestStore.OpenAsync();
        var id = await QueueAsync(t, Target("a@x.test"));
        await t.Store.SettleAsync([new(id, 0, QueueResult.Postpone, 20, "", 10, HoldReason: "quota")], [], default);
        Assert.Single(await t.Store.LeaseAsync(50, 1000, 10, Nobody, default));
        await t.Store.ChangeQueueAsync(new(Id: id), first, 60, default);
        await t.Store.ChangeQueueAsync(new(Id: id), second, 70, default);
        Assert.Empty(await t.Store.LeaseAsync(80, 2000, 10, Nobody, default));
        await t.Store.SettleAsync([new(id, 0, QueueResult.Done, 0, "250 ok", 90)], [], default);
        Assert.Empty(await t.Store.ListQueueAsync(new(), 10, default));
        await t.AssertSoundAsync();
    }

    [Fact]
    public async Task A_hold_during_an_attempt_lasts_and_ends_at_once_after_a_restart()
    {
        await using var t = await TestStore.OpenAsync();
        var id = await QueueAsync(t, Target("a@x.test"));
        Assert.Single(await t.Store.LeaseAsync(50, t.Clock.GetUtcNow().ToUnixTimeMilliseconds() + 1_000_000, 10, Nobody, default));
        await t.Store.ChangeQueueAsync(new(Id: id), QueueChange.Hold, 60, default);
        await t.ReopenAsync();
        Assert.Empty(await t.Store.LeaseAsync(
            t.Clock.GetUtcNow().ToUnixTimeMilliseconds(), t.Clock.GetUtcNow().ToUnixTimeMilliseconds() + 10, 10, Nobody, default));
        Assert.Equal(
            1, await t.Store.ChangeQueueAsync(new(Id: id), QueueChange.Release, t.Clock.GetUtcNow().ToUnixTimeMilliseconds(), default));
        Assert.Single(await t.Store.LeaseAsync(
            t.Clock.GetUtcNow().ToUnixTimeMilliseconds(), t.Clock.GetUtcNow().ToUnixTimeMilliseconds() + 10, 10, Nobody, default));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_great_backlog_of_one_busy_destination_does_not_hold_up_others()
    {
        await using var t = await TestStore.OpenAsync();
        await QueueAsync(t, [.. Enumerable.Range(0, 100_000).Select(i => Target($"p{i}@slow.test"))]);
        var slow = new HashSet<string> { "slow.test" };
        for (var round = 0; round < 1000; round++)
        {
            await QueueAsync(t, Target($"q@d{round}.test", 20));
            Assert.Equal($"d{round}.test", Assert.Single(await t.Store.LeaseAsync(50, 1_000_000, 10, slow, default)).Destination);
            Assert.Empty(await t.Store.LeaseAsync(50, 1_000_000, 10, slow, default));
        }
        Assert.Equal(10, await t.Store.NextDueAsync(default));
        await t.AssertSoundAsync();
    }

    [Fact]
    public async Task What_was_sent_is_not_sent_again_by_a_rebuild_after_the_journal_began_anew()
    {
        await using var t = await TestStore.OpenAsync();
        var sent = await QueueAsync(t, Target("a@x.test"));
        var half = await QueueAsync(t, Target("b@x.test"), Target("c@x.test"));
        await t.Store.SettleAsync([new(sent, 0, QueueResult.Done, 0, "", 1), new(half, 0, QueueResult.Done, 0, "", 1)], [], default);
        t.Clock.Advance(TimeSpan.FromHours(1));
        await t.Store.WriteJournalBaseAsync(default);
        var late = await QueueAsync(t, Target("d@x.test"));
        await t.RebuildAsync();
        Assert.Equal([(half, "c@x.test"), (late, "d@x.test")],
            (await t.Store.ListQueueAsync(new(), 10, default)).SelectMany(i => i.Recipients).Select(r => (r.Message, r.Address)));
    }

    [Fact]
    public async Task What_a_full_mailbox_refused_does_not_come_back_by_a_rebuild()
    {
        await using var t = await TestStore.OpenAsync();
        var (full, inbox) = await t.AccountAsync("full@example.test");
        var (other, _) = await t.AccountAsync("other@example.test");
        var row = (await t.Store.ListAccountsAsync(default)).Single(a => a.Id == full);
        await t.Store.UpdateAccountAsync(row with { QuotaOctets = 1 }, default);
        using var body = t.Body("Subject: x\r\n\r\n");
        AcceptTarget To(AccountId account) => new(account, "INBOX", default, SystemFlags.None, []);
        await t.Store.AcceptAsync(new(body, TestStore.Rendered(), [To(full), To(other)], null) { ReceivedAt = t.Clock.Seconds }, default);
        await t.Store.AcceptAsync(new(body, TestStore.Rendered(), [To(full)], null) { ReceivedAt = t.Clock.Seconds }, default);
        Assert.False(
            (await t.Store.AppendAsync(full, inbox, [new(body, TestStore.Rendered(), SystemFlags.None, [], t.Clock.Seconds)], default)).Ok);
        await t.RebuildAsync();
        Assert.Equal(0, (await t.Store.FindMailboxAsync(full, "INBOX", default))!.Exists);
        Assert.Equal(1, (await t.Store.FindMailboxAsync(other, "INBOX", default))!.Exists);
    }

    [Fact]
    public async Task Recipients_keep_their_numbers_in_rebuild_after_rebuild()
    {
        await using var t = await TestStore.OpenAsync();
        var id = await QueueAsync(t, Target("a@x.test"), Target("b@x.test"), Target("c@x.test"));
        await t.Store.SettleAsync([new(id, 0, QueueResult.Done, 0, "", 1)], [], default);
        await t.RebuildAsync();
        await t.Store.SettleAsync([new(id, 2, QueueResult.Done, 0, "", 1)], [], default);
        await t.RebuildAsync();
        Assert.Equal("b@x.test", Assert.Single(Assert.Single(await t.Store.ListQueueAsync(new(), 10, default)).Recipients).Address);
        Assert.Single(await t.Store.LeaseAsync(50, 100, 10, Nobody, default));
    }

    [Fact]
    public async Task Local_and_queued_recipients_share_one_body()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        using var body = t.Body("shared");
        var queue = new QueueSubmission(
            "s@x", account, "", DsnReturn.Unspecified, QueueNeeds.None, QueuePriority.Bulk, default, [Target("z@z.test")]);
        var accepted = (await t.Store.AcceptAsync(
            new(body, TestStore.Rendered(), [new(account, "INBOX", default, SystemFlags.None, [])], queue) { ReceivedAt = 1 }, default)).Value!;
        await t.Store.ExpungeAsync(account, inbox, [1], false, default);
        t.Clock.Advance(TimeSpan.FromDays(15));
        await t.Store.UpkeepAsync(default);
        using var still = (await t.Store.OpenQueueBodyAsync(accepted.Queue!.Value, default))!;
        Assert.Equal("shared", TestStore.Read(still));
    }
}
