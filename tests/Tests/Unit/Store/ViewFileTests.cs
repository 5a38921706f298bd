using Aviso.Store;
using Aviso.Store.Views;
using Xunit;

namespace Aviso.Tests.Unit.Store;

/// <summary>The picture of a large mailbox outlives a restart, and is believed only while it is true.</summary>
public sealed class ViewFileTests
{
    [Fact]
    public async Task A_large_mailbox_looks_the_same_after_a_restart_and_its_rows_are_not_read_anew()
    {
        await using var t = await TestStore.OpenAsync(with: NoIndex);
        var (account, inbox) = await FillAsync(t);
        var before = await PictureAsync(t, account, inbox);
        await t.ReopenAsync(NoIndex);
        // Rows that lie show that they are not asked.
        await t.Store.ChangeForTestAsync(batch => batch.Db.Execute("UPDATE entry SET internal_date = 1"));
        Assert.Equal(before, await PictureAsync(t, account, inbox));
        await t.Store.ChangeForTestAsync(batch => batch.Db.Execute("UPDATE entry SET internal_date = " + t.Clock.Seconds));
        var entry = await t.DeliverAsync(account);
        Assert.True((await t.Store.ViewAsync(account, inbox, default))!.IndexOf(entry.Uid) >= 0);
    }

    [Theory]
    [InlineData("changed")]
    [InlineData("torn")]
    [InlineData("older")]
    [InlineData("gone")]
    public async Task A_picture_that_is_not_of_this_moment_is_not_believed(string what)
    {
        await using var t = await TestStore.OpenAsync(with: NoIndex);
        var (account, inbox) = await FillAsync(t);
        await t.Store.KeepViewsAsync();
        var file = new ViewFiles(t.Folder).PathOf(inbox.Value);
        var older = File.ReadAllBytes(file);
        await t.Store.StoreFlagsAsync(account, inbox, [3], new(FlagOperation.Add, SystemFlags.Flagged, []), null, default);
        var before = await PictureAsync(t, account, inbox);
        await t.Store.DisposeAsync();
        var octets = File.ReadAllBytes(file);
        if (what == "changed") octets[^100] ^= 1;
        if (what == "torn") octets = octets[..(octets.Length / 2)];
        if (what == "older") octets = older;
        if (what == "gone") File.Delete(file);
        else File.WriteAllBytes(file, octets);
        await t.ReopenAsync(NoIndex);
        Assert.Equal(before, await PictureAsync(t, account, inbox));
    }

    [Fact]
    public async Task The_file_goes_with_its_mailbox()
    {
        await using var t = await TestStore.OpenAsync(with: NoIndex);
        var (account, inbox) = await FillAsync(t);
        var made = (await t.Store.CreateMailboxAsync(account, "Large", SpecialUse.None, default)).Value!;
        await t.Store.CopyAsync(account, inbox, [.. Enumerable.Range(1, ViewFiles.Fewest + 50).Select(uid => (uint)uid)], made.Id, move: false, default);
        await t.Store.ViewAsync(account, made.Id, default);
        await t.Store.UpkeepAsync(default);
        Assert.Equal(2, new ViewFiles(t.Folder).List().Count());
        await t.Store.DeleteMailboxAsync(account, made.Id, default);
        await t.Store.UpkeepAsync(default);
        Assert.Equal(inbox.Value, Assert.Single(new ViewFiles(t.Folder).List()));
    }

    private static StoreOptions NoIndex(StoreOptions options) => options with { Index = false };

    /// <summary>Enough entries of one message, some with flags and keywords, some gone.</summary>
    private static async Task<(AccountId Account, MailboxId Inbox)> FillAsync(TestStore t)
    {
        var (account, inbox) = await t.AccountAsync();
        await t.DeliverAsync(account);
        for (var count = 1u; count < ViewFiles.Fewest + 100; count *= 2)
        {
            var some = Enumerable.Range(1, (int)Math.Min(count, ViewFiles.Fewest + 100 - count)).Select(uid => (uint)uid).ToArray();
            await t.Store.CopyAsync(account, inbox, some, inbox, move: false, default);
        }
        await t.Store.StoreFlagsAsync(account, inbox, [1, 2000, 4000], new(FlagOperation.Add, SystemFlags.Seen, ["mine"]), null, default);
        await t.Store.ExpungeAsync(account, inbox, [5, 6], false, default);
        await t.Store.ViewAsync(account, inbox, default);
        return (account, inbox);
    }

    private static async Task<string> PictureAsync(TestStore t, AccountId account, MailboxId inbox)
    {
        var view = (await t.Store.ViewAsync(account, inbox, default))!;
        var entries = Enumerable.Range(0, view.Count).Select(i => view[i]).Select(e => $"{e.Uid} {e.Flags.System} {e.Flags.Keywords} {e.ModSeq} {e.Email} {e.InternalDate} {e.Size}");
        return $"{view.UidValidity} {view.UidNext} {view.HighestModSeq} {view.FirstRecentUid} {string.Join(',', view.Keywords)}\n{string.Join('\n', entries)}";
    }
}
