using Aviso.Jmap;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Jmap.Index;

/// <summary>The account-wide picture: carried on change by change it is the one made anew, and what it counts is what is there.</summary>
public sealed class AccountMailTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Carried_on_it_is_as_made_anew(int seed)
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        var random = new Random(seed);
        var run = new MixedRun(s, random);
        var carried = new AccountMails(s.Test.Store);
        for (var step = 0; step < 200; step++)
        {
            await run.StepAsync();
            if (random.Next(3) > 0) continue;
            var mail = await OfAsync(carried, s);
            Assert.Equal(await s.Test.Store.StateAsync(s.Account, default), mail.State);
            Assert.Equal(Show(await OfAsync(new(s.Test.Store), s)), Show(mail));
            await CompareAsync(run, mail);
        }
    }

    [Fact]
    public async Task Emails_are_in_the_order_they_came_and_threads_too()
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        async Task<EmailId> Append(long at, string id, params string[] references)
        {
            using var body = s.Test.Body("x");
            var message = new AppendMessage(body, TestStore.Rendered(id, references), SystemFlags.None, [], at);
            return (await s.Test.Store.AppendAsync(s.Account, s.Inbox, [message], default)).Value![0].Email;
        }
        var (late, early, other) = (await Append(30, "a"), await Append(10, "b", "a"), await Append(20, "c"));
        var mail = await OfAsync(new(s.Test.Store), s);
        Assert.Equal([early, other, late], mail.From(0).Select(row => row.Id));
        Assert.Equal([late, other, early], mail.From(2, backwards: true).Select(row => row.Id));
        Assert.Equal([early, late], mail.Thread(new(late.Value)).Select(row => row.Id));
        Assert.Equal([other], mail.Thread(new(other.Value)).Select(row => row.Id));
        Assert.Empty(mail.Thread(new(early.Value)));
        Assert.True(mail.TryFind(other, out var found));
        Assert.Equal((1, 20), (mail.PlaceOf(found), found.ReceivedAt));
        Assert.False(mail.TryFind(new(7), out _));
    }

    [Fact]
    public async Task Keywords_beyond_those_of_a_row_are_kept_beside()
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        var archive = await s.MailboxAsync("Archive");
        var first = Enumerable.Range(0, 100).Select(i => "First" + i).ToArray();
        var second = Enumerable.Range(0, 100).Select(i => "second" + i).ToArray();
        var email = (await s.Test.DeliverAsync(s.Account, keywords: first)).Email;
        await s.Test.DeliverAsync(s.Account, mailbox: "Archive", keywords: second);
        await s.Test.Store.CopyAsync(s.Account, archive, [1], s.Inbox, move: true, default);
        var mails = new AccountMails(s.Test.Store);
        var mail = await OfAsync(mails, s);
        Assert.True(mail.TryFind(email, out var row));
        Assert.Equal(first.Select(word => word.ToLowerInvariant()).Order(), mail.KeywordsOf(row).Order());
        Assert.True(mail.Has(row, mail.Keywords.Find("FIRST99")));
        Assert.False(mail.Has(row, mail.Keywords.Find("second0")));
        Assert.False(mail.Has(row, mail.Keywords.Find("nobody has it")));
        await s.Test.Store.StoreFlagsAsync(s.Account, s.Inbox, [1], new(FlagOperation.Replace, SystemFlags.Seen, []), null, default);
        mail = await OfAsync(mails, s);
        Assert.True(mail.TryFind(email, out row));
        Assert.Equal(["$seen"], mail.KeywordsOf(row));
    }

    [Fact]
    public async Task Trash_counts_as_a_thread_of_its_own()
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        var trash = await s.MailboxAsync("Trash");
        async Task Append(MailboxId mailbox, SystemFlags flags, string id, params string[] references)
        {
            using var body = s.Test.Body("x");
            await s.Test.Store.AppendAsync(s.Account, mailbox, [new(body, TestStore.Rendered(id, references), flags, [], 7)], default);
        }
        await Append(s.Inbox, SystemFlags.Seen, "a");
        await Append(trash, SystemFlags.None, "b", "a");
        var mails = new AccountMails(s.Test.Store);
        var mail = await OfAsync(mails, s);
        // RFC 8621 §2 has this example.
        Assert.Equal((1, 0), Threads(mail, s.Inbox));
        Assert.Equal((1, 1), Threads(mail, trash));
        await s.Test.Store.SetSpecialUseAsync(s.Account, trash, SpecialUse.None, default);
        mail = await OfAsync(mails, s);
        Assert.Equal((1, 1), Threads(mail, s.Inbox));
    }

    [Fact]
    public async Task A_picture_of_many_takes_little_memory_and_one_change_little_of_it()
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        using var body = s.Test.Body("x");
        for (var i = 0; i < 10; i++)
        {
            var messages = Enumerable.Range(0, 1000)
                .Select(n => new AppendMessage(body, TestStore.Rendered(), SystemFlags.None, [], (n * 7919L) % 1000)).ToArray();
            await s.Test.Store.AppendAsync(s.Account, s.Inbox, messages, default);
        }
        var mails = new AccountMails(s.Test.Store);
        var mail = await OfAsync(mails, s);
        Assert.Equal(10_000, mail.Count);
        Assert.InRange(mail.Octets, 10_000, 10_000 * 68);
        await s.Test.Store.StoreFlagsAsync(s.Account, s.Inbox, [5_000], new(FlagOperation.Add, SystemFlags.Seen, []), null, default);
        // The rest of the picture is shared: what carrying on allocates is a small part of what making anew does.
        var picture = (await s.Test.Store.PictureAsync(s.Account, mail.Picture, default))!;
        var before = GC.GetAllocatedBytesForCurrentThread();
        var next = AccountMailAdvance.RunAsync(mail, picture, s.Test.Store, default);
        Assert.True(next.IsCompletedSuccessfully);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 100_000);
        Assert.Equal(9_999, (await next).Counts.Max(counts => counts.UnreadEmails));
    }

    [Fact]
    public async Task An_account_that_is_gone_has_no_picture_and_memory_has_a_bound()
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        var mails = new AccountMails(s.Test.Store, memoryCap: 1);
        var first = await OfAsync(mails, s);
        var (bob, _) = await s.Test.AccountAsync("bob@example.test");
        Assert.NotNull(await mails.OfAsync(bob, default));
        Assert.NotSame(first, await OfAsync(mails, s));
        await s.Test.Store.PurgeAccountAsync(bob, default);
        Assert.Null(await mails.OfAsync(bob, default));
    }

    private static (int Total, int Unread) Threads(AccountMail mail, MailboxId id)
    {
        var counts = mail.CountsOf(mail.Mailboxes.Find(id)!);
        return (counts.TotalThreads, counts.UnreadThreads);
    }

    private static async Task<AccountMail> OfAsync(AccountMails mails, EmailSetTests.Scene s) => (await mails.OfAsync(s.Account, default))!;

    /// <summary>Everything that is asked of a picture, but for when counts changed, which only one that was carried on knows.</summary>
    private static List<string> Show(AccountMail mail)
    {
        var lines = new List<string>();
        foreach (var row in mail.From(0))
        {
            Assert.Equal(lines.Count, mail.PlaceOf(row));
            Assert.True(mail.TryFind(row.Id, out var found));
            Assert.Equal(row, found);
            Assert.Equal(row, mail[lines.Count]);
            Assert.Contains(row, mail.Thread(row.Thread));
            lines.Add($"{row.Id} {row.Thread} {row.ReceivedAt} {row.Size} {row.ModSeq} {row.CreatedModSeq} "
                + string.Join(',', mail.KeywordsOf(row).Order()) + " "
                + string.Join(',', mail.PlacesOf(row).Select(place => $"{place.Mailbox}/{place.Uid}").Order()));
        }
        foreach (var mailbox in mail.Mailboxes.All.OrderBy(mailbox => mailbox.Id.Value))
            lines.Add($"{mailbox.Info.Name} {mail.CountsOf(mailbox) with { ChangedAt = 0 }}");
        return lines;
    }

    /// <summary>With the views, and with counts made the slow way.</summary>
    private static async Task CompareAsync(MixedRun run, AccountMail mail)
    {
        var emails = await run.LookAsync();
        Assert.Equal(emails.Keys.OrderBy(id => id.Value), mail.From(0).Select(row => row.Id).OrderBy(id => id.Value));
        foreach (var row in mail.From(0))
        {
            Assert.Equal(emails[row.Id].Keywords, mail.KeywordsOf(row).Order());
            Assert.Equal(emails[row.Id].Mailboxes, mail.MailboxesOf(row).Select(mailbox => mailbox.Id.ToString()).Order());
        }
        var trash = mail.Mailboxes.All.FirstOrDefault(mailbox => mailbox.Info.SpecialUse == SpecialUse.Trash);
        foreach (var mailbox in mail.Mailboxes.All)
        {
            var threads = mail.From(0).Where(row => mail.IsIn(row, mailbox)).Select(row => row.Thread).Distinct().ToArray();
            bool Counts(EmailRow row) => row.IsUnread
                && (mailbox == trash ? mail.IsIn(row, mailbox) : mail.MailboxesOf(row).Any(other => other != trash));
            var expected = new MailboxCounts(
                mail.From(0).Count(row => mail.IsIn(row, mailbox)), mail.From(0).Count(row => mail.IsIn(row, mailbox) && row.IsUnread),
                threads.Length, threads.Count(thread => mail.Thread(thread).Any(Counts)), 0);
            Assert.Equal(expected, mail.CountsOf(mailbox) with { ChangedAt = 0 });
        }
    }
}
