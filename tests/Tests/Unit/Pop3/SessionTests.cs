using System.Net.Security;
using System.Text;
using Aviso.Net;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Pop3;

public sealed class SessionTests
{
    private const string Login = "USER alice@example.test\r\nPASS se cret\r\n";
    private static readonly string[] Two = ["Subject: one\r\n\r\nx\r\n", "Subject: two\r\n\r\ny\r\n"];

    /// <summary>Ten seconds pass whenever somebody looks.</summary>
    private sealed class HastyClock : TimeProvider
    {
        private long _now;

        public override long GetTimestamp() => Interlocked.Add(ref _now, 10 * TimestampFrequency);
    }

    [Fact]
    public async Task Who_is_never_silent_has_no_more_time_for_a_login_than_others()
    {
        await using var host = await Pop3Host.StartAsync(clock: new HastyClock());
        var said = await host.AllAsync(string.Concat(Enumerable.Repeat("CAPA\r\n", 100)));
        Assert.EndsWith("-ERR [SYS/TEMP] Log in faster\r\n", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_has_quit_may_log_in_again_at_once()
    {
        await using var host = await Pop3Host.StartAsync(Two);
        for (var i = 0; i < 200; i++)
        {
            await using var pair = Pop3Host.Connect();
            // The next one comes while this one is still closing.
            _ = host.Server.RunAsync(pair.Server);
            await pair.SendAsync(Login + "RETR 1\r\nQUIT\r\n");
            var said = new List<string>();
            while (await pair.ReceiveLineAsync() is { } line && line != "+OK Goodbye") said.Add(line);
            Assert.DoesNotContain(said, line => line.StartsWith("-ERR", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Only_quit_removes_what_was_marked()
    {
        await using var host = await Pop3Host.StartAsync(Two);
        await host.LoggedInAsync("DELE 1\r\n");
        Assert.Equal(2, (await host.EntriesAsync()).Count);
        await host.LoggedInAsync("DELE 1\r\nRSET\r\nQUIT\r\n");
        Assert.Equal(2, (await host.EntriesAsync()).Count);
        Assert.EndsWith("+OK Goodbye\r\n", await host.LoggedInAsync("DELE 1\r\nQUIT\r\n"), StringComparison.Ordinal);
        Assert.Equal(2u, Assert.Single(await host.EntriesAsync()).Uid);
    }

    [Theory]
    [InlineData("RETR 1\r\nQUIT\r\n", true, true)]
    [InlineData("RETR 1\r\n", true, true)]
    [InlineData("TOP 1 9\r\nQUIT\r\n", true, false)]
    [InlineData("RETR 1\r\nQUIT\r\n", false, false)]
    public async Task What_was_fetched_whole_is_read(string text, bool marks, bool seen)
    {
        await using var host = await Pop3Host.StartAsync(Two, o => o with { MarksRead = marks });
        await host.LoggedInAsync(text);
        var entries = await host.EntriesAsync();
        Assert.Equal(seen, entries[0].Flags.System.HasFlag(SystemFlags.Seen));
        Assert.False(entries[1].Flags.System.HasFlag(SystemFlags.Seen));
    }

    [Fact]
    public async Task Numbers_stay_while_others_change_the_inbox()
    {
        await using var host = await Pop3Host.StartAsync(Two);
        await using var pair = Pop3Host.Connect();
        var run = host.Server.RunAsync(pair.Server);
        await SayAsync(pair.ClientStream, Login, 3);
        await host.Mail.Store.ExpungeAsync(host.Account, host.Inbox, [1], onlyDeleted: false, default);
        await host.Mail.DeliverAsync(host.Account, "Subject: three\r\n\r\nz\r\n", prefix: "");
        // Expunged by another client: this session's picture still has it, as long as its octets are kept.
        Assert.Equal(["+OK 19 octets", "Subject: one", "", "x", "."], await SayAsync(pair.ClientStream, "RETR 1\r\n", 5));
        host.Mail.Clock.Advance(TimeSpan.FromDays(30));
        await host.Mail.Store.ExpireAsync(default);
        Assert.Equal("-ERR That message was removed meanwhile", (await SayAsync(pair.ClientStream, "RETR 1\r\n", 1))[0]);
        Assert.Equal(["+OK 19 octets", "Subject: two", "", "y", "."], await SayAsync(pair.ClientStream, "RETR 2\r\n", 5));
        Assert.Equal("-ERR There is no such message", (await SayAsync(pair.ClientStream, "RETR 3\r\n", 1))[0]);
        await SayAsync(pair.ClientStream, "DELE 2\r\nQUIT\r\n", 2);
        await run;
        Assert.Equal(3u, Assert.Single(await host.EntriesAsync()).Uid);
    }

    [Fact]
    public async Task One_session_has_the_maildrop_until_it_ends()
    {
        await using var host = await Pop3Host.StartAsync(Two);
        await using var first = Pop3Host.Connect();
        var run = host.Server.RunAsync(first.Server);
        await SayAsync(first.ClientStream, Login, 3);
        Assert.Contains("-ERR [IN-USE] ", await host.LoggedInAsync("STAT\r\n"), StringComparison.Ordinal);
        await first.FinishAsync();
        await run;
        Assert.Contains("+OK 2 38\r\n", await host.LoggedInAsync("STAT\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_session_gives_the_maildrop_up_and_removes_nothing()
    {
        var clock = new TestClock();
        await using var host = await Pop3Host.StartAsync(Two, clock: clock);
        await using var first = Pop3Host.Connect(clock: clock);
        var run = host.Server.RunAsync(first.Server);
        await SayAsync(first.ClientStream, Login + "DELE 1\r\n", 4);
        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Contains("+OK 2 38\r\n", await host.LoggedInAsync("STAT\r\nQUIT\r\n"), StringComparison.Ordinal);
        await run.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.Equal(2, (await host.EntriesAsync()).Count);
    }

    [Fact]
    public async Task A_password_that_only_reads_does_not_remove_and_one_for_another_folder_sees_nothing()
    {
        await using var reads = await Pop3Host.StartAsync(Two, scope: new LoginScope { Name = "phone", ReadOnly = true });
        var read = await reads.LoggedInAsync("RETR 1\r\nDELE 1\r\nQUIT\r\n");
        Assert.Contains("-ERR [SYS/PERM] The app password phone only reads", read, StringComparison.Ordinal);
        Assert.All(await reads.EntriesAsync(), entry => Assert.Equal(SystemFlags.None, entry.Flags.System));
        foreach (var scope in new LoginScope[] { new() { Name = "bot", Mailboxes = ["Bills"] }, new() { Name = "bot", SearchOnly = true } })
        {
            await using var none = await Pop3Host.StartAsync(Two, scope: scope);
            var said = await none.LoggedInAsync("STAT\r\n");
            Assert.Contains("-ERR [SYS/PERM] The app password bot does not open", said, StringComparison.Ordinal);
            Assert.EndsWith("-ERR Log in first\r\n", said, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task After_stls_the_password_is_taken_and_what_was_said_before_is_forgotten()
    {
        await using var host = await Pop3Host.StartAsync(Two);
        await using var pair = Pop3Host.Connect(cleartext: false, tls: true);
        var run = host.Server.RunAsync(pair.Server);
        Assert.Equal("+OK Begin TLS", (await SayAsync(pair.ClientStream, "STLS\r\n", 2))[1]);
        await using var tls = new SslStream(pair.ClientStream, leaveInnerStreamOpen: true, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("mail.example.test");
        var said = await SayAsync(tls, "CAPA\r\n", 13);
        Assert.Contains("SASL PLAIN LOGIN", said);
        Assert.DoesNotContain("STLS", said);
        Assert.Equal(["+OK Go on", "+OK 2 messages (38 octets)", "+OK Goodbye"], await SayAsync(tls, Login + "QUIT\r\n", 3));
        await run;
    }

    [Fact]
    public async Task Octets_that_come_in_the_clear_after_stls_end_the_connection()
    {
        await using var host = await Pop3Host.StartAsync();
        await using var pair = Pop3Host.Connect(cleartext: false, tls: true);
        var run = host.Server.RunAsync(pair.Server);
        await pair.SendInPiecesAsync("STLS\r\nCAPA\r\n"u8.ToArray(), int.MaxValue);
        await run;
        await pair.Server.DisposeAsync();
        Assert.EndsWith("-ERR Commands were sent before TLS was agreed\r\n", await pair.ReceiveAllAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("NOPE\r\n", 10, "-ERR Too many bad commands")]
    [InlineData("USER a\r\nPASS b\r\n", 5, "-ERR [AUTH] User or password is wrong, too often")]
    public async Task A_peer_that_only_errs_is_cut_off(string line, int times, string last)
    {
        await using var host = await Pop3Host.StartAsync();
        Assert.EndsWith(last + "\r\n", await host.AllAsync(string.Concat(Enumerable.Repeat(line, times))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_over_the_limit_is_answered_and_before_the_login_it_is_the_last()
    {
        await using var host = await Pop3Host.StartAsync(Two);
        var endless = new string('a', 5000) + "\r\n";
        Assert.EndsWith("-ERR The line is too long\r\n", await host.AllAsync(endless + "CAPA\r\n"), StringComparison.Ordinal);
        var after = await host.LoggedInAsync(endless + "STAT\r\n");
        Assert.EndsWith("-ERR The line is too long\r\n+OK 2 38\r\n", after, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_maildrop_of_many_messages_is_listed_whole()
    {
        await using var host = await Pop3Host.StartAsync(Enumerable.Range(0, 3000).Select(n => $"Subject: {n}\r\n\r\nx\r\n"));
        var said = (await host.LoggedInAsync("LIST\r\nUIDL\r\nQUIT\r\n")).Split("\r\n");
        Assert.Equal(6009, said.Length);
        Assert.StartsWith("3000 ", said[^4], StringComparison.Ordinal);
    }

    private static async Task<string[]> SayAsync(Stream stream, string text, int lines)
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text), TestContext.Current.CancellationToken);
        var octets = new List<byte>();
        var one = new byte[1];
        var cancel = TestContext.Current.CancellationToken;
        while (octets.Count(o => o == '\n') < lines && await stream.ReadAsync(one, cancel) > 0) octets.Add(one[0]);
        return Encoding.UTF8.GetString([.. octets]).Split("\r\n")[..^1];
    }
}
