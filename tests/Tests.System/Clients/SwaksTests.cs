using Xunit;

namespace Aviso.Tests.System.Clients;

/// <summary>swaks: what an administrator types to try a mail server.</summary>
public sealed class SwaksTests : IAsyncLifetime
{
    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await AvisoServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_message_sent_to_the_mx_is_in_the_mailbox()
    {
        var sent = (await Swaks("smtp", "--to", "alice@example.test", "--header", "Subject: hello there")).MustSucceed();
        Assert.Contains("250 2.", sent.Output, StringComparison.Ordinal);
        using var imap = new ImapLineClient(_server.Port("imap"), "alice@example.test", AvisoServer.Password);
        Assert.Contains(imap.Ok("SELECT INBOX"), line => line == "* 1 EXISTS");
        Assert.Contains("Subject: hello there", string.Concat(imap.Ok("FETCH 1 BODY.PEEK[HEADER]")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Starttls_and_implicit_tls_both_work()
    {
        var starttls = (await Swaks("smtp", "--to", "alice@example.test", "-tls")).MustSucceed();
        Assert.Contains("TLS started", starttls.Output, StringComparison.Ordinal);
        (await Swaks("submissions", "--to", "bob@example.test", "-tlsc", "--from", "alice@example.test", "--auth", "PLAIN",
            "--auth-user", "alice@example.test", "--auth-password", AvisoServer.Password)).MustSucceed();
    }

    [Theory]
    [InlineData("PLAIN")]
    [InlineData("LOGIN")]
    public async Task Submission_lets_a_person_in_and_hides_where_they_are(string mechanism)
    {
        (await Swaks("submission", "-tls", "--from", "alice@example.test", "--to", "bob@example.test", "--auth", mechanism,
            "--auth-user", "alice@example.test", "--auth-password", AvisoServer.Password, "--helo", "secret-laptop.lan")).MustSucceed();
        using var imap = new ImapLineClient(_server.Port("imap"), "bob@example.test", AvisoServer.Password);
        imap.Ok("SELECT INBOX");
        var header = string.Concat(imap.Ok("FETCH 1 BODY.PEEK[HEADER]"));
        Assert.DoesNotContain("secret-laptop", header, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", header, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("smtp", "nobody@example.test", "alice@example.test", "550 5.1.1")]
    [InlineData("smtp", "someone@elsewhere.test", "stranger@sender.test", "554 5.7.1")]
    public async Task Refusals_at_rcpt_have_exact_codes(string kind, string to, string from, string reply)
    {
        var result = await Swaks(kind, "--to", to, "--from", from);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains($"<** {reply}", result.Output + result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sending_as_somebody_else_is_refused_and_names_the_missing_grant()
    {
        var result = await Swaks("submission", "-tls", "--from", "bob@example.test", "--to", "carol@example.test", "--auth", "PLAIN",
            "--auth-user", "alice@example.test", "--auth-password", AvisoServer.Password);
        Assert.Contains("553 5.7.1", result.Output, StringComparison.Ordinal);
        Assert.Contains("bob@example.test", LineWith(result.Output, "553 5.7.1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_is_refused()
    {
        var result = await Swaks("submission", "-tls", "--from", "alice@example.test", "--to", "bob@example.test", "--auth", "PLAIN",
            "--auth-user", "alice@example.test", "--auth-password", "wrong");
        Assert.Contains("535 5.7.8", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lmtp_delivers()
    {
        (await Swaks("lmtp", "--protocol", "LMTP", "--to", "alice@example.test,bob@example.test")).MustSucceed();
        foreach (var user in new[] { "alice@example.test", "bob@example.test" })
        {
            using var imap = new ImapLineClient(_server.Port("imap"), user, AvisoServer.Password);
            Assert.Contains(imap.Ok("SELECT INBOX"), line => line == "* 1 EXISTS");
        }
    }

    private static string LineWith(string text, string part) =>
        text.Split('\n').FirstOrDefault(line => line.Contains(part, StringComparison.Ordinal)) ?? "";

    private Task<ToolResult> Swaks(string kind, params string[] args) => Tool.RunAsync(
        Tool.Find("swaks", "swaks"), ["--server", "127.0.0.1", "--port", $"{_server.Port(kind)}", "--timeout", "20", .. args]);
}
