using System.Text.Json;
using Xunit;

namespace Aviso.Tests.System.Moving;

/// <summary>What was moved in goes out again: to Dovecot, which must show the same, and to files that come in again octet for
/// octet.</summary>
public sealed class WayBackTests
{
    private const string Alice = "alice@example.test";

    [Fact]
    public async Task Dovecot_shows_what_it_showed_before()
    {
        using var old = new DovecotHome();
        await MoveInTests.FillAsync(old);
        await using var server = await AvisoServer.StartAsync();
        await MoveInTests.RunAsync(server, old);
        var (boxes, messages, subscriptions) = (await old.MailboxesAsync(), await old.MessagesAsync(), await old.SubscriptionsAsync());
        var to = Path.Combine(server.Folder, "back");
        (await server.VerbAsync("export", "maildir", "--dovecot", "--account", Alice, "--to", to)).MustSucceed();
        Assert.Equal(1, (await server.VerbAsync("export", "maildir", "--account", Alice, "--to", to)).ExitCode);

        using var back = new DovecotHome(to);
        await back.OpenWayAsync(server.Folder);
        var shown = (await back.MailboxesAsync()).ToDictionary(box => box.Name);
        Assert.All(boxes, box => Assert.Equal(box, shown[box.Name]));
        var found = (await back.MessagesAsync()).ToDictionary(message => (message.Mailbox, message.Uid));
        Assert.Equal(messages.Count, found.Count);
        foreach (var message in messages)
        {
            var here = found[(message.Mailbox, message.Uid)];
            Assert.Equal((message.Received, message.Size, message.Text), (here.Received, here.Size, here.Text));
            Assert.Equal(message.Flags.Order(StringComparer.Ordinal), here.Flags.Order(StringComparer.Ordinal));
        }
        Assert.Subset((await back.SubscriptionsAsync()).ToHashSet(StringComparer.Ordinal), subscriptions.ToHashSet(StringComparer.Ordinal));

        // And Dovecot goes on from there.
        await back.SaveAsync("INBOX", MoveInTests.Letter("after"));
        Assert.Equal(boxes.Single(box => box.Name == "INBOX").UidNext, (await back.MessagesAsync()).Where(message =>
            message.Mailbox == "INBOX").Max(message => message.Uid));
    }

    [Theory]
    [InlineData("maildir")]
    [InlineData("mbox")]
    [InlineData("eml")]
    public async Task What_goes_out_comes_in_again_octet_for_octet(string format)
    {
        using var old = new DovecotHome();
        await MoveInTests.FillAsync(old);
        await using var server = await AvisoServer.StartAsync();
        await MoveInTests.RunAsync(server, old);
        await AppendAsync(server, "raw: no end of line", "Subject: a\r\nX: b\nFrom here\n\r\n\rFrom there\r\n>From\r\n\r\n\r\n\r\n",
            "Subject: long\r\n\r\n" + new string('x', 3_000_000) + "\r\n", "X-Aviso-Flags: 1 S\r\nX-Aviso-Octets: 5\r\n\r\nnot ours\r\n");
        var to = Path.Combine(server.Folder, "out." + format);
        (await server.VerbAsync("export", format, "--account", Alice, "--to", to)).MustSucceed();
        (await server.VerbAsync("import", "run", format, to, "--account", "bob@example.test")).MustSucceed();

        (await server.VerbAsync("import", "names", "bob@example.test", "--separator", ".")).MustSucceed();
        var (alice, bob) = (await ImapSight.LookAsync(server, Alice, AvisoServer.Password), await ImapSight.LookAsync(server,
            "bob@example.test", AvisoServer.Password));
        Assert.Equal(alice.Messages.Select(Told).Order(StringComparer.Ordinal), bob.Messages.Select(Told).Order(StringComparer.Ordinal));
        var again = await server.VerbAsync("import", "run", format, to, "--account", "bob@example.test", "--json");
        Assert.Equal(0, JsonDocument.Parse(again.Output).RootElement.GetProperty("results")[0].GetProperty("taken").GetInt32());
        (await server.VerbAsync("import", "verify", format, to, "--account", "bob@example.test")).MustSucceed();
    }

    private static string Told(ImapSight.Message message) =>
        $"{message.Mailbox} {message.Received} {string.Join(',', message.Flags.Order(StringComparer.Ordinal))} {message.Text}";

    private static async Task AppendAsync(AvisoServer server, params string[] messages)
    {
        var script = Path.Combine(server.Folder, "append.py");
        await File.WriteAllTextAsync(script, """
            import imaplib, json, sys
            imap = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
            imap.login(sys.argv[2], sys.argv[3])
            for message in json.load(open(sys.argv[4])):
                imap.literal = message.encode()
                assert imap._simple_command("APPEND", "INBOX", "(\\Flagged)", '"14-Nov-2023 22:13:20 +0000"')[0] == "OK"
            imap.logout()
            """);
        var file = Path.Combine(server.Folder, "append.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(messages));
        (await Tool.RunAsync(Tool.Find("python3", "python3-minimal"), [script, $"{server.Port("imap")}", Alice, AvisoServer.Password,
            file])).MustSucceed();
    }
}
