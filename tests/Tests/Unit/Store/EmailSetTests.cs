using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Store;

/// <summary>Emails set as wholes: what JMAP does to all entries of an email in one transaction.</summary>
public sealed class EmailSetTests
{
    private static readonly KeywordsChange MarkSeen = new(Whole: false, new(SystemFlags.Seen, []), KeywordSet.None);

    [Fact]
    public async Task A_new_email_comes_into_all_its_mailboxes_at_once()
    {
        await using var s = await Scene.OpenAsync();
        var archive = await s.MailboxAsync("Archive");
        using var body = s.Test.Body("Subject: x\r\n\r\nhello\r\n");
        var create = new NewEmail(body, TestStore.Rendered(), [s.Inbox, archive], SystemFlags.Draft, ["work"], 7);
        var set = await s.SetAsync(new() { Create = [create] });
        var made = set.Created[0].Value!;
        Assert.Equal(body.Length, made.Size);
        Assert.Equal(made.Email.Value, made.Thread.Value);
        Assert.Equal(set.NewState, await s.Test.Store.StateAsync(s.Account, default));
        foreach (var mailbox in (MailboxId[])[s.Inbox, archive])
        {
            var view = await s.ViewAsync(mailbox);
            Assert.Equal((made.Email, 7, set.NewState), (view[0].Email, view[0].InternalDate, view[0].ModSeq));
            Assert.Equal(SystemFlags.Draft, view[0].Flags.System);
            Assert.Equal(["work"], view.Keywords);
        }
        await s.Test.RebuildAsync();
        Assert.Equal(1, (await s.ViewAsync(s.Inbox)).Count);
        Assert.Equal(1, (await s.ViewAsync(archive)).Count);
    }

    [Fact]
    public async Task Each_create_fails_by_itself()
    {
        await using var s = await Scene.OpenAsync();
        await s.Test.Store.UpdateAccountAsync(
            (await s.Test.Store.ListAccountsAsync(default))[0] with { QuotaOctets = 100 }, default);
        NewEmail New(int octets, params MailboxId[] mailboxes) =>
            new(s.Test.Body(new string('x', octets)), TestStore.Rendered(), mailboxes, SystemFlags.None, [], 7);
        var many = Enumerable.Range(0, 129).Select(i => "k" + i).ToArray();
        NewEmail[] creates =
        [
            New(40, s.Inbox), New(90, s.Inbox), New(40, s.Inbox, await s.MailboxAsync("Archive")), New(1, new MailboxId(5)), New(1),
            New(1, s.Inbox) with { Keywords = many },
        ];
        var set = await s.SetAsync(new() { Create = creates });
        foreach (var create in creates) create.Body.Dispose();
        Assert.Equal(
            [
                StoreError.None, StoreError.OverQuota, StoreError.OverQuota, StoreError.NoSuchMailbox, StoreError.NoSuchMailbox,
                StoreError.LimitReached,
            ],
            set.Created.Select(created => created.Error));
        Assert.Equal(1, (await s.ViewAsync(s.Inbox)).Count);
    }

    [Fact]
    public async Task Nothing_is_done_in_another_state()
    {
        await using var s = await Scene.OpenAsync();
        var entry = await s.Test.DeliverAsync(s.Account);
        using var body = s.Test.Body("x");
        var set = new EmailSet
        {
            IfInState = entry.ModSeq - 1,
            Create = [new(body, TestStore.Rendered(), [s.Inbox], SystemFlags.None, [], 7)],
            Update = [new(entry.Email, MarkSeen, null)],
            Destroy = [],
        };
        Assert.Equal(StoreError.StateMismatch, (await s.Test.Store.SetEmailsAsync(s.Account, set, default)).Error);
        Assert.Equal(SystemFlags.None, (await s.ViewAsync(s.Inbox))[0].Flags.System);
        var done = await s.SetAsync(new() { IfInState = entry.ModSeq, Update = set.Update });
        Assert.Equal((entry.ModSeq, entry.ModSeq + 1), (done.OldState, done.NewState));
        // What changes nothing makes no new state.
        Assert.Equal(done.NewState, (await s.SetAsync(new() { Update = set.Update })).NewState);
    }

    [Fact]
    public async Task Keywords_reach_every_entry_and_leave_Deleted_alone()
    {
        await using var s = await Scene.OpenAsync();
        var archive = await s.MailboxAsync("Archive");
        var entry = await s.Test.DeliverAsync(s.Account, keywords: ["old"]);
        await s.Test.Store.CopyAsync(s.Account, s.Inbox, [1], archive, move: false, default);
        await s.Test.Store.StoreFlagsAsync(s.Account, archive, [1], new(FlagOperation.Add, SystemFlags.Deleted, []), null, default);
        var whole = new KeywordsChange(Whole: true, new(SystemFlags.Flagged, ["new"]), KeywordSet.None);
        Assert.Equal([StoreError.None], (await s.SetAsync(new() { Update = [new(entry.Email, whole, null)] })).Updated);
        Assert.Equal("Flagged new", await s.FlagsAsync(s.Inbox));
        Assert.Equal("Flagged, Deleted new", await s.FlagsAsync(archive));
        var gone = new KeywordSet(SystemFlags.Flagged | SystemFlags.Deleted, ["new"]);
        var part = new KeywordsChange(Whole: false, new(SystemFlags.Seen, ["more"]), gone);
        await s.SetAsync(new() { Update = [new(entry.Email, part, null)] });
        Assert.Equal("Seen more", await s.FlagsAsync(s.Inbox));
    }

