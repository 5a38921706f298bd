using System.Security.Cryptography;
using System.Text;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Imap;

/// <summary>TLS, SASL and COMPRESS: what turns one kind of connection into another.</summary>
public sealed class LoginTests
{
    [Fact]
    public async Task Starttls_brings_login_and_is_not_offered_twice()
    {
        await using var host = await ImapHost.StartAsync();
        var (peer, run) = await ImapPeer.ConnectAsync(host, cleartext: false, tls: true);
        await using var _ = peer;
        Assert.Contains(" STARTTLS LOGINDISABLED", peer.Greeting, StringComparison.Ordinal);
        Assert.DoesNotContain("AUTH=", peer.Greeting, StringComparison.Ordinal);
        Assert.StartsWith("a NO [PRIVACYREQUIRED]", await peer.LastAsync("a", "LOGIN alice@example.test secret"), StringComparison.Ordinal);
        Assert.StartsWith("b NO [PRIVACYREQUIRED]", await peer.LastAsync("b", "AUTHENTICATE PLAIN"), StringComparison.Ordinal);
        Assert.Equal("c OK Begin TLS", await peer.LastAsync("c", "STARTTLS"));
        await peer.StartTlsAsync();
        var offered = (await peer.CommandAsync("d", "CAPABILITY"))[0];
        Assert.DoesNotContain("STARTTLS", offered, StringComparison.Ordinal);
        Assert.DoesNotContain("LOGINDISABLED", offered, StringComparison.Ordinal);
        Assert.Contains("AUTH=PLAIN", offered, StringComparison.Ordinal);
        Assert.StartsWith("e BAD", await peer.LastAsync("e", "STARTTLS"), StringComparison.Ordinal);
        await peer.LogInAsync();
        Assert.StartsWith("f BAD", await peer.LastAsync("f", "STARTTLS"), StringComparison.Ordinal);
        await LeaveAsync(peer, run);
    }

    [Fact]
    public async Task Commands_sent_in_the_clear_behind_starttls_are_never_run()
    {
        await using var host = await ImapHost.StartAsync();
        var (peer, run) = await ImapPeer.ConnectAsync(host, cleartext: false, tls: true);
        await using var _ = peer;
        await peer.SendAsync("a STARTTLS\r\nb NOOP\r\n");
        Assert.StartsWith("a BAD", await peer.LineAsync(), StringComparison.Ordinal);
        Assert.Null(await peer.LineAsync());
        await run;
    }

    [Fact]
    public async Task Implicit_tls_serves_a_whole_session_under_deflate()
    {
        await using var host = await ImapHost.StartAsync();
        await host.DeliverAsync("Subject: x\r\n\r\n" + string.Concat(Enumerable.Repeat("again and again\r\n", 20_000)));
        var (peer, run) = await ImapPeer.ConnectAsync(host, cleartext: false, implicitTls: true);
        await using var _ = peer;
        await peer.LogInAsync();
        Assert.StartsWith("a NO", await peer.LastAsync("a", "COMPRESS LZMA"), StringComparison.Ordinal);
        Assert.Equal("b OK Compression begins", await peer.LastAsync("b", "COMPRESS DEFLATE"));
        peer.StartDeflate();
        Assert.StartsWith("c NO [COMPRESSIONACTIVE]", await peer.LastAsync("c", "COMPRESS DEFLATE"), StringComparison.Ordinal);
        Assert.DoesNotContain("COMPRESS=DEFLATE", (await peer.CommandAsync("d", "CAPABILITY"))[0], StringComparison.Ordinal);
        await peer.CommandAsync("e", "SELECT INBOX");
        Assert.Equal(20_003, (await peer.CommandAsync("f", "FETCH 1 BODY.PEEK[TEXT]")).Count);
        await peer.SendAsync("g IDLE\r\n");
        Assert.Equal("+ idling", await peer.LineAsync());
        await host.DeliverAsync("Subject: y\r\n\r\ny\r\n");
        Assert.Equal("* 2 EXISTS", await peer.LineAsync());
        await peer.SendAsync("DONE\r\n");
        await peer.AnswerAsync("g");
        await LeaveAsync(peer, run);
    }

