using Xunit;

namespace Aviso.Tests.System.Clients;

/// <summary>Programs that fetch mail by POP3: fetchmail, getmail, mpop, curl. Each leaves mail on the server first, comes again and fetches
/// nothing, and then takes it away.</summary>
public sealed class PopReaderTests : IAsyncLifetime
{
    private readonly string _home = Directory.CreateTempSubdirectory("aviso-pop-").FullName;
    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await AvisoServer.StartAsync(listeners: "smtp imap pop3 pop3s");
        using var smtp = new SmtpLineClient(_server.Port("smtp"));
        for (var i = 1; i <= 3; i++)
            smtp.Deliver("s@sender.test", ["alice@example.test"],
                $"From: S <s@sender.test>\r\nTo: alice@example.test\r\nSubject: letter {i}\r\nMessage-ID: <{i}@pop>\r\n\r\n"
                + $"body {i}\r\n..\r\n");
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_home, recursive: true);
    }

    [Theory]
    [InlineData("pop3s", "ssl")]
    [InlineData("pop3", "sslproto tls1.2+")]
    public async Task Fetchmail_fetches_what_is_new(string kind, string tls)
    {
        async Task<string> RunAsync(string keep)
        {
            await WriteAsync("fetchmailrc", $"""
                poll 127.0.0.1 protocol pop3 port {_server.Port(kind)} uidl user "alice@example.test" password "{AvisoServer.Password}"
                  {tls} no sslcertck {keep} mda "cat >> {_home}/box"

                """);
            var run = await Tool.RunAsync(Tool.Find("fetchmail", "fetchmail"),
                ["-f", $"{_home}/fetchmailrc", "--nodetach", "--nosyslog", "-v", "--pidfile", $"{_home}/pid", "--idfile", $"{_home}/ids"],
                environment: Home());
            // 1: there was no mail to fetch.
            Assert.True(run.ExitCode is 0 or 1, run.Output + run.Error);
            return Taken();
        }

        AssertLetters(await RunAsync("keep"));
        Assert.Equal("", await RunAsync("keep"));
        // It asks for TOP, so that what it leaves stays unread.
        AssertInbox(3, seen: 0);
        AssertLetters(await RunAsync("nokeep fetchall"));
        AssertInbox(0, seen: 0);
    }

    [Fact]
    public async Task Getmail_fetches_what_is_new()
    {
        async Task<string> RunAsync(string delete)
        {
            await WriteAsync("getmailrc", $"""
                [retriever]
                type = SimplePOP3SSLRetriever
                server = 127.0.0.1
                port = {_server.Port("pop3s")}
                username = alice@example.test
                password = {AvisoServer.Password}
                [destination]
                type = MDA_external
                path = /usr/bin/tee
                arguments = ("-a", "{_home}/box")
                allow_root_commands = true
                [options]
                delete = {delete}
                read_all = false

                """);
            var run = await Tool.RunAsync(Tool.Find("getmail", "getmail6"), ["--getmaildir", _home, "--rcfile", "getmailrc", "-v"],
                environment: Home());
            run.MustSucceed();
            return Taken();
        }

        AssertLetters(await RunAsync("false"));
        Assert.Equal("", await RunAsync("false"));
        AssertInbox(3, seen: 3);
        await RunAsync("true");
        AssertInbox(0, seen: 0);
    }

    [Fact]
    public async Task Mpop_fetches_what_is_new()
    {
        async Task<string> RunAsync(string keep)
        {
            await WriteAsync("mpoprc", $"""
                account default
                host 127.0.0.1
                port {_server.Port("pop3")}
                tls on
                tls_starttls on
                tls_certcheck off
                auth on
                user alice@example.test
                password "{AvisoServer.Password}"
                keep {keep}
                delivery mbox {_home}/box
                uidls_file {_home}/uidls

                """);
            var run = await Tool.RunAsync(Tool.Find("mpop", "mpop"), ["--file", $"{_home}/mpoprc"], environment: Home());
            run.MustSucceed();
            return Taken();
        }

        AssertLetters(await RunAsync("on"));
        Assert.Equal("", await RunAsync("on"));
        AssertInbox(3, seen: 3);
        await RunAsync("off");
        AssertInbox(0, seen: 0);
    }

    [Fact]
    public async Task Curl_lists_reads_and_a_session_without_quit_removes_nothing()
    {
        string[] login = ["-sk", "--user", $"alice@example.test:{AvisoServer.Password}"];
        var listed = await Tool.RunAsync(Tool.Find("curl", "curl"), [.. login, $"pop3s://127.0.0.1:{_server.Port("pop3s")}/"]);
        var list = listed.MustSucceed();
        Assert.Equal(3, list.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        var letter = await Tool.RunAsync("curl", [.. login, "--ssl-reqd", $"pop3://127.0.0.1:{_server.Port("pop3")}/2"]);
        Assert.EndsWith("Subject: letter 2\r\nMessage-ID: <2@pop>\r\n\r\nbody 2\r\n..\r\n\r\n", letter.MustSucceed().Output,
            StringComparison.Ordinal);
        using (var client = new PopLineClient(_server.Port("pop3")))
        {
            client.Ok("USER alice@example.test");
            client.Ok($"PASS {AvisoServer.Password}");
            client.Ok("DELE 1");
        }
        AssertInbox(3, seen: 1);
    }

    [Fact]
    public async Task A_server_that_is_killed_between_dele_and_quit_has_removed_nothing()
    {
        using var client = new PopLineClient(_server.Port("pop3"));
        client.Ok("USER alice@example.test");
        client.Ok($"PASS {AvisoServer.Password}");
        client.Ok("DELE 1");
        client.Ok("DELE 2");
        await _server.KillAsync();
        await _server.StartAgainAsync();
        AssertInbox(3, seen: 0);
    }

    private void AssertLetters(string box)
    {
        for (var i = 1; i <= 3; i++) Assert.Contains($"Subject: letter {i}", box, StringComparison.Ordinal);
        Assert.Contains("body 3\n..\n", box.Replace("\r\n", "\n", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    private void AssertInbox(int messages, int seen)
    {
        using var imap = new ImapLineClient(_server.Port("imap"), "alice@example.test", AvisoServer.Password);
        var wanted = $"* STATUS \"INBOX\" (MESSAGES {messages} UNSEEN {messages - seen})";
        Assert.Contains(imap.Ok("STATUS INBOX (MESSAGES UNSEEN)"), line => line == wanted);
    }

    private string Taken()
    {
        var path = Path.Combine(_home, "box");
        if (!File.Exists(path)) return "";
        var box = File.ReadAllText(path);
        File.Delete(path);
        return box;
    }

    private Dictionary<string, string> Home() => new() { ["HOME"] = _home, ["FETCHMAILHOME"] = _home };

    private async Task WriteAsync(string name, string text)
    {
        var path = Path.Combine(_home, name);
        await File.WriteAllTextAsync(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
