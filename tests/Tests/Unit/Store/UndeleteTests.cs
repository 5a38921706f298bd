using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Store;

/// <summary>Expunged mail comes back as it was, once, and only to its own account.</summary>
public sealed class UndeleteTests
{
    [Fact]
    public async Task An_expunged_message_comes_back_with_flags_keywords_date_and_text_under_a_new_uid()
    {
        await using var mail = await TestStore.OpenAsync();
        var (account, inbox) = await mail.AccountAsync();
        var first = await mail.DeliverAsync(account, keywords: ["$Work", "blue"]);
        await mail.DeliverAsync(account);
        var marks = new FlagChange(FlagOperation.Add, SystemFlags.Flagged | SystemFlags.Deleted, []);
        await mail.Store.StoreFlagsAsync(account, inbox, [1], marks, null, default);
        var before = await EntryAsync(mail, account, inbox, 1);
        Actor.Current = new("imap", "Phone 1", "mine", global::System.Net.IPAddress.Loopback);
        await mail.Store.ExpungeAsync(account, inbox, [1], onlyDeleted: true, default);
        Actor.Current = null;

        var gone = Assert.Single(await mail.Store.ListExpungedAsync(account, 0, 100, default));
        Assert.Equal((first.Email, "INBOX", before.InternalDate, before.Size), (gone.Email, gone.Mailbox, gone.InternalDate, gone.Size));
        Assert.Equal(["$Work", "blue"], gone.Keywords);
        Assert.Equal("imap Phone 1 (mine)", gone.By);
        var state = await mail.Store.StateAsync(account, default);
        var back = Assert.Single((await mail.Store.BringBackAsync(account, [first.Email, first.Email], null, default)).Value!);

        Assert.Equal((first.Email, "INBOX", 3u), (back.Email, back.Mailbox, back.Uid));
        var after = await EntryAsync(mail, account, inbox, 3);
        Assert.Equal((SystemFlags.Flagged, before.Flags.Keywords, before.InternalDate, before.Size),
            (after.Flags.System, after.Flags.Keywords, after.InternalDate, after.Size));
        Assert.Contains("hello", await mail.ReadAsync(account, first.Email), StringComparison.Ordinal);
        Assert.True(after.ModSeq > state);
        Assert.Empty(await mail.Store.ListExpungedAsync(account, 0, 100, default));
        Assert.Empty((await mail.Store.BringBackAsync(account, [first.Email], null, default)).Value!);
        var quota = await mail.Store.GetQuotaAsync(account, default);
        Assert.Equal(2, quota.Messages);
    }

    [Fact]
    public async Task A_message_is_back_where_it_was_whatever_became_of_the_mailbox()
    {
        await using var mail = await TestStore.OpenAsync();
        var (account, _) = await mail.AccountAsync();
        var renamed = await BoxAsync(mail, account, "Old");
        var deleted = await BoxAsync(mail, account, "Bills/2026");
        var a = await mail.DeliverAsync(account, mailbox: "Old");
        var b = await mail.DeliverAsync(account, mailbox: "Bills/2026", keywords: "paid");
        await mail.Store.ExpungeAsync(account, renamed, [1], onlyDeleted: false, default);
        await mail.Store.RenameMailboxAsync(account, renamed, "New", default);
        await mail.Store.DeleteMailboxAsync(account, deleted, default);
        await mail.Store.DeleteMailboxAsync(account, (await mail.Store.FindMailboxAsync(account, "Bills", default))!.Id, default);

        var back = (await mail.Store.BringBackAsync(account, [a.Email, b.Email], null, default)).Value!;

        Assert.Equal([(a.Email, "New"), (b.Email, "Bills/2026")], back.Select(one => (one.Email, one.Mailbox)));
        var made = (await mail.Store.FindMailboxAsync(account, "Bills/2026", default))!;
        Assert.Equal(["paid"], made.Keywords);
        Assert.Equal(1, made.Exists);
    }

    [Fact]
    public async Task What_cannot_be_done_changes_nothing()
    {
        await using var mail = await TestStore.OpenAsync();
        var (account, inbox) = await mail.AccountAsync();
        var (other, _) = await mail.AccountAsync("bob@example.test");
        var one = await mail.DeliverAsync(account);
        await mail.Store.ExpungeAsync(account, inbox, [1], onlyDeleted: false, default);

        Assert.Equal(StoreError.NoSuchMailbox, (await mail.Store.BringBackAsync(account, [one.Email], "Nowhere", default)).Error);
        Assert.Empty((await mail.Store.BringBackAsync(other, [one.Email], null, default)).Value!);
        Assert.Empty(await mail.Store.ListExpungedAsync(other, 0, 100, default));
        await SetQuotaAsync(mail, account, 10);
        Assert.Equal(StoreError.OverQuota, (await mail.Store.BringBackAsync(account, [one.Email], null, default)).Error);
        await SetQuotaAsync(mail, account, 0);
        Assert.Single((await mail.Store.BringBackAsync(account, [one.Email], "inbox", default)).Value!);
    }

    [Fact]
    public async Task What_came_back_survives_a_rebuild_and_the_end_of_the_window()
    {
        await using var mail = await TestStore.OpenAsync();
        var (account, inbox) = await mail.AccountAsync();
        var one = await mail.DeliverAsync(account, keywords: "blue");
        await mail.Store.ExpungeAsync(account, inbox, [1], onlyDeleted: false, default);
        await mail.Store.WriteJournalBaseAsync(default);
        Assert.Single((await mail.Store.BringBackAsync(account, [one.Email], null, default)).Value!);
        mail.Clock.Advance(TimeSpan.FromDays(30));
        await mail.Store.ExpireAsync(default);
        await mail.RebuildAsync();
        var found = (await mail.Store.FindMailboxAsync(account, "INBOX", default))!;
        Assert.Equal((1, "blue"), (found.Exists, Assert.Single(found.Keywords)));
        Assert.Contains("hello", await mail.ReadAsync(account, one.Email), StringComparison.Ordinal);
    }

    private static async Task SetQuotaAsync(TestStore mail, AccountId account, long octets)
    {
        var row = (await mail.Store.ListAccountsAsync(default)).Single(a => a.Id == account);
        await mail.Store.UpdateAccountAsync(row with { QuotaOctets = octets }, default);
    }

    private static async Task<MailboxId> BoxAsync(TestStore mail, AccountId account, string name) =>
        (await mail.Store.CreateMailboxAsync(account, name, SpecialUse.None, default)).Value!.Id;

    private static async Task<Entry> EntryAsync(TestStore mail, AccountId account, MailboxId mailbox, uint uid)
    {
        var view = await mail.Store.ViewAsync(account, mailbox, default);
        return view![view.IndexOf(uid)];
    }
}
