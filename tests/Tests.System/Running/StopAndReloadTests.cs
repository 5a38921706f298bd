using System.Net.Sockets;
using Aviso.Tests.System.Clients;
using Xunit;

namespace Aviso.Tests.System.Running;

/// <summary>SIGTERM and SIGHUP.</summary>
public sealed class StopAndReloadTests
{
    [Fact]
    public async Task A_message_half_sent_at_sigterm_is_taken_and_stored_before_the_server_ends()
    {
        await using var server = await AvisoServer.StartAsync();
        using var idle = new SmtpLineClient(server.Port("smtp"));
        using var smtp = new SmtpLineClient(server.Port("smtp"));
        smtp.Command("MAIL FROM:<s@sender.test>", "250");
        smtp.Command("RCPT TO:<alice@example.test>", "250");
        smtp.Command("DATA", "354");
        smtp.Send("Subject: in the middle\r\n\r\nfirst half\r\n");
        var port = server.Port("smtp");
        var stopping = server.StopAsync();
        await Patience.UntilAsync(() => Refused(port), "new connections are refused", 8, () => server.Log);
        Assert.False(server.HasExited, "the server did not wait for the message");
        // RFC 5321 §3.8: a server that must close says 421, also to one that only waits.
        Assert.StartsWith("421", idle.ReadLine(), StringComparison.Ordinal);
        smtp.Send("second half\r\n.\r\n");
        smtp.Expect("250");
        Assert.Equal(0, await stopping);

        await server.StartAgainAsync();
        using var imap = new ImapLineClient(server.Port("imap"), "alice@example.test", AvisoServer.Password);
        Assert.Contains(imap.Ok("SELECT INBOX"), line => line == "* 1 EXISTS");
        Assert.Contains("first half\r\nsecond half", string.Concat(imap.Ok("FETCH 1 BODY.PEEK[TEXT]")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_never_finishes_does_not_keep_the_server_from_stopping()
    {
        await using var server = await AvisoServer.StartAsync();
        using var smtp = new SmtpLineClient(server.Port("smtp"));
        smtp.Command("MAIL FROM:<s@sender.test>", "250");
        smtp.Command("RCPT TO:<alice@example.test>", "250");
        smtp.Command("DATA", "354");
        smtp.Send("Subject: never ends\r\n\r\nx\r\n");
        Assert.Equal(0, await server.StopAsync());
    }

    [Fact]
    public async Task A_new_alias_works_after_sighup_and_an_open_imap_connection_stays()
    {
        await using var server = await AvisoServer.StartAsync();
        using var imap = new ImapLineClient(server.Port("imap"), "bob@example.test", AvisoServer.Password);
        imap.Ok("SELECT INBOX");
        using var smtp = new SmtpLineClient(server.Port("smtp"));
        smtp.Command("MAIL FROM:<s@sender.test>", "250");
        smtp.Command("RCPT TO:<info@example.test>", "550");
        smtp.Command("RSET", "250");
        await File.AppendAllTextAsync(server.SettingsFile, "aliases:\n  - { address: info@example.test, to: [bob@example.test] }\n");
        await server.SignalAsync("HUP");
        await Patience.UntilAsync(() => server.Log.Contains("read again", StringComparison.Ordinal), "settings are read again", 20, () =>
            server.Log);
        smtp.Deliver("s@sender.test", ["info@example.test"], "Subject: to the alias\r\n\r\nx\r\n");
        Assert.Contains(imap.Ok("NOOP"), line => line == "* 1 EXISTS");
    }

    [Fact]
    public async Task A_server_that_was_started_to_ignore_SIGHUP_says_so()
    {
        await using var server = await AvisoServer.StartAsync(
            listeners: "smtp metrics", launcher: ["sh", "-c", "trap '' HUP; exec \"$0\" \"$@\""]);
        Assert.Contains(server.Troubles, line => line.Contains("aviso reload", StringComparison.Ordinal));
        (await server.VerbAsync("reload")).MustSucceed();
    }

    [Fact]
    public async Task Wrong_settings_change_nothing_and_are_said()
    {
        await using var server = await AvisoServer.StartAsync();
        await File.AppendAllTextAsync(server.SettingsFile, "aliasses:\n  - { address: info@example.test, to: [bob@example.test] }\n");
        await server.SignalAsync("HUP");
        await Patience.UntilAsync(() => server.Troubles.Any(line => line.Contains("aliasses", StringComparison.Ordinal)),
            "the log names the key", 20, () => server.Log);
        using var smtp = new SmtpLineClient(server.Port("smtp"));
        smtp.Deliver("s@sender.test", ["bob@example.test"], "Subject: still here\r\n\r\nx\r\n");
    }

    private static bool Refused(int port)
    {
        try
        {
            using var probe = new TcpClient("127.0.0.1", port);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
