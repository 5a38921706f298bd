using Aviso.Store;
using Aviso.Store.Sqlite;
using Xunit;

namespace Aviso.Tests.Unit.Store;

/// <summary>What changed in an account as a whole: states, what is gone, since when emails are seen.</summary>
public sealed class AccountChangesTests
{
    [Fact]
    public async Task The_state_is_the_modseq_of_the_last_commit_before_and_after_it_is_first_asked()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        var entry = await t.DeliverAsync(account);
        Assert.Equal(entry.ModSeq, await t.Store.StateAsync(account, default));
        var seen = new FlagChange(FlagOperation.Add, SystemFlags.Seen, []);
        var stored = await t.Store.StoreFlagsAsync(account, inbox, [entry.Uid], seen, null, default);
        Assert.Equal(stored.Value!.ModSeq, await t.Store.StateAsync(account, default));
        await t.ReopenAsync();
        Assert.Equal(stored.Value.ModSeq, await t.Store.StateAsync(account, default));
        Assert.Equal(0, await t.Store.StateAsync(new(1), default));
    }

    [Fact]
    public async Task An_email_is_gone_with_its_last_entry_that_is_seen()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        var archive = (await t.Store.FindMailboxAsync(account, "Archive", default))!.Id;
        var entry = await t.DeliverAsync(account);
        var copied = (await t.Store.CopyAsync(account, inbox, [entry.Uid], archive, move: false, default)).Value!;
        var state = copied.ModSeq;
        await t.Store.StoreFlagsAsync(account, inbox, [entry.Uid], Deleted(FlagOperation.Add), null, default);
        Assert.Empty((await GoneAsync(t, account, state)).Emails);
        var expunged = (await t.Store.ExpungeAsync(account, archive, null, onlyDeleted: false, default)).Value!;
        Assert.Equal(
            [new GoneEmail(entry.Email, new(entry.Email.Value), entry.ModSeq, expunged.ModSeq)],
            (await GoneAsync(t, account, state)).Emails);
        // The entry with \Deleted goes too: nobody saw it.
        await t.Store.ExpungeAsync(account, inbox, null, onlyDeleted: true, default);
        Assert.Single((await GoneAsync(t, account, state)).Emails);
        Assert.Empty((await GoneAsync(t, account, expunged.ModSeq)).Emails);
    }

    [Fact]
    public async Task An_email_that_loses_Deleted_is_seen_anew()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        var entry = await t.DeliverAsync(account);
        await t.Store.StoreFlagsAsync(account, inbox, [1], Deleted(FlagOperation.Add), null, default);
        Assert.Empty((await t.Store.OriginsAsync(account, default)).Emails);
        var again = (await t.Store.StoreFlagsAsync(account, inbox, [1], Deleted(FlagOperation.Remove), null, default)).Value!;
        var origin = Assert.Single((await t.Store.OriginsAsync(account, default)).Emails);
        Assert.Equal(again.ModSeq, origin.CreatedModSeq);
        Assert.Equal(origin, (await t.Store.OriginsAsync(account, [entry.Email], default))[0]);
        Assert.Equal(entry.ModSeq, Assert.Single((await GoneAsync(t, account, entry.ModSeq)).Emails).CreatedModSeq);
    }

    [Fact]
    public async Task An_email_that_leaves_a_mailbox_and_stays_in_another_says_when()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        var made = (await t.Store.CreateMailboxAsync(account, "Made", SpecialUse.None, default)).Value!;
        var both = await t.DeliverAsync(account);
        var moved = await t.DeliverAsync(account);
        await t.Store.CopyAsync(account, inbox, [both.Uid], made.Id, move: false, default);
        await t.Store.CopyAsync(account, inbox, [moved.Uid], made.Id, move: true, default);
        var state = await t.Store.StateAsync(account, default);
        Assert.Equal(StoreError.None, await t.Store.DeleteMailboxAsync(account, made.Id, default));
        var now = await t.Store.StateAsync(account, default);
        var gone = await GoneAsync(t, account, state);
        Assert.Equal([moved.Email], gone.Emails.Select(email => email.Email));
        Assert.Equal([new GoneMailbox(made.Id, made.CreatedModSeq, now)], gone.Mailboxes);
        Assert.Equal(
            [new Origin(both.Email, new(both.Email.Value), both.ModSeq, now)], (await t.Store.OriginsAsync(account, default)).Emails);
    }

    [Fact]
    public async Task Replies_have_the_thread_of_what_they_answer_in_every_entry()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        var archive = (await t.Store.FindMailboxAsync(account, "Archive", default))!.Id;
        AppendMessage Message(string id, params string[] references) =>
            new(t.Body("x"), TestStore.Rendered(id, references), SystemFlags.None, [], 7);
        var first = (await t.Store.AppendAsync(account, inbox, [Message("a")], default)).Value![0];
        var reply = (await t.Store.AppendAsync(account, inbox, [Message("b", "a")], default)).Value![0];
        await t.Store.CopyAsync(account, inbox, [reply.Uid], archive, move: true, default);
        await t.Store.CopyAsync(account, archive, [1], inbox, move: false, default);
        var origins = (await t.Store.OriginsAsync(account, default)).Emails;
        Assert.Equal(3, origins.Count);
        Assert.All(origins, origin => Assert.Equal(first.Email.Value, origin.Thread.Value));
    }

    [Fact]
    public async Task The_log_of_what_is_gone_reaches_back_ninety_days()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        await t.DeliverAsync(account);
        var state = await t.Store.StateAsync(account, default);
        await t.Store.ExpungeAsync(account, inbox, null, onlyDeleted: false, default);
        t.Clock.Advance(TimeSpan.FromDays(89));
        await t.Store.UpkeepAsync(default);
        Assert.Single((await GoneAsync(t, account, state)).Emails);
        t.Clock.Advance(TimeSpan.FromDays(2));
        await t.Store.UpkeepAsync(default);
        Assert.False((await GoneAsync(t, account, state)).Complete);
        Assert.True((await GoneAsync(t, account, await t.Store.StateAsync(account, default))).Complete);
        // Nor is anything known of a state that never was.
        Assert.False((await GoneAsync(t, account, await t.Store.StateAsync(account, default) + 1)).Complete);
    }

    [Fact]
    public async Task After_a_rebuild_no_older_state_is_known_and_sort_orders_are_as_they_were()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        await t.DeliverAsync(account);
        await t.Store.CopyAsync(account, inbox, [1], inbox, move: false, default);
        await t.Store.ChangeForTestAsync(batch => batch.SetSortOrder(batch.Account(account)!, batch.Mailbox(account, inbox)!, 7));
        var state = await t.Store.StateAsync(account, default);
        await t.RebuildAsync();
        Assert.False((await GoneAsync(t, account, state)).Complete);
        Assert.True((await GoneAsync(t, account, await t.Store.StateAsync(account, default))).Complete);
        Assert.Equal(7, (await t.Store.FindMailboxAsync(account, "INBOX", default))!.SortOrder);
        await t.Store.WriteJournalBaseAsync(default);
        await t.RebuildAsync();
        Assert.Equal(7, (await t.Store.FindMailboxAsync(account, "INBOX", default))!.SortOrder);
    }

    [Fact]
    public async Task A_mailbox_says_when_its_name_use_or_subscription_changed()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, _) = await t.AccountAsync();
        await t.Store.CreateMailboxAsync(account, "a/b", SpecialUse.None, default);
        async Task<MailboxInfo> At(string name) => (await t.Store.FindMailboxAsync(account, name, default))!;
        var (a, b) = (await At("a"), await At("a/b"));
        Assert.Equal(a.CreatedModSeq, a.TreeModSeq);
        await t.Store.RenameMailboxAsync(account, a.Id, "c", default);
        Assert.True((await At("c")).TreeModSeq > b.TreeModSeq);
        Assert.Equal(b.TreeModSeq, (await At("c/b")).TreeModSeq);   // its own name and its parent are what they were
        await t.Store.SetSubscribedAsync(account, "c/b", subscribed: true, default);
        var subscribed = await At("c/b");
        Assert.True(subscribed.TreeModSeq > b.TreeModSeq);
        await t.Store.RenameMailboxAsync(account, a.Id, "d", default);
        Assert.True((await At("d/b")).TreeModSeq > subscribed.TreeModSeq);   // nobody subscribed to that name
        await t.Store.SetSpecialUseAsync(account, a.Id, SpecialUse.All, default);
        Assert.Equal(await t.Store.StateAsync(account, default), (await At("d")).TreeModSeq);
    }

    [Fact]
    public async Task A_picture_is_of_one_moment_while_mail_moves_to_and_fro()
    {
        await using var t = await TestStore.OpenAsync(with: o => o with { ViewMemory = 1 });
        var (account, inbox) = await t.AccountAsync();
        var archive = (await t.Store.FindMailboxAsync(account, "Archive", default))!.Id;
        for (var i = 0; i < 20; i++) await t.DeliverAsync(account);
        var stop = false;
        var mover = Task.Run(async () =>
        {
            for (var n = 0; !Volatile.Read(ref stop); n++)
            {
                var (from, to) = n % 2 == 0 ? (inbox, archive) : (archive, inbox);
                var view = (await t.Store.ViewAsync(account, from, default))!;
                uint[] all = [.. Enumerable.Range(0, view.Count).Select(i => view[i].Uid)];
                await t.Store.CopyAsync(account, from, all, to, move: true, default);
                if (n % 16 == 0) await t.Store.CreateMailboxAsync(account, "M" + n, SpecialUse.None, default);
            }
        });
        AccountPicture? picture = null;
        for (var i = 0; i < 200; i++)
        {
            picture = (await t.Store.PictureAsync(account, i % 3 == 0 ? null : picture, default))!;
            Assert.Equal(20, picture.Views.Sum(view => view.Count));
            Assert.Equal(picture.ModSeq, Math.Max(picture.Views.Max(view => view.HighestModSeq), picture.Mailboxes.Max(m => m.TreeModSeq)));
        }
        Volatile.Write(ref stop, true);
        await mover;
    }

    [Fact]
    public async Task News_of_a_view_are_what_differs_from_an_older_one()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        var random = new Random(7);
        var old = (await t.Store.ViewAsync(account, inbox, default))!;
        for (var round = 0; round < 60; round++)
        {
            for (var i = random.Next(80); i > 0; i--) await t.DeliverAsync(account, "x");
            var next = (int)(await t.Store.ViewAsync(account, inbox, default))!.UidNext;
            uint[] Some() => [.. Enumerable.Range(0, random.Next(20)).Select(_ => (uint)random.Next(1, next))];
            var change = new FlagChange((FlagOperation)random.Next(2), SystemFlags.Seen, ["k"]);
            await t.Store.StoreFlagsAsync(account, inbox, Some(), change, null, default);
            await t.Store.ExpungeAsync(account, inbox, Some(), onlyDeleted: false, default);
            var view = (await t.Store.ViewAsync(account, inbox, default))!;
            var state = new SortedDictionary<uint, Entry>();
            for (var i = 0; i < old.Count; i++) state[old[i].Uid] = old[i];
            var news = view.NewsSince(old);
            foreach (var one in news)
            {
                Assert.NotEqual(one.Entry, one.IsGone ? default : state.GetValueOrDefault(one.Entry.Uid));
                if (one.IsGone) Assert.True(state.Remove(one.Entry.Uid));
                else state[one.Entry.Uid] = one.Entry;
            }
            Assert.Equal(Enumerable.Range(0, view.Count).Select(i => view[i]), state.Values);
            Assert.Empty(view.NewsSince(view));
            Assert.Equal(view.Count, view.NewsSince(null).Count);
            if (random.Next(3) == 0) old = view;
        }
    }

    [Fact]
    public async Task A_database_of_before_is_brought_forward()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        async Task<AppendedEntry> Append(SystemFlags flags, string id, params string[] references)
        {
            using var body = t.Body("x");
            var message = new AppendMessage(body, TestStore.Rendered(id, references), flags, [], 7);
            return (await t.Store.AppendAsync(account, inbox, [message], default)).Value![0];
        }
        var first = await Append(SystemFlags.None, "a");
        var reply = await Append(SystemFlags.None, "b", "a");
        var hidden = await Append(SystemFlags.Deleted, "");
        var state = await t.Store.StateAsync(account, default);
        await t.Store.DisposeAsync();
        Undo(Path.Combine(t.Folder, "store.db"));
        await t.ReopenAsync();
        await t.AssertSoundAsync();
        var origins = await t.Store.OriginsAsync(account, default);
        Assert.Equal(state, origins.Floor);
        Assert.Equal(
            [new(first.Email, new(first.Email.Value), 0, 0), new(reply.Email, new(first.Email.Value), 0, 0)],
            origins.Emails.OrderBy(origin => origin.Email.Value));
        Assert.True((await GoneAsync(t, account, state)).Complete);
        Assert.False((await GoneAsync(t, account, state - 1)).Complete);
        await t.Store.StoreFlagsAsync(account, inbox, [hidden.Uid], Deleted(FlagOperation.Remove), null, default);
        Assert.Equal(3, (await t.Store.OriginsAsync(account, default)).Emails.Count);
        // A rebuild reads such a database too.
        await t.Store.DisposeAsync();
        Undo(Path.Combine(t.Folder, "store.db"));
        foreach (var file in Directory.GetFiles(Path.Combine(t.Folder, "journal"))) File.Delete(file);
        await t.RebuildAsync();
        Assert.Equal(3, (await t.Store.FindMailboxAsync(account, "INBOX", default))!.Exists);
    }

    /// <summary>Makes the database one of before accounts were known as a whole.</summary>
    private static void Undo(string file)
    {
        using var db = new Connection(file, writes: true, 1000);
        db.Execute("""
            DROP TABLE email_gone; DROP TABLE mailbox_gone; DROP INDEX email_left;
            ALTER TABLE account DROP COLUMN gone_floor;
            ALTER TABLE mailbox DROP COLUMN created_modseq; ALTER TABLE mailbox DROP COLUMN tree_modseq;
            ALTER TABLE mailbox DROP COLUMN sort_order;
            ALTER TABLE email DROP COLUMN hidden; ALTER TABLE email DROP COLUMN created_modseq; ALTER TABLE email DROP COLUMN left_modseq;
            ALTER TABLE entry DROP COLUMN thread_id; ALTER TABLE entry DROP COLUMN created_modseq;
            DROP INDEX undelete_of_account;
            ALTER TABLE undelete DROP COLUMN keywords; ALTER TABLE undelete DROP COLUMN mailbox_name;
            ALTER TABLE undelete DROP COLUMN gone_by;
            DELETE FROM schema_version WHERE version >= 4;
            """);
    }

    private static FlagChange Deleted(FlagOperation operation) => new(operation, SystemFlags.Deleted, []);

    private static Task<GoneSince> GoneAsync(TestStore t, AccountId account, long since) =>
        t.Store.GoneAsync(account, since, long.MaxValue, default);
}
