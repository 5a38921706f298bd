using System.Net.Security;
using System.Text;
using Aviso.Tests.Unit.Net;
using Xunit;

namespace Aviso.Tests.Unit.ManageSieve;

public sealed class SessionTests
{
    private static readonly string Login = Convert.ToBase64String("\0alice@example.test\0secret"u8);

    [Fact]
    public async Task After_starttls_the_capabilities_come_again_and_name_the_mechanisms()
    {
        await using var host = await ManageSieveHost.StartAsync();
        await using var pair = ManageSieveHost.Connect(cleartext: false, tls: true);
        var run = host.Server.RunAsync(pair.Server);
        Assert.Contains("\"SASL\" \"\"\r\n", await UntilOkAsync(pair.ClientStream), StringComparison.Ordinal);
        await SendAsync(pair.ClientStream, "STARTTLS\r\n");
        Assert.StartsWith("OK ", await UntilOkAsync(pair.ClientStream), StringComparison.Ordinal);
        await using var tls = new SslStream(pair.ClientStream, leaveInnerStreamOpen: true, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("mail.example.test");
        var again = await UntilOkAsync(tls);
        Assert.Contains("\"SASL\" \"PLAIN LOGIN OAUTHBEARER XOAUTH2\"\r\n", again, StringComparison.Ordinal);
        Assert.DoesNotContain("STARTTLS", again, StringComparison.Ordinal);
        await SendAsync(tls, $"AUTHENTICATE \"PLAIN\" \"{Login}\"\r\nLOGOUT\r\n");
        Assert.Equal("OK \"Welcome\"\r\n", await UntilOkAsync(tls));
        Assert.Equal("OK \"Goodbye\"\r\n", await UntilOkAsync(tls));
        await run;
    }

    [Fact]
    public async Task A_token_lets_in_and_a_refused_one_is_answered_with_a_reason()
    {
        await using var host = await ManageSieveHost.StartAsync();
        await using var pair = ManageSieveHost.Connect(cleartext: false, tls: true);
        var run = host.Server.RunAsync(pair.Server);
        await UntilOkAsync(pair.ClientStream);
        await SendAsync(pair.ClientStream, "STARTTLS\r\n");
        await UntilOkAsync(pair.ClientStream);
        await using var tls = new SslStream(pair.ClientStream, leaveInnerStreamOpen: true, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("mail.example.test");
        await UntilOkAsync(tls);
        await SendAsync(
            tls, $"AUTHENTICATE \"OAUTHBEARER\" \"{Bearer("bad")}\"\r\n\"AQ==\"\r\nAUTHENTICATE \"OAUTHBEARER\" \"{Bearer("away")}\"\r\n"
            + $"AUTHENTICATE \"OAUTHBEARER\" \"{Bearer("good")}\"\r\nLOGOUT\r\n");
        var error = Convert.ToBase64String(Encoding.UTF8.GetBytes(
            """{"status":"invalid_token","scope":"mail","openid-configuration":"https://login.example.test/.well-known/openid-configuration"}"""));
        Assert.Equal($"{{{error.Length}}}\r\n{error}\r\nNO \"User or password is wrong\"\r\n", await UntilOkAsync(tls));
        Assert.Equal("NO (TRYLATER) \"Come again\"\r\n", await UntilOkAsync(tls));
        Assert.Equal("OK \"Welcome\"\r\n", await UntilOkAsync(tls));
        await UntilOkAsync(tls);
        await run;

        static string Bearer(string token) =>
            Convert.ToBase64String(Encoding.ASCII.GetBytes($"n,a=alice@example.test,\u0001auth=Bearer {token}\u0001\u0001"));
    }

    [Fact]
    public async Task Octets_that_come_in_the_clear_after_starttls_end_the_connection()
    {
        await using var host = await ManageSieveHost.StartAsync();
        await using var pair = ManageSieveHost.Connect(cleartext: false, tls: true);
        var run = host.Server.RunAsync(pair.Server);
        await pair.SendInPiecesAsync(Encoding.ASCII.GetBytes("STARTTLS\r\nNOOP\r\n"), int.MaxValue);
        await run;
        await pair.Server.DisposeAsync();
        Assert.EndsWith("BYE \"Commands were sent before TLS was agreed\"\r\n", await pair.ReceiveAllAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("NOOP (\r\n", 10, "BYE \"Too many bad commands\"")]
    [InlineData("AUTHENTICATE \"PLAIN\" \"AGEAYg==\"\r\n", 5, "BYE \"User or password is wrong, too often\"")]
    public async Task A_peer_that_only_errs_is_cut_off(string line, int times, string last)
    {
        await using var host = await ManageSieveHost.StartAsync();
        await using var pair = ManageSieveHost.Connect();
        var run = host.Server.RunAsync(pair.Server);
        await pair.SendInPiecesAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(line, times))), int.MaxValue);
        await run;
        await pair.Server.DisposeAsync();
        Assert.EndsWith(last + "\r\n", await pair.ReceiveAllAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sessions_of_one_user_from_one_address_are_counted()
    {
        await using var host = await ManageSieveHost.StartAsync(o => o with { SessionsPerUserAndAddress = 1 });
        await using var first = ManageSieveHost.Connect();
        var run = host.Server.RunAsync(first.Server);
        await UntilOkAsync(first.ClientStream);
        await SendAsync(first.ClientStream, $"AUTHENTICATE \"PLAIN\" \"{Login}\"\r\n");
        Assert.StartsWith("OK", await UntilOkAsync(first.ClientStream), StringComparison.Ordinal);
        Assert.Contains(
            "NO (TRYLATER)", await AllAsync(host, $"AUTHENTICATE \"PLAIN\" \"{Login}\"\r\nLOGOUT\r\n"), StringComparison.Ordinal);
        await SendAsync(first.ClientStream, "UNAUTHENTICATE\r\n");
        Assert.StartsWith("OK", await UntilOkAsync(first.ClientStream), StringComparison.Ordinal);
        Assert.Contains(
            "OK \"Welcome\"", await AllAsync(host, $"AUTHENTICATE \"PLAIN\" \"{Login}\"\r\nLOGOUT\r\n"), StringComparison.Ordinal);
        await first.FinishAsync();
        await run;
    }

    [Theory]
    [InlineData("", false, "BYE \"Log in faster\"\r\n")]
    [InlineData("AUTHENTICATE \"PLAIN\"\r\n", false, "BYE \"Log in faster\"\r\n")]
    [InlineData("AUTHENTICATE \"PLAIN\" {5000+}\r\nabc", false, "BYE \"Log in faster\"\r\n")]
    [InlineData("", true, "BYE \"Idle for too long\"\r\n")]
    [InlineData("PUTSCRIPT \"a\" {100+}\r\nabc", true, "BYE \"Idle for too long\"\r\n")]
    public async Task A_silent_client_is_sent_away(string text, bool loggedIn, string last)
    {
        var clock = new ManualClock();
        await using var host = await ManageSieveHost.StartAsync(clock: clock);
        await using var pair = ManageSieveHost.Connect(clock: clock);
        var run = host.Server.RunAsync(pair.Server);
        await UntilOkAsync(pair.ClientStream);
        if (loggedIn)
        {
            await SendAsync(pair.ClientStream, $"AUTHENTICATE \"PLAIN\" \"{Login}\"\r\n");
            await UntilOkAsync(pair.ClientStream);
        }
        if (text.Length > 0) await SendAsync(pair.ClientStream, text);
        await clock.AdvanceUntilAsync(run, TimeSpan.FromSeconds(20), "the session ends");
        await run;
        await pair.Server.DisposeAsync();
        Assert.EndsWith(last, await pair.ReceiveAllAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AUTHENTICATE \"PLAIN\" {20000+}\r\n", 20000, "NO (QUOTA/MAXSIZE) \"The command is too large\"")]
    [InlineData("AUTHENTICATE \"PLAIN\" {99999999+}\r\n", 0, "BYE (QUOTA/MAXSIZE) \"The literal is too large\"")]
    [InlineData("PUTSCRIPT \"a\" {99999999999999999999+}\r\n", 0, "NO \"Log in first\"")]
    public async Task A_stranger_cannot_make_the_server_hold_much(string line, int octets, string answer)
    {
        await using var host = await ManageSieveHost.StartAsync();
        Assert.Contains(answer, await AllAsync(host, line + new string('x', octets) + (octets > 0 ? "\r\n" : "") + "LOGOUT\r\n"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_utf8_is_neither_a_name_nor_a_script()
    {
        await using var host = await ManageSieveHost.StartAsync();
        await using var pair = ManageSieveHost.Connect();
        var run = host.Server.RunAsync(pair.Server);
        var text = Encoding.Latin1.GetBytes(
            $"AUTHENTICATE \"PLAIN\" \"{Login}\"\r\nPUTSCRIPT \"\xE4\" \"keep;\"\r\nPUTSCRIPT \"a\" \"# \xE4\"\r\nCHECKSCRIPT \"# \xE4\"\r\nLISTSCRIPTS\r\nLOGOUT\r\n");
        await pair.SendInPiecesAsync(text, int.MaxValue);
        await run;
        await pair.Server.DisposeAsync();
        Assert.EndsWith(
            "NO \"The command cannot be read\"\r\nNO \"The script is not UTF-8\"\r\nNO \"The script is not UTF-8\"\r\nOK \"Done\"\r\nOK \"Goodbye\"\r\n",
            await pair.ReceiveAllAsync(), StringComparison.Ordinal);
    }

    private static async Task<string> AllAsync(ManageSieveHost host, string text)
    {
        await using var pair = ManageSieveHost.Connect();
        var run = host.Server.RunAsync(pair.Server);
        await pair.SendInPiecesAsync(Encoding.ASCII.GetBytes(text), int.MaxValue);
        await run;
        await pair.Server.DisposeAsync();
        return await pair.ReceiveAllAsync();
    }

    private static async Task SendAsync(Stream stream, string text)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);
        await stream.FlushAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<string> UntilOkAsync(Stream stream)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        var line = 0;
        while (await stream.ReadAsync(one, TestContext.Current.CancellationToken) == 1)
        {
            text.Append((char)one[0]);
            if (one[0] != '\n') continue;
            if (text.ToString(line, text.Length - line) is ['O' or 'N' or 'B', ..]) break;
            line = text.Length;
        }
        return text.ToString();
    }
}