    [Fact]
    public async Task Mailboxes_are_added_taken_away_and_replaced()
    {
        await using var s = await Scene.OpenAsync();
        var (archive, junk) = (await s.MailboxAsync("Archive"), await s.MailboxAsync("Junk"));
        var entry = await s.Test.DeliverAsync(s.Account, keywords: ["k"]);
        async Task<StoreError> Set(bool whole, MailboxId[] add, MailboxId[] remove) =>
            (await s.SetAsync(new() { Update = [new(entry.Email, null, new(whole, add, remove))] })).Updated[0];
        Assert.Equal(StoreError.None, await Set(false, [archive], []));
        Assert.Equal("None k", await s.FlagsAsync(archive));
        Assert.Equal(StoreError.None, await Set(true, [junk], []));
        Assert.Equal((0, 0, 1), ((await s.ViewAsync(s.Inbox)).Count, (await s.ViewAsync(archive)).Count, (await s.ViewAsync(junk)).Count));
        Assert.Equal("None k", await s.FlagsAsync(junk));
        Assert.Equal(StoreError.NotPermitted, await Set(false, [], [junk]));
        Assert.Equal(StoreError.NoSuchMailbox, await Set(false, [new MailboxId(5)], []));
        Assert.Equal(StoreError.None, await Set(false, [], [new MailboxId(5)]));
        Assert.Equal(StoreError.NotFound, (await s.SetAsync(new() { Update = [new(new(7), null, null)] })).Updated[0]);
        var view = await s.ViewAsync(junk);
        Assert.Equal((await s.Test.Store.StateAsync(s.Account, default), 1), (view.HighestModSeq, view.Count));
    }

    [Fact]
    public async Task A_destroyed_email_leaves_every_mailbox_and_waits_for_the_end_of_the_undelete_window()
    {
        await using var s = await Scene.OpenAsync();
        var archive = await s.MailboxAsync("Archive");
        var entry = await s.Test.DeliverAsync(s.Account);
        await s.Test.Store.CopyAsync(s.Account, s.Inbox, [1], archive, move: false, default);
        var done = await s.SetAsync(new() { Destroy = [new(entry.Email), new(new(7))] });
        Assert.Equal([StoreError.None, StoreError.NotFound], done.Destroyed);
        Assert.Equal(0, (await s.ViewAsync(s.Inbox)).Count + (await s.ViewAsync(archive)).Count);
        Assert.Equal([StoreError.NotFound], (await s.SetAsync(new() { Destroy = [new(entry.Email)] })).Destroyed);
        using (var body = await s.Test.Store.OpenBodyAsync(s.Account, entry.Email, default)) Assert.NotNull(body);
        s.Test.Clock.Advance(TimeSpan.FromDays(15));
        await s.Test.Store.UpkeepAsync(default);
        Assert.Null(await s.Test.Store.OpenBodyAsync(s.Account, entry.Email, default));
        Assert.Equal(done.NewState, (await s.Test.Store.GoneAsync(s.Account, entry.ModSeq, long.MaxValue, default)).Emails.Single().ModSeq);
    }

    [Fact]
    public async Task Who_watches_the_mailbox_hears_of_it()
    {
        await using var s = await Scene.OpenAsync();
        var entry = await s.Test.DeliverAsync(s.Account);
        var heard = new TaskCompletionSource<AccountChange>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watch = s.Test.Store.Watch(s.Account, change => heard.TrySetResult(change));
        await s.SetAsync(new() { Update = [new(entry.Email, MarkSeen, null)] });
        Assert.Equal([s.Inbox], (await heard.Task.WaitAsync(TimeSpan.FromSeconds(30))).Mailboxes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task What_JMAP_sets_is_what_IMAP_sees_whatever_IMAP_did_before(int seed)
    {
        await using var s = await Scene.OpenAsync();
        var run = new MixedRun(s, new Random(seed));
        for (var step = 0; step < 250; step++)
        {
            await run.StepAsync();
            if (step % 60 == 59) await s.Test.AssertSoundAsync();
        }
    }

    internal sealed class Scene(TestStore test, AccountId account, MailboxId inbox) : IAsyncDisposable
    {
        public TestStore Test => test;

        public AccountId Account => account;

        public MailboxId Inbox => inbox;

        public static async Task<Scene> OpenAsync()
        {
            var test = await TestStore.OpenAsync();
            var (account, inbox) = await test.AccountAsync();
            return new(test, account, inbox);
        }

        public async Task<MailboxId> MailboxAsync(string name) => (await test.Store.FindMailboxAsync(account, name, default))!.Id;

        public async Task<MailboxView> ViewAsync(MailboxId mailbox) => (await test.Store.ViewAsync(account, mailbox, default))!;

        public async Task<EmailsSet> SetAsync(EmailSet set) => (await test.Store.SetEmailsAsync(account, set, default)).Value!;

        /// <summary>Of the first entry: flags, then keywords.</summary>
        public async Task<string> FlagsAsync(MailboxId mailbox)
        {
            var view = await ViewAsync(mailbox);
            var words = view.Keywords.Where((_, n) => ((view[0].Flags.Keywords >> n) & 1) != 0);
            return string.Join(' ', words.Prepend(view[0].Flags.System.ToString()));
        }

        public ValueTask DisposeAsync() => test.DisposeAsync();
    }
}
