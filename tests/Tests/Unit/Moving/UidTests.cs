using Aviso.Moving;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Moving;

/// <summary>UIDs while both servers take mail: what clients have cached is never another message.</summary>
public sealed class UidTests
{
    [Fact]
    public async Task One_delivery_during_the_fill_costs_one_uid()
    {
        await using var scene = await MoveScene.OpenAsync();
        var old = scene.Maildir("one");
        for (var i = 1; i <= 500; i++) old.Add($"Subject: {i}\n\nx\n");
        old.Save();
        var read = 0;
        scene.Reader.Before = () =>
        {
            if (++read == 300) scene.DeliverAsync("Subject: came here\r\n\r\nx\r\n").GetAwaiter().GetResult();
        };
        var result = await scene.RunAsync(old);
        Assert.Equal((500L, 1L), (result.Taken, result.Renumbered));
        var seen = await scene.SightAsync();
        Assert.Equal(499, seen.Count(entry => entry.Key <= 500));
        foreach (var letter in old.Letters)
            if (seen.TryGetValue(letter.Uid, out var text)) Assert.Equal(Wire(letter), text);
        Assert.Equal(501, seen.Count);
    }

    [Fact]
    public async Task Uids_that_dovecot_gave_otherwise_than_was_foreseen_show_no_other_message()
    {
        await using var scene = await MoveScene.OpenAsync();
        var old = scene.Maildir("one");
        old.Add("Subject: first\n\nx\n");
        var (one, two) = (old.Deliver("Subject: one\n\nx\n"), old.Deliver("Subject: two\n\nx\n"));
        old.Save();
        await scene.RunAsync(old);
        Assert.Equal([Wire(one), Wire(two)], (await scene.SightAsync()).Values.Skip(1));
        (one.Uid, two.Uid, old.UidNext) = (3, 2, 4);
        old.Save();
        await scene.RunAsync(old);
        var seen = await scene.SightAsync();
        Assert.Equal(3, seen.Count);
        Assert.False(seen.ContainsKey(2) || seen.ContainsKey(3));
        // The notes went along: what is deleted there is deleted here.
        old.Remove(two);
        old.Save();
        Assert.Equal(1, (await scene.RunAsync(old)).Deleted);
        Assert.Equal(["Subject: first", "Subject: one"], (await scene.SightAsync()).Values.Select(text => text.Split('\r')[0]));
    }

    [Theory]
    [InlineData(uint.MaxValue - 1, 0u)]
    [InlineData(5u, uint.MaxValue)]
    public async Task A_spoilt_list_does_not_take_the_last_uid_of_a_mailbox(uint uid, uint next)
    {
        await using var scene = await MoveScene.OpenAsync();
        var old = scene.Maildir("one");
        old.Add("Subject: 1\n\nx\n", uid);
        old.UidNext = next;
        old.Save();
        var result = await scene.RunAsync(old);
        Assert.Contains(result.Notes, note => note.Kind == NoteKind.Damaged && note.Text.StartsWith("has UIDs up to the last",
            StringComparison.Ordinal));
        for (var i = 0; i < 3; i++) await scene.DeliverAsync("Subject: came here\r\n\r\nx\r\n");
        Assert.Equal([1u, 2u, 3u, 4u], (await scene.SightAsync()).Keys);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task No_uid_shows_another_message_than_the_source(int seed)
    {
        var random = new Random(seed);
        await using var scene = await MoveScene.OpenAsync();
        var (old, local, oldNext) = (scene.Maildir("one"), new List<string>(), 1u);
        for (var round = 0; round < 5; round++)
        {
            Change(old, random, round == 0 ? 300 : random.Next(40), $"{seed}.{round}");
            for (var i = round == 0 ? 0 : random.Next(4); i > 0; i--) await DeliverAsync(scene, local);
            var (start, delivered) = (round == 0 ? 1 : (await ViewAsync(scene)).UidNext, local.Count);
            scene.Reader.Before = () =>
            {
                if (random.Next(30) == 0) DeliverAsync(scene, local).GetAwaiter().GetResult();
            };
            var result = await scene.RunAsync(old);
            scene.Reader.Before = null;
            Assert.Null(result.Stopped);
            // A UID that was given out here costs that one UID, and no other.
            Assert.InRange(result.Renumbered, 0, Math.Max(0, (long)start - oldNext) + local.Count - delivered);
            oldNext = old.UidNext;
            await SameAsync(scene, old, local);

            var seen = await scene.SightAsync();
            var again = await scene.RunAsync(old);
            Assert.Equal((0, 0, 0), (again.Taken, again.Changed, again.Deleted));
            Assert.Equal(seen, await scene.SightAsync());
        }
    }

    // The old server goes on: what came is numbered, in any order; mail goes, and mail comes, some of it not numbered yet.
    private static void Change(OldMaildir old, Random random, int count, string name)
    {
        foreach (var letter in old.Letters.Where(letter => letter.Uid == 0).OrderBy(_ => random.Next())) letter.Uid = old.UidNext++;
        for (var i = random.Next(Math.Min(10, old.Letters.Count)); i > 0; i--) old.Remove(old.Letters[random.Next(old.Letters.Count)]);
        for (var i = 0; i < count; i++) old.Add($"Subject: there {name}.{i}\n\nx\n", old.UidNext + (uint)(random.Next(5) == 0 ? 3 : 0));
        for (var i = random.Next(5); i > 0; i--) old.Deliver($"Subject: unseen {name}.{i}\n\nx\n");
        old.Save();
    }

    private static async Task SameAsync(MoveScene scene, OldMaildir old, List<string> local)
    {
        var (seen, box) = (await scene.SightAsync(), (await ViewAsync(scene)).Mailbox);
        var notes = (await TakenMailbox.LoadAsync(scene.Test.Store, scene.Alice, default))[("maildir", box)];
        var foreseen = old.UidNext;
        foreach (var letter in old.Letters.OrderBy(letter => letter.Uid == 0 ? uint.MaxValue : letter.Uid))
        {
            var uid = letter.Uid == 0 ? foreseen++ : letter.Uid;
            Assert.Equal(Wire(letter), seen[notes.Find(letter.Key)!.Value.Uid]);
            if (seen.TryGetValue(uid, out var text)) Assert.Equal(Wire(letter), text);
        }
        Assert.Equal(old.Letters.Select(Wire).Concat(local).Order(StringComparer.Ordinal), seen.Values.Order(StringComparer.Ordinal));
    }

    private static async Task<MailboxView> ViewAsync(MoveScene scene) => (await scene.Test.Store.ViewAsync(scene.Alice,
        (await scene.Test.Store.FindMailboxAsync(scene.Alice, "INBOX", default))!.Id, default))!;

    private static async Task DeliverAsync(MoveScene scene, List<string> local)
    {
        local.Add($"Subject: here {local.Count}\r\n\r\nx\r\n");
        await scene.DeliverAsync(local[^1]);
    }

    private static string Wire(OldLetter letter) => letter.Text.ReplaceLineEndings("\r\n");
}
