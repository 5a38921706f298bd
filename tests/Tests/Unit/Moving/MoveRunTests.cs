using Aviso.Moving;
using Xunit;

namespace Aviso.Tests.Unit.Moving;

/// <summary>What a run does, and what it must not do.</summary>
public sealed class MoveRunTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_second_maildir_deletes_nothing_of_the_first(bool isCut)
    {
        await using var scene = await MoveScene.OpenAsync();
        var (one, other) = (scene.Maildir("one"), scene.Maildir("other", 79));
        foreach (var n in Enumerable.Range(1, 3)) one.Add($"Subject: one {n}\n\nx\n");
        foreach (var n in Enumerable.Range(1, 5)) other.Add($"Subject: other {n}\n\nx\n");
        one.Save();
        other.Save();
        if (isCut)
        {
            // The first run dies before its end.
            using var stop = new CancellationTokenSource();
            scene.Reader.Before = () => stop.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scene.RunAsync(one, cancel: stop.Token));
            scene.Reader.Before = null;
            one.Folder("Sub").Add("Subject: in a folder\n\nx\n");
        }
        else Assert.Null((await scene.RunAsync(one)).Stopped);
        for (var round = 0; round < 2; round++)
        {
            var refused = await scene.RunAsync(other);
            Assert.Equal($"nothing was begun: the last run under maildir read {one.Path}: say --label maildir when both are the same mail, "
                + "another --label when not", refused.Stopped);
        }
        Assert.Null((await scene.RunAsync(one)).Stopped);
        Assert.Null((await scene.RunAsync(other, new() { Label = "second" })).Stopped);
        Assert.Null((await scene.RunAsync(other, new() { Label = "second" })).Stopped);
        Assert.Null((await scene.RunAsync(one)).Stopped);
        Assert.Equal(8, (await scene.SightAsync()).Count);
    }

    [Fact]
    public async Task A_maildir_that_was_moved_is_the_same_when_somebody_says_so()
    {
        await using var scene = await MoveScene.OpenAsync();
        var old = scene.Maildir("one");
        var gone = old.Add("Subject: 1\n\nx\n");
        old.Add("Subject: 2\n\nx\n");
        old.Save();
        await scene.RunAsync(old);
        old.Remove(gone);
        Directory.Move(old.Path, old.Path + ".moved");
        var moved = new MaildirSource(new(old.Path + ".moved"));
        var result = await scene.RunAsync(moved, new() { Label = "maildir" });
        Assert.Equal((1, 0), (result.Deleted, result.Taken));
        Assert.Equal([2u], (await scene.SightAsync()).Keys);
        Assert.Null((await scene.RunAsync(new MaildirSource(new(old.Path + ".moved")))).Stopped);
    }

    [Fact]
    public async Task What_people_have_beside_mail_comes_when_the_first_run_was_killed_too()
    {
        await using var scene = await MoveScene.OpenAsync();
        var old = scene.Maildir("one");
        old.Add("Subject: 1\n\nx\n");
        old.Save();
        old.Folder("Gesendet").Add("Subject: sent\n\nx\n");
        await File.WriteAllTextAsync(Path.Combine(old.Path, "subscriptions"), "Gesendet\n");
        using var stop = new CancellationTokenSource();
        scene.Reader.Before = () => stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scene.RunAsync(old, cancel: stop.Token));
        scene.Reader.Before = null;
        Assert.Null((await scene.RunAsync(old)).Stopped);
        Assert.Contains("Gesendet", await scene.Test.Store.ListSubscriptionsAsync(scene.Alice, default));
        Assert.Equal(Aviso.Store.SpecialUse.Sent, (await scene.Test.Store.FindMailboxAsync(scene.Alice, "Gesendet", default))!.SpecialUse);
    }

    [Fact]
    public async Task A_folder_renamed_here_is_followed_and_one_deleted_here_stays_deleted()
    {
        await using var scene = await MoveScene.OpenAsync();
        var old = scene.Maildir("one");
        var (work, gone) = (old.Folder("Work"), old.Folder("Gone", 79));
        work.Add("Subject: work 1\n\nx\n");
        work.Save();
        gone.Add("Subject: gone 1\n\nx\n");
        gone.Save();
        await scene.RunAsync(old);
        await scene.Test.Store.RenameMailboxAsync(scene.Alice, await IdAsync(scene, "Work"), "Plans/Work", default);
        await scene.Test.Store.DeleteMailboxAsync(scene.Alice, await IdAsync(scene, "Gone"), default);
        foreach (var folder in (OldMaildir[])[work, gone])
        {
            folder.Add("Subject: 2\n\nx\n");
            folder.Save();
        }
        var result = await scene.RunAsync(old);
        Assert.Equal((1L, 1L), (result.Taken, result.Same));
        Assert.Equal("was deleted here, so nothing of it comes, new mail neither; --label with another name brings all of it once more",
            Assert.Single(result.Notes, note => note.Place == "Gone").Text);
        Assert.Equal([1u, 2u], (await scene.SightAsync("Plans/Work")).Keys);
        Assert.Null(await scene.Test.Store.FindMailboxAsync(scene.Alice, "Work", default));
        Assert.Null(await scene.Test.Store.FindMailboxAsync(scene.Alice, "Gone", default));
        Assert.Null((await scene.RunAsync(old, new() { Label = "again" })).Stopped);
        Assert.Equal(2, (await scene.SightAsync("Gone")).Count);
    }

    [Fact]
    public async Task Folders_of_the_source_never_share_a_mailbox()
    {
        await using var scene = await MoveScene.OpenAsync();
        var old = scene.Maildir("one");
        var work = old.Folder("Work");
        work.Add("Subject: work 1\n\nx\n");
        work.Save();
        await scene.RunAsync(old);
        await scene.Test.Store.RenameMailboxAsync(scene.Alice, await IdAsync(scene, "Work"), "Plans", default);
        var plans = old.Folder("Plans", 80);
        plans.Add("Subject: plans 1\n\nx\n");
        plans.Save();
        for (var round = 0; round < 2; round++)
        {
            var result = await scene.RunAsync(old);
            Assert.StartsWith("nothing was begun", result.Stopped, StringComparison.Ordinal);
            Assert.Equal(NoteKind.Damaged, Assert.Single(result.Notes, note => note.Place == "Plans").Kind);
            result = await scene.RunAsync(old, new() { SkipDamaged = true });
            Assert.Equal((0L, 0L), (result.Taken, result.Deleted));
        }
        Assert.Single(await scene.SightAsync("Plans"));
    }

    private static async Task<Aviso.Store.MailboxId> IdAsync(MoveScene scene, string name) =>
        (await scene.Test.Store.FindMailboxAsync(scene.Alice, name, default))!.Id;
}
