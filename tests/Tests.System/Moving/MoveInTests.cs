using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Aviso.Tests.System.Moving;

/// <summary>A Maildir of Dovecot moves in; doveadm says what it was, an IMAP client what it is.</summary>
public sealed class MoveInTests
{
    private const string Alice = "alice@example.test";

    [Fact]
    public async Task An_account_moves_in_with_everything_that_clients_know_it_by()
    {
        using var old = new DovecotHome();
        await FillAsync(old);
        await using var server = await AvisoServer.StartAsync();
        var (boxes, messages) = (await old.MailboxesAsync(), await old.MessagesAsync());
        Assert.True(messages.Max(message => message.Flags.Count) > 55 && messages.Count > 25);

        var plan = await server.VerbAsync("import", "plan", "maildir", old.Mail, "--account", Alice);
        Assert.Contains("Nothing was written.", plan.MustSucceed().Output, StringComparison.Ordinal);
        Assert.Contains("Entwürfe/Ä", plan.Output, StringComparison.Ordinal);
        Assert.Empty((await ImapSight.LookAsync(server, Alice, AvisoServer.Password)).Messages);

        var run = await RunAsync(server, old);
        Assert.Equal(0, run.ExitCode);
        var sight = await ImapSight.LookAsync(server, Alice, AvisoServer.Password);
        ImapSight.AssertSame(boxes, messages, sight);
        Assert.Equal((await old.SubscriptionsAsync()).Order(StringComparer.Ordinal),
            sight.Subscriptions.Where(name => boxes.Any(box => box.Name == name)).Order(StringComparer.Ordinal));
        Assert.Equal("Sent Messages", sight.Uses["\\Sent"]);
        Assert.DoesNotContain(sight.Boxes, box => box.Name == "Sent");

        var verify = await server.VerbAsync("import", "verify", "maildir", old.Mail, "--account", Alice, "--json");
        var compared = JsonDocument.Parse(verify.MustSucceed().Output).RootElement.GetProperty("compared")[0];
        Assert.Equal(messages.Count, compared.GetProperty("equal").GetInt32());
        Assert.Equal(messages.Count, compared.GetProperty("same_uid").GetInt32());
        Assert.Equal(compared.GetProperty("digest_there").GetString(), compared.GetProperty("digest_here").GetString());
        Assert.Equal(0, (await server.VerbAsync("store", "check", "--bodies")).ExitCode);
    }

    [Fact]
    public async Task A_run_that_was_killed_goes_on_and_later_runs_bring_only_what_changed()
    {
        using var old = new DovecotHome();
        await FillAsync(old);
        await BulkAsync(old, 1500);
        await using var server = await AvisoServer.StartAsync();
        var messages = (await old.MessagesAsync()).Count;
        var cut = server.VerbAsync("import", "run", "maildir", old.Mail, "--account", Alice);
        await Patience.UntilAsync(
            async () => Number((await server.VerbAsync("import", "status", "--json")).Output, "done") > 0 || cut.IsCompleted,
                "the first messages were taken", seconds: 60);
        await server.KillAsync();
        await cut;
        await server.StartAgainAsync();
        Assert.Equal(0, (await RunAsync(server, old)).ExitCode);
        await SameAsync(old, server);

        // The old server goes on: new mail, a move, a deletion, other flags, a new keyword, a subscription.
        await old.SaveAsync("INBOX", Letter("late"));
        await old.DoAsync("move", "Archive.2024", "mailbox", "INBOX", "uid", "3");
        await old.DoAsync("expunge", "mailbox", "INBOX", "uid", "4");
        await old.DoAsync("flags", "add", "\\Answered fresh", "mailbox", "INBOX", "uid", "5");
        await old.DoAsync("flags", "remove", "\\Seen", "mailbox", "INBOX", "uid", "6");
        await old.DoAsync("mailbox", "subscribe", "INBOX.Sub");
        var plan = JsonDocument.Parse((await server.VerbAsync("import", "plan", "maildir", old.Mail, "--account", Alice, "--json")).Output);
        var inbox = plan.RootElement.GetProperty("accounts")[0].GetProperty("mailboxes").EnumerateArray()
            .Single(box => box.GetProperty("name").GetString() == "INBOX");
        Assert.Equal((1, 2), (inbox.GetProperty("new").GetInt32(), inbox.GetProperty("deleted").GetInt32()));
        var delta = JsonDocument.Parse((await RunAsync(server, old, "--json")).Output).RootElement.GetProperty("results")[0];
        Assert.Equal((2, 2), (delta.GetProperty("taken").GetInt32(), delta.GetProperty("deleted").GetInt32()));
        Assert.Equal((messages - 4, 2), (delta.GetProperty("same").GetInt32(), delta.GetProperty("changed").GetInt32()));
        await SameAsync(old, server);
        Assert.Contains("INBOX.Sub", (await ImapSight.LookAsync(server, Alice, AvisoServer.Password)).Subscriptions);

        var again = JsonDocument.Parse((await RunAsync(server, old, "--json")).Output).RootElement.GetProperty("results")[0];
        Assert.Equal((0, 0, 0), (again.GetProperty("taken").GetInt32(), again.GetProperty("changed").GetInt32(),
            again.GetProperty("deleted").GetInt32()));
        Assert.Equal(0, (await server.VerbAsync("store", "check", "--bodies")).ExitCode);
    }

