using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Moving;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Moving;

/// <summary>An IMAP server as a source: what it is asked, what it may do wrong, and what comes of it.</summary>
public sealed class ImapSourceTests
{
    private static readonly string[] Harmless = ["CAPABILITY", "NAMESPACE", "LIST", "LSUB", "STATUS", "EXAMINE", "UNSELECT", "NOOP",
        "LOGOUT", "AUTHENTICATE", "LOGIN", "UID SEARCH", "UID FETCH", "ID"];

    [Fact]
    public async Task Names_numbers_flags_and_octets_come_and_nothing_is_changed_there()
    {
        await using var fake = new FakeImap(Inbox(3), new() { Name = "Entw&APw-rfe/&MME-x.y", Attributes = "\\Drafts", UidValidity = 9 },
            new() { Name = "a", Attributes = "\\Noselect" }, new() { Name = "a/b%c", UidValidity = 11 },
            new() { Name = "virtual", Attributes = "\\All", UidValidity = 12 });
        using var source = Open(fake);
        Assert.Equal(["INBOX 7", "Entwürfe/チx.y 9", "a 0", "a/b_c 11"], source.Mailboxes.Select(box => $"{box.Name} {box.UidValidity}")
            .OrderBy(name => name[0] != 'I').ThenBy(name => name, StringComparer.Ordinal));
        Assert.Equal("Entwürfe/チx.y", source.Uses[SpecialUse.Drafts]);
        Assert.Contains(source.Notes, note => note is { Kind: NoteKind.Lost, Place: "virtual" });
        Assert.Contains(source.Notes, note => note is { Kind: NoteKind.Changed, Place: "a/b%c" });
        var messages = source.Read(source.Mailboxes.Single(box => box.Name == "INBOX"), default);
        Assert.Equal([(1u, SystemFlags.Seen, "kw1"), (2u, SystemFlags.Seen, "kw2"), (3u, SystemFlags.Seen, "kw3")],
            messages.Select(message => (message.Uid, message.Flags, Assert.Single(message.Keywords))));
        Assert.All(messages, message => Assert.Equal(1_700_000_000, message.InternalDate));
        source.Announce(messages);
        Assert.Equal(Texts(fake), await TextsAsync(source, messages));
        Assert.All(fake.Asked, asked => Assert.Contains(Harmless, word => asked.StartsWith(word, StringComparison.Ordinal)));
        Assert.DoesNotContain(fake.Asked, asked => asked.Contains("BODY[", StringComparison.Ordinal));
        // Small ones come together.
        Assert.Single(fake.Asked, asked => asked.Contains("BODY.PEEK[]", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("((\"INBOX.\" \".\")) NIL NIL", '.', "INBOX.Sent.2024", "Sent/2024", "INBOX.")]
    [InlineData("((\"\" \".\")) NIL ((\"#shared.\" \".\"))", '.', "Sent.a/b", "Sent/a_b", "")]
    [InlineData("((\"\" \"/\")) NIL NIL", '/', "Sent/a.b", "Sent/a.b", "")]
    public async Task Separators_and_prefixes_are_those_of_the_server(
        string space, char separator, string there, string here, string prefix)
    {
        await using var fake = new FakeImap(Inbox(0), new() { Name = there })
        {
            Namespace = space,
            Separator = separator,
        };
        using var source = Open(fake);
        Assert.Equal((separator, prefix), (source.Separator, source.Prefix));
        Assert.Contains(source.Mailboxes, box => box.Name == here && box.Shown == there);
        Assert.Equal(space.Contains("#shared", StringComparison.Ordinal), source.Notes.Exists(note => note.Text.Contains("#shared",
            StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("drop")]
    [InlineData("cut")]
    [InlineData("NO [THROTTLED] slow down")]
    [InlineData("NO [UNAVAILABLE] later")]
    [InlineData("* BYE [UNAVAILABLE] too much")]
    public async Task After_a_lost_connection_or_a_word_for_patience_it_goes_on_and_doubles_no_octet(string trouble)
    {
        await using var fake = new FakeImap(Inbox(5, octets: 300_000));
        var patience = new Counted();
        using var source = Open(fake, patience);
        var messages = source.Read(source.Mailboxes[0], default);
        source.Announce(messages);
        var left = 3;
        fake.Trouble = asked => asked.Contains("BODY.PEEK[]", StringComparison.Ordinal) && left-- > 0 ? trouble : null;
        Assert.Equal(Texts(fake), await TextsAsync(source, messages));
        Assert.Equal([1, 2, 3], patience.Waited);
    }

    [Fact]
    public async Task It_gives_up_after_the_stated_number_of_tries_and_says_why()
    {
        await using var fake = new FakeImap(Inbox(2));
        var patience = new Counted();
        using var source = Open(fake, patience);
        var messages = source.Read(source.Mailboxes[0], default);
        fake.Trouble = asked => asked.Contains("FETCH", StringComparison.Ordinal) ? "NO [THROTTLED] not today" : null;
        var lost = Assert.Throws<SourceLostException>(() => source.Read(source.Mailboxes[0], default));
        Assert.Contains("[THROTTLED] not today", lost.Message, StringComparison.Ordinal);
        Assert.Equal(ImapPatience.MostTries - 1, patience.Waited.Count);
        Assert.Equal(2, messages.Count);
        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60], Enumerable.Range(1, 8).Select(tries => ImapPatience.After(tries).TotalSeconds));
    }

    [Fact]
    public async Task A_message_that_the_server_does_not_give_is_named_and_the_others_come()
    {
        await using var fake = new FakeImap(Inbox(4));
        using var source = Open(fake);
        var messages = source.Read(source.Mailboxes[0], default);
        source.Announce(messages);
        fake.Trouble = asked => Array.Exists(["UID FETCH 2 ", "UID FETCH 1:4 ", "UID FETCH 2:4 "], start =>
            asked.StartsWith(start, StringComparison.Ordinal)) ? "NO [SERVERBUG] index is broken" : null;
        Assert.Equal(Texts(fake)[0], await TextAsync(source, messages[0]));
        var no = await Assert.ThrowsAsync<SourceException>(() => TextAsync(source, messages[1]));
        Assert.Contains("INBOX UID 2", no.Message, StringComparison.Ordinal);
        Assert.Contains("[SERVERBUG] index is broken", no.Message, StringComparison.Ordinal);
        Assert.Equal(Texts(fake)[2..], await TextsAsync(source, [.. messages.Skip(2)]));
        fake.Mailboxes[0].Messages.RemoveAll(message => message.Uid == 4);
        source.Announce([]);
        await Assert.ThrowsAsync<SourceGoneException>(() => TextAsync(source, messages[3]));
    }

    [Fact]
    public async Task A_run_takes_all_once_and_later_only_what_changed_since()
    {
        await using var move = await MoveAsync();
        await using var fake = new FakeImap(Inbox(30), new() { Name = "Old", UidValidity = 8, Messages = [new(5, Text(5))] });
        var first = await move.RunAsync(fake);
        Assert.Equal((31, 0, 0), (first.Taken, first.Changed, first.Deleted));
        var inbox = fake.Mailboxes[0].Messages;
        inbox.Add(new(40, Text(40), ModSeq: 50));
        inbox[4] = inbox[4] with { Flags = "\\Flagged", ModSeq = 51 };
        inbox.RemoveAt(9);
        var asked = fake.Asked.Count;
        var second = await move.RunAsync(fake);
        Assert.Equal((1, 1, 1), (second.Taken, second.Changed, second.Deleted));
        var listings = fake.Asked.Skip(asked).Where(line => line.Contains("FLAGS", StringComparison.Ordinal)).ToList();
        Assert.All(listings, line => Assert.Contains("CHANGEDSINCE", line, StringComparison.Ordinal));
        Assert.NotEmpty(listings);
        var third = await move.RunAsync(fake);
        Assert.Equal((0, 0, 0, 31), (third.Taken, third.Changed, third.Deleted, third.Same));
        Assert.Equal(30, (await move.ViewAsync("INBOX")).Count);
    }

    [Fact]
    public async Task Without_condstore_flags_are_compared()
    {
        await using var move = await MoveAsync();
        await using var fake = new FakeImap(Inbox(30)) { Capabilities = "IMAP4rev1 SASL-IR AUTH=PLAIN" };
        Assert.Equal(30, (await move.RunAsync(fake)).Taken);
        fake.Mailboxes[0].Messages[4] = fake.Mailboxes[0].Messages[4] with { Flags = "" };
        fake.Mailboxes[0].Messages.RemoveAt(9);
        var second = await move.RunAsync(fake);
        Assert.Equal((0, 1, 1), (second.Taken, second.Changed, second.Deleted));
        Assert.DoesNotContain(fake.Asked, line => line.Contains("CHANGEDSINCE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_uidvalidity_doubles_nothing()
    {
        await using var move = await MoveAsync();
        await using var fake = new FakeImap(Inbox(30));
        await move.RunAsync(fake);
        fake.Mailboxes[0].UidValidity = 70;
        var second = await move.RunAsync(fake);
        Assert.Equal((0, 0), (second.Taken, second.Deleted));
        Assert.Contains(second.Notes, note => note.Kind == NoteKind.Damaged
            && note.Text.Contains("UIDVALIDITY", StringComparison.Ordinal));
        var third = await move.RunAsync(fake, new() { AllowDeletes = true });
        Assert.Equal((30, 30), (third.Taken, third.Deleted));
        Assert.Equal(30, (await move.ViewAsync("INBOX")).Count);
    }

    [Fact]
    public async Task Of_gmail_each_message_comes_once_where_its_labels_say()
    {
        await using var move = await MoveAsync();
        await using var fake = new FakeImap(Inbox(0), new() { Name = "work" }, new()
        {
            Name = "[Gmail]/All Mail",
            Attributes = "\\All",
            Messages =
            [
                new(1, Text(1), "\\Seen", "\"\\\\Inbox\" work \"My Label\""), new(2, Text(2), "", "\"\\\\Sent\" \"\\\\Starred\""),
                new(3, Text(3), "\\Seen", ""), new(4, Text(4), "", "work \"\\\\Important\""),
            ],
        }, new() { Name = "[Gmail]/Starred", Attributes = "\\Flagged", Messages = [new(1, Text(2))] }, new()
        {
            Name = "[Gmail]/Trash",
            Attributes = "\\Trash",
            Messages = [new(1, Text(9))],
        })
        {
            Capabilities = "IMAP4rev1 SASL-IR AUTH=PLAIN NAMESPACE UNSELECT CONDSTORE X-GM-EXT-1",
        };
        Assert.Equal(5, (await move.RunAsync(fake)).Taken);
        var all = fake.Mailboxes[2].Messages;
        foreach (var (name, count) in new[] { ("INBOX", 1), ("Sent", 1), ("Archive", 1), ("work", 1), ("Trash", 1) })
            Assert.Equal(count, (await move.ViewAsync(name)).Count);
        var inbox = await move.ViewAsync("INBOX");
        Assert.Equal(["My_Label", "work"], inbox.Keywords.Order(StringComparer.Ordinal));
        Assert.Equal(SystemFlags.Flagged, (await move.ViewAsync("Sent"))[0].Flags.System);
        // It is archived there: it goes from INBOX to its label here.
        all[0] = all[0] with { Labels = "work \"My Label\"", ModSeq = 9 };
        var second = await move.RunAsync(fake);
        Assert.Equal((1, 1), (second.Taken, second.Deleted));
        Assert.Equal(0, (await move.ViewAsync("INBOX")).Count);
        Assert.Contains(second.Notes, note => note.Text.Contains("each message comes once", StringComparison.Ordinal));
    }

    private static string Text(uint uid, int octets = 0) =>
        $"Subject: {uid}\r\n\r\n\u00e4\0 not MIME\rat all {uid}\n" + new string('x', octets) + "\r\n";

    private static FakeMailbox Inbox(uint count, int octets = 0) => new()
    {
        Name = "INBOX",
        Messages = [.. Enumerable.Range(1, (int)count).Select(uid =>
            new FakeMessage((uint)uid, Text((uint)uid, octets), $"\\Seen \\Recent kw{uid}"))],
    };

    private static string[] Texts(FakeImap fake) => [.. fake.Mailboxes[0].Messages.Select(message => message.Text)];

    private static ImapSource Open(FakeImap fake, ImapPatience? patience = null) => new(Place(fake), patience ?? new Counted());

    private static ImapPlace Place(FakeImap fake) =>
        ImapPlace.Of($"127.0.0.1:{fake.Port}", new() { User = "alice", Password = "secret", Tls = "none" });

    private static async Task<string[]> TextsAsync(MailSource source, IReadOnlyList<SourceMessage> messages)
    {
        var texts = new List<string>();
        foreach (var message in messages) texts.Add(await TextAsync(source, message));
        return [.. texts];
    }

    private static Task<string> TextAsync(MailSource source, SourceMessage message) => Task.Run(() =>
    {
        var folder = Directory.CreateTempSubdirectory("aviso-spool-").FullName;
        try
        {
            using var body = new BodySpool(folder, 1 << 26).Begin();
            source.Copy(message, body, default);
            var text = new StringBuilder();
            body.ForEachPiece(piece => text.Append(Encoding.Latin1.GetString(piece.Span)));
            return text.ToString();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    });

    private static async Task<Move> MoveAsync()
    {
        var store = await TestStore.OpenAsync();
        var (account, _) = await store.AccountAsync();
        return new(store, account);
    }

    private sealed class Counted : ImapPatience
    {
        public List<int> Waited { get; } = [];

        public override void Wait(int tries, CancellationToken cancel) => Waited.Add(tries);
    }

    private sealed class Move(TestStore store, AccountId account) : IAsyncDisposable
    {
        private readonly SieveScripts _scripts = new(store.Store, store.Clock);

        public async Task<MoveResult> RunAsync(FakeImap fake, MoveWishes? wishes = null)
        {
            using var source = Open(fake);
            var result = new MoveResult { Account = "alice@example.test" };
            var target = new MoveTarget(store.Store, new TestReader(), _scripts, store.Clock);
            await new MoveRun(target, account, source, wishes ?? new(), new(store.Clock), result).RunAsync(default);
            Assert.Null(result.Stopped);
            result.Notes.AddRange(source.Notes);
            return result;
        }

        public async Task<MailboxView> ViewAsync(string name) =>
            (await store.Store.ViewAsync(account, (await store.Store.FindMailboxAsync(account, name, default))!.Id, default))!;

        public async ValueTask DisposeAsync()
        {
            _scripts.Dispose();
            await store.DisposeAsync();
        }
    }
}
