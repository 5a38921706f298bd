using Aviso.Tests.Unit.Net;
using Xunit;

namespace Aviso.Tests.Unit.Imap;

public sealed class SessionTests
{
    [Fact]
    public async Task Idle_tells_of_mail_and_ends_with_done()
    {
        await using var host = await ImapHost.StartAsync();
        await using var pair = host.Connect();
        var run = host.Server.RunAsync(pair.Server);
        await LogInAsync(pair);
        await CommandAsync(pair, "b", "SELECT INBOX");
        await pair.SendAsync("c IDLE\r\n");
        Assert.Equal("+ idling", await LineAsync(pair));
        await host.DeliverAsync("Subject: news\r\n\r\nx\r\n");
        Assert.Equal("* 1 EXISTS", await LineAsync(pair));
        Assert.Equal("* 1 RECENT", await LineAsync(pair));
        await pair.SendAsync("DONE\r\n");
        Assert.Equal("c OK Idled", await LineAsync(pair));
        await CommandAsync(pair, "z", "LOGOUT");
        await run;
    }

    [Fact]
    public async Task Notify_tells_of_other_mailboxes_without_idle()
    {
        await using var host = await ImapHost.StartAsync();
        await using var pair = host.Connect();
        var run = host.Server.RunAsync(pair.Server);
        await LogInAsync(pair);
        Assert.Equal("b OK Watching", await CommandAsync(pair, "b", "NOTIFY SET (PERSONAL (MessageNew MessageExpunge))"));
        await host.DeliverAsync("Subject: news\r\n\r\nx\r\n", "Archive");
        Assert.StartsWith("* STATUS \"Archive\" (MESSAGES 1 UIDNEXT 2", await LineAsync(pair), StringComparison.Ordinal);
        Assert.StartsWith("c OK", await CommandAsync(pair, "c", "NOTIFY NONE"), StringComparison.Ordinal);
        await CommandAsync(pair, "z", "LOGOUT");
        await run;
    }

    [Fact]
    public async Task A_stopping_server_says_bye_between_commands()
    {
        await using var host = await ImapHost.StartAsync();
        await using var pair = host.Connect();
        var run = host.Server.RunAsync(pair.Server);
        await LogInAsync(pair);
        pair.Drain();
        Assert.Equal("* BYE The server is stopping", await LineAsync(pair));
        await run;
    }

    [Fact]
    public async Task Too_many_sessions_of_one_user_are_refused_and_places_are_given_back()
    {
        await using var host = await ImapHost.StartAsync(o => o with { SessionsPerUserAndAddress = 1 });
        await using var first = host.Connect();
        var one = host.Server.RunAsync(first.Server);
        await LogInAsync(first);
        await using var second = host.Connect();
        var two = host.Server.RunAsync(second.Server);
        await LineAsync(second);
        Assert.StartsWith("a NO [LIMIT]", await CommandAsync(second, "a", "LOGIN alice@example.test secret"), StringComparison.Ordinal);
        await CommandAsync(first, "z", "LOGOUT");
        await one;
        Assert.StartsWith("b OK", await CommandAsync(second, "b", "LOGIN alice@example.test secret"), StringComparison.Ordinal);
        await CommandAsync(second, "z", "LOGOUT");
        await two;
    }

    [Fact]
    public async Task A_keyword_beyond_the_128th_is_refused()
    {
        await using var host = await ImapHost.StartAsync();
        await host.DeliverAsync("Subject: x\r\n\r\nx\r\n");
        await using var pair = host.Connect();
        var run = host.Server.RunAsync(pair.Server);
        await LogInAsync(pair);
        await CommandAsync(pair, "b", "SELECT INBOX");
        Assert.StartsWith("c OK", await CommandAsync(pair, "c",
            $"STORE 1 +FLAGS.SILENT ({string.Join(' ', Enumerable.Range(0, 128).Select(i => "k" + i))})"), StringComparison.Ordinal);
        Assert.StartsWith("d NO [LIMIT]", await CommandAsync(pair, "d", "STORE 1 +FLAGS (onemore)"), StringComparison.Ordinal);
        await CommandAsync(pair, "z", "LOGOUT");
        await run;
    }

    // RFC 9051 §9: flag-keyword is an atom, and an atom has 7 bits.
    [Theory]
    [InlineData("STORE 1 +FLAGS (a\u00e9)", "BAD")]
    [InlineData("STORE 1 FLAGS a\u00e9", "BAD")]
    [InlineData("APPEND INBOX (a\u00e9) {3+}\r\nx\r\n", "BAD")]
    [InlineData("STORE 1 +FLAGS (\\Foo)", "NO [CANNOT]")]
    [InlineData("APPEND INBOX (\\Foo) {3+}\r\nx\r\n", "NO [CANNOT]")]
    [InlineData("APPEND INBOX (\\Recent ok) {3+}\r\nx\r\n", "OK [APPENDUID")]
    public async Task Flags_that_no_client_can_set_are_refused(string command, string answer)
    {
        await using var host = await ImapHost.StartAsync();
        await host.DeliverAsync("Subject: x\r\n\r\nx\r\n");
        await using var pair = host.Connect();
        var run = host.Server.RunAsync(pair.Server);
        await LogInAsync(pair);
        await CommandAsync(pair, "b", "SELECT INBOX");
        Assert.StartsWith("c " + answer, await CommandAsync(pair, "c", command), StringComparison.Ordinal);
        await CommandAsync(pair, "z", "LOGOUT");
        await run;
    }

    [Theory]
    [InlineData("LOGIN alice@example.test", 8000, "a NO [AUTHENTICATIONFAILED]")]
    [InlineData("LOGIN alice@example.test", 9000, "a BAD [TOOBIG]")]
    [InlineData("AUTHENTICATE PLAIN", 9000, "a BAD The SASL")]
    public async Task Only_a_token_may_be_longer_than_eight_kilobytes_before_a_login(string command, int length, string answer)
    {
        await using var host = await ImapHost.StartAsync();
        await using var pair = host.Connect();
        var run = host.Server.RunAsync(pair.Server);
        await LineAsync(pair);
        Assert.StartsWith(answer, await CommandAsync(pair, "a", $"{command} {new string('A', length)}"), StringComparison.Ordinal);
        if (answer.Contains("TOOBIG", StringComparison.Ordinal)) Assert.Equal("* BYE The line is too long", await LineAsync(pair));
        else await CommandAsync(pair, "z", "LOGOUT");
        await run;
    }

    private static async Task LogInAsync(WirePair pair)
    {
        await LineAsync(pair);
        await CommandAsync(pair, "a", "LOGIN alice@example.test secret");
    }

    private static async Task<string> CommandAsync(WirePair pair, string tag, string command)
    {
        await pair.SendAsync($"{tag} {command}\r\n");
        while (true)
        {
            var line = await LineAsync(pair);
            if (line.StartsWith(tag + " ", StringComparison.Ordinal)) return line;
        }
    }

    private static async Task<string> LineAsync(WirePair pair) =>
        await pair.ReceiveLineAsync()
            .WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken) ?? throw new InvalidOperationException("closed");
}