    [Theory]
    [InlineData("PLAIN", true, "\0alice@example.test\0secret", "OK")]
    [InlineData("PLAIN", false, "\0alice@example.test\0secret", "OK")]
    [InlineData("plain", true, "\0alice@example.test\0wrong", "NO [AUTHENTICATIONFAILED]")]
    [InlineData("PLAIN", true, "nothing", "BAD")]
    [InlineData("PLAIN", true, "", "BAD")]
    [InlineData("LOGIN", true, "alice@example.test|secret", "OK")]
    [InlineData("LOGIN", false, "alice@example.test|secret", "OK")]
    [InlineData("LOGIN", false, "alice@example.test|wrong", "NO [AUTHENTICATIONFAILED]")]
    [InlineData("GSSAPI", false, "", "NO [CANNOT]")]
    public async Task Authenticate_with_and_without_initial_response(string mechanism, bool initial, string answers, string expected)
    {
        await using var host = await ImapHost.StartAsync();
        var (peer, run) = await ImapPeer.ConnectAsync(host);
        await using var _ = peer;
        var left = new Queue<string>(answers.Split('|').Select(Base64));
        var first = initial ? left.Dequeue() : "";
        await peer.SendAsync($"a AUTHENTICATE {mechanism}{(initial ? " " + (first.Length == 0 ? "=" : first) : "")}\r\n");
        var line = await peer.LineAsync();
        for (; line!.StartsWith("+ ", StringComparison.Ordinal); line = await peer.LineAsync()) await peer.SendAsync(
            left.Dequeue() + "\r\n");
        Assert.StartsWith("a " + expected, line, StringComparison.Ordinal);
        await LeaveAsync(peer, run);
    }

    // \u0001 separates; the second part is the answer to the server's error text.
    [Theory]
    [InlineData("OAUTHBEARER", "n,a=alice@example.test,\u0001host=mail.example.test\u0001port=993\u0001auth=Bearer good\u0001\u0001", "OK")]
    [InlineData("OAUTHBEARER", "n,,\u0001auth=bearer good\u0001\u0001", "OK")]
    [InlineData("OAUTHBEARER", "n,,\u0001auth=Bearer bad\u0001\u0001|\u0001", "NO [AUTHENTICATIONFAILED]")]
    [InlineData("OAUTHBEARER", "n,,\u0001auth=Bearer away\u0001\u0001", "NO [UNAVAILABLE] Come again")]
    [InlineData("OAUTHBEARER", "n,,\u0001auth=Bearer\u0001\u0001", "BAD")]
    [InlineData("OAUTHBEARER", "auth=Bearer good\u0001\u0001", "BAD")]
    [InlineData("XOAUTH2", "user=alice@example.test\u0001auth=Bearer good\u0001\u0001", "OK")]
    [InlineData("XOAUTH2", "user=alice@example.test\u0001auth=Bearer narrow\u0001\u0001|", "NO [AUTHENTICATIONFAILED]")]
    [InlineData("XOAUTH2", "user=bob@example.test\u0001auth=Bearer good\u0001\u0001|", "NO [AUTHENTICATIONFAILED]")]
    public async Task A_bearer_token_lets_in_under_tls(string mechanism, string answers, string expected)
    {
        foreach (var initial in (bool[])[true, false])
        {
            await using var host = await ImapHost.StartAsync();
            var (peer, run) = await ImapPeer.ConnectAsync(host, cleartext: false, implicitTls: true);
            await using var _ = peer;
            Assert.Contains("AUTH=OAUTHBEARER AUTH=XOAUTH2", peer.Greeting, StringComparison.Ordinal);
            var left = new Queue<string>(answers.Split('|').Select(Base64));
            await peer.SendAsync($"a AUTHENTICATE {mechanism}{(initial ? " " + left.Dequeue() : "")}\r\n");
            var line = await peer.LineAsync();
            for (; line!.StartsWith("+ ", StringComparison.Ordinal); line = await peer.LineAsync()) await peer.SendAsync(
                left.Dequeue() + "\r\n");
            Assert.StartsWith("a " + expected, line, StringComparison.Ordinal);
            Assert.Empty(left);
            await LeaveAsync(peer, run);
        }
    }