    [Fact]
    public async Task Mail_that_came_here_meanwhile_is_never_shown_for_mail_of_the_old_server()
    {
        using var old = new DovecotHome();
        await FillAsync(old);
        await using var server = await AvisoServer.StartAsync();
        await RunAsync(server, old);
        var next = (await old.MailboxesAsync()).Single(box => box.Name == "INBOX").UidNext;
        (await Tool.RunAsync(Tool.Find("swaks", "swaks"), ["--server", $"127.0.0.1:{server.Port("smtp")}", "--to", Alice, "--from",
            "x@elsewhere.test", "--header", "Subject: came here"])).MustSucceed();
        await old.SaveAsync("INBOX", Letter("came there"));
        await RunAsync(server, old);
        var inbox = (await ImapSight.LookAsync(server, Alice, AvisoServer.Password)).Messages.Where(message => message.Mailbox == "INBOX")
            .ToList();
        var here = Assert.Single(inbox, message => message.Text.Contains("came here", StringComparison.Ordinal));
        var there = Assert.Single(inbox, message => message.Text.Contains("came there", StringComparison.Ordinal));
        Assert.True(here.Uid > next && there.Uid > next);
        await RunAsync(server, old);
        Assert.Equal(inbox.Count, (await ImapSight.LookAsync(server, Alice, AvisoServer.Password)).Messages.Count(message =>
            message.Mailbox == "INBOX"));
    }

    [Fact]
    public async Task Folders_within_folders_and_a_lost_list_of_uids_move_in_too()
    {
        using var old = new DovecotHome(layout: ":LAYOUT=fs");
        await FillAsync(old, separator: '/');
        await using var server = await AvisoServer.StartAsync();
        Assert.Equal(0, (await RunAsync(server, old)).ExitCode);
        ImapSight.AssertSame(await old.MailboxesAsync(), await old.MessagesAsync(), await ImapSight.LookAsync(server, Alice,
            AvisoServer.Password));

        var count = (await old.MessagesAsync()).Count;
        foreach (var list in Directory.EnumerateFiles(old.Mail, "dovecot*", SearchOption.AllDirectories)) File.Delete(list);
        var lost = await server.VerbAsync("import", "run", "maildir", old.Mail, "--account", "bob@example.test");
        Assert.Contains("no dovecot-uidlist", lost.Output, StringComparison.Ordinal);
        Assert.True(lost.ExitCode == 0, lost.Output + lost.Error);
        Assert.Equal(count, (await ImapSight.LookAsync(server, "bob@example.test", AvisoServer.Password)).Messages.Count);
    }

