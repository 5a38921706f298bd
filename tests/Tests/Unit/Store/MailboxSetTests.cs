using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Store;

/// <summary>The mailbox tree changed by level and parent, several mailboxes at once.</summary>
public sealed class MailboxSetTests
{
    [Fact]
    public async Task Mailboxes_are_made_below_one_another_in_whatever_order_they_stand()
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        var done = await SetAsync(s, new()
        {
            Create =
            [
                New("child", MailboxRef.ToCreated(1)), New("top") with { Use = SpecialUse.All, SortOrder = 3 },
                New("in", new(s.Inbox)) with { Subscribed = false },
            ],
        });
        Assert.All(done.Created, made => Assert.Equal(MailboxProblem.None, made.Problem));
        Assert.Equal(
            ["INBOX/in None False 0", "top All True 3", "top/child None True 0"],
            (await ListAsync(s)).Where(line => line.StartsWith("top", StringComparison.Ordinal)
                || line.Contains("/in ", StringComparison.Ordinal)));
        Assert.Equal(done.NewState, await s.Test.Store.StateAsync(s.Account, default));
    }

    [Fact]
    public async Task Two_mailboxes_may_change_names_and_uses()
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        var (a, b) = (await s.MailboxAsync("Archive"), await s.MailboxAsync("Junk"));
        await SetAsync(s, new() { Create = [New("below", new(a))] });
        var done = await SetAsync(s, new()
        {
            Update = [new(new(a)) { Name = "Junk", Use = SpecialUse.Junk }, new(new(b)) { Name = "Archive", Use = SpecialUse.Archive }],
        });
        Assert.Equal([MailboxProblem.None, MailboxProblem.None], done.Updated);
        Assert.Equal(b, await s.MailboxAsync("Archive"));
        Assert.Equal(a, await s.MailboxAsync("Junk"));
        var listed = await ListAsync(s);
        Assert.Contains("Junk/below None True 0", listed);
        Assert.Contains("Archive Archive True 0", listed);
        Assert.DoesNotContain(listed, line => line.StartsWith("Archive/", StringComparison.Ordinal));
        Assert.DoesNotContain("Archive/below", await s.Test.Store.ListSubscriptionsAsync(s.Account, default));
    }

    [Fact]
    public async Task A_mailbox_below_one_with_a_new_name_has_not_changed()
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        var made = (await SetAsync(s, new() { Create = [New("a"), New("b", MailboxRef.ToCreated(0))] })).Created;
        var before = (await s.Test.Store.FindMailboxAsync(s.Account, "a/b", default))!;
        await SetAsync(s, new() { Update = [new(new(made[0].Id)) { Name = "c" }] });
        var after = (await s.Test.Store.FindMailboxAsync(s.Account, "c/b", default))!;
        Assert.Equal((before.Id, before.TreeModSeq, true), (after.Id, after.TreeModSeq, after.Subscribed));
        await SetAsync(s, new() { Update = [new(new(made[1].Id)) { Move = new(null) }] });
        Assert.True((await s.Test.Store.FindMailboxAsync(s.Account, "b", default))!.TreeModSeq > after.TreeModSeq);
    }

    [Fact]
    public async Task What_the_end_does_not_allow_is_refused_one_by_one()
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        var archive = await s.MailboxAsync("Archive");
        var deep = string.Join('/', Enumerable.Repeat("d", 32));
        Assert.True((await s.Test.Store.CreateMailboxAsync(s.Account, deep, SpecialUse.None, default)).Ok);
        var names = new (NewMailbox Made, MailboxProblem Problem)[]
        {
            (New("Junk"), MailboxProblem.NameTaken), (New("iNBOX"), MailboxProblem.NameTaken),
            (New("x") with { Use = SpecialUse.Junk }, MailboxProblem.UseTaken),
            (New("a/b"), MailboxProblem.BadName), (New(""), MailboxProblem.BadName), (New(" "), MailboxProblem.BadName),
            (New("a\u0007"), MailboxProblem.BadName), (New("a\u0085"), MailboxProblem.BadName),
            (New(new string('x', 1001)), MailboxProblem.BadName), (New("y", new MailboxRef(new(5))), MailboxProblem.NoParent),
            (New("e", new(await s.MailboxAsync(deep))), MailboxProblem.TooDeep),
            (New("i") with { Use = SpecialUse.Inbox }, MailboxProblem.IsInbox),
            (New("self", MailboxRef.ToCreated(12)), MailboxProblem.NoParent), (New("good"), MailboxProblem.None),
            (New("good"), MailboxProblem.NameTaken),
        };
        var done = await SetAsync(s, new() { Create = [.. names.Select(name => name.Made)] });
        Assert.Equal(names.Select(name => name.Problem), done.Created.Select(made => made.Problem));

        await SetAsync(s, new() { Create = [New("child", new(archive))] });
        var child = await s.MailboxAsync("Archive/child");
        done = await SetAsync(s, new()
        {
            Update =
            [
                new(new(archive)) { Move = new(new MailboxRef(child)) }, new(new(archive)) { Move = new(new MailboxRef(archive)) },
                new(new(archive)) { Name = "Junk", SortOrder = 9 },
                new(new(s.Inbox)) { Name = "Post" }, new(new(s.Inbox)) { Use = SpecialUse.All },
                new(new(s.Inbox)) { Move = new(new MailboxRef(archive)) },
                new(new(s.Inbox)) { Name = "Inbox", SortOrder = 4, Subscribed = false }, new(new(new MailboxId(5))) { Name = "z" },
            ],
        });
        Assert.Equal(
            [
                MailboxProblem.Loop, MailboxProblem.Loop, MailboxProblem.NameTaken, MailboxProblem.IsInbox, MailboxProblem.IsInbox,
                MailboxProblem.IsInbox, MailboxProblem.None, MailboxProblem.NotFound,
            ],
            done.Updated);
        var listed = await ListAsync(s);
        Assert.Contains("INBOX Inbox False 4", listed);
        Assert.Contains("Archive Archive True 0", listed);
    }

    [Fact]
    public async Task A_mailbox_with_a_child_or_with_mail_stays_unless_they_go_too()
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        var archive = await s.MailboxAsync("Archive");
        await SetAsync(s, new() { Create = [New("child", new(archive))] });
        var child = await s.MailboxAsync("Archive/child");
        var entry = await s.Test.DeliverAsync(s.Account, mailbox: "Archive/child");
        MailboxRef[] all = [new(archive), new(child), new(s.Inbox), new(new MailboxId(5))];
        var refused = await SetAsync(s, new() { Destroy = all });
        Assert.Equal(
            [MailboxProblem.HasChild, MailboxProblem.HasEmail, MailboxProblem.IsInbox, MailboxProblem.NotFound], refused.Destroyed);
        Assert.Equal(refused.OldState, refused.NewState);
        var done = await SetAsync(s, new() { Destroy = all, DestroyRemovesEmails = true });
        Assert.Equal([MailboxProblem.None, MailboxProblem.None, MailboxProblem.IsInbox, MailboxProblem.NotFound], done.Destroyed);
        Assert.DoesNotContain(await ListAsync(s), line => line.StartsWith("Archive", StringComparison.Ordinal));
        var gone = await s.Test.Store.GoneAsync(s.Account, refused.NewState, long.MaxValue, default);
        Assert.Equal([entry.Email], gone.Emails.Select(email => email.Email));
        // A name that was given up can be had at once.
        var again = await SetAsync(s, new() { Create = [New("Junk")], Destroy = [new(await s.MailboxAsync("Junk"))] });
        Assert.Equal((MailboxProblem.None, MailboxProblem.None), (again.Created[0].Problem, again.Destroyed[0]));
        Assert.Contains("Junk None True 0", await ListAsync(s));
    }

    [Fact]
    public async Task Entries_that_nobody_sees_do_not_hold_a_mailbox()
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        var archive = await s.MailboxAsync("Archive");
        await s.Test.DeliverAsync(s.Account, mailbox: "Archive");
        await s.Test.Store.StoreFlagsAsync(s.Account, archive, [1], new(FlagOperation.Add, SystemFlags.Deleted, []), null, default);
        Assert.Equal([MailboxProblem.None], (await SetAsync(s, new() { Destroy = [new(archive)] })).Destroyed);
    }

    [Fact]
    public async Task Nothing_is_done_in_another_state()
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        var state = await s.Test.Store.StateAsync(s.Account, default);
        var other = new MailboxSet { IfInState = state + 1, Create = [New("x")] };
        Assert.Equal(StoreError.StateMismatch, (await s.Test.Store.SetMailboxesAsync(s.Account, other, default)).Error);
        Assert.Equal(StoreError.NotFound, (await s.Test.Store.SetMailboxesAsync(new(5), new(), default)).Error);
        Assert.Equal(state, (await SetAsync(s, new() { IfInState = state, Create = [New("x")] })).OldState);
    }

    [Fact]
    public async Task Names_are_normalized_and_survive_a_rebuild()
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        var (a, b) = (await s.MailboxAsync("Archive"), await s.MailboxAsync("Junk"));
        await SetAsync(s, new()
        {
            Create = [New("Cafe\u0301")],
            Update = [new(new(a)) { Name = "Junk" }, new(new(b)) { Name = "Archive" }],
        });
        var before = await ListAsync(s);
        Assert.Contains("Caf\u00e9 None True 0", before);
        await s.Test.RebuildAsync();
        Assert.Equal(before, await ListAsync(s));
    }

    private static NewMailbox New(string name, MailboxRef? parent = null) => new(name, parent, SpecialUse.None, 0, Subscribed: true);

    private static async Task<MailboxesSet> SetAsync(EmailSetTests.Scene s, MailboxSet set) =>
        (await s.Test.Store.SetMailboxesAsync(s.Account, set, default)).Value!;

    private static async Task<List<string>> ListAsync(EmailSetTests.Scene s) => [..
        (await s.Test.Store.ListMailboxesAsync(s.Account, default))
        .Select(mailbox => $"{mailbox.Name} {mailbox.SpecialUse} {mailbox.Subscribed} {mailbox.SortOrder}")];
}