    [Fact]
    public async Task No_token_is_taken_in_the_clear()
    {
        await using var host = await ImapHost.StartAsync();
        var (peer, run) = await ImapPeer.ConnectAsync(host);
        await using var _ = peer;
        Assert.DoesNotContain("OAUTH", peer.Greeting, StringComparison.Ordinal);
        Assert.StartsWith("a NO [CANNOT]", await peer.LastAsync(
            "a", "AUTHENTICATE OAUTHBEARER " + Base64("n,,\u0001auth=Bearer good\u0001\u0001")), StringComparison.Ordinal);
        await LeaveAsync(peer, run);
    }

    [Theory]
    [InlineData("AUTHENTICATE PLAIN", "*")]
    [InlineData("AUTHENTICATE LOGIN", "*")]
    [InlineData("AUTHENTICATE SCRAM-SHA-256", "*")]
    [InlineData("AUTHENTICATE PLAIN", "no base64!")]
    public async Task A_cancelled_exchange_is_bad_and_the_session_goes_on(string command, string answer)
    {
        await using var host = await ImapHost.StartAsync(scram: true);
        var (peer, run) = await ImapPeer.ConnectAsync(host);
        await using var _ = peer;
        await peer.SendAsync($"a {command}\r\n");
        Assert.StartsWith("+ ", await peer.LineAsync(), StringComparison.Ordinal);
        await peer.SendAsync(answer + "\r\n");
        Assert.StartsWith("a BAD", await peer.LineAsync(), StringComparison.Ordinal);
        await peer.LogInAsync();
        await LeaveAsync(peer, run);
    }

    [Theory]
    [InlineData(false, true, "secret", "OK")]
    [InlineData(false, false, "secret", "OK")]
    [InlineData(false, true, "wrong", "NO [AUTHENTICATIONFAILED]")]
    [InlineData(true, true, "secret", "OK")]
    [InlineData(true, true, "wrong", "NO [AUTHENTICATIONFAILED]")]
    public async Task Scram_with_and_without_channel_binding(bool plus, bool initial, string password, string expected)
    {
        await using var host = await ImapHost.StartAsync(scram: true);
        var (peer, run) = await ImapPeer.ConnectAsync(host, cleartext: false, implicitTls: true);
        await using var _ = peer;
        Assert.Contains("AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256", peer.Greeting, StringComparison.Ordinal);
        Assert.StartsWith("a " + expected, await ScramAsync(peer, plus, initial, password, last: ""), StringComparison.Ordinal);
        await LeaveAsync(peer, run);
    }

    [Fact]
    public async Task A_client_that_does_not_believe_the_server_is_not_logged_in()
    {
        await using var host = await ImapHost.StartAsync(scram: true);
        var (peer, run) = await ImapPeer.ConnectAsync(host);
        await using var _ = peer;
        Assert.StartsWith("a BAD", await ScramAsync(peer, plus: false, initial: true, "secret", last: "*"), StringComparison.Ordinal);
        Assert.StartsWith("b BAD", await peer.LastAsync("b", "SELECT INBOX"), StringComparison.Ordinal);
        await LeaveAsync(peer, run);
    }

    [Fact]
    public async Task A_minute_is_all_a_login_may_take_even_inside_a_literal()
    {
        var clock = new Net.ManualClock();
        await using var host = await ImapHost.StartAsync(clock: clock);
        var (peer, run) = await ImapPeer.ConnectAsync(host);
        await using var _ = peer;
        await peer.SendAsync("a LOGIN {18}\r\n");
        Assert.StartsWith("+ ", await peer.LineAsync(), StringComparison.Ordinal);
        // Twelve octets take the whole minute; the server may close while the last is on its way.
        for (var i = 0; i < 12; i++)
        {
            await peer.SendAsync("a");
            await Task.Delay(5, TestContext.Current.CancellationToken);
            clock.Advance(TimeSpan.FromSeconds(5.1));
        }
        Assert.Equal("* BYE Log in faster", await peer.LineAsync());
        await run;
    }

    [Fact]
    public async Task Idle_gives_a_sign_of_life_every_two_minutes_and_ends_after_thirty()
    {
        var clock = new Net.ManualClock();
        await using var host = await ImapHost.StartAsync(clock: clock);
        var (peer, run) = await ImapPeer.ConnectAsync(host);
        await using var _ = peer;
        await peer.LogInAsync();
        await peer.CommandAsync("s", "SELECT INBOX");
        await peer.SendAsync("i IDLE\r\n");
        Assert.Equal("+ idling", await peer.LineAsync());
        var beats = 0;
        while (true)
        {
            var next = peer.LineAsync();
            await clock.AdvanceUntilAsync(next, TimeSpan.FromSeconds(10), "the server says something");
            if (await next != "* OK Still here") break;
            beats++;
        }
        Assert.InRange(beats, 10, 15);
        await run;
    }

