using System.Text.Json;
using Xunit;

namespace Aviso.Tests.System.Moving;

/// <summary>An account moves in from a running IMAP server: Debian's Dovecot, and another Aviso.</summary>
public sealed class ImapMoveTests
{
    private const string Alice = "alice@example.test", Bob = "bob@example.test";

    [Fact]
    public async Task An_account_moves_in_from_dovecot_with_everything_that_clients_know_it_by()
    {
        using var old = new DovecotHome();
        await FillAsync(old);
        await using var source = await DovecotServer.StartAsync(old, "mailbox Ablage {\n  special_use = \\Archive\n}");
        await using var server = await AvisoServer.StartAsync();
        var (boxes, messages) = (await old.MailboxesAsync(), await old.MessagesAsync());

        var plan = await server.VerbAsync([.. Verb("plan", source, Alice)]);
        Assert.Contains("Nothing was written.", plan.MustSucceed().Output, StringComparison.Ordinal);
        Assert.Contains("Entwürfe/Ä", plan.Output, StringComparison.Ordinal);
        Assert.Contains("go on seeing `.`", plan.Output, StringComparison.Ordinal);
        Assert.Empty((await ImapSight.LookAsync(server, Alice, AvisoServer.Password)).Messages);

        (await RunAsync(server, source)).MustSucceed();
        var sight = await ImapSight.LookAsync(server, Alice, AvisoServer.Password);
        ImapSight.AssertSame(boxes, messages, sight);
        Assert.Equal((await old.SubscriptionsAsync()).Order(StringComparer.Ordinal),
            sight.Subscriptions.Where(name => boxes.Any(box => box.Name == name)).Order(StringComparer.Ordinal));
        Assert.Equal(("Ablage", "Sent Messages"), (sight.Uses["\\Archive"], sight.Uses["\\Sent"]));
        Untouched(messages, await old.MessagesAsync());

        var verify = await server.VerbAsync([.. Verb("verify", source, Alice), "--json"]);
        var compared = JsonDocument.Parse(verify.MustSucceed().Output).RootElement.GetProperty("compared")[0];
        Assert.Equal(messages.Count, compared.GetProperty("equal").GetInt32());
        Assert.Equal(messages.Count, compared.GetProperty("same_uid").GetInt32());
        Assert.Equal(compared.GetProperty("digest_there").GetString(), compared.GetProperty("digest_here").GetString());
        Untouched(messages, await old.MessagesAsync());
        Assert.Equal(0, (await server.VerbAsync("store", "check", "--bodies")).ExitCode);
        Assert.DoesNotContain(DovecotServer.Password, server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_was_killed_goes_on_and_later_runs_bring_only_what_changed()
    {
        using var old = new DovecotHome();
        await FillAsync(old);
        await MoveInTests.BulkAsync(old, 1500);
        await using var source = await DovecotServer.StartAsync(old);
        await using var server = await AvisoServer.StartAsync();
        var before = await old.MessagesAsync();
        var cut = server.VerbAsync([.. Verb("run", source, Alice)]);
        await Patience.UntilAsync(
            async () => MoveInTests.Number((await server.VerbAsync("import", "status", "--json")).Output, "done") > 0 || cut.IsCompleted,
                "the first messages were taken", seconds: 60);
        await server.KillAsync();
        await cut;
        await server.StartAgainAsync();
        (await RunAsync(server, source)).MustSucceed();
        await SameAsync(old, server);
        Untouched(before, await old.MessagesAsync());

        // The old server goes on: new mail, a move, a deletion, other flags, a new keyword, a subscription.
        await old.SaveAsync("INBOX", MoveInTests.Letter("late"));
        await old.DoAsync("move", "Archive.2024", "mailbox", "INBOX", "uid", "3");
        await old.DoAsync("expunge", "mailbox", "INBOX", "uid", "4");
        await old.DoAsync("flags", "add", "\\Answered fresh", "mailbox", "INBOX", "uid", "5");
        await old.DoAsync("flags", "remove", "\\Seen", "mailbox", "INBOX", "uid", "6");
        await old.DoAsync("mailbox", "subscribe", "INBOX.Sub");
        var delta = Result(await RunAsync(server, source, "--json"));
        Assert.Equal((2, 2), (delta.GetProperty("taken").GetInt32(), delta.GetProperty("deleted").GetInt32()));
        Assert.Equal((before.Count - 4, 2), (delta.GetProperty("same").GetInt32(), delta.GetProperty("changed").GetInt32()));
        await SameAsync(old, server);
        Assert.Contains("INBOX.Sub", (await ImapSight.LookAsync(server, Alice, AvisoServer.Password)).Subscriptions);

        var again = Result(await RunAsync(server, source, "--json"));
        Assert.Equal((0, 0, 0), (again.GetProperty("taken").GetInt32(), again.GetProperty("changed").GetInt32(),
            again.GetProperty("deleted").GetInt32()));

        // Most of it vanishes there: that is not believed without a word.
        await old.DoAsync("expunge", "mailbox", "Archive.2024", "all");
        var gone = await RunAsync(server, source);
        Assert.Equal(1, gone.ExitCode);
        Assert.Contains("--allow-deletes", gone.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await server.VerbAsync("store", "check", "--bodies")).ExitCode);
    }

    [Fact]
    public async Task A_prefix_of_the_old_server_stays_and_a_master_user_may_read()
    {
        using var old = new DovecotHome(settings: "namespace inbox {\n  prefix = INBOX.\n  separator = .\n}\n");
        await old.DoAsync("mailbox", "create", "INBOX.Sent", "INBOX.Jobs.2024");
        await old.SaveAsync("INBOX.Jobs.2024", MoveInTests.Letter("job"));
        await old.SaveAsync("INBOX", MoveInTests.Letter("in"));
        await using var source = await DovecotServer.StartAsync(old, "prefix = INBOX.\nseparator = .");
        await using var server = await AvisoServer.StartAsync();
        (await server.VerbAsync("import", "run", "imap", $"127.0.0.1:{source.Port}", "--ca", source.Ca, "--user",
            $"{DovecotServer.User}*root", "--password", $"literal:{DovecotServer.MasterPassword}", "--account", Alice)).MustSucceed();
        var sight = await ImapSight.LookAsync(server, Alice, AvisoServer.Password);
        var there = await ImapSight.LookAsync(source.Port, DovecotServer.User, DovecotServer.Password);
        Assert.Contains(there.Boxes, box => box is { Name: "INBOX.Jobs.2024", Messages: 1 });
        Assert.Equal(there.Boxes.Where(box => box.Name != "INBOX.Jobs").Order(ByName), sight.Boxes.Where(box => there.Boxes.Any(one =>
            one.Name == box.Name && one.Name != "INBOX.Jobs")).Order(ByName));
        Assert.Equal(there.Messages.Select(Told).Order(StringComparer.Ordinal), sight.Messages.Select(Told).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_account_moves_from_one_aviso_to_another()
    {
        using var old = new DovecotHome();
        await FillAsync(old);
        await using var first = await AvisoServer.StartAsync();
        await MoveInTests.RunAsync(first, old);
        await using var second = await AvisoServer.StartAsync();
        string[] move = ["imap", $"127.0.0.1:{first.Port("imap")}", "--tls", "none", "--user", Alice, "--password",
            $"literal:{AvisoServer.Password}", "--account", Bob];
        (await second.VerbAsync(["import", "run", .. move])).MustSucceed();
        var (there, here) = (await ImapSight.LookAsync(first, Alice, AvisoServer.Password), await ImapSight.LookAsync(second, Bob,
            AvisoServer.Password));
        Assert.Equal(there.Boxes.Order(ByName), here.Boxes.Order(ByName).Where(box => there.Boxes.Any(one => one.Name == box.Name)));
        Assert.Equal(there.Messages.Select(Told), here.Messages.Select(Told));
        (await second.VerbAsync(["import", "verify", .. move])).MustSucceed();
    }

    [Fact]
    public async Task What_does_not_go_is_said_exactly_and_nothing_is_begun()
    {
        using var old = new DovecotHome();
        await old.SaveAsync("INBOX", MoveInTests.Letter("one"));
        await using var source = await DovecotServer.StartAsync(old);
        await using var open = await DovecotServer.StartAsync(old, ssl: "no");
        await using var server = await AvisoServer.StartAsync();
        var (tls, plain) = ($"127.0.0.1:{source.TlsPort}", $"127.0.0.1:{open.Port}");
        var secret = Path.Combine(server.Folder, "secret");
        await File.WriteAllTextAsync(secret, DovecotServer.Password + "\n");
        string[] login = ["--user", DovecotServer.User, "--password", "file:" + secret];
        foreach (var (why, args) in new (string, string[])[]
        {
            ("refuses the login of alice: NO [AUTHENTICATIONFAILED]", [tls, "--tls", "implicit", "--ca", source.Ca, "--user", "alice",
                "--password", "literal:wrong"]),
            ("is not trusted: ", [tls, "--tls", "implicit", .. login]),
            ("it is for old.example.test, 127.0.0.1, not for localhost", [$"localhost:{source.TlsPort}", "--tls", "implicit",
                "--ca", source.Ca, .. login]),
            ("offers no STARTTLS", [plain, .. login]),
            ("no TLS with 127.0.0.1", [plain, "--tls", "implicit", .. login]),
            ("there is no host nowhere.invalid", ["nowhere.invalid", .. login]),
            ("cannot be reached", ["127.0.0.1:1", .. login]),
            ("say who logs in there", [plain, "--password", "literal:x"]),
            ("--password is a reference", [plain, "--user", "alice", "--password", "plain words"]),
            ("there is no file", [plain, "--user", "alice", "--password", "file:/nowhere/secret"]),
            ("takes no token", [tls, "--tls", "implicit", "--ca", source.Ca, "--user", "alice", "--token", "literal:x"]),
        })
        {
            var no = await server.VerbAsync(["import", "run", "imap", .. args, "--account", Alice]);
            Assert.True(no.ExitCode != 0 && no.Error.Contains(why, StringComparison.Ordinal), $"{why}\n{no.Output}\n{no.Error}");
        }
        var nobody = await server.VerbAsync(["import", "run", "imap", tls, "--tls", "implicit", "--ca", source.Ca, .. login, "--account",
            "nobody@example.test"]);
        Assert.Equal(1, nobody.ExitCode);
        Assert.Contains("there is no account nobody@example.test here", nobody.Output, StringComparison.Ordinal);
        Assert.Empty((await ImapSight.LookAsync(server, Alice, AvisoServer.Password)).Messages);
        (await server.VerbAsync(["import", "run", "imap", plain, "--tls", "none", .. login, "--account", Alice])).MustSucceed();
        Assert.Single((await ImapSight.LookAsync(server, Alice, AvisoServer.Password)).Messages);
    }

    private static readonly Comparer<ImapSight.Box> ByName =
        Comparer<ImapSight.Box>.Create((a, b) => string.CompareOrdinal(a.Name, b.Name));

    private static string Told(ImapSight.Message message) =>
        $"{message.Mailbox} {message.Uid} {message.Received} "
        + $"{string.Join(',', message.Flags.Order(StringComparer.Ordinal))} {message.Text}";

    private static IEnumerable<string> Verb(string verb, DovecotServer source, string account) =>
        ["import", verb, "imap", $"127.0.0.1:{source.TlsPort}", "--tls", "implicit", "--ca", source.Ca, "--user", DovecotServer.User,
            "--password", $"literal:{DovecotServer.Password}", "--account", account];

    private static Task<ToolResult> RunAsync(AvisoServer server, DovecotServer source, params string[] more) =>
        server.VerbAsync([.. Verb("run", source, Alice), .. more]);

    private static JsonElement Result(ToolResult ran) => JsonDocument.Parse(ran.Output).RootElement.GetProperty("results")[0];

    private static async Task SameAsync(DovecotHome old, AvisoServer server) =>
        ImapSight.AssertSame(await old.MailboxesAsync(), await old.MessagesAsync(), await ImapSight.LookAsync(server, Alice,
            AvisoServer.Password));

    /// <summary>No flag, and above all no \Seen, is other than it was.</summary>
    private static void Untouched(IReadOnlyList<DovecotMessage> before, IReadOnlyList<DovecotMessage> after) => Assert.Equal(
        before.Select(message => $"{message.Mailbox} {message.Uid} {string.Join(' ', message.Flags.Order(StringComparer.Ordinal))}"),
        after.Select(message => $"{message.Mailbox} {message.Uid} {string.Join(' ', message.Flags.Order(StringComparer.Ordinal))}"));

    /// <summary>What people's mail is like after some years, and odd names, broken MIME and a large message.</summary>
    private static async Task FillAsync(DovecotHome old)
    {
        await MoveInTests.FillAsync(old);
        await old.DoAsync("mailbox", "create", "Ablage", " space before", "a (b) \"c\" [d]", "Ünï.& und.~peter");
        await old.SaveAsync("Ünï.& und.~peter",
            "Subject: =?utf-8?q?broken\nContent-Type: multipart/mixed; boundary=never\n\n--other\nÿþ\u0001 text\n");
        await old.SaveAsync("Ünï.& und.~peter", "no header at all");
        await old.SaveAsync("a (b) \"c\" [d]", MoveInTests.Letter("large")
            + string.Concat(Enumerable.Repeat(new string('y', 76) + "\n", 200_000)));
        await old.DoAsync("flags", "add", "$Label1 NonJunk", "mailbox", "Ünï.& und.~peter", "all");
    }
}