    [Fact]
    public async Task What_is_not_as_it_ought_to_be_is_said_and_nothing_is_half_done()
    {
        using var old = new DovecotHome();
        await FillAsync(old);
        await using var server = await AvisoServer.StartAsync();
        var wrong = await server.VerbAsync("import", "run", "maildir", old.Mail + "/nowhere", "--account", Alice);
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("there is no", wrong.Error, StringComparison.Ordinal);
        Assert.Contains("is no Maildir", (await server.VerbAsync("import", "plan", "maildir", Path.GetTempPath(), "--account", Alice))
            .Error, StringComparison.Ordinal);
        Assert.Contains("--account", (await server.VerbAsync("import", "plan", "maildir", old.Mail)).Error, StringComparison.Ordinal);

        var half = Files(old).First(file => new FileInfo(file).Length > 200 && file.Contains(",S=", StringComparison.Ordinal));
        var (whole, at) = (await File.ReadAllBytesAsync(half), File.GetLastWriteTimeUtc(half));
        await File.WriteAllBytesAsync(half, whole[..100]);
        var cut = await server.VerbAsync("import", "run", "maildir", old.Mail, "--account", Alice);
        Assert.Equal(1, cut.ExitCode);
        Assert.Contains($"{half}: has 100 octets, its name says {whole.Length}", cut.Output, StringComparison.Ordinal);
        Assert.Empty((await ImapSight.LookAsync(server, Alice, AvisoServer.Password)).Messages);
        await File.WriteAllBytesAsync(half, whole);
        File.SetLastWriteTimeUtc(half, at);
        Assert.Equal(0, (await RunAsync(server, old)).ExitCode);
        await SameAsync(old, server);

        // Most of it vanishes: nobody deletes so much by accident of a mount.
        foreach (var file in Files(old)) File.Delete(file);
        var gone = await server.VerbAsync("import", "run", "maildir", old.Mail, "--account", Alice, "--skip-damaged");
        Assert.Equal(1, gone.ExitCode);
        Assert.Contains("--allow-deletes", gone.Output, StringComparison.Ordinal);
        Assert.Contains(
            (await ImapSight.LookAsync(server, Alice, AvisoServer.Password)).Messages, message => message.Mailbox == "INBOX");
    }

    [Theory]
    [InlineData("zlib_save = gz", false)]
    [InlineData("zlib_save = lz4", false)]
    [InlineData("zlib_save = lz4", true)]
    public async Task What_dovecot_packed_and_encrypted_opens_with_its_key(string plugin, bool isEncrypted)
    {
        using var old = new DovecotHome(settings: await PluginsAsync(plugin, isEncrypted));
        for (var i = 1; i <= 3; i++) await old.SaveAsync("INBOX", Letter($"packed {i}")
            + string.Concat(Enumerable.Repeat($"line {i} of many\n", i * 9000)));
        var messages = await old.MessagesAsync();
        await using var server = await AvisoServer.StartAsync();
        if (isEncrypted)
        {
            var shut = await server.VerbAsync("import", "run", "maildir", old.Mail, "--account", Alice);
            Assert.Equal(1, shut.ExitCode);
            Assert.Contains("--keys", shut.Output, StringComparison.Ordinal);
            Assert.Empty((await ImapSight.LookAsync(server, Alice, AvisoServer.Password)).Messages);
            var other = Directory.CreateTempSubdirectory("aviso-keys-").FullName;
            await KeysAsync(other);
            var wrong = await server.VerbAsync("import", "run", "maildir", old.Mail, "--account", "bob@example.test", "--keys", other);
            Assert.Contains("encrypted to a key that is not here", wrong.Output, StringComparison.Ordinal);
            Assert.Equal(0, (await RunAsync(server, old, "--keys", Path.Combine(_keys!, "private.pem"))).ExitCode);
        }
        else Assert.Equal(0, (await RunAsync(server, old)).ExitCode);
        ImapSight.AssertSame(await old.MailboxesAsync(), messages, await ImapSight.LookAsync(server, Alice, AvisoServer.Password));
    }

    private string? _keys;

    private async Task<string> PluginsAsync(string plugin, bool isEncrypted)
    {
        if (!isEncrypted) return $"mail_plugins = zlib\nplugin {{\n  {plugin}\n}}\n";
        _keys = Directory.CreateTempSubdirectory("aviso-keys-").FullName;
        await KeysAsync(_keys);
        return $"mail_plugins = zlib mail_crypt\nplugin {{\n  {plugin}\n  mail_crypt_save_version = 2\n"
            + $"  mail_crypt_global_private_key = <{_keys}/private.pem\n  mail_crypt_global_public_key = <{_keys}/public.pem\n}}\n";
    }