    [Fact]
    public async Task A_silent_client_is_logged_out()
    {
        var clock = new Net.ManualClock();
        await using var host = await ImapHost.StartAsync(clock: clock);
        var (peer, run) = await ImapPeer.ConnectAsync(host);
        await using var _ = peer;
        await peer.LogInAsync();
        var next = peer.LineAsync();
        await clock.AdvanceUntilAsync(next, TimeSpan.FromMinutes(1), "the server says something");
        Assert.Equal("* BYE Autologout: idle for too long", await next);
        await run;
    }

    [Theory]
    [InlineData("a LOGIN {4097+}\r\n", "* BYE")]
    [InlineData("a LOGIN {4097}\r\n", "a BAD [TOOBIG]")]
    [InlineData("a APPEND INBOX {10+}\r\n", "* BYE")]
    [InlineData("a APPEND INBOX {10}\r\n", "a BAD")]
    public async Task Literals_before_login_are_small(string command, string expected)
    {
        await using var host = await ImapHost.StartAsync();
        var (peer, _) = await ImapPeer.ConnectAsync(host);
        await using var end = peer;
        await peer.SendAsync(command);
        Assert.StartsWith(expected, await peer.LineAsync(), StringComparison.Ordinal);
    }

    // RFC 5802 §3 as a client.
    private static async Task<string> ScramAsync(ImapPeer peer, bool plus, bool initial, string password, string last)
    {
        var gs2 = plus ? "p=tls-server-end-point,," : "n,,";
        var bare = "n=alice@example.test,r=clientnonce";
        await peer.SendAsync($"a AUTHENTICATE SCRAM-SHA-256{(plus ? "-PLUS" : "")}{(initial ? " " + Base64(gs2 + bare) : "")}\r\n");
        if (!initial)
        {
            Assert.Equal("+ ", await peer.LineAsync());
            await peer.SendAsync(Base64(gs2 + bare) + "\r\n");
        }
        var serverFirst = Encoding.UTF8.GetString(Convert.FromBase64String((await peer.LineAsync())![2..]));
        var parts = serverFirst.Split(',').ToDictionary(p => p[0], p => p[2..]);
        byte[] binding = plus ? [.. Encoding.ASCII.GetBytes(gs2), .. ChannelBinding.ServerEndPoint(
            new System.Security.Cryptography.X509Certificates.X509Certificate2(peer.Tls!.RemoteCertificate!))!]
                : Encoding.ASCII.GetBytes(gs2);
        var final = $"c={Convert.ToBase64String(binding)},r={parts['r']}";
        var salted = Rfc2898DeriveBytes.Pbkdf2(password, Convert.FromBase64String(parts['s']),
            int.Parse(parts['i'], System.Globalization.CultureInfo.InvariantCulture), HashAlgorithmName.SHA256, 32);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        var signature = HMACSHA256.HashData(SHA256.HashData(clientKey), Encoding.UTF8.GetBytes($"{bare},{serverFirst},{final}"));
        for (var i = 0; i < clientKey.Length; i++) clientKey[i] ^= signature[i];
        await peer.SendAsync(Base64($"{final},p={Convert.ToBase64String(clientKey)}") + "\r\n");
        var line = (await peer.LineAsync())!;
        if (!line.StartsWith("+ ", StringComparison.Ordinal)) return line;
        Assert.StartsWith("v=", Encoding.UTF8.GetString(Convert.FromBase64String(line[2..])), StringComparison.Ordinal);
        await peer.SendAsync(last + "\r\n");
        return (await peer.LineAsync())!;
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static async Task LeaveAsync(ImapPeer peer, Task run)
    {
        var bye = await peer.CommandAsync("z", "LOGOUT");
        Assert.StartsWith("* BYE", bye[^2], StringComparison.Ordinal);
        Assert.StartsWith("z OK", bye[^1], StringComparison.Ordinal);
        await run;
    }
}
