using Xunit;

namespace Aviso.Tests.System.Clients;

/// <summary>Programs that read mail: fetchmail, neomutt, Python's imaplib, openssl.</summary>
public sealed class ReaderTests : IAsyncLifetime
{
    private readonly string _home = Directory.CreateTempSubdirectory("aviso-reader-").FullName;
    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await AvisoServer.StartAsync();
        using var smtp = new SmtpLineClient(_server.Port("smtp"));
        for (var i = 1; i <= 3; i++)
            smtp.Deliver("s@sender.test", ["alice@example.test"],
                $"From: S <s@sender.test>\r\nTo: alice@example.test\r\nSubject: letter {i}\r\nMessage-ID: <{i}@read>\r\n\r\nbody {i}\r\n");
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_home, recursive: true);
    }

    [Fact]
    public async Task Fetchmail_takes_the_mail_over_tls()
    {
        var settings = Path.Combine(_home, "fetchmailrc");
        await File.WriteAllTextAsync(settings, $"""
            poll 127.0.0.1 protocol imap port {_server.Port("imaps")} user "alice@example.test" password "{AvisoServer.Password}"
              ssl no sslcertck mda "cat >> {_home}/box"

            """);
        File.SetUnixFileMode(settings, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var run = await Tool.RunAsync(
            Tool.Find("fetchmail", "fetchmail"), ["-f", settings, "--nodetach", "--nosyslog", "-v", "--pidfile", $"{_home}/pid"],
            environment: new Dictionary<string, string> { ["HOME"] = _home, ["FETCHMAILHOME"] = _home });
        Assert.True(run.ExitCode == 0, run.Output + run.Error);
        var box = await File.ReadAllTextAsync(Path.Combine(_home, "box"));
        for (var i = 1; i <= 3; i++) Assert.Contains($"Subject: letter {i}", box, StringComparison.Ordinal);
        using var imap = new ImapLineClient(_server.Port("imap"), "alice@example.test", AvisoServer.Password);
        Assert.Contains(imap.Ok("SELECT INBOX"), line => line == "* 0 EXISTS");
    }

    [Fact]
    public async Task Neomutt_reads_flags_and_saves()
    {
        var settings = Path.Combine(_home, "muttrc");
        await File.WriteAllTextAsync(settings, $"""
            set folder="imap://127.0.0.1:{_server.Port("imap")}/"
            set spoolfile="imap://127.0.0.1:{_server.Port("imap")}/INBOX"
            set imap_user="alice@example.test"
            set imap_pass="{AvisoServer.Password}"
            set ssl_starttls=no
            set ssl_force_tls=no
            set imap_authenticators="login"
            set header_cache=""
            set confirmappend=no
            set confirmcreate=no
            set delete=yes
            set quit=yes
            set sleep_time=0
            set mark_old=no
            push "<tag-pattern>~s letter.2<enter><tag-prefix><save-message>=Archive<enter><first-entry><flag-message><sync-mailbox><exit>"

            """);
        var run = await Tool.RunAsync(Tool.Find("script", "bsdutils"),
            ["-qec", $"{Tool.Find("neomutt", "neomutt")} -F {settings}", "/dev/null"], seconds: 40,
            environment: new Dictionary<string, string> { ["HOME"] = _home, ["TERM"] = "xterm", ["LINES"] = "40", ["COLUMNS"] = "120" });
        using var imap = new ImapLineClient(_server.Port("imap"), "alice@example.test", AvisoServer.Password);
        Assert.True(imap.Ok("STATUS Archive (MESSAGES)").Any(line => line.Contains("MESSAGES 1", StringComparison.Ordinal)), run.Output
            + run.Error);
        Assert.Contains(imap.Ok("SELECT INBOX"), line => line == "* 2 EXISTS");
        Assert.Contains(imap.Ok("SEARCH FLAGGED"), line => line == "* SEARCH 1");
    }

    [Fact]
    public async Task Python_imaplib_does_what_scripts_do()
    {
        var script = $"""
            import imaplib, ssl
            context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
            m = imaplib.IMAP4("127.0.0.1", {_server.Port("imap")}); m.starttls(context)
            m.login("alice@example.test", "{AvisoServer.Password}")
            assert m.select("INBOX") == ("OK", [b"3"])
            kind, data = m.search(None, "SUBJECT", '"letter 2"'); assert data == [b"2"], data
            kind, data = m.fetch("2", "(RFC822)"); assert b"body 2" in data[0][1]
            m.store("1", "+FLAGS", "\\Deleted"); assert m.expunge() == ("OK", [b"1"])
            kind, data = m.copy("1:2", "Archive"); assert kind == "OK"
            kind, data = m.append("Drafts", "\\Draft", imaplib.Time2Internaldate(1700000000), b"Subject: d\r\n\r\ndraft\r\n"); assert kind == "OK"
            kind, data = m.thread("REFERENCES", "UTF-8", "ALL"); assert kind == "OK"
            kind, data = m.sort("(REVERSE SUBJECT)", "UTF-8", "ALL"); assert data == [b"2 1"], data
            kind, data = m.getquotaroot("INBOX"); assert kind == "OK"
            m.close(); m.logout(); print("fine")
            """;
        var run = await Tool.RunAsync("python3", ["-"], input: script);
        Assert.True(run.Output.Trim() == "fine", run.Output + run.Error);
    }

    [Fact]
    public async Task A_client_that_uses_what_few_do_gets_what_the_rfcs_say()
    {
        var run = await Tool.RunAsync("python3",
            [Path.Combine(AppContext.BaseDirectory, "Clients", "imap_session.py"), $"{_server.Port("imap")}", "bob@example.test",
                AvisoServer.Password]);
        Assert.True(run.Output.Trim() == "fine", run.Output + run.Error);
    }

    [Theory]
    [InlineData("imaps", "", "a NOOP", "a OK")]
    [InlineData("imap", "imap", "a NOOP", "a OK")]
    [InlineData("smtp", "smtp", "NOOP", "250 2.0.0")]
    [InlineData("submissions", "", "NOOP", "250 2.0.0")]
    public async Task Openssl_agrees_on_modern_tls_only(string kind, string starttls, string command, string greeting)
    {
        string[] way = starttls.Length == 0 ? [] : ["-starttls", starttls];
        var modern = await OpenSsl(kind, command, [.. way, "-crlf"]);
        Assert.Contains("TLSv1.3", modern.Output, StringComparison.Ordinal);
        Assert.Contains(greeting, modern.Output, StringComparison.Ordinal);
        var old = await OpenSsl(kind, command, [.. way, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
        Assert.DoesNotContain("Cipher    : ECDHE", old.Output, StringComparison.Ordinal);
        Assert.NotEqual(0, old.ExitCode);
    }

    private Task<ToolResult> OpenSsl(string kind, string command, string[] args) => Tool.RunAsync("bash",
        ["-c", $"(sleep 1; echo {command}; sleep 1) | timeout 10 openssl s_client -connect 127.0.0.1:{_server.Port(kind)} {string.Join(' ', args)}"]);
}