    private static async Task KeysAsync(string folder)
    {
        var openssl = Tool.Find("openssl", "openssl");
        var (secret, open) = (Path.Combine(folder, "private.pem"), Path.Combine(folder, "public.pem"));
        (await Tool.RunAsync(openssl, ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", secret]))
            .MustSucceed();
        (await Tool.RunAsync(openssl, ["pkey", "-in", secret, "-pubout", "-out", open])).MustSucceed();
        (await Tool.RunAsync("chmod", ["-R", "a+rX", folder])).MustSucceed();
    }

    internal static Task<ToolResult> RunAsync(AvisoServer server, DovecotHome old, params string[] more) =>
        server.VerbAsync(["import", "run", "maildir", old.Mail, "--account", Alice, .. more]);

    private static async Task SameAsync(DovecotHome old, AvisoServer server) =>
        ImapSight.AssertSame(await old.MailboxesAsync(), await old.MessagesAsync(), await ImapSight.LookAsync(server, Alice,
            AvisoServer.Password));

    /// <summary>What people's mail is like after some years.</summary>
    internal static async Task FillAsync(DovecotHome old, char separator = '.')
    {
        string Named(string name) => name.Replace('.', separator);
        await old.DoAsync(["mailbox", "create", "Sent Messages", Named("Archive.2024"), Named("Entwürfe.Ä"), "INBOX" + separator
            + "Sub", "Tom & Jerry", "日本語"]);
        for (var i = 1; i <= 30; i++) await old.SaveAsync("INBOX", Letter($"number {i}")
            + string.Concat(Enumerable.Repeat("line\n", i * 5)));
        await old.SaveAsync("Sent Messages", Letter("sent"));
        await old.SaveAsync(Named("Entwürfe.Ä"), Letter("draft").ReplaceLineEndings("\r\n"));
        await old.SaveAsync("日本語", Letter("last line without its end") + "end");
        await old.SaveAsync("INBOX" + separator + "Sub", Letter("bare\rCR"));
        await old.DoAsync("flags", "add", string.Join(' ', Enumerable.Range(1, 60).Select(n => $"kw{n}")), "mailbox", "INBOX", "uid", "1");
        await old.DoAsync("flags", "add", "\\Seen \\Flagged kw7 $Forwarded kw59", "mailbox", "INBOX", "uid", "2:9");
        await old.DoAsync("flags", "add", "\\Draft \\Answered \\Deleted", "mailbox", "INBOX", "uid", "10");
        await old.DoAsync("expunge", "mailbox", "INBOX", "uid", "20:25");
        await old.DoAsync("move", Named("Archive.2024"), "mailbox", "INBOX", "uid", "30");
        await old.DoAsync("mailbox", "subscribe", "INBOX", "Sent Messages", Named("Archive.2024"), "日本語");
        // Delivered, and no program of Dovecot has looked since; the second one was marked before anybody saw it.
        await old.GiveAsync();
        foreach (var (name, when) in new[] { ("1700000001.M5P1.old", 1_700_000_001), ("1700000001.M40P1.old:2,FS", 1_700_000_003) })
        {
            var path = Path.Combine(old.Mail, "new", name);
            await File.WriteAllTextAsync(path, Letter("just come"));
            File.SetLastWriteTimeUtc(path, DateTimeOffset.FromUnixTimeSeconds(when).UtcDateTime);
        }
        var years = 0;
        foreach (var file in Files(old).Where(file => !file.Contains(".old", StringComparison.Ordinal)))
            File.SetLastWriteTimeUtc(file, DateTimeOffset.FromUnixTimeSeconds(1_000_000_000 + (years++ * 7_777_777)).UtcDateTime);
        // What Dovecot remembers of times it would tell instead.
        foreach (var cache in Directory.EnumerateFiles(old.Mail, "dovecot.index.cache", SearchOption.AllDirectories)) File.Delete(cache);
        await old.GiveAsync();
    }

    /// <summary>Messages of INBOX.</summary>
    private static List<string> Files(DovecotHome old) =>
        [.. ((string[])["cur", "new"]).SelectMany(folder => Directory.EnumerateFiles(Path.Combine(old.Mail, folder)))
            .Order(StringComparer.Ordinal)];

    internal static async Task BulkAsync(DovecotHome old, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var path = Path.Combine(old.Mail, ".Archive.2024", "cur", string.Create(CultureInfo.InvariantCulture,
                $"{1_600_000_000 + i}.M1P1.bulk:2,S"));
            await File.WriteAllTextAsync(path, Letter($"bulk {i}") + new string('x', 2000) + "\n");
            File.SetLastWriteTimeUtc(path, DateTimeOffset.FromUnixTimeSeconds(1_600_000_000 + i).UtcDateTime);
        }
        await old.GiveAsync();
    }

    internal static string Letter(string subject) =>
        $"From: Old Friend <friend@elsewhere.test>\nTo: {Alice}\nSubject: {subject}\nMessage-ID: "
            + $"<{Guid.NewGuid():N}@elsewhere.test>\nDate: Tue, 14 Nov 2023 22:13:20 +0000\n\nDear Alice,\n\nthis is {subject}.\n";

    internal static int Number(string json, string name)
    {
        try
        {
            return JsonDocument.Parse(json).RootElement.GetProperty(name).GetInt32();
        }
        catch (JsonException)
        {
            return 0;
        }
    }
}
