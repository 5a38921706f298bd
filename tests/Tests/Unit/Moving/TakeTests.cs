using Aviso.Moving;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Moving;

/// <summary>The store takes the numbers of another server, and keeps to what they promise.</summary>
public sealed class TakeTests
{
    [Fact]
    public async Task Numbers_are_taken_and_survive_a_restart_and_a_rebuild()
    {
        await using var test = await TestStore.OpenAsync();
        var (account, _) = await test.AccountAsync();
        var inbox = (await test.Store.TakeMailboxAsync(account, "INBOX", 77, default)).Value!;
        Assert.Equal((77u, SpecialUse.Inbox), (inbox.UidValidity, inbox.SpecialUse));
        var deep = (await test.Store.TakeMailboxAsync(account, "A/B/C", 78, default)).Value!;
        Assert.NotNull(await test.Store.FindMailboxAsync(account, "A/B", default));
        Assert.Equal([10u, 20u, 21u, 500u], await TakeAsync(test, account, inbox.Id, 10, 20, 0, 500));
        Assert.Equal(StoreError.None, await test.Store.RaiseUidNextAsync(account, inbox.Id, 1000, default));
        Assert.Equal(StoreError.None, await test.Store.RaiseUidNextAsync(account, inbox.Id, 5, default));
        await test.ReopenAsync();
        await SeesAsync(test, account, deep.Id);
        await test.RebuildAsync();
        var box = (await test.Store.FindMailboxAsync(account, "INBOX", default))!;
        Assert.Equal(77u, box.UidValidity);
        Assert.True(box.UidNext >= 1000);

        static async Task SeesAsync(TestStore test, AccountId account, MailboxId deep)
        {
            var box = (await test.Store.FindMailboxAsync(account, "INBOX", default))!;
            Assert.Equal((77u, 1000u, 4), (box.UidValidity, box.UidNext, box.Exists));
            Assert.Equal(78u, (await test.Store.ViewAsync(account, deep, default))!.UidValidity);
            var view = (await test.Store.ViewAsync(account, box.Id, default))!;
            Assert.Equal([10u, 20u, 21u, 500u], Enumerable.Range(0, view.Count).Select(i => view[i].Uid));
            Assert.Equal(view.UidNext, view.FirstRecentUid);
        }
    }

    [Fact]
    public async Task A_uid_is_given_once_and_uids_only_grow()
    {
        await using var test = await TestStore.OpenAsync();
        var (account, _) = await test.AccountAsync();
        var inbox = (await test.Store.TakeMailboxAsync(account, "INBOX", 77, default)).Value!.Id;
        await TakeAsync(test, account, inbox, 10);
        foreach (var uids in (uint[][])[[10], [9], [11, 11], [12, 11], [uint.MaxValue], [uint.MaxValue - 5]])
            Assert.Equal(StoreError.Conflict, (await TryAsync(test, account, inbox, uids)).Error);
        Assert.Equal(StoreError.NotPermitted, await test.Store.RaiseUidNextAsync(account, inbox, uint.MaxValue, default));
        // What was refused left nothing behind.
        Assert.Single(await test.Store.ListDocumentsAsync(account, "note", default));
        Assert.Equal([11u], await TakeAsync(test, account, inbox, 0));
        await test.Store.ExpungeAsync(account, inbox, [11], onlyDeleted: false, default);
        Assert.Equal(StoreError.Conflict, (await TryAsync(test, account, inbox, [11])).Error);
    }

    [Fact]
    public async Task A_mailbox_that_has_given_out_uids_keeps_its_uidvalidity()
    {
        await using var test = await TestStore.OpenAsync();
        var (account, _) = await test.AccountAsync();
        await test.DeliverAsync(account);
        var inbox = (await test.Store.FindMailboxAsync(account, "INBOX", default))!;
        Assert.Equal(StoreError.Conflict, (await test.Store.TakeMailboxAsync(account, "INBOX", 77, default)).Error);
        Assert.Equal(inbox.Id, (await test.Store.TakeMailboxAsync(account, "INBOX", inbox.UidValidity, default)).Value!.Id);
        foreach (var no in (uint[])[0, uint.MaxValue, uint.MaxValue - 5])
            Assert.Equal(StoreError.NotPermitted, (await test.Store.TakeMailboxAsync(account, "New", no, default)).Error);
        // One that is made later never has one that was taken.
        var high = (uint)test.Clock.Seconds + 1000;
        await test.Store.TakeMailboxAsync(account, "Taken", high, default);
        Assert.True((await test.Store.CreateMailboxAsync(account, "Later", SpecialUse.None, default)).Value!.UidValidity > high);
    }

    [Fact]
    public async Task What_was_taken_is_noted_in_blocks_and_read_again()
    {
        await using var test = await TestStore.OpenAsync();
        var (account, inbox) = await test.AccountAsync();
        var taken = new TakenMailbox(account, "maildir", inbox);
        for (var i = 1; i <= 3000; i++) taken.Set(new((UInt128)i, (uint)i, 0));
        await test.Store.ChangeDocumentsAsync(taken.TakeNotes(1), [], default);
        taken.Set(new(2000u, 0, 5));
        Assert.Single(taken.TakeNotes(2));
        taken.Set(new(2000u, 0, 5));
        await test.Store.ChangeDocumentsAsync(taken.TakeNotes(2), [], default);
        var read = (await TakenMailbox.LoadAsync(test.Store, account, default))[("maildir", inbox)];
        Assert.Equal(taken.All, read.All);
    }

    private static async Task<IEnumerable<uint>> TakeAsync(TestStore test, AccountId account, MailboxId mailbox, params uint[] uids) =>
        (await TryAsync(test, account, mailbox, uids)).Value!.Select(entry => entry.Uid);

    private static async Task<Outcome<IReadOnlyList<AppendedEntry>>> TryAsync(TestStore test, AccountId account, MailboxId mailbox,
        uint[] uids)
    {
        var bodies = uids.Select(uid => test.Body($"Subject: {uid}\r\n\r\nx\r\n")).ToList();
        var messages = bodies.Select(body => new AppendMessage(body, TestStore.Rendered(), SystemFlags.Seen, ["kw"], 1_000_000)).ToList();
        var taken = await test.Store.TakeEntriesAsync(account, mailbox, messages, uids, entries =>
            [new(new(account, "note", $"{entries[0].Uid}"), [1], 1)], default);
        bodies.ForEach(body => body.Dispose());
        return taken;
    }
}
