using Aviso.Base;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Store;

public sealed class MailboxTests
{
    [Fact]
    public async Task A_new_account_has_its_mailboxes_and_subscriptions()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, _) = await t.AccountAsync();
        Assert.Equal(account, (await t.AccountAsync()).Account);
        var listed = await t.Store.ListMailboxesAsync(account, default);
        Assert.Equal(
            ["Archive Archive", "Drafts Drafts", "INBOX Inbox", "Junk Junk", "Sent Sent", "Trash Trash"],
            listed.Select(m => $"{m.Name} {m.SpecialUse}"));
        Assert.All(listed, m => Assert.True(m.Subscribed));
        Assert.Equal(6, listed.Select(m => m.UidValidity).Distinct().Count());
    }

    [Fact]
    public async Task Uid_validity_is_never_used_twice_even_when_the_clock_stands_still()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, _) = await t.AccountAsync();
        var seen = new HashSet<uint>();
        for (var i = 0; i < 5; i++)
        {
            var made = (await t.Store.CreateMailboxAsync(account, "Again", SpecialUse.None, default)).Value!;
            Assert.True(seen.Add(made.UidValidity));
            Assert.Equal(StoreError.None, await t.Store.DeleteMailboxAsync(account, made.Id, default));
            await t.ReopenAsync();
        }
    }

    [Theory]
    [InlineData("INBOX", StoreError.AlreadyExists)]
    [InlineData("inbox", StoreError.AlreadyExists)]
    [InlineData("/x", StoreError.NotPermitted)]
    [InlineData("x/", StoreError.NotPermitted)]
    [InlineData("a//b", StoreError.NotPermitted)]
    [InlineData("", StoreError.NotPermitted)]
    [InlineData("tab\t", StoreError.NotPermitted)]
    [InlineData("inbox/Sub", StoreError.None)]
    [InlineData("Caf\u0065\u0301", StoreError.None)]
    public async Task Names_have_rules(string name, StoreError expected)
    {
        await using var t = await TestStore.OpenAsync();
        var (account, _) = await t.AccountAsync();
        Assert.Equal(expected, (await t.Store.CreateMailboxAsync(account, name, SpecialUse.None, default)).Error);
        if (expected == StoreError.None) Assert.NotNull(await t.Store.FindMailboxAsync(account, name.Normalize(), default));
    }

    [Fact]
    public async Task Special_uses_are_unique_and_parents_come_along()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        Assert.Equal(StoreError.Conflict, (await t.Store.CreateMailboxAsync(account, "Sent 2", SpecialUse.Sent, default)).Error);
        Assert.True((await t.Store.CreateMailboxAsync(account, "a/b/c", SpecialUse.Important, default)).Ok);
        var parent = (await t.Store.FindMailboxAsync(account, "a", default))!;
        Assert.NotNull(await t.Store.FindMailboxAsync(account, "a/b", default));
        Assert.Equal(StoreError.Conflict, await t.Store.DeleteMailboxAsync(account, parent.Id, default));
        Assert.Equal(StoreError.NotPermitted, await t.Store.DeleteMailboxAsync(account, inbox, default));
        Assert.Equal(StoreError.NotPermitted, await t.Store.RenameMailboxAsync(account, parent.Id, "a/x", default));
        Assert.Equal(StoreError.None, await t.Store.RenameMailboxAsync(account, parent.Id, "z/y", default));
        Assert.NotNull(await t.Store.FindMailboxAsync(account, "z/y/b/c", default));
        Assert.Null(await t.Store.FindMailboxAsync(account, "a/b", default));
    }

    [Fact]
    public async Task Renaming_INBOX_moves_its_messages_and_keeps_it()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        await t.Store.CreateMailboxAsync(account, "INBOX/Child", SpecialUse.None, default);
        for (var i = 0; i < 3; i++) await t.DeliverAsync(account, keywords: "k" + i);
        _ = await t.Store.ViewAsync(account, inbox, default);
        Assert.Equal(StoreError.None, await t.Store.RenameMailboxAsync(account, inbox, "Old/Mail", default));
        Assert.Equal(0, (await t.Store.ViewAsync(account, inbox, default))!.Count);
        var old = (await t.Store.FindMailboxAsync(account, "Old/Mail", default))!;
        var view = (await t.Store.ViewAsync(account, old.Id, default))!;
        Assert.Equal(3, view.Count);
        Assert.Equal(["k0", "k1", "k2"], view.Keywords);
        Assert.NotNull(await t.Store.FindMailboxAsync(account, "INBOX/Child", default));
        Assert.Equal(4u, (await t.DeliverAsync(account)).Uid);
    }

    [Fact]
    public async Task Beyond_128_keywords_nothing_of_the_change_is_done()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        await t.DeliverAsync(account);
        var full = Enumerable.Range(0, 128).Select(i => "k" + i).ToArray();
        Assert.True((await t.Store.StoreFlagsAsync(account, inbox, [1], new(FlagOperation.Add, SystemFlags.None, full), null, default)).Ok);
        var refused = await t.Store.StoreFlagsAsync(account, inbox, [1], new(FlagOperation.Add, SystemFlags.Seen, ["more"]), null, default);
        Assert.Equal(StoreError.LimitReached, refused.Error);
        var view = (await t.Store.ViewAsync(account, inbox, default))!;
        Assert.Equal(SystemFlags.None, view[0].Flags.System);
        Assert.Equal(UInt128.MaxValue, view[0].Flags.Keywords);

        var other = (await t.Store.CreateMailboxAsync(account, "Other", SpecialUse.None, default)).Value!.Id;
        await t.DeliverAsync(account, mailbox: "Other", keywords: "own");
        Assert.Equal(StoreError.LimitReached, (await t.Store.CopyAsync(account, inbox, [1], other, false, default)).Error);
        Assert.Equal(["own"], (await t.Store.FindMailboxAsync(account, "Other", default))!.Keywords);
        // A delivery is stored without the keyword that has no number left.
        await t.DeliverAsync(account, keywords: "one too many");
    }

    [Fact]
    public async Task Keywords_are_mapped_by_name_when_copied()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        await t.DeliverAsync(account, keywords: ["a", "b"]);
        await t.DeliverAsync(account, keywords: ["c"]);
        await t.DeliverAsync(account, mailbox: "Archive", keywords: ["C", "x"]);
        var archive = (await t.Store.FindMailboxAsync(account, "Archive", default))!.Id;
        var copied = (await t.Store.CopyAsync(account, inbox, [1, 2, 77], archive, false, default)).Value!;
        Assert.Equal([1u, 2u], copied.Source);
        var view = (await t.Store.ViewAsync(account, archive, default))!;
        Assert.Equal(["C", "x", "a", "b"], view.Keywords);
        Assert.Equal((UInt128)0b1100, view[view.IndexOf(copied.Destination[0])].Flags.Keywords);
        Assert.Equal((UInt128)0b0001, view[view.IndexOf(copied.Destination[1])].Flags.Keywords);
    }

    [Fact]
    public async Task Several_appends_are_all_or_none()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        var row = (await t.Store.ListAccountsAsync(default))[0];
        await t.Store.UpdateAccountAsync(row with { QuotaOctets = 25 }, default);
        using var a = t.Body("0123456789");
        using var b = t.Body("0123456789");
        using var c = t.Body("0123456789");
        AppendMessage Message(SpooledBody body) => new(body, TestStore.Rendered(), SystemFlags.None, [], 1);
        var refused = await t.Store.AppendAsync(account, inbox, [Message(a), Message(b), Message(c)], default);
        Assert.Equal(StoreError.OverQuota, refused.Error);
        Assert.Equal(0, (await t.Store.ViewAsync(account, inbox, default))!.Count);
        Assert.True((await t.Store.AppendAsync(account, inbox, [Message(a), Message(b)], default)).Ok);
        var replaced = await t.Store.ReplaceAsync(account, inbox, 1, inbox, Message(c), default);
        Assert.Equal(3u, replaced.Value!.Uid);
        Assert.Equal(StoreError.NotFound, (await t.Store.ReplaceAsync(account, inbox, 1, inbox, Message(c), default)).Error);
        Assert.Equal(2, (await t.Store.ViewAsync(account, inbox, default))!.Count);
    }

    [Fact]
    public async Task Recent_is_claimed_once()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        await t.DeliverAsync(account);
        Assert.Equal(1u, await t.Store.ClaimRecentAsync(account, inbox, default));
        Assert.Equal(2u, await t.Store.ClaimRecentAsync(account, inbox, default));
        await t.DeliverAsync(account);
        Assert.Equal(2u, (await t.Store.ViewAsync(account, inbox, default))!.FirstRecentUid);
        Assert.Equal(2u, await t.Store.ClaimRecentAsync(account, inbox, default));
        Assert.Equal(3u, (await t.Store.ViewAsync(account, inbox, default))!.FirstRecentUid);
    }

    [Fact]
    public async Task Metadata_and_subscriptions_are_kept()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        await t.Store.SetSubscribedAsync(account, "No such", true, default);
        Assert.Contains("No such", await t.Store.ListSubscriptionsAsync(account, default));
        await t.Store.SetSubscribedAsync(account, "No such", false, default);
        Assert.DoesNotContain("No such", await t.Store.ListSubscriptionsAsync(account, default));
        Assert.Equal(StoreError.None, await t.Store.SetMetadataAsync(account, inbox, "/private/comment", [1, 2], default));
        Assert.Equal(StoreError.LimitReached, await t.Store.SetMetadataAsync(account, null, "/private/x", new byte[70_000], default));
        Assert.Equal([1, 2], (await t.Store.GetMetadataAsync(account, inbox, default))["/private/comment"]);
        await t.Store.SetMetadataAsync(account, inbox, "/private/comment", null, default);
        Assert.Empty(await t.Store.GetMetadataAsync(account, inbox, default));
    }

    [Fact]
    public async Task A_purged_account_leaves_nothing_behind()
    {
        await using var t = await TestStore.OpenAsync();
        var (alice, inbox) = await t.AccountAsync();
        var (bob, _) = await t.AccountAsync("bob@example.test");
        for (var i = 0; i < 3; i++) await t.DeliverAsync(alice);
        await t.Store.ExpungeAsync(alice, inbox, [1], false, default);
        var kept = await t.DeliverAsync(bob);
        await t.Store.SetCredentialAsync(new(alice, "r", [1], 2), default);
        Assert.NotNull(await t.Store.GetCredentialAsync(alice, default));
        Assert.Equal(StoreError.None, await t.Store.PurgeAccountAsync(alice, default));
        Assert.Equal(StoreError.NotFound, await t.Store.PurgeAccountAsync(alice, default));
        Assert.Null(await t.Store.ViewAsync(alice, inbox, default));
        Assert.Null(await t.Store.GetCredentialAsync(alice, default));
        Assert.Equal("Return-Path: <a@b>\r\nSubject: x\r\n\r\nhello\r\n", await t.ReadAsync(bob, kept.Email));
    }

    [Fact]
    public async Task Watchers_hear_of_commits_to_their_account_until_they_stop()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        var heard = new TaskCompletionSource<AccountChange>();
        using (t.Store.Watch(account, change => heard.TrySetResult(change)))
        {
            var entry = await t.DeliverAsync(account);
            var change = await heard.Task.WaitAsync(TimeSpan.FromSeconds(30));
            Assert.Equal([inbox], change.Mailboxes);
            Assert.True(change.ModSeq >= entry.ModSeq);
            Assert.False(change.TreeChanged);
        }
    }

    [Fact]
    public async Task An_old_rendering_is_made_anew_when_it_is_read()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, _) = await t.AccountAsync();
        var entry = await t.DeliverAsync(account);
        await t.ReopenAsync(o => o with { Reader = new TestReader { Version = 2 } });
        Assert.Equal("rendered anew", (await t.Store.EmailsAsync(account, [entry.Email], default))[0]!.Rendered.Preview);
        await t.ReopenAsync();
        Assert.Equal(2, (await t.Store.EmailsAsync(account, [entry.Email], default))[0]!.Rendered.Version);
    }
}
